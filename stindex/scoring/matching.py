"""One-to-one matching of gold and predicted spans, independent of the order of either side.

Spans go in, pairs of indices come out: the matching with the most equal spans, then the most
pairs, then the largest total overlap; what is still tied goes by position, text and value.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Pair = tuple[int, int]
Edges = Mapping[Pair, int]


class Keyed(NamedTuple):
    """What identifies a placed mention; the order of its fields is the order of ties."""

    start: int
    end: int
    text: str
    value: str


class _Entry(NamedTuple):
    key: Keyed
    at: int


def match(gold: Sequence[Keyed | None], predicted: Sequence[Keyed | None]) -> tuple[Pair, ...]:
    """Match overlapping spans one to one; None is a mention without a position.

    Returns:
        Pairs (index in `gold`, index in `predicted`), sorted.
    """
    golds, predictions = _in_order(gold), _in_order(predicted)
    pairs = _match_equal(golds, predictions)
    taken_gold = {g for g, _ in pairs}
    taken_predicted = {p for _, p in pairs}
    # Every best matching has equally many pairs on each span, and mentions with one span are
    # interchangeable, so that equal spans can be taken out first without losing anything.
    golds = [entry for entry in golds if entry.at not in taken_gold]
    predictions = [entry for entry in predictions if entry.at not in taken_predicted]
    if golds and predictions:
        chosen = assign(_overlaps(golds, predictions))
        pairs += [(golds[g].at, predictions[p].at) for g, p in chosen]
    return tuple(sorted(pairs))


def assign(edges: Edges) -> list[Pair]:
    """Choose one-to-one edges: as many as possible, then with the largest total weight.

    Args:
        edges: (row, column) to a weight of 0 or more.
    """
    chosen: list[Pair] = []
    for component in _components(edges):
        chosen += _assign_component({pair: edges[pair] for pair in component})
    return chosen


def _in_order(mentions: Sequence[Keyed | None]) -> list[_Entry]:
    return sorted(_Entry(key, index) for index, key in enumerate(mentions) if key is not None)


def _match_equal(golds: Sequence[_Entry], predictions: Sequence[_Entry]) -> list[Pair]:
    by_span: dict[tuple[int, int], list[_Entry]] = defaultdict(list)
    for entry in predictions:
        by_span[entry.key.start, entry.key.end].append(entry)
    pairs: list[Pair] = []
    several: dict[tuple[int, int], list[_Entry]] = defaultdict(list)
    for entry in golds:
        span = entry.key.start, entry.key.end
        if span in by_span:
            several[span].append(entry)
    for span, group in several.items():
        pairs += _match_group(group, by_span[span])
    return pairs


def _match_group(golds: Sequence[_Entry], predictions: Sequence[_Entry]) -> list[Pair]:
    """Pair mentions that share one span: the same text and value first, then in order."""
    if len(golds) == len(predictions) == 1:
        return [(golds[0].at, predictions[0].at)]
    pairs: list[Pair] = []
    rest_gold: list[_Entry] = []
    rest_predicted = list(predictions)
    for gold in golds:
        same = next((entry for entry in rest_predicted if entry.key == gold.key), None)
        if same is None:
            rest_gold.append(gold)
        else:
            rest_predicted.remove(same)
            pairs.append((gold.at, same.at))
    rest = zip(rest_gold, rest_predicted, strict=False)
    return pairs + [(gold.at, predicted.at) for gold, predicted in rest]


def _overlaps(golds: Sequence[_Entry], predictions: Sequence[_Entry]) -> dict[Pair, int]:
    edges: dict[Pair, int] = {}
    for row, gold in enumerate(golds):
        for column, predicted in enumerate(predictions):
            if predicted.key.start >= gold.key.end:
                break  # sorted by start: all that follow lie behind as well
            overlap = min(gold.key.end, predicted.key.end) - max(
                gold.key.start, predicted.key.start
            )
            if overlap > 0:
                edges[row, column] = overlap
    return edges


def _components(edges: Edges) -> list[list[Pair]]:
    """Split the edges into connected parts, which can be solved one by one."""
    of_row: dict[int, list[Pair]] = defaultdict(list)
    of_column: dict[int, list[Pair]] = defaultdict(list)
    for pair in sorted(edges):
        of_row[pair[0]].append(pair)
        of_column[pair[1]].append(pair)
    seen: set[Pair] = set()
    return [_connected(pair, of_row, of_column, seen) for pair in sorted(edges) if pair not in seen]


def _connected(
    first: Pair,
    of_row: Mapping[int, Sequence[Pair]],
    of_column: Mapping[int, Sequence[Pair]],
    seen: set[Pair],
) -> list[Pair]:
    """Collect what is connected with an edge; each row and column is opened once."""
    part: list[Pair] = []
    opened: set[tuple[str, int]] = set()
    waiting = [first]
    seen.add(first)
    while waiting:
        row, column = pair = waiting.pop()
        part.append(pair)
        for side, number, edges in (("row", row, of_row), ("column", column, of_column)):
            if (side, number) in opened:
                continue
            opened.add((side, number))
            fresh = [neighbour for neighbour in edges[number] if neighbour not in seen]
            seen.update(fresh)
            waiting += fresh
    return sorted(part)


def _assign_component(edges: Edges) -> list[Pair]:
    rows = sorted({row for row, _ in edges})
    columns = sorted({column for _, column in edges})
    if len(rows) == 1 or len(columns) == 1:
        # The heaviest edge, and the first of several.
        return [min(edges, key=lambda pair: (-edges[pair], pair))]
    if len(rows) > len(columns):
        swapped = {(column, row): weight for (row, column), weight in edges.items()}
        return [(row, column) for column, row in _assign_component(swapped)]
    # One more pair outweighs any overlap.
    one_pair = 1 + sum(edges.values())
    cost = [
        [-(one_pair + edges[row, column]) if (row, column) in edges else 0 for column in columns]
        for row in rows
    ]
    chosen = [(rows[r], columns[c]) for r, c in enumerate(_cheapest_columns(cost))]
    return [pair for pair in chosen if pair in edges]


def _cheapest_columns(cost: Sequence[Sequence[int]]) -> list[int]:
    """Return a column for each row with the least total cost; rows must not exceed columns."""
    solver = _Hungarian(cost, [0] * (len(cost) + 1), [0] * (len(cost[0]) + 1))
    return solver.solve()


@dataclass(slots=True)
class _Hungarian:
    """The Hungarian method with potentials (Kuhn 1955, Munkres 1957), one row at a time.

    Rows and columns count from 1; column 0 holds the row that is being added.
    """

    cost: Sequence[Sequence[int]]
    row_potential: list[int]
    column_potential: list[int]
    row_of: list[int] = field(default_factory=list)

    def solve(self) -> list[int]:
        self.row_of = [0] * len(self.column_potential)
        for row in range(1, len(self.row_potential)):
            self.row_of[0] = row
            path, column = self._shortest_path()
            while column:
                self.row_of[column] = self.row_of[path[column]]
                column = path[column]
        column_of = {row: column for column, row in enumerate(self.row_of) if column and row}
        return [column_of[row] - 1 for row in range(1, len(self.row_potential))]

    def _shortest_path(self) -> tuple[list[int], int]:
        """Return for each column the one before it, and the free column where the path ends."""
        path = [0] * len(self.row_of)
        slack: dict[int, int] = {}  # of the columns that the path has not reached
        reached: list[int] = []
        column = 0
        while self.row_of[column]:
            slack.pop(column, None)
            reached.append(column)
            self._relax(column, slack, path, set(reached))
            column = min(slack, key=lambda candidate: (slack[candidate], candidate))
            self._shift(slack[column], slack, reached)
        return path, column

    def _relax(self, column: int, slack: dict[int, int], path: list[int], done: set[int]) -> None:
        row = self.row_of[column]
        costs = self.cost[row - 1]
        for candidate in range(1, len(self.row_of)):
            if candidate not in done:
                potential = self.row_potential[row] + self.column_potential[candidate]
                reduced = costs[candidate - 1] - potential
                if candidate not in slack or reduced < slack[candidate]:
                    slack[candidate] = reduced
                    path[candidate] = column

    def _shift(self, step: int, slack: dict[int, int], reached: Sequence[int]) -> None:
        for column in reached:
            self.row_potential[self.row_of[column]] += step
            self.column_potential[column] -= step
        for column in slack:
            slack[column] -= step

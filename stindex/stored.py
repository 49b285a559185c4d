"""A run's directory ─▶ a `StoredRun`: metrics, `run.json`, and rows that pandas takes as they are.

`load_run` is for notebooks and scripts (`stindex.load_run`), `locate_run` finds a run by its
directory, its id or a part of it. Files of a version that this program does not know are refused
in a sentence. Nothing here needs pandas, a model or the data set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stindex.errors import UserError
from stindex.settings_files import nearest

if TYPE_CHECKING:
    from stindex.scoring import SampleScore

SUMMARY, DETAILS, RUN, PARTIAL = (
    "metrics_summary.json",
    "detailed_results.json",
    "run.json",
    "partial",
)
KNOWN_VERSIONS = (1,)

Row = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class StoredRun:
    """What the files of a finished run say.

    Attributes:
        directory: where its reports are; `…/partial` for a selection.
        summary: the content of `metrics_summary.json`.
    """

    directory: Path
    summary: Mapping[str, Any]

    @property
    def run(self) -> Mapping[str, Any]:
        """The content of `run.json`: id, identity, settings, provenance, times."""
        found: Mapping[str, Any] = self.summary["run"]
        return found

    @property
    def id(self) -> str:
        """The run's id, which is the name of its directory."""
        return str(self.run["id"])

    @property
    def status(self) -> str:
        """`PASSED`, `FAILED` or `INCOMPLETE`."""
        return str(self.summary["status"])

    @property
    def partial(self) -> bool:
        """Whether it is a selection of the data set (`--limit`, `-k`)."""
        return bool(self.summary["partial"])

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Any]]:
        """`{"temporal": {…}, "spatial": {…}, "overall": {…}}`; undefined is None."""
        found: Mapping[str, Mapping[str, Any]] = self.summary["metrics"]
        return found

    @property
    def gates(self) -> list[Mapping[str, Any]]:
        """The verdicts of its gates: name, metric, value, threshold, direction, n, passed."""
        return list(self.summary["gates"])

    def metric(self, dotted: str) -> float | None:
        """Return a metric by its dotted name, e.g. `temporal.f1_score`; None where undefined.

        Raises:
            UserError: there is no such metric.
        """
        found: Any = self.metrics
        for name in dotted.split("."):
            if not isinstance(found, Mapping) or name not in found:
                hint = nearest(name, list(found) if isinstance(found, Mapping) else [])
                raise UserError(
                    f"{dotted}: the run {self.id} has no such metric{hint}; "
                    "docs/metrics.md lists them."
                )
            found = found[name]
        if isinstance(found, Mapping | list):
            raise UserError(f"{dotted}: names a block of metrics; name one that is in it.")
        value: float | None = found
        return value

    def samples(self) -> Iterator[Mapping[str, Any]]:
        """Yield the objects of `detailed_results.json`, one a sample, in file order.

        Raises:
            UserError: the file is missing, broken or of another version.
        """
        return read_details(self.directory / DETAILS)

    def sample(self, sample_id: str) -> Mapping[str, Any]:
        """Return the object of one sample.

        Raises:
            UserError: the run has no such sample.
        """
        known = []
        for sample in self.samples():
            if sample["id"] == sample_id:
                return sample
            known.append(str(sample["id"]))
        hint = nearest(sample_id, known)
        raise UserError(f"{sample_id}: the run {self.id} has no such sample{hint}; check the id.")

    def rows(self) -> list[Row]:
        """Return one flat row a sample: outcome, tokens, seconds, and all its metrics.

        The metrics have the names that thresholds of samples use (`temporal_f1_score`); None
        where they are undefined or the sample was not measured.
        """
        return [_row(sample) for sample in self.samples()]

    def mentions(self) -> list[Row]:
        """Return one flat row for each gold mention and each prediction; matched ones share one.

        `match` is `matched`, `missed`, `spurious` or `hallucinated`; where the layer was not
        measured, `gold` or `predicted`.
        """
        return [row for sample in self.samples() for row in _mention_rows(sample)]


def load_run(path: str | Path, output_dir: str | Path = "reports") -> StoredRun:
    """Return a finished run by its directory, its id or a part of the id.

    Args:
        output_dir: where runs are looked for that are not named by a path.

    Raises:
        UserError: there is no such run; it has no reports yet; its files are of another version.
    """
    directory = locate_run(str(path), Path(output_dir))
    summary = read_versioned(directory / SUMMARY)
    return StoredRun(directory, summary)


def locate_run(name: str, output: Path) -> Path:
    """Return the directory in which a run's `run.json` and reports are.

    Args:
        name: a directory, a file in it, an id, or a part of exactly one id below `output`.

    Raises:
        UserError: nothing of that name, or several.
    """
    path = Path(name)
    candidates = [path.parent if path.is_file() else path, output / name]
    for candidate in candidates:
        reports = _reports(candidate)
        if reports is not None:
            return reports
    known = run_ids(output)
    found = [run_id for run_id in known if name and name in run_id]
    if len(found) == 1:
        reports = _reports(output / found[0])
        if reports is not None:
            return reports
    if found:
        raise UserError(
            f"{name}: several runs have that in their id: {', '.join(found[:5])}; name one."
        )
    raise UserError(
        f"{name}: neither the directory of a run nor an id below {output}{nearest(name, known)}; "
        "`stindex runs` lists them."
    )


def run_ids(output: Path) -> list[str]:
    """Return the ids of all runs below an output directory, sorted."""
    if not output.is_dir():
        return []
    return sorted(path.name for path in output.iterdir() if _reports(path) is not None)


def _reports(directory: Path) -> Path | None:
    """Return where the reports of a run are; those of the whole go before those of a selection."""
    for candidate in (directory, directory / PARTIAL):
        if (candidate / RUN).is_file():
            return candidate
    return None


def read_versioned(path: Path) -> dict[str, Any]:
    """Return a JSON object whose `schema_version` this program knows.

    Raises:
        UserError: it is missing, broken or of another version.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file; the run has not ended yet, so run its command again."
        ) from None
    except OSError as problem:
        raise UserError(f"{path}: cannot be read ({problem.strerror}); check the file.") from None
    except (ValueError, RecursionError) as problem:
        raise UserError(f"{path}: no valid JSON ({problem}); {_REMEDY}.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: holds no JSON object; {_REMEDY}.")
    _check_version(path, content)
    return content


_REMEDY = "make it again with `pytest eval_tests --rescore RUN`, from the answers of the run"


def _check_version(path: Path, content: Mapping[str, Any]) -> None:
    version = content.get("schema_version")
    if version in KNOWN_VERSIONS and not isinstance(version, bool):
        return
    if isinstance(version, int) and version > max(KNOWN_VERSIONS):
        raise UserError(
            f"{path}: has schema version {version}, this stindex reads up to "
            f"{max(KNOWN_VERSIONS)}; update stindex."
        )
    raise UserError(f"{path}: has schema version {version!r}, which is not read; {_REMEDY}.")


def read_details(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the samples of a `detailed_results.json`, line by line; it need not fit into memory.

    Raises:
        UserError: the file is missing, broken or of another version.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            header = _parsed(path, 1, next(lines, "").rstrip() + "]}")
            _check_version(path, header)
            for number, line in enumerate(lines, start=2):
                content = line.strip().removesuffix(",")
                if content == "]}":
                    return
                yield _parsed(path, number, content)
    except FileNotFoundError:
        raise UserError(
            f"{path}: no such file; the run has not ended yet, so run its command again."
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise UserError(f"{path}: cannot be read ({problem}); {_REMEDY}.") from None
    raise UserError(f"{path}: its end is missing; {_REMEDY}.")


def _parsed(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{path}, line {number}: is not as stindex writes it; {_REMEDY}.")
    return found


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────

_TOKENS = ("prompt", "completion", "thought")


def stored_score(sample: Mapping[str, Any]) -> SampleScore:
    """Return the score in one object of `detailed_results.json` that has one.

    Raises:
        UserError: an older version counted other things, or the object is broken.
    """
    from stindex.scoring import SampleScore  # noqa: PLC0415 (loading a run needs no scoring)

    try:
        return SampleScore.from_json(sample["score"])
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UserError(
            f"sample {sample.get('id')!r} of {DETAILS}: its score cannot be read ({problem}); "
            f"{_REMEDY}."
        ) from None


def _row(sample: Mapping[str, Any]) -> Row:
    from stindex.scoring import sample_metric_names, sample_metrics  # noqa: PLC0415 (the same)

    score, tokens = sample.get("score"), sample.get("tokens") or {}
    row: Row = {
        "id": sample["id"],
        "document_id": score["document_id"] if score else None,
        "outcome": sample["outcome"],
        "reason": sample.get("reason"),
        "missed": len(sample["missed"]),
        "finish_reason": sample.get("finish_reason"),
        "seconds": sample.get("seconds"),
        **{f"{name}_tokens": tokens.get(name) for name in _TOKENS},
    }
    if score is None:
        return row | dict.fromkeys(sample_metric_names())
    return row | sample_metrics(stored_score(sample))


def _mention_rows(sample: Mapping[str, Any]) -> Iterator[Row]:
    gold, prediction = sample["gold"], sample.get("prediction") or {}
    layers = (sample.get("score") or {}).get("dimensions", {})
    for name in _layers(gold, prediction):
        golds = gold.get(f"{name}_mentions", [])
        predicted = prediction.get(f"{name}_mentions", [])
        head: Row = {"id": sample["id"], "dimension": name}
        for kind, g, p, judgement in _matches(layers.get(name), len(golds), len(predicted)):
            yield {
                **head,
                "match": kind,
                **_side("gold", None if g is None else golds[g]),
                **_side("predicted", None if p is None else predicted[p]),
                **judgement,
            }


def _layers(*stored: Mapping[str, Any]) -> Iterator[str]:
    """Yield the dimensions that have mentions: time, place, and whatever else there is."""
    yield from ("temporal", "spatial")
    found = {key.removesuffix("_mentions") for one in stored for key in one if "_mentions" in key}
    yield from sorted(found - {"temporal", "spatial"})


def _matches(
    layer: Mapping[str, Any] | None, golds: int, predicted: int
) -> Iterator[tuple[str, int | None, int | None, Row]]:
    if layer is None:
        yield from (("gold", index, None, {}) for index in range(golds))
        yield from (("predicted", None, index, {}) for index in range(predicted))
        return
    for pair in layer["pairs"]:
        judgement = {key: pair[key] for key in pair if key not in {"gold", "predicted"}}
        yield "matched", pair["gold"], pair["predicted"], judgement
    yield from (("missed", index, None, {}) for index in layer["missed"])
    for index in layer["spurious"]:
        kind = "hallucinated" if index in layer["hallucinated"] else "spurious"
        yield kind, None, index, {}


_SIDE = {
    "text": "text",
    "value": "normalized",
    "temporal_type": "temporal_type",
    "location_type": "location_type",
    "latitude": "latitude",
    "longitude": "longitude",
    "start_char": "start_char",
    "end_char": "end_char",
}


def _side(side: str, mention: Mapping[str, Any] | None) -> Row:
    return {f"{side}_{name}": (mention or {}).get(key) for name, key in _SIDE.items()}

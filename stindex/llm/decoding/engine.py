"""Continuous batches with drafts: prompts go in, finished rows come out, each as soon as it ends.

The beginning that all prompts share is computed once. Each pass takes one token for certain from
every row and proves its draft; a row that ends leaves, and the next prompt takes its slot and is
read in the passes in which the others go on. Which token a row takes is the row's business
(`row.py`), as under `generate`: only the number of passes differs. Greedy decoding only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

import torch

from stindex.llm.decoding.batches import EngineError, Queue, Result
from stindex.llm.decoding.drafts import NO_DRAFT, Draft, Drafted, Drafter
from stindex.llm.decoding.packed import PackedModel, begins_with, common_prefix
from stindex.llm.decoding.plain import BatchSettings, Decoded, decoded_row
from stindex.llm.decoding.row import Prompt, Row
from stindex.llm.decoding.slots import Piece
from stindex.llm.memory import PIECE_TOKENS  # of prompts in one pass, at most

# What a pass costs beside its tokens, in tokens: a guess that saves one of `n` rows its pass pays
# from a probability of n / (n + _PASS) on. Fitted to answers of SmolLM2.
_PASS = 70


@dataclass(slots=True)
class _Active:
    """A row that is being decoded; `unseen` are its last tokens, which no pass has seen yet."""

    index: int
    row: Row
    drafted: Drafted
    slot: int
    unseen: tuple[int, ...]
    started: float
    mates: int = 1

    @property
    def position(self) -> int:
        """Return the position of the first unseen token."""
        return len(self.row.prompt.token_ids) + len(self.row.tokens) - len(self.unseen)

    @property
    def most(self) -> int:
        """Return how many tokens prompt and answer may come to."""
        return len(self.row.prompt.token_ids) + self.row.budget


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a row has in a pass."""

    active: _Active
    draft: Draft
    piece: Piece


@dataclass(slots=True)
class Engine:
    """Decodes prompts with one model; keeps the shared prefix and what drafts learned.

    Attributes:
        drafter: None decodes without drafts.
        check: called with each row that ends, before it is handed on; raises where it is wrong.
        tokens: the most that all slots hold together, prompts and answers up to their limit; what
            does not fit waits until rows have left, unless it is alone. None is no bound.
    """

    packed: PackedModel
    settings: BatchSettings
    drafter: Drafter | None
    check: Callable[[Prompt, Decoded], None] | None = None
    tokens: int | None = None
    _active: list[_Active] = field(default_factory=list)

    @property
    def taken(self) -> list[int]:
        """Return the places of the prompts that are being decoded."""
        return [active.index for active in self._active]

    def release(self) -> None:
        """Give the memory of the cache back."""
        self.packed.close()

    def run(self, queue: Queue, slots: int, stop: Event) -> Iterator[Result]:
        """Decode the prompts that wait in `queue`, `slots` at a time, and yield each.

        They are taken from its left as slots fall free. Ends early once `stop` is set; rows that
        were not finished are then not yielded. Raises whatever the model raises.
        """
        self._active = []
        self.packed.open(slots)
        with self.packed.borrowed():
            self._share(queue)
            while (self._active or queue.refilled()) and not stop.is_set():
                self._admit(queue, slots)
                yield from self._leave()
                if self._active:
                    self._step()
                    yield from self._leave()

    def _share(self, queue: Queue) -> None:
        prompts = [queue.prompts[place].token_ids for place in queue.waiting]
        if not prompts:
            return
        known = self.packed.slots.prefix
        prefix = common_prefix(prompts, known)
        if self.drafter is not None and not begins_with(known, prefix):
            self.drafter.pool.learn(prefix)  # the worked examples are answers, too
        self.packed.share(prefix)

    def _admit(self, queue: Queue, slots: int) -> None:
        """Give free slots to waiting prompts."""
        begun = len(self._active)
        while len(self._active) < slots and queue.refilled():
            prompt = queue.prompts[queue.waiting[0]]
            if not begins_with(prompt.token_ids[:-1], self.packed.slots.prefix):
                if self._active:
                    break  # other prompts share another beginning; these rows end first
                self._share(queue)
            active = self._begun(queue.waiting[0], prompt, len(self._active))
            if not self._fits(active):
                break
            queue.waiting.popleft()
            self._active.append(active)
        if len(self._active) > begun:
            shared = len(self.packed.slots.prefix)
            width = max((active.position - shared for active in self._active[:begun]), default=0)
            self.packed.slots.fit(len(self._active), width, self.tokens)

    def _fits(self, new: _Active) -> bool:
        """Return whether another row fits in with those that are there; alone it always does."""
        if self.tokens is None or not self._active:
            return True
        longest = max(active.most for active in [*self._active, new])
        longest -= len(self.packed.slots.prefix)
        return (len(self._active) + 1) * longest <= self.tokens

    def _begun(self, index: int, prompt: Prompt, slot: int) -> _Active:
        settings = self.settings
        row = Row(prompt, settings.vocabulary, settings.limits, settings.grammar)
        drafted = Drafted(row, prompt.own_text)
        unseen = prompt.token_ids[len(self.packed.slots.prefix) :]
        active = _Active(index, row, drafted, slot, unseen, time.perf_counter())
        longest = self.packed.longest
        if longest is not None and active.most > longest:
            raise EngineError(
                f"the model encodes positions another way beyond {longest} tokens, which prompt "
                "and answer may reach"
            )
        return active

    def _step(self) -> None:
        """Read what is unseen of all rows and prove their drafts, in one pass."""
        # Rows of few tokens first: they are attended to together.
        turns = sorted(self._turns(), key=lambda turn: len(turn.piece.tokens))
        logits = self.packed.forward([turn.piece for turn in turns])
        choices = logits.argmax(dim=-1).tolist()  # one transfer for all rows
        start = 0
        for turn in turns:
            end = start + turn.piece.asked
            turn.active.mates = max(turn.active.mates, len(turns))
            if turn.piece.asked:
                self._take(turn.active, turn.draft, logits[start:end], choices[start:end])
                turn.active.unseen = (turn.active.row.tokens[-1],)
            else:
                turn.active.unseen = turn.active.unseen[len(turn.piece.tokens) :]
            start = end

    def _turns(self) -> Iterator[_Turn]:
        """Yield what each row has in the next pass; long prompts are read in several."""
        least = len(self._active) / (len(self._active) + _PASS)
        room = PIECE_TOKENS
        for active in self._active:
            read = active.unseen if len(active.unseen) == 1 else active.unseen[:room]
            room -= len(read) - 1
            if len(read) < len(active.unseen):
                if read:
                    yield _Turn(active, NO_DRAFT, Piece(active.slot, read, active.position))
                continue
            draft = self.drafter.draft(active.drafted, least) if self.drafter else NO_DRAFT
            tokens, asked = (*read, *draft.tokens), 1 + len(draft.tokens)
            yield _Turn(active, draft, Piece(active.slot, tokens, active.position, asked))

    def _take(
        self, active: _Active, draft: Draft, scores: torch.Tensor, choices: Sequence[int]
    ) -> None:
        """Take the row's own token at each place of its draft, as long as the draft is right."""
        row = active.row
        before = len(row.tokens)
        for place, choice in enumerate(choices):
            token = row.advance(choice, scores[place])
            right = place < len(draft.tokens) and draft.tokens[place] == token
            if row.finished is not None or not right:
                break
        written = len(row.tokens) - before
        accepted = written - 1 + right
        counts = self.packed.counts
        counts.drafted += len(draft.tokens)
        counts.accepted += accepted
        counts.tokens_written += written
        if self.drafter is not None:
            self.drafter.verified(draft, accepted)
            self.drafter.pool.learn(row.tokens, before)
            active.drafted.update()

    def _leave(self) -> Iterator[Result]:
        """Yield the rows that ended; the rows that stay close up to the first slots."""
        ended = [active for active in self._active if active.row.finished is not None]
        for active in ended:
            decoded = decoded_row(active.row, active.started)
            if self.check is not None:
                self.check(active.row.prompt, decoded)
            self._active.remove(active)
            yield Result(active.index, decoded, active.mates)
        if ended:
            self._close_up()

    def _close_up(self) -> None:
        count = len(self._active)
        used = {active.slot for active in self._active}
        free = [slot for slot in range(count) if slot not in used]
        for active in self._active:
            if active.slot >= count:
                target = free.pop()
                self.packed.slots.move(active.slot, target, active.position)
                active.slot = target
        self._active.sort(key=lambda active: active.slot)

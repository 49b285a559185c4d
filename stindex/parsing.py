"""Raw text ─▶ the validated answer, or one sentence why there is none.

What a model wrote goes in, with its finish reason and whether a grammar steered it; out comes an
outcome, the validated object, and the thought and the answer apart. Nothing is raised, whatever
the text holds. Three decisions: thoughts are set aside first; of several JSON objects the last
that fits the schema is the answer (models draft, correct and repeat; what they end on counts); of
a key that is written twice the last value counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from stindex.schema import FinishReason, Outcome

T = TypeVar("T", bound=BaseModel)

_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
# A text of braces would otherwise cost a try for each of them.
_MAX_TRIES = 2000


@dataclass(frozen=True, slots=True)
class ParsedAnswer(Generic[T]):
    """What became of a raw text.

    Attributes:
        value: the validated object; None unless the outcome is `ok`.
        reason: one sentence why there is no value; empty where there is one.
        thought: what was written inside `<think>`, without the tags.
    """

    outcome: Outcome
    value: T | None
    reason: str
    thought: str


def parse_answer(
    raw_text: str,
    finish_reason: FinishReason,
    response_model: type[T],
    *,
    constrained: bool = False,
    within_thought: bool = False,
) -> ParsedAnswer[T]:
    """Return the answer in `raw_text`, or why there is none. Never raises.

    Where a grammar steered decoding (`constrained`) the answer is all that follows the thought;
    otherwise it is searched for among prose and code fences. An answer that is whole counts even
    if the model wrote on to the token limit; a thought that the limit cut off is `truncated`,
    whatever drafts it holds. `within_thought` says that nothing but a thought was written, which
    cannot be seen where the prompt had opened it.
    """
    if finish_reason == "error":
        return ParsedAnswer(Outcome.ERROR, None, "Nothing was generated.", "")
    whole = _validate(raw_text, response_model)
    cut_off = within_thought and finish_reason == "length"
    if isinstance(whole, BaseModel) and not cut_off:
        return ParsedAnswer(Outcome.OK, whole, "", "")
    thought, answer, closed = split_thought(raw_text)
    if within_thought and _TAG.search(raw_text) is None:
        thought, answer, closed = raw_text, "", False
    if not closed and finish_reason == "length":
        reason = "The token limit cut the thought off; raise --thinking-tokens."
        return ParsedAnswer(Outcome.TRUNCATED, None, reason, thought)
    find = _validate if constrained else _search
    # A thought that was never closed may hold the answer itself.
    value = find(answer if closed else thought, response_model)
    if isinstance(value, BaseModel):
        return ParsedAnswer(Outcome.OK, value, "", thought)
    if finish_reason == "length":
        reason = "The token limit cut the answer off; raise --max-tokens."
        return ParsedAnswer(Outcome.TRUNCATED, None, reason, thought)
    reason = value if closed else f"The thought was never closed. {value}"
    return ParsedAnswer(Outcome.INVALID, None, reason, thought)


def split_thought(raw_text: str) -> tuple[str, str, bool]:
    """Return (thought, rest, whether the thought was closed).

    A closing tag without an opening one ends a thought that the prompt had opened. An opening tag
    without a closing one makes everything after it the thought. A tag that a JSON object quotes,
    and an opening tag after the first `{`, are part of the answer.
    """
    first = _TAG.search(raw_text)
    if first is None:
        return "", raw_text, True
    if first.group(1) and not _quoted(raw_text, first.start()):
        return raw_text[: first.start()], raw_text[first.end() :], True
    if "{" in raw_text[: first.start()]:
        return "", raw_text, True
    before, position = raw_text[: first.start()], first.start()
    thoughts: list[str] = []
    while opening := _TAG.match(raw_text, _skip_white(raw_text, position)):
        if opening.group(1):
            position = opening.end()
            continue
        closing = _closing(raw_text, opening.end())
        if closing is None:
            return "\n".join([*thoughts, raw_text[opening.end() :]]), before, False
        thoughts.append(raw_text[opening.end() : closing.start()])
        position = closing.end()
    return "\n".join(thoughts), before + raw_text[position:], True


def _quoted(text: str, position: int) -> bool:
    """Return whether a JSON object spans a position."""
    return any(start < position < end for start, end in _spans(text))


def _closing(text: str, start: int) -> re.Match[str] | None:
    for tag in _TAG.finditer(text, start):
        if tag.group(1):
            return tag
    return None


def _skip_white(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _search(text: str, response_model: type[T]) -> T | str:
    """Return the last JSON object that fits, or why the last one does not."""
    found: T | None = None
    problem = "There is no JSON object in the answer."
    if not text.strip():
        problem = "The answer is empty."
    for candidate in _objects(text):
        value = _validate(candidate, response_model)
        if isinstance(value, BaseModel):
            found = value
        else:
            problem = value
    return found if found is not None else problem


def _objects(text: str) -> Iterator[str]:
    """Yield the outermost JSON objects of a text, in order.

    Where there is none, the text from the first brace on, so that there is something to explain.
    """
    found = False
    for start, end in _spans(text):
        found = True
        yield text[start:end]
    if not found and "{" in text:
        yield text[text.index("{") :]


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each outermost JSON object.

    Where an object breaks off, the objects inside it are looked at.
    """
    decoder = JSONDecoder()
    position = 0
    for _ in range(_MAX_TRIES):
        start = text.find("{", position)
        if start < 0:
            return
        try:
            position = decoder.raw_decode(text, start)[1]
        except (ValueError, RecursionError):
            position = start + 1
        else:
            yield start, position


def _validate(text: str, response_model: type[T]) -> T | str:
    """Return the validated object, or one sentence: field and problem."""
    try:
        # Stricter than the standard library: no NaN, no half of a surrogate pair, bounded depth.
        content = text.encode("utf-8", "surrogatepass")
        return response_model.model_validate(from_json(content, allow_inf_nan=False))
    except ValidationError as problem:
        return _explain(problem)
    except (ValueError, RecursionError, OverflowError) as problem:
        lines = str(problem).splitlines()
        what = lines[0][:120].rstrip(".") if lines else type(problem).__name__
        return f"The answer is not valid JSON ({what})."


def _explain(problem: ValidationError) -> str:
    errors = problem.errors(include_url=False, include_context=False)
    first = errors[0]
    where = ".".join(str(part) for part in first["loc"]) or "the answer"
    others = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    message = first["msg"][:1].lower() + first["msg"][1:]
    found = "" if first["type"] == "missing" else f" (found {_shown(first.get('input'))})"
    return f"{where}: {message}{found}{others}."


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) > 10**15:
        return "a very large number"
    shown = ascii(value) if not isinstance(value, str) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."

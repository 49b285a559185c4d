"""Whether two runs can be compared at all, and what else than the model differs between them.

Other texts, other gold or another answer schema are refused: a difference would say nothing about
the model. Predictions of another system have no answer schema and may be compared with any. Other
prompts, decoding, number formats, batch sizes, versions and machines are said beside the
difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stindex.comparison.stored_scores import StoredSample, StoredScores, block
from stindex.errors import UserError

# What of a run's identity may differ; each is said. The model and its weights are what is compared.
_IDENTITY = (
    "prompt",
    "max_tokens",
    "temperature",
    "sampling",
    "seed",
    "constrained",
    "thinking",
    "thinking_tokens",
    "copies",
)
_WEIGHTS = ("dtype", "quantization")
_SERVER = "server-"  # how the weights of a server begin: nobody here knows their number format
_NO_PROMPT = "none "  # how the prompt of predictions from a file begins
_RULES = "rules-"  # how the weights of the rule-based reader begin
_SETTINGS = ("batch_size", "device")
# Facts about a source that differ from one launch to the next and change no answer.
_MEASURED = frozenset({"load_seconds", "engine_counts", "engine_self_check", "peak_memory_bytes"})
_HALF = frozenset({"bfloat16", "float16"})
_PROVENANCE = ("python", "platform", "cpus")


def refuse_incomparable(
    what: str,
    baseline: StoredScores,
    current: Mapping[str, StoredSample],
    identity: Mapping[str, Any],
) -> None:
    """Refuse a baseline that a run over these samples cannot be compared with.

    Args:
        what: what the baseline is to the user, for the sentence.
        current: the run's samples with their hashes; their scores are not looked at.
        identity: of the run; `answer_schema`, `prompt` and `dataset_hash` are looked at.

    Raises:
        UserError: other samples, other texts, other gold or another answer schema.
    """
    name = f"{what} {baseline.run_id}"
    ours, theirs = (one.get("answer_schema") for one in (identity, baseline.identity))
    asked = all(_was_asked(one) for one in (identity, baseline.identity))
    if asked and ours != theirs:
        raise UserError(
            f"{name}: has another answer schema ({theirs}, here {ours}); compare with a run of the "
            f"same kind of prompt and --answer."
        )
    shared = [sample_id for sample_id in current if sample_id in baseline.samples]
    if not shared:
        raise UserError(
            f"{name}: is over another data set ({baseline.identity.get('dataset')}): not one "
            f"sample id is shared; name a baseline over this one."
        )
    same_file = baseline.identity.get("dataset_hash") == identity.get("dataset_hash")
    pairs = [(sample_id, baseline.samples[sample_id], current[sample_id]) for sample_id in shared]
    _refuse_other_content(name, pairs, same_file=same_file)


def _was_asked(identity: Mapping[str, Any]) -> bool:
    return not str(identity.get("prompt") or "").startswith(_NO_PROMPT)


def _refuse_other_content(
    name: str, pairs: list[tuple[str, StoredSample, StoredSample]], *, same_file: bool
) -> None:
    if not same_file and any(not before.content for _, before, _ in pairs):
        raise UserError(
            f"{name}: is over another data set file and does not say what its texts were; run it "
            f"again on this file."
        )
    texts = [i for i, before, now in pairs if before.content and before.content != now.content]
    if texts:
        raise UserError(
            f"{name}: has other data set content in {_few(texts)} (text or reference date); run "
            f"the baseline again on this data set."
        )
    gold = [i for i, before, now in pairs if before.gold != now.gold]
    if gold:
        raise UserError(
            f"{name}: was held against other gold in {_few(gold)}; score it again with this gold "
            f"(`--rescore`)."
        )


def _few(ids: list[str]) -> str:
    shown = ", ".join(repr(sample_id) for sample_id in ids[:3])
    return f"{shown} and {len(ids) - 3} more samples" if len(ids) > 3 else shown


def warnings(baseline: StoredScores, current: StoredScores) -> list[str]:
    """Return a sentence for each thing other than the model that differs between two runs."""
    return [
        *_unpaired(baseline, current),
        *_rounding(baseline, current),
        *(f"{what}: {_shown(a)} ─▶ {_shown(b)}" for what, a, b in _differences(baseline, current)),
    ]


def _rounding(baseline: StoredScores, current: StoredScores) -> Iterator[str]:
    """Say that rounding alone makes answers differ, where a model computed in half precision.

    Also at one batch size: which rows share a pass depends on which ended, on workers and resumes.
    """
    runs = (baseline, current)
    if all(_is_model(run.identity) for run in runs) and any(map(_depends_on_batch, runs)):
        yield (
            "in half precision answers depend on the batch: some differ by rounding alone, with "
            "any engine and also at one --batch-size, as workers, a resume and rows that end "
            "change what is decoded together; float32 rules that out"
        )


def _depends_on_batch(run: StoredScores) -> bool:
    if str(run.identity.get("weights") or "").startswith(_SERVER):
        return False  # nobody here knows
    source = block(block(run.run, "provenance"), "source")
    return run.identity.get("dtype") in _HALF and not source.get("batch_invariant")


def _unpaired(baseline: StoredScores, current: StoredScores) -> Iterator[str]:
    only_here = len(current.samples.keys() - baseline.samples.keys())
    only_there = len(baseline.samples.keys() - current.samples.keys())
    both = len(current.samples.keys() & baseline.samples.keys())
    if only_here or only_there:
        yield (
            f"{both} samples are compared; {only_here} are only in this run, {only_there} only in "
            f"the baseline"
        )


def _differences(
    baseline: StoredScores, current: StoredScores
) -> Iterator[tuple[str, object, object]]:
    a, b = baseline.identity, current.identity
    if _is_model(a) and _is_model(b):
        yield from _unequal(a, b, _IDENTITY)
        if not any(str(one.get("weights") or "").startswith(_SERVER) for one in (a, b)):
            yield from _unequal(a, b, _WEIGHTS)
        if a.get("prompt") == b.get("prompt") and a.get("prompt_hash") != b.get("prompt_hash"):
            yield "text of the prompt", a.get("prompt_hash"), b.get("prompt_hash")
    yield from _unequal(block(baseline.run, "settings"), block(current.run, "settings"), _SETTINGS)
    ours, theirs = block(current.run, "provenance"), block(baseline.run, "provenance")
    yield from _unequal(theirs, ours, _PROVENANCE)
    for name in ("versions", "geocoder", "source"):
        before, now = block(theirs, name), block(ours, name)
        if name == "source" and not (before and now):
            continue  # where nothing was generated, nobody knows what would have been used
        label = {"versions": "version of ", "geocoder": "geocoder, ", "source": "model, "}[name]
        keys = tuple(sorted({*before, *now} - _MEASURED))
        yield from ((label + key, old, new) for key, old, new in _unequal(before, now, keys))


def _is_model(identity: Mapping[str, Any]) -> bool:
    """Return whether prompt, decoding and number format mean anything: rules have none of them."""
    return _was_asked(identity) and not str(identity.get("weights") or "").startswith(_RULES)


def _unequal(
    a: Mapping[str, Any], b: Mapping[str, Any], keys: tuple[str, ...]
) -> Iterator[tuple[str, object, object]]:
    for key in keys:
        if a.get(key) != b.get(key):
            yield key.replace("_", " "), a.get(key), b.get(key)


def _shown(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:12] + "…"

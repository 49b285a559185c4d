"""A reading ─▶ what the template of one sample prints: its text, its pairs, its raw answer."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from stindex.reporting.marked_text import mark_text
from stindex.reporting.readings import PairReading, SampleReading
from stindex.reporting.visible import shortened
from stindex.reporting.wording import FAIL, PASS, UNDEFINED, number_text
from stindex.schema import Mention, SpatialMention
from stindex.scoring import DIMENSIONS

TEXT_LIMIT = 50_000
RAW_LIMIT = 20_000
VALUE_LIMIT = 300


@dataclass(frozen=True, slots=True)
class MentionView:
    """One mention in a cell; the flags say which part of it is wrong."""

    text: str
    value: str
    type: str
    note: str
    wrong_extent: bool = False
    wrong_value: bool = False
    wrong_type: bool = False


@dataclass(frozen=True, slots=True)
class PairView:
    """One row of the table of pairs; `state` is a class: `good`, `bad` or `quiet`."""

    number: str
    state: str
    glyph: str
    verdict: str
    gold: MentionView | None
    predicted: MentionView | None
    km: str
    wrong_km: bool


@dataclass(frozen=True, slots=True)
class LayerView:
    """The rows of one dimension; `remark` says why it is not judged, if it is not."""

    title: str
    remark: str
    pairs: tuple[PairView, ...]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A long text, cut off; `length` is that of the whole, in code points."""

    text: str
    length: int

    @property
    def is_cut(self) -> bool:
        """Return whether something was cut off."""
        return self.length > len(self.text)


@dataclass(frozen=True, slots=True)
class SampleView:
    """What `sample.html.j2` prints."""

    reading: SampleReading
    text: Markup
    text_length: int
    lanes: int
    layers: tuple[LayerView, ...]
    facts: str
    raw: Excerpt | None
    thought: Excerpt | None
    error_words: str
    is_text_cut: bool


def view_sample(reading: SampleReading) -> SampleView:
    """Return the view of one sample."""
    text = reading.sample.text
    marked = mark_text(text[:TEXT_LIMIT], reading.pairs)
    evaluation = reading.evaluation
    return SampleView(
        reading=reading,
        text=marked.html,
        text_length=len(text),
        lanes=marked.lanes,
        layers=tuple(_layer(reading, name) for name in DIMENSIONS),
        facts=_facts(reading),
        raw=_excerpt(evaluation.record.generation.raw_text) if evaluation else None,
        thought=_excerpt(evaluation.thought) if evaluation and evaluation.thought else None,
        error_words=error_words(reading),
        is_text_cut=len(text) > TEXT_LIMIT,
    )


def error_words(reading: SampleReading) -> str:
    """Return the errors of a sample in a few words: `2 missed, 1 value`."""
    return ", ".join(f"{count} {kind}" for kind, count in reading.errors.items())


def _excerpt(text: str) -> Excerpt:
    return Excerpt(text[:RAW_LIMIT], len(text))


def _layer(reading: SampleReading, name: str) -> LayerView:
    pairs = tuple(_pair(pair) for pair in reading.pairs if pair.dimension == name)
    layer = reading.sample.gold.get(name)
    remark = ""
    if layer is None:
        remark = "not annotated, so it is not scored"
    elif not layer.exhaustive:
        remark = "annotated in part: what is not in the gold may still be right"
    elif not pairs:
        remark = "nothing in the gold, nothing found"
    return LayerView(name.capitalize(), remark, pairs)


def _pair(pair: PairReading) -> PairView:
    state, glyph = ("bad", FAIL) if pair.errors else ("good", PASS)
    if not pair.judged:
        state, glyph = "quiet", "○"
    both_places = isinstance(pair.gold, SpatialMention) and pair.predicted is not None
    return PairView(
        number=pair.number,
        state=state,
        glyph=glyph,
        verdict=pair.verdict,
        gold=None if pair.gold is None else _mention(pair.gold),
        predicted=None if pair.predicted is None else _predicted(pair.predicted, pair),
        km=number_text(pair.km, "km") if both_places else "",
        wrong_km="place" in pair.errors,
    )


def _predicted(mention: Mention, pair: PairReading) -> MentionView:
    plain = _mention(mention)
    return MentionView(
        plain.text,
        plain.value,
        plain.type,
        _note(mention),
        wrong_extent="boundary" in pair.errors,
        wrong_value="value" in pair.errors or "place" in pair.errors,
        wrong_type="type" in pair.errors,
    )


def _mention(mention: Mention) -> MentionView:
    if isinstance(mention, SpatialMention):
        value, kind = coordinates_text(mention), mention.location_type
    else:
        value, kind = mention.normalized, mention.temporal_type
    return MentionView(
        shortened(mention.text, VALUE_LIMIT), shortened(value, VALUE_LIMIT), kind or "", ""
    )


def coordinates_text(mention: SpatialMention) -> str:
    """Return latitude and longitude in degrees with two decimals (about a kilometre)."""
    if mention.latitude is None or mention.longitude is None:
        return UNDEFINED
    return f"{mention.latitude:.2f}, {mention.longitude:.2f}".replace("-", "−")


def _note(mention: Mention) -> str:
    if not isinstance(mention, SpatialMention):
        return ""
    if mention.place is not None:
        place = mention.place
        where = ", ".join(part for part in (place.name, place.country) if part)
        return shortened(where, VALUE_LIMIT)
    return shortened(mention.geocoding, VALUE_LIMIT)


def _facts(reading: SampleReading) -> str:
    if reading.evaluation is None:
        return "No answer yet."
    record = reading.evaluation.record
    written = record.generation
    facts = [
        f"finish reason {written.finish_reason}",
        f"{written.prompt_tokens} tokens in, {written.completion_tokens} out",
        f"{written.thought_tokens} of them thought" if written.thought_tokens else "",
        f"{written.seconds:.3g} s"
        + (f" in a batch of {written.batch_size}" * (written.batch_size > 1)),
        f"grammar stepped in {written.grammar_interventions} times"
        if written.grammar_interventions
        else "",
        f"attempt {record.attempt}" if record.attempt > 1 else "",
        f"taken over from run {record.origin}" if record.origin else "",
    ]
    return "; ".join(fact for fact in facts if fact) + "."

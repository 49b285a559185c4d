"""The settings of a run: one typed object, which is at once the grammar of the command line.

Each field of `Settings` is an option of pytest (`batch_size` is `--batch-size`) and a key of
`cfg/eval.yaml`. The command line goes first, then the file, then what the model's alias says,
then the default; `ResolvedSettings.sources` says for each where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from stindex.errors import UserError
from stindex.geocoding.registry import GEOCODERS
from stindex.llm.base import DecodingSettings
from stindex.llm.registry import ModelSpec, resolve_model
from stindex.rescoring import refuse_other_answers, stored_settings
from stindex.resources import find
from stindex.settings_files import explain, read_settings_file

DEFAULT_DATASET = "data/input/eval_dataset_100.json"
REQUESTS_IN_FLIGHT = 64
COMMAND_LINE, DEFAULT = "command line", "default"

AUTO_SAMPLES = 16  # what is planned for together where the batch size is `auto`

PositiveInt = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
_POSITIVE = TypeAdapter[int](PositiveInt)


def _number_or_auto(value: object) -> object:
    # A union's own error would name the branches, not the field alone.
    if value == "auto":
        return value
    try:
        return _POSITIVE.validate_python(value)
    except ValidationError as problem:
        raise ValueError(problem.errors(include_url=False)[0]["msg"]) from None


def _known_geocoder(name: str) -> str:
    if name not in GEOCODERS:
        raise ValueError(f"there is no geocoder {name!r}; it takes {', '.join(GEOCODERS)}")
    return name


BatchSize = Annotated[int | Literal["auto"], BeforeValidator(_number_or_auto)]


class Settings(BaseModel):
    """All that a user can set. The descriptions are the help of the options."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field("qwen7b", description="alias, hub id, directory, GGUF file or `rules`")
    backend: Literal["hf", "vllm", "openai"] = Field(
        "hf",
        description="what runs the model: transformers, vLLM, or an OpenAI-compatible server",
    )
    tensor_parallel: PositiveInt = Field(1, description="GPUs that vLLM spreads the model over")
    base_url: list[str] = Field(
        [], description="address of the server, up to /v1 (repeated: replicas, asked in turn)"
    )
    request_timeout: PositiveInt = Field(
        300, description="seconds that a server may take for an answer"
    )
    request_retries: Annotated[int, Field(ge=0)] = Field(
        4, description="how often a request is tried again"
    )
    requests_per_minute: PositiveInt | None = Field(
        None, description="ask a server no more often than that"
    )
    tokens_per_minute: PositiveInt | None = Field(
        None, description="let a server read and write no more tokens than that"
    )
    dataset: str = Field(
        DEFAULT_DATASET,
        description="annotated texts: JSON, TimeML, geoparsing XML, ... (docs/own-data.md)",
    )
    batch_size: BatchSize = Field(
        8,
        description="samples decoded together, `auto`: as memory allows; of a server or vLLM: "
        "requests in flight, then 64",
    )
    output_dir: str = Field("reports", description="where the directories of runs go")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, xpu or mps")
    torch_dtype: Literal["bfloat16", "float16", "float32"] = Field(
        "bfloat16", description="number format of the weights"
    )
    limit: PositiveInt | None = Field(None, description="only the first N samples of the file")
    sample_id: list[str] = Field([], description="only this sample (may be repeated)")
    shard: str | None = Field(
        None, pattern=r"^[1-9]\d{0,4}/[1-9]\d{0,4}$", description="only part K of N, as 2/4"
    )
    geocoder: Annotated[str, AfterValidator(_known_geocoder)] = Field(
        "embedded", description="what turns places into coordinates: embedded, nominatim or none"
    )
    max_tokens: PositiveInt = Field(2048, description="token limit of an answer")
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="0 or not given: greedy; else sampling"
    )
    sampling: Literal["settings", "model"] = Field(
        "settings",
        description="`model`: temperature, top-p and the like are the model's own",
    )
    seed: int = Field(0, description="seed of sampling")
    repeats: PositiveInt = Field(1, description="answers to each sample; needs sampling")
    revision: str | None = Field(None, description="branch, tag or commit of a model on the hub")
    quantization: Literal["none", "8bit", "4bit"] = Field(
        "none", description="quantize the weights on loading"
    )
    constrained: bool = Field(default=True, description="let the answer's schema steer decoding")
    draft: Literal["auto", "off"] = Field(
        "auto", description="guess tokens and prove them: the same answers, sooner; or `off`"
    )
    thinking: Literal["auto", "on", "off"] = Field(
        "auto", description="thoughts before the answer, where the model has them"
    )
    thinking_tokens: PositiveInt = Field(1024, description="token limit of a thought")
    copies: NonNegativeInt = Field(
        3,
        description="with --constrained, a list ends once it holds a mention so many times more "
        "often than the text does; 0: it may go on",
    )
    answer: Literal["places", "coordinates"] = Field(
        "places", description="ask for places (geocoded here) or for coordinates"
    )
    prompt: str = Field("iso", description="iso, timex3 or a YAML file")
    thresholds: str | None = Field(None, description="gates and per-sample thresholds, YAML")
    exit_on: Literal["gates", "samples", "both"] = Field(
        "gates", description="what turns the exit status red"
    )
    baseline: str | None = Field(
        None, description="compare with this run: directory, id or saved baseline"
    )
    anchor: str | None = Field(
        None, description="compare with this run too, which stays the same: shows slow drift"
    )
    strict: bool = Field(
        default=False, description="gates that cannot tell (inconclusive) fail; as pytest's own"
    )
    predictions: str | None = Field(
        None, description="score the predictions in this file; no model is asked"
    )
    run_name: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$", description="a name for this run"
    )
    fresh: bool = Field(
        default=False, description="set the selection's old answers aside, ask again"
    )
    retry_errors: bool = Field(default=False, description="ask again where an answer is `error`")
    rescore: str | None = Field(
        None, description="score the answers of this stored run again, without the model"
    )
    reference: bool = Field(
        default=True, description="score the floor and the ceiling beside the model"
    )
    oversubscribe: bool = Field(
        default=False, description="allow more processes than there are GPUs or memory for"
    )
    rank_timeout: PositiveInt = Field(
        120, description="seconds after which a silent rank of a launcher is given up"
    )
    text: bool = Field(default=True, description="show texts and raw answers in report.html")
    trust_remote_code: bool = Field(
        default=False, description="run code that the model brings along"
    )

    @property
    def samples_together(self) -> int:
        """How many samples are planned for together; `auto` is settled once the model is there."""
        return AUTO_SAMPLES if self.batch_size == "auto" else self.batch_size

    @model_validator(mode="after")
    def _of_stored_answers(self) -> Settings:
        if self.fresh and self.retry_errors:
            raise ValueError(
                "--fresh asks for every answer again, --retry-errors for some; give one of the two"
            )
        if self.rescore is not None and (self.fresh or self.retry_errors):
            raise ValueError("--rescore asks for no answer; leave --fresh and --retry-errors out")
        return self

    @model_validator(mode="after")
    def _of_the_selection(self) -> Settings:
        if self.limit is not None and self.sample_id:
            raise ValueError("--limit and --sample-id both choose samples; give one of the two")
        if self.shard is not None:
            number, count = (int(part) for part in self.shard.split("/"))
            if number > count:
                raise ValueError(
                    f"--shard {self.shard}: there are only {count} shards; number them from 1"
                )
        return self

    @model_validator(mode="after")
    def _of_repeats(self) -> Settings:
        drawn = self.temperature or self.sampling == "model"
        if self.repeats > 1 and not drawn and self.rescore is None:
            raise ValueError(
                "--repeats needs sampling, or all answers are the same; give --temperature"
            )
        if self.repeats > 1 and self.predictions is not None:
            raise ValueError("--predictions has one answer to a sample; leave --repeats out")
        return self

    @model_validator(mode="after")
    def _of_the_model(self) -> Settings:
        if self.sampling == "model" and self.rescore is None:
            if self.temperature is not None:
                raise ValueError(
                    "--sampling model takes the model's own temperature; leave --temperature out"
                )
            if self.backend != "hf" or self.model == "rules":
                raise ValueError(
                    "--sampling model needs a model of --backend hf; give --temperature instead"
                )
        if self.model == "rules" and self.quantization != "none":
            raise ValueError("--model rules has no weights to quantize; leave --quantization out")
        return self

    @model_validator(mode="after")
    def _of_the_backend(self) -> Settings:
        if (self.backend == "openai") != bool(self.base_url) and self.rescore is None:
            raise ValueError("--backend openai and --base-url belong together; give both or none")
        if self.tensor_parallel > 1 and self.backend != "vllm" and self.rescore is None:
            raise ValueError("--tensor-parallel is for --backend vllm; leave it out or give both")
        return self


@dataclass(frozen=True, slots=True)
class ResolvedSettings:
    """Settings with the source of each value, and the model that they name.

    Attributes:
        explicit_model: somebody named the model; a default is never downloaded unasked.
        root: relative paths in the settings are below it.
    """

    values: Settings
    sources: Mapping[str, str]
    spec: ModelSpec
    root: Path

    @property
    def explicit_model(self) -> bool:
        """Whether the model was named by the user."""
        return self.sources["model"] != DEFAULT

    def decoding(self) -> DecodingSettings:
        """Return what may change an answer."""
        v = self.values
        return DecodingSettings(
            v.max_tokens,
            v.temperature,
            v.seed,
            v.constrained,
            v.thinking,
            v.thinking_tokens,
            v.copies or None,
            v.sampling,
        )

    def described(self) -> dict[str, dict[str, Any]]:
        """Return every setting as `{"value", "source"}`, JSON-ready."""
        dumped = self.values.model_dump(mode="json")
        return {k: {"value": v, "source": self.sources[k]} for k, v in dumped.items()}


def dataset_path(named: str, root: Path) -> Path:
    """Return where a data set lies; the default is that of the package, if `root` has none."""
    return find(named, root) if named == DEFAULT_DATASET else root / named


def resolve_settings(given: Mapping[str, Any], root: Path) -> ResolvedSettings:
    """Join the command line, `cfg/eval.yaml` below `root`, the model's alias and the defaults.

    Args:
        given: field name to value, only what the command line has.

    Raises:
        UserError: an unknown key, a wrong value, two settings that exclude each other, or no
            such model.
    """
    file = root / "cfg" / "eval.yaml"
    from_file: dict[str, Any] = {}
    if file.exists():
        from_file = read_settings_file(file, Settings).model_dump(exclude_unset=True)
    from_run = stored_settings({**from_file, **given}, root)
    if from_run:
        refuse_other_answers(given)
    named = _named_by_predictions(given, {**from_file, **from_run})
    settings = _validated({**from_file, **from_run, **named, **given})
    spec = _spec(settings, {*given, *from_file})
    values: dict[str, Any] = {}
    sources = dict.fromkeys(Settings.model_fields, DEFAULT)
    for source, said in (
        (f"alias {settings.model}", _alias_values(spec, settings)),
        ("cfg/eval.yaml", from_file),
        ("the stored run", from_run),
        ("--predictions", named),
        (COMMAND_LINE, given),
    ):
        values |= said
        sources |= dict.fromkeys(said, source)
    return ResolvedSettings(_validated(values), sources, spec, root)


def _named_by_predictions(given: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name that stands for the model where predictions come from a file."""
    file = given.get("predictions", other.get("predictions"))
    if file is None:
        return {}
    if "model" in given:
        raise UserError(
            "--predictions takes what another system found, --model asks a model; leave one out."
        )
    return {"model": Path(file).name}


def _spec(settings: Settings, named: set[str]) -> ModelSpec:
    if settings.rescore is not None or settings.predictions is not None:
        # The model need not be here, nor its name mean anything here.
        return ModelSpec(settings.model, "stored", dtype=settings.torch_dtype)
    if settings.backend == "openai":
        return ModelSpec(settings.model, "server", dtype=settings.torch_dtype)
    dtype = settings.torch_dtype if "torch_dtype" in named else None
    return resolve_model(settings.model, revision=settings.revision, dtype=dtype)


def _alias_values(spec: ModelSpec, settings: Settings) -> dict[str, Any]:
    said: dict[str, Any] = {"max_tokens": spec.max_tokens, "thinking_tokens": spec.thinking_tokens}
    if spec.dtype != settings.torch_dtype:
        said["torch_dtype"] = spec.dtype
    if spec.kind == "server" or settings.backend == "vllm":
        said["batch_size"] = REQUESTS_IN_FLIGHT
    return {name: value for name, value in said.items() if value is not None}


def _validated(values: Mapping[str, Any]) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as problem:
        error = problem.errors(include_url=False)[0]
        if not error["loc"]:
            raise UserError(error["msg"].removeprefix("Value error, ") + ".") from None
        option = "--" + str(error["loc"][0]).replace("_", "-")
        said = explain(problem, Settings).split("`: ", 1)[-1]
        raise UserError(f"{option}: {said}") from None

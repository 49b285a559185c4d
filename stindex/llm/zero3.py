"""ZeRO-3: a model whose parameters are spread over the ranks of a launch (DeepSpeed).

A function that loads a model goes in, the same model comes out, of which this rank holds its share.
Every forward pass gathers the parameters from all ranks, so all have to make the same passes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from stindex.errors import UserError
from stindex.llm.stored_quantization import method_name, stored_quantization
from stindex.runs.zero_stage import zero_optimization

if TYPE_CHECKING:
    from stindex.config import Settings
    from stindex.llm.decoding.batches import BatchSize, Result
    from stindex.llm.decoding.plain import BatchSettings, GenerativeModel
    from stindex.llm.decoding.row import Prompt
    from stindex.llm.registry import ModelSpec

ENGINE = "transformers generate, all ranks in step"


def refuse_under_zero3(values: Settings, spec: ModelSpec) -> None:
    """Refuse what cannot work where ranks generate in step, before anything is fetched.

    Raises:
        UserError: DeepSpeed is not installed, or a setting or the model cannot be had with it.
    """
    if find_spec("deepspeed") is None:
        raise UserError(
            "ZeRO-3 needs deepspeed, which is not installed; pip install 'stindex[deepspeed]', or "
            "run one process without a launcher (the layers are spread over all visible GPUs)."
        )
    if values.batch_size == "auto":
        raise UserError(
            "--batch-size auto: under ZeRO-3 all ranks need the same number; name one, e.g. 8."
        )
    if values.quantization != "none":
        raise UserError(
            f"--quantization {values.quantization}: cannot be had with ZeRO-3; leave it out, or "
            "run one process without a launcher."
        )
    if spec.kind == "gguf":
        raise UserError(
            f"--model {spec.name}: is a GGUF file, which ZeRO-3 cannot spread over ranks; name the "
            "model's own repository or directory, or launch with cfg/multi_gpu.yaml."
        )


def refuse_quantized(directory: Path, name: str) -> None:
    """Refuse weights that are stored quantized: each of their formats is unpacked as a whole.

    Args:
        directory: of the model's files.
        name: what the user calls it.

    Raises:
        UserError: its `config.json` names a quantization.
    """
    stored = stored_quantization(directory)
    if stored is not None:
        raise UserError(
            f"--model {name}: its weights are quantized ({method_name(stored)}), which cannot be "
            "had with ZeRO-3; name weights that are not, or launch with cfg/multi_gpu.yaml."
        )


def load_sharded(load: Callable[[], Any], device: str) -> Any:  # noqa: ANN401 (of deepspeed)
    """Return the model that `load` makes with `from_pretrained`; no rank ever has it whole.

    The recipe is transformers' own for inference with ZeRO-3 outside of its `Trainer`.
    """
    if device == "cpu":
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    from transformers.integrations.deepspeed import HfDeepSpeedConfig  # noqa: PLC0415

    deepspeed = import_module("deepspeed")
    deepspeed.init_distributed()
    config = deepspeed_config(os.environ)
    partitioned = HfDeepSpeedConfig(config)  # type: ignore[no-untyped-call]
    model = load()  # from_pretrained gives each parameter away as soon as it is made
    del partitioned
    engine = deepspeed.initialize(model=model, config=config)[0]
    return engine.module.eval()


def deepspeed_config(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what DeepSpeed is told: stage 3, parameters kept where accelerate's file says."""
    # DeepSpeed asks for a batch size though nothing is trained.
    zero = zero_optimization(environment)
    return {"train_micro_batch_size_per_gpu": 1, "zero_optimization": zero}


class InStep:
    """Decodes with exactly one `generate` a call, so that all ranks make equally many."""

    def __init__(self, model: GenerativeModel) -> None:
        """Take a model that `load_sharded` has made."""
        self._model = model

    def results(
        self,
        prompts: Sequence[Prompt],
        settings: BatchSettings,
        size: BatchSize,  # noqa: ARG002 (a batch is never cut here: another would be one too many)
        stop: Event,
        more: Callable[[], Sequence[Prompt]] = tuple,  # noqa: ARG002 (all ranks go in step)
    ) -> Iterator[Result]:
        """Yield a result for each prompt; without one, take part and yield nothing.

        Raises:
            UserError: the batch failed; no rank can go on, as the others wait for this one.
        """
        from stindex.llm.decoding.batches import Result  # noqa: PLC0415  # imports torch
        from stindex.llm.decoding.plain import decode_batch  # noqa: PLC0415  # imports torch

        asked, limits = (prompts, settings) if prompts else _nothing(settings)
        try:
            decoded = decode_batch(self._model, asked, limits, stop, synced=True)
        except Exception as problem:
            raise UserError(_sentence(problem)) from problem
        for index in range(len(prompts)):
            row = decoded[index]
            if row is not None:
                yield Result(index, row, len(prompts))

    def shares_prefix(self, settings: BatchSettings) -> bool:  # noqa: ARG002
        """Say that no prefix is kept."""
        return False

    def memory_to_come(self, settings: BatchSettings) -> int:  # noqa: ARG002
        """Say that no weights are laid out anew."""
        return 0

    def probe(self, settings: BatchSettings, size: BatchSize, width: int) -> None:
        """Try nothing: the size of batches is given."""

    def provenance(self) -> dict[str, Any]:
        """Return JSON-ready facts."""
        return {"engine": ENGINE, "engine_fallback": None, "engine_self_check": None}


def _nothing(settings: BatchSettings) -> tuple[Sequence[Prompt], BatchSettings]:
    """Return a prompt whose answer nobody wants, one token long."""
    from stindex.llm.decoding.plain import BatchSettings  # noqa: PLC0415  # imports torch
    from stindex.llm.decoding.row import Limits, Prompt  # noqa: PLC0415  # imports torch

    vocabulary = settings.vocabulary
    return [Prompt("", (vocabulary.pad_id,))], BatchSettings(vocabulary, Limits(1, 0), None)


def _sentence(problem: Exception) -> str:
    lines = str(problem).strip().splitlines()
    what = f"{type(problem).__name__}: {lines[0][:200].rstrip('.') if lines else 'no message'}"
    return (
        f"A batch failed under ZeRO-3, where no rank can go on alone ({what}); run the same "
        "command again, with a smaller --batch-size if memory did not suffice."
    )

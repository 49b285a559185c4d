"""Plain constrained `generate` against the engine with slots and drafts, on the same documents.

`python -m benchmarks.decode` takes the documents in rounds; in each round every variant decodes
the same documents, in turn, so that whatever else the machine does falls on all of them. It counts
forward passes and tokens as well as seconds, compares the token ids, and writes a JSON file.
`STINDEX_BENCHMARK_DATA` names a directory with `meantime_en.jsonl`; without it the project's own
data set is used. `--smoke` shows that it works.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import Any

import torch
from transformers import PreTrainedModel

from stindex.datasets import load_dataset
from stindex.llm.base import DecodingSettings
from stindex.llm.decoding.batches import BatchSize, Failure, Result, decode_all, stream_all
from stindex.llm.decoding.drafts import Drafter
from stindex.llm.decoding.engine import Engine
from stindex.llm.decoding.grammar import Grammar
from stindex.llm.decoding.packed import PackedModel
from stindex.llm.decoding.plain import BatchSettings, decode_batch
from stindex.llm.decoding.row import Limits, Prompt
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.llm.loading import LoadedModel
from stindex.llm.memory import BYTES
from stindex.llm.registry import Dtype
from stindex.llm.rendering import renderer
from stindex.prompts import load_prompt

ROOT = Path(__file__).parent.parent
VARIANTS = GENERATE, SLOTS, DRAFTS = "generate", "slots", "slots and drafts"


@dataclass(slots=True)
class Measured:
    """What one variant took at one batch size, over all rounds."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    passes: int = 0
    tokens_fed: int = 0
    tokens_written: int = 0
    thought_tokens: int = 0
    samples: int = 0
    identical: int = 0
    truncated: int = 0

    def row(self, base: Measured) -> dict[str, Any]:
        """Return it with rates, and ratios to `base`."""
        return {
            **{name: round(v, 3) for name, v in asdict(self).items()},
            "samples_per_second": round(self.samples / self.wall_seconds, 4),
            "tokens_per_second": round(self.tokens_written / self.wall_seconds, 2),
            "times_faster": round(base.wall_seconds / self.wall_seconds, 3),
            "times_faster_by_cpu": round(base.cpu_seconds / self.cpu_seconds, 3),
            "times_fewer_passes": round(base.passes / self.passes, 3),
        }


@dataclass(slots=True)
class Bench:
    """A loaded model with what all variants share; each keeps its engine between the rounds."""

    loaded: LoadedModel
    directory: Path
    settings: BatchSettings
    engines: dict[tuple[str, int], Engine] = field(default_factory=dict)

    @property
    def model(self) -> PreTrainedModel:
        """The transformers model."""
        if not isinstance(self.loaded.model, PreTrainedModel):
            raise TypeError("this benchmark needs a transformers model")
        return self.loaded.model

    def results(self, variant: str, prompts: Sequence[Prompt], batch: int) -> Iterator[Result]:
        """Decode all prompts with one variant."""
        size, stop = BatchSize.of(batch), Event()
        if variant == GENERATE:
            return decode_all(
                prompts,
                lambda some: decode_batch(self.loaded.model, some, self.settings, stop),
                size,
                stop,
            )
        return stream_all(prompts, self.engine(variant, batch), size, stop)

    def engine(self, variant: str, batch: int) -> Engine:
        """Return the engine of a variant, made at its first use."""
        if (variant, batch) not in self.engines:
            drafter = Drafter(self.loaded.encode) if variant == DRAFTS else None
            self.engines[variant, batch] = Engine(PackedModel(self.model), self.settings, drafter)
        return self.engines[variant, batch]


def main() -> None:
    """Measure, print a table and write the JSON file."""
    options = options_of()
    torch.set_num_threads(options.threads)
    bench, prompts = prepared(options)
    runs = {}
    for batch in options.batch:
        runs[str(batch)] = _measure(bench, prompts, batch, options)
        if options.output:  # after each, so that what was measured is there whatever happens next
            thinking = {"thinking": options.thinking, "thinking_tokens": options.thinking_tokens}
            result = {"machine": {**machine(options), **thinking}, "batches": runs}
            Path(options.output).parent.mkdir(parents=True, exist_ok=True)
            Path(options.output).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line, `--smoke` worked in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--batch", type=int, nargs="+", default=[8, 16, 1])
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--thinking", choices=("auto", "on", "off"), default="auto")
    parser.add_argument("--thinking-tokens", type=int, default=1024)
    parser.add_argument(
        "--variants",
        nargs="+",
        choices=VARIANTS,
        default=[GENERATE, DRAFTS],
        help="all are held against the first, `generate`",
    )
    parser.add_argument("--round", type=int, default=32, help="documents a round")
    parser.add_argument("--minutes", type=float, default=1e9, help="no new round after that")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=BYTES, default="float32")
    parser.add_argument("--output", default="")
    parser.add_argument("--smoke", action="store_true", help="4 documents, 16 tokens, batch 2")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.samples, options.max_tokens, options.round, options.batch = 4, 16, 2, [2]
        options.variants = list(VARIANTS)
    return options


def prepared(options: argparse.Namespace) -> tuple[Bench, list[Prompt]]:
    """Load the model and make the prompts of the documents."""
    bench = bench_of(options.model, options.dtype, options.max_tokens, options.thinking_tokens)
    prompt, render = load_prompt("iso"), renderer(bench.loaded.tokenizer, options.thinking)
    samples = load_dataset(_documents()).samples[: options.samples]
    return bench, [render.prompt(sample.id, prompt.messages(sample)) for sample in samples]


def bench_of(model: str, dtype: Dtype, max_tokens: int, thinking_tokens: int = 1024) -> Bench:
    """Load a model and compile the grammar of the usual answer."""
    llm = HuggingFaceLLM.from_name(model, dtype=dtype, device="cpu")
    loaded = llm.load()
    grammar = Grammar(
        loaded.tokenizer,
        loaded.vocabulary_size,
        loaded.vocabulary.end_ids,
        load_prompt("iso").response_model,
    )
    limits = Limits(max_tokens, thinking_tokens, loaded.context, DecodingSettings().copies)
    return Bench(loaded, llm.local.path, BatchSettings(loaded.vocabulary, limits, grammar))


def _documents() -> Path:
    directory = os.environ.get("STINDEX_BENCHMARK_DATA")
    if directory:
        return Path(directory) / "meantime_en.jsonl"
    return ROOT / "data" / "input" / "eval_dataset_100.json"


def _measure(
    bench: Bench, prompts: Sequence[Prompt], batch: int, options: argparse.Namespace
) -> dict[str, Any]:
    variants = list(dict.fromkeys([GENERATE, *options.variants]))
    measured = {variant: Measured() for variant in variants}
    started = time.monotonic()
    for number, start in enumerate(range(0, len(prompts), options.round)):
        if time.monotonic() - started > 60 * options.minutes:
            break
        some = prompts[start : start + options.round]
        turn = number % len(variants)  # nobody is always the first
        written = {
            variant: _timed(bench, variant, some, batch, measured[variant])
            for variant in [*variants[turn:], *variants[:turn]]
        }
        for variant in variants:
            measured[variant].identical += sum(
                written[variant][i] == written[GENERATE][i] for i in range(len(some))
            )
    base = measured[GENERATE]
    rows = {variant: measured[variant].row(base) for variant in variants}
    for variant, row in rows.items():
        _print(batch, variant, row)
    return rows


def _timed(
    bench: Bench, variant: str, prompts: Sequence[Prompt], batch: int, measured: Measured
) -> list[tuple[int, ...]]:
    """Decode, add up what it took, and return the token ids of each prompt."""
    with _counted(bench.model, measured):
        wall, cpu = time.perf_counter(), time.process_time()
        results = list(bench.results(variant, prompts, batch))
        measured.wall_seconds += time.perf_counter() - wall
        measured.cpu_seconds += time.process_time() - cpu
    written: list[tuple[int, ...]] = [()] * len(prompts)
    for result in results:
        if isinstance(result.decoded, Failure):
            raise TypeError(result.decoded.reason)
        written[result.index] = result.decoded.token_ids
        measured.thought_tokens += result.decoded.thought_tokens
        measured.truncated += result.decoded.finish_reason == "length"
    measured.tokens_written += sum(map(len, written))
    measured.samples += len(prompts)
    return written


@contextmanager
def _counted(model: PreTrainedModel, measured: Measured) -> Iterator[None]:
    """Count every forward pass of the model and the tokens (padding included) fed into it."""

    def count(_: object, __: object, given: dict[str, Any]) -> None:
        measured.passes += 1
        measured.tokens_fed += given["input_ids"].numel()

    register: Callable[..., Any] = model.register_forward_pre_hook
    hook = register(count, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def _print(batch: int, variant: str, row: dict[str, Any]) -> None:
    print(
        f"batch {batch:2d} {variant:17s} {row['samples']:3d} samples "
        f"{row['tokens_written']:6d} tokens ({row['thought_tokens']} of thoughts) "
        f"{row['passes']:6d} passes "
        f"{row['wall_seconds']:7.1f} s {row['cpu_seconds']:7.1f} s CPU "
        f"{row['tokens_per_second']:6.1f} tokens/s {row['times_faster']:5.2f} x "
        f"({row['times_faster_by_cpu']:5.2f} x by CPU), identical {row['identical']}",
        flush=True,
    )


def machine(options: argparse.Namespace) -> dict[str, Any]:
    """Return what a result needs to be read: machine, settings, versions."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_at_the_end": [round(load, 1) for load in os.getloadavg()],
        "threads": options.threads,
        "model": options.model,
        "dtype": options.dtype,
        "max_tokens": options.max_tokens,
        "documents": _documents().name,
        "python": platform.python_version(),
        "versions": {p: version(p) for p in ("torch", "transformers", "xgrammar")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()

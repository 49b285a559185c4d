"""Does the engine write what plain constrained `generate` writes, token for token?

`python -m benchmarks.identity --journal FILE` decodes documents with `generate` and with the engine
at several batch sizes and appends each answer's token ids to FILE as it ends: a run that was
stopped goes on where it stood. `--output` gets the shares of identical answers, by pair of
variants. Besides real models it takes small random weights of the architectures in `SMALL`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GenerationConfig,
    LlamaConfig,
    PretrainedConfig,
    Qwen2Config,
    Qwen3Config,
)

from benchmarks.decode import DRAFTS, GENERATE, ROOT, Bench, bench_of, machine
from stindex.datasets import load_dataset
from stindex.llm.decoding.batches import Failure
from stindex.llm.decoding.row import Prompt
from stindex.llm.rendering import renderer
from stindex.prompts import load_prompt

Written = dict[str, dict[str, list[int]]]  # variant, sample ─▶ token ids

_SIZES: dict[str, Any] = {
    "vocab_size": 49152,  # of SmolLM2's tokenizer, which these models share
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 4096,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
    "initializer_range": 0.12,
}
SMALL: Mapping[str, Callable[[], PretrainedConfig]] = {
    "small-llama": lambda: LlamaConfig(**_SIZES),
    "small-qwen2": lambda: Qwen2Config(**_SIZES),
    "small-qwen3": lambda: Qwen3Config(**_SIZES),
    "small-gemma3": lambda: Gemma3TextConfig(
        **_SIZES, sliding_window=300, layer_types=["sliding_attention", "full_attention"] * 2
    ),
}


def main() -> None:
    """Decode what the journal lacks, then compare."""
    options = _options()
    torch.set_num_threads(options.threads)
    journal = Path(options.journal)
    bench = _bench(options)
    prompts = _prompts(bench, options.samples)
    for variant in options.variants:
        _decode(bench, variant, prompts, journal)
    written = _read(journal)
    pairs = compared(written)
    for pair in pairs:
        print(f"{pair['first']:12s} {pair['second']:12s} {pair['identical']}/{pair['samples']}")
    if options.output:
        result = {"machine": machine(options), "pairs": pairs}
        Path(options.output).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journal", required=True, help="answers, one line each; goes on there")
    parser.add_argument("--model", default="smollm2", help=f"or one of {', '.join(SMALL)}")
    parser.add_argument("--dtype", choices=("float32", "bfloat16", "float16"), default="float32")
    parser.add_argument(
        "--variants",
        nargs="+",
        default=["generate:8", "engine:1", "engine:8", "engine:16", "generate:16", "generate:1"],
        help="which engine at which batch size, in the order in which they are run",
    )
    parser.add_argument("--samples", type=int, default=1000, help="at most, of each data set")
    parser.add_argument("--max-tokens", type=int, default=192)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", default="")
    return parser.parse_args()


def _bench(options: argparse.Namespace) -> Bench:
    small = options.model in SMALL
    bench = bench_of("smollm2" if small else options.model, options.dtype, options.max_tokens)
    if not small:
        return bench
    torch.manual_seed(0)
    dtype = getattr(torch, options.dtype)
    config = SMALL[options.model]()
    model: Any = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()  # type: ignore[no-untyped-call]
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=2)  # type: ignore[no-untyped-call]
    bench.loaded = dataclasses.replace(bench.loaded, model=model)
    return bench


def _prompts(bench: Bench, most: int) -> list[Prompt]:
    """Return the prompts of the project's own data set and, where they are, of real documents."""
    files = [ROOT / "data" / "input" / "eval_dataset_100.json"]
    if directory := os.environ.get("STINDEX_BENCHMARK_DATA"):
        files.append(Path(directory) / "meantime_en.jsonl")
    prompt, render = load_prompt("iso"), renderer(bench.loaded.tokenizer, "auto")
    return [
        render.prompt(f"{file.stem}/{sample.id}", prompt.messages(sample))
        for file in files
        for sample in load_dataset(file).samples[:most]
    ]


def _decode(bench: Bench, variant: str, prompts: Sequence[Prompt], journal: Path) -> None:
    engine, _, batch = variant.partition(":")
    there = _read(journal).get(variant, {})
    missing = [prompt for prompt in prompts if prompt.key not in there]
    if not missing:
        return
    name = GENERATE if engine == "generate" else DRAFTS
    with journal.open("a", encoding="ascii") as lines:
        for result in bench.results(name, missing, int(batch)):
            if isinstance(result.decoded, Failure):
                raise TypeError(result.decoded.reason)
            line = [variant, missing[result.index].key, result.decoded.token_ids]
            lines.write(json.dumps(line) + "\n")
            lines.flush()


def _read(journal: Path) -> Written:
    written: Written = {}
    if journal.exists():
        for line in journal.read_text(encoding="ascii").splitlines():
            variant, sample, tokens = json.loads(line)
            written.setdefault(variant, {})[sample] = tokens
    return written


def compared(written: Written) -> list[dict[str, Any]]:
    """Return how many answers each pair of variants has in common, and where others part."""
    pairs = combinations(sorted(written, key=lambda v: (v[0] != "g", int(v.split(":")[1]))), 2)
    return [_pair(first, second, written) for first, second in pairs]


def _pair(first: str, second: str, written: Written) -> dict[str, Any]:
    one, other = written[first], written[second]
    shared = sorted(one.keys() & other.keys())
    parted = {s: _first_difference(one[s], other[s]) for s in shared if one[s] != other[s]}
    return {
        "first": first,
        "second": second,
        "samples": len(shared),
        "identical": len(shared) - len(parted),
        "tokens": sum(len(one[sample]) for sample in shared),
        "differ_at_token": parted,
    }


def _first_difference(one: Iterable[int], other: Iterable[int]) -> int:
    place = 0
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return place + 1


if __name__ == "__main__":
    main()

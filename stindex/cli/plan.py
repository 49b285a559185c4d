"""`stindex plan`: what a model needs, and how many samples are decoded together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from stindex.cli.json_output import json_option, print_json
from stindex.config import Settings
from stindex.errors import UserError
from stindex.llm.hub import cached_config
from stindex.llm.machine import gigabytes
from stindex.llm.memory import (
    QUANTIZING,
    USABLE,
    Footprint,
    Quantization,
    Shape,
    footprint,
    most_rows,
    shape_of,
)
from stindex.llm.registry import Dtype, ModelSpec, resolve_model
from stindex.llm.stored_quantization import (
    method_name,
    packed_bytes,
    quantized_twice,
    stored_quantization,
)

_UNITS = {"MB": 1e6, "GB": 1e9, "TB": 1e12, "MIB": 2.0**20, "GIB": 2.0**30}
_MOST = 10**15  # bytes; nobody has more
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")
_PROMPT_TOKENS = 1200  # of the instruction and its worked examples, which all prompts share


@click.command()
@click.option("--model", required=True, help="alias, hub id, directory or GGUF file")
@click.option("--memory", required=True, help="of the GPU or the machine, e.g. 24GB")
@click.option("--device", type=click.Choice(["cuda", "xpu", "mps", "cpu"]), default="cuda")
@click.option("--torch-dtype", type=click.Choice(["bfloat16", "float16", "float32"]))
@click.option("--quantization", type=click.Choice(["none", "8bit", "4bit"]), default="none")
@click.option("--text-tokens", type=click.IntRange(1), default=500, help="longest text, in tokens")
@click.option("--max-tokens", type=click.IntRange(1), help="token limit of an answer")
@json_option
def plan(  # noqa: PLR0913  # each is an option of the command line
    *,
    model: str,
    memory: str,
    device: str,
    torch_dtype: Dtype | None,
    quantization: Quantization,
    text_tokens: int,
    max_tokens: int | None,
    as_json: bool,
) -> None:
    """Estimate a model's memory, before anything is downloaded or loaded.

    The batch size is what `--batch-size auto` begins with: rows of the longest text with an
    answer up to its limit, so that none can run out of memory halfway.

    Example: stindex plan --model qwen7b --memory 24GB
    """
    spec = resolve_model(model, dtype=torch_dtype)
    available = _bytes(memory)
    _refuse_quantization(quantization, spec, device)
    answer = max_tokens or spec.max_tokens or int(Settings.model_fields["max_tokens"].default)
    row_tokens = text_tokens + answer
    stored, taken = _footprint(spec, quantization, device, available, row_tokens)
    rows = min(taken.rows(available, row_tokens, _PROMPT_TOKENS), most_rows(device))
    quantized = stored if quantization == "none" else quantization
    found = {
        "model": spec.name,
        "number_format": f"{quantized}, {spec.dtype}" if quantized else spec.dtype,
        "memory_bytes": available,
        **_sizes(taken, rows, row_tokens),
    }
    if as_json:
        print_json(found)
    else:
        _print(found)
    if rows == 0:
        needed = int(taken.total(1, row_tokens, _PROMPT_TOKENS) / USABLE)
        quantize = "" if quantized else "quantize it (--quantization), or "
        raise UserError(
            f"--memory {memory}: {spec.name} needs about {gigabytes(needed)} for one sample; "
            f"{quantize}choose a smaller model."
        )


def _footprint(
    spec: ModelSpec, quantization: Quantization, device: str, available: int, row_tokens: int
) -> tuple[str, Footprint]:
    """Return what a model takes, and the method that its weights are stored quantized by, or ""."""
    shape, directory = _shape(spec)
    taken = footprint(shape, spec.dtype, quantization, _PROMPT_TOKENS + row_tokens)
    stored = stored_quantization(directory) if directory else None
    if directory and stored:
        if quantization != "none":
            raise UserError(quantized_twice(quantization, spec.name, stored))
        if packed := packed_bytes(directory, device):
            return method_name(stored), replace(taken, weights=packed)
    return "", taken.laid_out(shape, spec.dtype, available) if device == "cpu" else taken


def _sizes(taken: Footprint, rows: int, row_tokens: int) -> Mapping[str, int]:
    return {
        "weights_bytes": taken.weights,
        "onednn_bytes": taken.copied,
        "pass_bytes": taken.working,
        "prompt_bytes": taken.token * _PROMPT_TOKENS,
        "sample_bytes": row_tokens * taken.token + taken.row,
        "sample_tokens": row_tokens,
        "batch_size": rows,
        "total_bytes": taken.total(rows, row_tokens, _PROMPT_TOKENS),
    }


def _print(found: Mapping[str, Any]) -> None:
    shown = {name: gigabytes(size) for name, size in found.items() if name.endswith("_bytes")}
    click.echo(f"{found['model']} ({found['number_format']}) with {shown['memory_bytes']}:")
    click.echo(f"  weights                {shown['weights_bytes']:>9}")
    if found["onednn_bytes"]:
        click.echo(f"  weights for oneDNN     {shown['onednn_bytes']:>9}")
    click.echo(f"  work of a pass         {shown['pass_bytes']:>9}")
    click.echo(f"  shared prompt          {shown['prompt_bytes']:>9}")
    tokens = found["sample_tokens"]
    click.echo(f"  a sample               {shown['sample_bytes']:>9}  {tokens} tokens at most")
    if found["batch_size"]:
        together = shown["total_bytes"]
        click.echo(f"  batch size             {found['batch_size']:>9}  {together} together")


def _refuse_quantization(quantization: Quantization, spec: ModelSpec, device: str) -> None:
    if quantization == "none":
        return
    if device not in QUANTIZING:
        raise UserError(
            f"--quantization {quantization}: bitsandbytes does not compute on {device}; leave it "
            "out, or use a smaller model."
        )
    if spec.kind == "gguf":
        raise UserError(
            f"--quantization {quantization}: {spec.name} is a GGUF file, whose weights are loaded "
            "in the format of --torch-dtype; leave --quantization out."
        )


def _shape(spec: ModelSpec) -> tuple[Shape, Path | None]:
    """Return a model's shape and the directory of its `config.json`, if that was asked."""
    if spec.kind in {"rules", "own"}:
        raise UserError(f"--model {spec.name} has no weights to plan for; name another model.")
    directory = spec.path if spec.kind == "directory" else None
    shape = shape_of(spec, directory)
    if shape is None and spec.kind == "hub":
        directory = cached_config(spec)
        shape = shape_of(spec, directory)
    if shape is None:
        raise UserError(
            f"--model {spec.name}: its size is not known here; give a directory with its "
            "config.json, or one of the aliases of cfg/models.yaml."
        )
    return shape, directory


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match.group(2).upper()) if match else None
    size = float(match.group(1)) * unit if match and unit else 0
    if not 0 < size <= _MOST:
        raise UserError(f"--memory {text}: not a size; write it as 24GB or 512MB.")
    return int(size)

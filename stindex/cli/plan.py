"""`stindex plan`: what a model needs, and how many samples are decoded together."""

from __future__ import annotations

import re
from pathlib import Path

import click

from stindex.config import Settings
from stindex.errors import UserError
from stindex.llm.machine import gigabytes
from stindex.llm.memory import Footprint, Quantization, footprint, most_rows, shape_of
from stindex.llm.registry import Dtype, ModelSpec, resolve_model

_UNITS = {"": 1.0, "B": 1.0, "MB": 1e6, "GB": 1e9, "TB": 1e12, "MIB": 2.0**20, "GIB": 2.0**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_PROMPT_TOKENS = 1200  # of the instruction and its worked examples, which all prompts share


@click.command()
@click.option("--model", required=True, help="alias, hub id, directory or GGUF file")
@click.option("--memory", required=True, help="of the GPU or the machine, e.g. 24GB")
@click.option("--device", type=click.Choice(["cuda", "xpu", "mps", "cpu"]), default="cuda")
@click.option("--torch-dtype", type=click.Choice(["bfloat16", "float16", "float32"]))
@click.option("--quantization", type=click.Choice(["none", "8bit", "4bit"]), default="none")
@click.option("--text-tokens", type=click.IntRange(1), default=500, help="longest text, in tokens")
@click.option("--max-tokens", type=click.IntRange(1), help="token limit of an answer")
def plan(  # noqa: PLR0913  # each is an option of the command line
    *,
    model: str,
    memory: str,
    device: str,
    torch_dtype: Dtype | None,
    quantization: Quantization,
    text_tokens: int,
    max_tokens: int | None,
) -> None:
    """Estimate a model's memory, before anything is downloaded or loaded.

    The batch size is what `--batch-size auto` begins with: rows of the longest text with an
    answer up to its limit, so that none can run out of memory halfway.

    Example: stindex plan --model qwen7b --memory 24GB
    """
    spec = resolve_model(model, dtype=torch_dtype)
    available = _bytes(memory)
    answer = max_tokens or spec.max_tokens or int(Settings.model_fields["max_tokens"].default)
    row_tokens = text_tokens + answer
    taken = _footprint(spec, quantization, _PROMPT_TOKENS + row_tokens)
    rows = min(taken.rows(available, row_tokens, _PROMPT_TOKENS), most_rows(device))
    number_format = spec.dtype if quantization == "none" else f"{quantization}, {spec.dtype}"
    click.echo(f"{spec.name} ({number_format}) with {gigabytes(available)}:")
    click.echo(f"  weights                {gigabytes(taken.weights):>9}")
    click.echo(f"  work of a pass         {gigabytes(taken.working):>9}")
    click.echo(f"  shared prompt          {gigabytes(taken.token * _PROMPT_TOKENS):>9}")
    one = row_tokens * taken.token + taken.row
    click.echo(f"  a sample               {gigabytes(one):>9}  {row_tokens} tokens at most")
    if rows == 0:
        needed = int(taken.total(1, row_tokens, _PROMPT_TOKENS) / 0.9)
        raise UserError(
            f"--memory {memory}: {spec.name} needs about {gigabytes(needed)} for one sample; "
            "quantize it (--quantization), or choose a smaller model."
        )
    total = taken.total(rows, row_tokens, _PROMPT_TOKENS)
    click.echo(f"  batch size             {rows:>9}  {gigabytes(total)} together")


def _footprint(spec: ModelSpec, quantization: Quantization, longest: int) -> Footprint:
    directory: Path | None = spec.path if spec.kind == "directory" else None
    shape = shape_of(spec, directory)
    if shape is None:
        raise UserError(
            f"--model {spec.name}: its size is not known here; give a directory with its "
            "config.json, or one of the aliases of cfg/models.yaml."
        )
    return footprint(shape, spec.dtype, quantization, longest)


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match.group(2).upper()) if match else None
    if match is None or unit is None:
        raise UserError(f"--memory {text}: not a size; write it as 24GB or 512MB.")
    return int(float(match.group(1)) * unit)

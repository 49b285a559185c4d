"""A model's config ─▶ how much memory it takes, and how many samples fit beside it.

Bytes everywhere; counted are weights, the key-value cache and what one forward pass works with.
Imports no torch: `stindex plan` answers at once and before any download.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from stindex.llm.registry import Dtype, ModelSpec
from stindex.resources import find
from stindex.settings_files import read_settings_file

Quantization = Literal["none", "8bit", "4bit"]

BYTES: Mapping[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
_QUANTIZED = {"8bit": 1.1, "4bit": 0.7}  # bytes a parameter of a linear layer, scales included
QUANTIZING = ("cuda", "xpu", "cpu")  # devices that bitsandbytes computes on; ROCm is cuda
USABLE = 0.9  # of the memory; the rest is fragmentation, and what else is there
PIECE_TOKENS = 512  # most tokens of a prompt in one pass
DRAFT_TOKENS = 17  # most tokens of a row in one pass while it is answered
LIBRARIES = 500_000_000  # what torch and the grammar take on first use; measured on a CPU
LAID_OUT_SHARE = 0.25  # of the free memory, at most, is a copy of the weights for oneDNN
MOST_ROWS = {"cpu": 16}  # beyond it a pass is bound by arithmetic and nothing is won
MOST_ROWS_OF_GPU = 128
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts")  # Mixtral, Qwen, DeepSeek
_GGUF_KEYS = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "feed_forward_length": "intermediate_size",
    "expert_count": "num_local_experts",
}


class Shape(BaseModel):
    """The sizes of a decoder: all numbers of `config.json` that memory depends on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layers: int = Field(ge=1)
    hidden: int = Field(ge=1)
    heads: int = Field(ge=1)
    key_heads: int = Field(ge=1)
    head_width: int = Field(ge=1)
    intermediate: int = Field(ge=1)
    vocabulary: int = Field(ge=1)
    tied: bool
    experts: int = Field(default=1, ge=1)  # feed-forward networks a layer, `intermediate` each

    @property
    def linear_parameters(self) -> int:
        """Return the parameters of the layers; gated feed-forward networks are assumed."""
        attention = self.hidden * self.head_width * 2 * (self.heads + self.key_heads)
        return self.layers * (attention + 3 * self.hidden * self.intermediate * self.experts)

    @property
    def embedding_parameters(self) -> int:
        """Return the parameters of the embeddings, once where input and output share them."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)


class _Shapes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    shapes: dict[str, Shape]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a model takes, in bytes.

    Attributes:
        weights: parameters in memory.
        token: keys and values of one token.
        row: what a row needs beside its tokens, whatever their number: logits of its draft.
        working: what one pass over a piece of a prompt works with, and the libraries.
        whole: what a token of a prompt takes more where prompts are not read in pieces.
        copied: a second copy of the weights, in the layout that a CPU computes in.
    """

    weights: int
    token: int
    row: int
    working: int
    whole: int = 0
    copied: int = 0

    def rows(self, memory: int, row_tokens: int, shared_tokens: int = 0) -> int:
        """Return how many rows of `row_tokens` fit into `memory` bytes; 0 where not even one.

        `shared_tokens` is the length of the prompts' shared beginning, which is kept once.
        """
        fixed = self.weights + self.copied + self.working + shared_tokens * self.token
        left = memory * USABLE - fixed
        return max(0, int(left // (row_tokens * self.token + self.row)))

    def total(self, rows: int, row_tokens: int, shared_tokens: int = 0) -> int:
        """Return the bytes that `rows` rows take together with the model."""
        tokens = shared_tokens + rows * row_tokens
        fixed = self.weights + self.copied + self.working
        return fixed + tokens * self.token + rows * self.row

    def laid_out(self, shape: Shape, dtype: Dtype, memory: int) -> Footprint:
        """Return what it takes on a CPU with `memory` bytes, where oneDNN gets a copy of its own.

        `stindex.llm.decoding.linear` makes it where the memory is there.
        """
        if dtype == "float16":
            return self
        output = shape.vocabulary * shape.hidden  # computed with, also where the input shares it
        copied = (shape.linear_parameters + output) * BYTES[dtype]
        return replace(self, copied=copied) if copied <= LAID_OUT_SHARE * memory else self


def footprint(
    shape: Shape, dtype: Dtype, quantization: Quantization = "none", longest: int = 4096
) -> Footprint:
    """Return what a model takes.

    `longest` is the longest prompt with its answer, in tokens: attention's scores grow with it.
    """
    size = BYTES[dtype]
    linear = _QUANTIZED.get(quantization, size)
    weights = int(shape.linear_parameters * linear) + shape.embedding_parameters * size
    # Scores and weights of attention are float32; three copies live at once, as do the gates'.
    scores = 3 * 4 * shape.heads * PIECE_TOKENS * longest
    gates = 3 * size * PIECE_TOKENS * max(shape.intermediate, 4 * shape.hidden)
    return Footprint(
        weights=weights,
        token=2 * size * shape.layers * shape.key_heads * shape.head_width,
        row=DRAFT_TOKENS * shape.vocabulary * (size + 4),
        working=scores + gates + LIBRARIES,
        whole=4 * size * max(shape.intermediate, 2 * shape.hidden),
    )


def shape_of(spec: ModelSpec, directory: Path | None = None) -> Shape | None:
    """Return a model's shape from the files that are here, else from `cfg/shapes.yaml`, else None.

    Args:
        directory: of its `config.json`. A GGUF file tells its own shape.
    """
    if spec.kind == "gguf" and spec.path is not None:
        return _shape_of_gguf(spec.path)
    known = read_settings_file(find("cfg/shapes.yaml"), _Shapes).shapes
    if directory is not None and (directory / "config.json").is_file():
        try:
            config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            config = {}
        return known_shape(config) or known.get(spec.repository)
    return known.get(spec.repository)


def _shape_of_gguf(file: Path) -> Shape | None:
    if find_spec("gguf") is None:
        return None
    from gguf import GGUFReader  # noqa: PLC0415  # optional, and not needed for any other model

    try:
        reader = GGUFReader(file)
        name = str(reader.fields["general.architecture"].contents())
        known = {
            key.removeprefix(f"{name}."): field.contents()
            for key, field in reader.fields.items()
            if key.startswith(f"{name}.")
        }
        config = {theirs: known.get(key) for key, theirs in _GGUF_KEYS.items()}
        vocabulary = len(reader.fields["tokenizer.ggml.tokens"].data)
        tied = all(tensor.name != "output.weight" for tensor in reader.tensors)
        return known_shape({**config, "vocab_size": vocabulary, "tie_word_embeddings": tied})
    except Exception:  # noqa: BLE001  # a damaged file raises whatever numpy runs into
        return None


def known_shape(config: Mapping[str, Any]) -> Shape | None:
    """Return the shape that a `config.json` tells; None where it has other names."""
    try:
        return _shape_from_config(config)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _shape_from_config(config: Mapping[str, Any]) -> Shape:
    text = config.get("text_config") or config
    heads = int(text["num_attention_heads"])
    hidden = int(text["hidden_size"])
    return Shape(
        layers=text["num_hidden_layers"],
        hidden=hidden,
        heads=heads,
        key_heads=text.get("num_key_value_heads") or heads,
        head_width=text.get("head_dim") or hidden // heads,
        intermediate=text.get("moe_intermediate_size") or text["intermediate_size"],
        vocabulary=text["vocab_size"],
        tied=bool(text.get("tie_word_embeddings", config.get("tie_word_embeddings", True))),
        experts=next((text[name] for name in _EXPERTS if text.get(name)), 1),
    )


def most_rows(device: str) -> int:
    """Return how many rows are worth decoding together on a device, memory aside."""
    return MOST_ROWS.get(device.partition(":")[0], MOST_ROWS_OF_GPU)

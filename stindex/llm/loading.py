"""LocalModel ─▶ a model in memory, ready to decode.

Chooses the device, and takes the model's sampling defaults away: decoding does what the settings
of the run say and nothing else (`own_sampling.py` reads them where they are asked for).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    BitsAndBytesConfig,
    GenerationConfig,
    GgufConfig,
)
from transformers.utils import logging as transformers_logging
from transformers.utils.import_utils import BITSANDBYTES_MIN_VERSION, is_bitsandbytes_available

from stindex.errors import UserError
from stindex.llm.decoding.plain import GenerativeModel
from stindex.llm.decoding.row import Vocabulary
from stindex.llm.memory import QUANTIZING
from stindex.llm.model_files import ModelFiles, cannot_load
from stindex.llm.storage import LocalModel, Placement, required_memory
from stindex.llm.stored_quantization import refuse_stored_quantization, stored_quantization
from stindex.llm.zero3 import load_sharded

DEVICES = ("auto", "cuda", "xpu", "mps", "cpu")


@dataclass(frozen=True, slots=True)
class LoadedModel(ModelFiles):
    """A model in memory.

    Attributes:
        device: where it is, or `cuda (spread over N)`.
        seconds: what loading its weights took.
    """

    model: GenerativeModel
    device: str
    dtype: str
    seconds: float


def load_model(
    local: LocalModel,
    placement: Placement,
    files: ModelFiles,
    *,
    sharded: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> LoadedModel:
    """Load a model into memory.

    Args:
        files: what `read_files` found.
        sharded: keep this rank's share of it only (ZeRO-3).
        progress: called with the share of the weights that is loaded, 0 first and 1 at the end.

    Raises:
        UserError: no such device; quantization is not possible here; the files are damaged or
            cannot be loaded.
    """
    started = time.perf_counter()
    device = choose_device(placement.device)
    refuse_quantization(placement.quantization, device)
    refuse_stored_quantization(local, placement, device)
    try:
        progress(0.0)
        with _bars_as(progress):
            model = _load_weights(local, placement, device, sharded=sharded)
        progress(1.0)
    except Exception as problem:  # damaged files raise whatever they run into
        raise cannot_load(local, problem) from problem
    # The model's own sampling defaults (a repetition penalty, say) would leak into `generate`.
    model.generation_config = _bare_generation_config(files.vocabulary)
    text_config = model.config.get_text_config()
    if getattr(text_config, "output_router_logits", False):
        # Asks for a loss of training, which no answer needs and which no batch can be asked for.
        text_config.output_router_logits = False
    return LoadedModel(
        tokenizer=files.tokenizer,
        vocabulary=files.vocabulary,
        vocabulary_size=files.vocabulary_size,
        context=files.context,
        model=model,
        device=_device_name(model, device),
        dtype=str(model.dtype).removeprefix("torch."),
        seconds=time.perf_counter() - started,
    )


def choose_device(wanted: str) -> str:
    """Return the device that `auto` stands for, or `wanted` where it exists.

    ROCm's GPUs are `cuda` to torch.

    Raises:
        UserError: this machine or this build of torch has no such device.
    """
    present = [name for name in DEVICES[1:] if _present(name)]
    if wanted == "auto":
        return present[0]
    if wanted.partition(":")[0] not in present:
        raise UserError(
            f"--device {wanted}: not available here; this machine has {', '.join(present)}."
        )
    return wanted


def refuse_quantization(quantization: str, device: str) -> None:
    """Refuse 8 and 4 bit where they cannot work, before anything is loaded.

    Raises:
        UserError: bitsandbytes is not installed or too old, or the device is none that it supports.
    """
    if quantization == "none":
        return
    if device.partition(":")[0] not in QUANTIZING:
        raise UserError(
            f"--quantization {quantization}: bitsandbytes does not compute on {device}; leave it "
            "out, or use a smaller model."
        )
    if not is_bitsandbytes_available():
        raise UserError(
            f"--quantization {quantization} needs bitsandbytes, which is not installed or is older "
            f"than {BITSANDBYTES_MIN_VERSION}; pip install --upgrade 'stindex[quantization]'."
        )


def _present(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_available()
    if device == "xpu":
        return hasattr(torch, "xpu") and torch.xpu.is_available()
    if device == "mps":
        return torch.backends.mps.is_available()
    return device == "cpu"


def _load_weights(
    local: LocalModel,
    placement: Placement,
    device: str,
    *,
    sharded: bool,
) -> Any:  # noqa: ANN401
    options: dict[str, Any] = {
        "dtype": getattr(torch, local.spec.dtype),
        "local_files_only": True,
        "trust_remote_code": placement.trust_remote_code,
    }
    if local.gguf_file:
        options |= {
            "gguf_file": local.gguf_file,
            "quantization_config": GgufConfig(dequantize=True),
        }
    else:
        options["use_safetensors"] = True  # pickled weights can run code
    if placement.quantization != "none":
        options["quantization_config"] = _bits(placement.quantization)
    kind = AutoModelForCausalLM if local.gguf_file else _kind(local, placement)
    if sharded:
        path = str(local.path)
        return load_sharded(lambda: kind.from_pretrained(path, **options), device)
    spread = device == "cuda" and _exceeds_one_gpu(local, placement)
    stored = local.gguf_file is None and stored_quantization(local.path)
    if spread or stored or placement.quantization != "none":  # is put in place as it is loaded
        options["device_map"] = "auto" if spread else {"": device}
        _say_no_casts()
    model: Any = kind.from_pretrained(str(local.path), **options)
    model.eval()
    return model if "device_map" in options else model.to(device)


def _kind(local: LocalModel, placement: Placement) -> Any:  # noqa: ANN401
    """Return which of transformers' classes loads a model: some that read images have their own."""
    config = AutoConfig.from_pretrained(
        str(local.path), local_files_only=True, trust_remote_code=placement.trust_remote_code
    )
    images = type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING and not config.is_encoder_decoder
    text = type(config) in MODEL_FOR_CAUSAL_LM_MAPPING
    return AutoModelForImageTextToText if images and not text else AutoModelForCausalLM


def _bits(quantization: str) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_8bit=quantization == "8bit",
        load_in_4bit=quantization == "4bit",
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _say_no_casts() -> None:
    # bitsandbytes warns at every product of 8 bit: thousands of lines a sample, kept by pytest.
    logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)


def _exceeds_one_gpu(local: LocalModel, placement: Placement) -> bool:
    if torch.cuda.device_count() < 2:
        return False
    needed = required_memory(local.spec, local.stored_bytes, placement.quantization)
    return needed > torch.cuda.mem_get_info(0)[0]


def _bare_generation_config(vocabulary: Vocabulary) -> GenerationConfig:
    return GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=sorted(vocabulary.end_ids), pad_token_id=vocabulary.pad_id
    )


def _device_name(model: Any, device: str) -> str:  # noqa: ANN401
    spread = {str(place) for place in getattr(model, "hf_device_map", {}).values()}
    return f"{device} (spread over {len(spread)})" if len(spread) > 1 else device


@contextmanager
def _bars_as(progress: Callable[[float], None]) -> Iterator[None]:
    """Let transformers draw no bars of its own; what they count goes to `progress`."""

    def counted(bar: Callable[..., Any], given: tuple[Any, ...], options: dict[str, Any]) -> Any:  # noqa: ANN401  # like tqdm
        return (
            _counted(given[0], progress)
            if given and isinstance(given[0], Sized)
            else bar(*given, **options)
        )

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    before = transformers_logging.set_tqdm_hook(counted)
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(before)
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _counted(items: Any, progress: Callable[[float], None]) -> Iterator[Any]:  # noqa: ANN401  # like tqdm
    for done, item in enumerate(items, 1):
        yield item
        progress(min(0.99, done / len(items)))  # all of it only once the model is there

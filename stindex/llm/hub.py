"""A repository of the Hugging Face hub ─▶ its snapshot in the local cache.

A complete snapshot in the cache is used without asking the network. Otherwise the size is said
before the download, and what cannot work (no network, no permission, no safetensors) becomes one
sentence.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from stindex.errors import UserError
from stindex.llm.machine import gigabytes
from stindex.llm.registry import ModelSpec

FILES = ("*.json", "*.jinja", "*.txt", "*.model", "*.safetensors", "*.tiktoken")
CODE_FILES = ("*.py",)


def cache_directory() -> Path:
    """Return the hub's cache on this machine (`HF_HUB_CACHE`, `HF_HOME`)."""
    return Path(_hub().constants.HF_HUB_CACHE)


def cached_snapshot(spec: ModelSpec) -> Path | None:
    """Return the snapshot in the cache if all its weights are there; asks no network."""
    path = cached_config(spec)
    return path if path is not None and has_all_weights(path) else None


def cached_config(spec: ModelSpec) -> Path | None:
    """Return the snapshot in the cache if its `config.json` is there; asks no network."""
    try:
        found = _hub().snapshot_download(
            spec.repository,
            revision=spec.revision,
            local_files_only=True,
            allow_patterns=["config.json"],
        )
    except (FileNotFoundError, ValueError):
        return None
    path = Path(found)
    return path if (path / "config.json").exists() else None


def has_all_weights(directory: Path) -> bool:
    """Return whether a directory holds safetensors, and every shard that its index names."""
    index = directory / "model.safetensors.index.json"
    if not index.exists():
        return any(directory.glob("*.safetensors"))
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return all((directory / shard).exists() for shard in shards)


def download_bytes(spec: ModelSpec) -> int:
    """Return the size of what would be downloaded, as the hub states it.

    Raises:
        UserError: the hub cannot be reached or refuses; the repository has no safetensors.
    """
    hub = _hub()
    try:
        info = hub.HfApi().model_info(
            spec.repository, revision=spec.revision, files_metadata=True, timeout=20
        )
    except Exception as problem:  # noqa: BLE001  # httpx, OS and hub errors share no base class
        raise UserError(explain(spec, problem)) from None
    files = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}
    if not any(name.endswith(".safetensors") for name in files):
        kinds = ".gguf" if any(name.endswith(".gguf") for name in files) else "pickled"
        remedy = (
            "download one of its .gguf files and give its path"
            if kinds == ".gguf"
            else "such files can run code and are not loaded: choose a model with safetensors"
        )
        raise UserError(f"{spec.repository} holds no safetensors, only {kinds} files; {remedy}.")
    return sum(size for name, size in files.items() if Path(name).match("*.safetensors"))


def download(spec: ModelSpec, *, with_code: bool, announce: Callable[[str], None]) -> Path:
    """Download a snapshot into the hub's cache and return its path.

    Raises:
        UserError: the download failed.
    """
    patterns = [*FILES, *(CODE_FILES if with_code else ())]
    try:
        found = _hub().snapshot_download(
            spec.repository, revision=spec.revision, allow_patterns=patterns
        )
    except Exception as problem:  # noqa: BLE001  # httpx, OS and hub errors share no base class
        raise UserError(explain(spec, problem)) from None
    announce(f"{spec.repository}: downloaded to {found}.")
    return Path(found)


def explain(spec: ModelSpec, problem: Exception) -> str:
    """Return one sentence for what went wrong between us and the hub."""
    hub = _hub()
    errors = hub.errors
    endpoint = hub.constants.ENDPOINT
    wanted = f"config.json and *.safetensors of {spec.repository}"
    revision = f" at revision {spec.revision}" if spec.revision else ""
    looked = f"looked for at {endpoint} and in the cache {cache_directory()}"
    if isinstance(problem, errors.GatedRepoError):
        return (
            f"{spec.repository} is gated: {wanted} were {looked}; accept its terms at {endpoint}/"
            f"{spec.repository} and log in with `hf auth login`."
        )
    if isinstance(problem, errors.RevisionNotFoundError):
        return f"{spec.repository} has no revision {spec.revision} ({looked}); check --revision."
    if isinstance(problem, errors.RepositoryNotFoundError):
        return (
            f"{spec.repository}: no such repository, or not without logging in ({looked}); check "
            "the name, or log in with `hf auth login`."
        )
    if isinstance(problem, OSError) and _no_room(problem):
        return (
            f"{spec.repository}: the disk of {cache_directory()} is full; make room or set HF_HOME "
            "to another disk."
        )
    offline = isinstance(problem, errors.OfflineModeIsEnabled) or hub.constants.HF_HUB_OFFLINE
    why = "HF_HUB_OFFLINE is set" if offline else _first_line(problem)
    return (
        f"{wanted}{revision} were {looked} and not found ({why}); connect to the network, copy the "
        "snapshot there, or give a local directory to --model."
    )


def announcement(spec: ModelSpec, size: int, free_disk: int, memory: str) -> str:
    """Return the line that is said before a download."""
    return (
        f"{spec.name}: downloading {gigabytes(size)} from the hub ({spec.repository}) to "
        f"{cache_directory()}; {gigabytes(free_disk)} of disk and {memory} are free."
    )


def _no_room(problem: OSError) -> bool:
    return problem.errno == 28


def _first_line(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    text = lines[0] if lines else type(problem).__name__
    return (text if len(text) <= 160 else text[:157] + "...").rstrip(".")


def _hub() -> ModuleType:
    try:
        import_module("huggingface_hub.errors")
        return import_module("huggingface_hub")
    except ImportError:
        raise UserError(
            "Models of the hub need huggingface_hub; pip install 'stindex[transformers]', or use "
            "--model rules."
        ) from None

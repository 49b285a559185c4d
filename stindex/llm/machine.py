"""What this machine has room for: free disk, and the memory that a model would be loaded into.

Asked before anything is downloaded, so that what cannot fit is refused at once.
"""

from __future__ import annotations

import gc
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory for weights: `bytes_free` of it, and what it is called in a sentence."""

    bytes_free: int
    name: str


def free_disk(path: Path) -> int:
    """Return the free bytes of the file system that `path` is (or would be) on."""
    existing = path.absolute()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


def free_memory(device: str) -> Memory:
    """Return the memory of the device that `--device` names, summed over all its GPUs.

    Imports torch unless the device is `cpu` or torch is missing.
    """
    if device != "cpu":
        gpus = _gpu_memory()
        if gpus is not None:
            return gpus
    return Memory(psutil.virtual_memory().available, "memory")


def peak_memory(device: str) -> int | None:
    """Return the most bytes that this process has held so far; None where nobody counts them.

    On a GPU what torch has allocated, summed over all GPUs; elsewhere resident memory.
    """
    if device.startswith("cuda"):
        torch = import_module("torch")
        count = torch.cuda.device_count()
        return int(sum(torch.cuda.max_memory_allocated(i) for i in range(count)))
    for line in _proc("status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        resource = import_module("resource")
    except ImportError:  # not on Windows
        return None
    # Where there is no /proc. On Linux it would count what the parent held when it forked.
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * unit


def mapped_files(ending: str) -> int:
    """Return the bytes of files with names of this ending that are mapped into this process.

    Linux calls them free memory, though a model computes with them; 0 where nobody says.
    """
    size = 0
    for line in _proc("maps"):
        if line.endswith(ending):
            start, _, end = line.partition(" ")[0].partition("-")
            size += int(end, 16) - int(start, 16)
    return size


def _proc(name: str) -> list[str]:
    try:
        return Path("/proc/self", name).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def gigabytes(size: int) -> str:
    """Return a size in decimal units, as disks and downloads are counted."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _gpu_memory() -> Memory | None:
    try:
        torch = import_module("torch")
    except ImportError:
        return None
    if torch.cuda.is_available():
        free = [torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count())]
        return Memory(sum(free), "GPU memory" if len(free) == 1 else f"memory of {len(free)} GPUs")
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        sizes = [
            torch.xpu.get_device_properties(i).total_memory for i in range(torch.xpu.device_count())
        ]
        return Memory(sum(sizes), "GPU memory")
    return None  # Apple's GPU shares the machine's memory.


@contextmanager
def without_collecting() -> Iterator[None]:
    """Let the garbage collector rest while much is made that stays: modules, vocabularies.

    It would go through all of it again and again: a fifth of the time that importing torch and
    transformers takes, half of what a vocabulary of 262,144 tokens takes. Nor does it look at any
    of it later.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()

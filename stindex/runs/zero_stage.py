"""What accelerate's file says about DeepSpeed ZeRO: the environment it leaves ─▶ one mapping.

The file says it itself (`zero_stage`, `offload_param_device`), or names a JSON file of DeepSpeed's
(`deepspeed_config_file`), which may hold much else that only training needs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stindex.errors import UserError

_FILE = "ACCELERATE_DEEPSPEED_CONFIG_FILE"


def zero_optimization(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return DeepSpeed's `zero_optimization`; empty where DeepSpeed was not asked for.

    Raises:
        UserError: the JSON file cannot be read, or does not say which stage is meant.
    """
    if environment.get("ACCELERATE_USE_DEEPSPEED", "").lower() != "true":
        return {}
    if environment.get(_FILE):
        return _of_file(Path(environment[_FILE]))
    stage = environment.get("ACCELERATE_DEEPSPEED_ZERO_STAGE", "")
    zero: dict[str, Any] = {"stage": int(stage) if stage.isdigit() else 0}
    place = environment.get("ACCELERATE_DEEPSPEED_OFFLOAD_PARAM_DEVICE", "none")
    if place != "none":
        nvme = environment.get("ACCELERATE_DEEPSPEED_OFFLOAD_PARAM_NVME_PATH", "none")
        zero["offload_param"] = {"device": place, "nvme_path": nvme}
    return zero


def _of_file(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UserError(
            f"{path}: cannot be read as JSON ({problem}); correct `deepspeed_config_file` in "
            "accelerate's file."
        ) from None
    zero = content.get("zero_optimization", {}) if isinstance(content, dict) else None
    stage = zero.get("stage", 0) if isinstance(zero, dict) else None
    if not isinstance(zero, dict) or type(stage) is not int:
        raise UserError(
            f"{path}: zero_optimization.stage: {stage!r} is no stage; write 0, 1, 2 or 3."
        )
    # `auto` is for a trainer to fill in, and an optimizer there is none.
    known = {name: value for name, value in zero.items() if value != "auto"}
    known.pop("offload_optimizer", None)
    return {**known, "stage": stage}

"""`run.json`: what a run is and how it stands, written when it begins and when it ends.

Another launch reads there whether a run is still going on, and which run is most like its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stindex.errors import UserError
from stindex.reporting.run_report import Status
from stindex.runs.identity import RunIdentity, differences
from stindex.whole_files import write_whole

RUN_VERSION = 1
PARTIAL = "partial"


class RunFile:
    """The content of one `run.json`, and the file."""

    def __init__(self, path: Path, facts: Mapping[str, Any]) -> None:
        """Prepare it; nothing is written yet. `facts` stand between times and status."""
        self._path = path
        self.content: dict[str, Any] = {
            "schema_version": RUN_VERSION,
            "id": facts["id"],
            "status": "RUNNING",
            "partial": facts["partial"],
            "started_at": _now(),
            "finished_at": None,
            **{name: value for name, value in facts.items() if name not in {"id", "partial"}},
        }
        self._written: Status | None = None

    @property
    def status(self) -> Status:
        """How the run stands, as written last."""
        status: Status = self.content["status"]
        return status

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            UserError: it cannot be written.
        """
        write_whole(self._path, json.dumps(self.content, indent=2))
        self._written = self.status

    def end(self, status: Status) -> None:
        """Note how the run ended; the file says so once the reports are written."""
        self.content["status"] = status
        self.content["finished_at"] = _now()

    def close_if_running(self) -> None:
        """Let the file say INCOMPLETE where it still says RUNNING.

        Raises:
            UserError: it cannot be written.
        """
        if self._written == "RUNNING":
            self.end("INCOMPLETE")
            try:
                self.write()
            except UserError:
                if not self._write_over():
                    raise

    def _write_over(self) -> bool:
        """Write into the bytes that the file has; a full disk has no others."""
        content = json.dumps(self.content).encode("ascii")  # shorter, as it is not indented
        with suppress(OSError):
            if len(content) <= self._path.stat().st_size:
                with self._path.open("r+b") as file:
                    file.write(content)
                    file.truncate()
                return True
        return False


def nearest_run(output: Path, identity: RunIdentity) -> tuple[str, list[str]] | None:
    """Return the earlier run over the same file that differs least, and in what.

    Of several the latest. Runs over other data sets had nothing that could be used again.
    """
    mine = identity.to_json()
    best: tuple[int, str, str, list[str]] | None = None
    for path in [*output.glob("*/run.json"), *output.glob(f"*/{PARTIAL}/run.json")]:
        try:
            run = json.loads(path.read_text(encoding="utf-8"))
            if run["identity"]["dataset"] != identity.dataset:
                continue
            changed = differences(run["identity"], mine)
            found = (-len(changed), str(run["started_at"]), str(run["id"]), changed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if changed and (best is None or found[:3] > best[:3]):
            best = found
    return None if best is None else (best[2], best[3])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

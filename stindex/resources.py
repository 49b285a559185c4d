"""Files that come with the project: settings, prompts, the demonstration data, the suite itself.

A user's own copy under the working directory goes first; then the checkout; then the installed
package, which carries the same files under `stindex/bundled/`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled(relative: str) -> Path:
    """Return the path of a file that came with the project, e.g. `cfg/models.yaml`."""
    checkout = _PACKAGE.parent / relative
    return checkout if checkout.exists() else _PACKAGE / "bundled" / relative


def find(relative: str, root: Path | None = None) -> Path:
    """Return the user's own `relative` below `root` (default: the working directory), if there."""
    own = (root or Path.cwd()) / relative
    return own if own.exists() else bundled(relative)

"""What several rooms' tests need."""

from __future__ import annotations

pytest_plugins = ["pytester"]

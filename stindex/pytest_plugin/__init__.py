"""Translates between pytest and a run: options, fixtures, reports, terminal.

Loaded by a `conftest.py` (`pytest_plugins = ["stindex.pytest_plugin"]`) or with `-p`; it does
nothing in a session in which no test asks for a sample. The hooks only delegate.
"""

from __future__ import annotations

import pytest

from stindex.pytest_plugin import hooks
from stindex.pytest_plugin.assertions import assert_thresholds, assert_valid
from stindex.pytest_plugin.fixtures import (
    SUITE,
    evaluation,
    evaluation_run,
    generation,
    prediction,
    sample,
    score,
    thresholds,
)
from stindex.pytest_plugin.options import add_options, given_options, loaded_by_conftest

__all__ = [
    "assert_thresholds",
    "assert_valid",
    "evaluation",
    "evaluation_run",
    "generation",
    "prediction",
    "sample",
    "score",
    "thresholds",
]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a `conftest.py` bring its own parts along."""
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add one option for each setting, where a conftest.py loads this: all others are there."""
    if loaded_by_conftest(pluginmanager):
        add_options(parser)


@pytest.hookimpl(trylast=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> None:
    """Add the options, where `-p` loads this: before installed plugins, which do not give way."""
    add_options(parser)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; whatever is wrong with them ends the session with status 4."""
    if config.option.help:
        return
    # Imported here: `--help` has no need of what a run is made of, and answers twice as soon.
    from stindex.pytest_plugin.extending import add_extensions  # noqa: PLC0415
    from stindex.pytest_plugin.suite import Suite  # noqa: PLC0415

    add_extensions(config)
    suite = Suite(config, given_options(config))
    config.stash[SUITE] = suite
    config.pluginmanager.register(suite, "stindex-suite")

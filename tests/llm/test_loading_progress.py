"""Loading a model shows how far it is: rewritten on a terminal, said once in a log, never in -q."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from stindex.llm.base import Announcer
from stindex.llm.huggingface import HuggingFaceLLM
from stindex.pytest_plugin.progress import Lines


@dataclass
class Reporter:
    """What pytest prints with; `verbosity` is -1 with -q."""

    isatty: bool
    verbosity: int = 0
    printed: list[str] = field(default_factory=list)

    @property
    def config(self) -> Reporter:
        return self

    @property
    def pluginmanager(self) -> Reporter:
        return self

    def getplugin(self, name: str) -> None:
        assert name == "capturemanager"  # there is none here

    def flush(self) -> None:
        """Nothing is held back here."""

    def get_verbosity(self) -> int:
        return self.verbosity

    def ensure_newline(self) -> None:
        """Nothing is printed in mid-line here."""

    def write_line(self, line: str) -> None:
        self.printed.append(line + "\n")

    def rewrite(self, line: str, **_: Any) -> None:  # noqa: ANN401
        self.printed.append("\r" + line)


def shown(reporter: Reporter) -> list[str]:
    lines = Lines(cast("pytest.TerminalReporter", reporter))
    assert isinstance(lines, Announcer)
    for share in (0.0, 0.25, 0.3, 1.0):  # at once: what is between would only flicker
        lines.passing("m: loading weights", share)
    return reporter.printed


def test_on_a_terminal_one_line_is_rewritten_and_ended() -> None:
    expected = ["\rm: loading weights: 0%", "\rm: loading weights: 100%", "\n"]
    assert shown(Reporter(isatty=True)) == expected


def test_in_a_log_it_is_said_once() -> None:
    assert shown(Reporter(isatty=False)) == ["m: loading weights.\n"]


@pytest.mark.parametrize("isatty", [True, False])
def test_with_q_nothing_is_said(*, isatty: bool) -> None:
    assert shown(Reporter(isatty=isatty, verbosity=-1)) == []


def test_where_nothing_prints_nothing_breaks() -> None:
    Lines(None).passing("m: loading weights", 0.0)
    Lines(None)("a line")


@pytest.mark.parametrize(("options", "seen"), [((), 1), (("-q",), 0), (("-s",), 1), (("-n0",), 1)])
def test_in_the_middle_of_a_test_it_is_seen_and_what_the_test_prints_is_not(
    pytester: pytest.Pytester, options: tuple[str, ...], seen: int
) -> None:
    pytester.makepyfile("""
        from stindex.pytest_plugin.progress import Lines

        def test_loads(request):
            print("printed by the test")
            lines = Lines(request.config.pluginmanager.getplugin("terminalreporter"))
            lines.passing("m: loading weights", 0.0)
            lines.passing("m: loading weights", 1.0)
            print("and after")
    """)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)
    result.assert_outcomes(passed=1)
    text = result.stdout.str()
    assert text.count("m: loading weights.") == seen
    assert ("printed by the test" in text) == ("and after" in text) == ("-s" in options)


@pytest.mark.slow
def test_a_real_model_tells_how_far_it_is_and_draws_no_bars(
    smollm2: HuggingFaceLLM, capfd: pytest.CaptureFixture[str]
) -> None:
    shares: list[tuple[str, float]] = []

    class Seen:
        def __call__(self, line: str) -> None:
            raise AssertionError(line)

        def passing(self, what: str, share: float) -> None:
            shares.append((what, share))

    HuggingFaceLLM(smollm2.local, device="cpu", announce=Seen()).load()
    assert {what for what, _ in shares} == {"smollm2: loading weights (538 MB)"}
    values = [share for _, share in shares]
    assert values[0] == 0
    assert values[-1] == 1
    assert values == sorted(values)
    assert len(values) > 100  # one a weight: it is no jump from nothing to all
    assert capfd.readouterr().err == ""

"""`pytest --backend openai`: a run against a server, killed, resumed; the key is nowhere."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from .chat_server import ChatServer, completion, serve, well_behaved

pytestmark = pytest.mark.slow

KEY = "sk-secret-0123456789"
SUITE = """
from stindex.pytest_plugin import assert_valid

def test_extraction(evaluation):
    assert_valid(evaluation)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with forty samples and a gate that always holds."""
    samples = [
        {
            "id": f"s{number}",
            "text": f"Rain in Paris, report {number}.",
            "ground_truth": {"spatial": [{"text": "Paris"}]},
        }
        for number in range(40)
    ]
    (tmp_path / "mine.json").write_text(json.dumps(samples))
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p stindex.pytest_plugin\n")
    (tmp_path / "cfg").mkdir()
    (tmp_path / "cfg" / "thresholds.yaml").write_text("run: []\n")
    return tmp_path


def start(root: Path, server: ChatServer, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "-W", "error", "--dataset", "mine.json"]
    command += ["--backend", "openai", "--base-url", server.url, "--model", "tiny"]
    environment = {**os.environ, "OPENAI_API_KEY": KEY, "NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(
        [*command, *arguments],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=120)
    assert "Traceback" not in out, out
    return process.returncode, out


def journal(root: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in root.glob("reports/*/journal/*.jsonl")
        for line in path.read_text().splitlines()
        if line.endswith("}")
    ]


def test_a_run_is_complete_and_the_key_is_in_none_of_its_files(root: Path) -> None:
    with serve() as server:
        status, out = finished(start(root, server))
    assert status == 0, out
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    (path,) = root.glob("reports/*/run.json")
    run = json.loads(path.read_text())
    assert run["identity"]["model"] == "tiny"
    source = run["provenance"]["source"]
    assert (source["answers"], source["cost"]["completion_tokens"]) == (40, 800)
    assert (run["cost"]["prompt_tokens"], run["cost"]["completion_tokens"]) == (4000, 800)
    assert "cost:     no price of tiny in cfg/prices.yaml (4,000 + 800 tokens)" in out
    assert run["settings"]["batch_size"]["value"] == 64
    assert KEY not in out
    for file in root.rglob("*"):
        if file.is_file():
            assert KEY.encode() not in file.read_bytes(), file


def test_a_kill_loses_no_answer_and_none_is_asked_for_twice(root: Path) -> None:
    async def some(request: web.Request, body: dict[str, Any], attempt: int) -> web.StreamResponse:
        if server.answered >= 15:
            await asyncio.sleep(60)
        return await well_behaved(request, body, attempt)

    with serve(some) as server:
        process = start(root, server, "--batch-size", "4")
        deadline = time.monotonic() + 60
        while server.answered < 15 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        answered = {line["sample_id"] for line in journal(root)}
        assert len(answered) == server.answered == 15
        server.handler = well_behaved
        server.bodies.clear()
        status, out = finished(start(root, server, "--batch-size", "4"))
    assert status == 0, out
    asked = {body["messages"][-1]["content"].split()[-1] for body in server.bodies}
    assert len(server.bodies) == 25
    assert len(asked) == 25
    assert sorted(line["sample_id"] for line in journal(root)) == sorted(
        f"s{number}" for number in range(40)
    )


def test_a_server_that_goes_away_leaves_no_errors_and_the_rest_is_asked_for(root: Path) -> None:
    async def going(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        gone = len(server.bodies) > 15
        return web.Response(status=503) if gone else web.json_response(completion())

    with serve(going) as server:
        status, out = finished(start(root, server, "--request-retries", "0", "--batch-size", "4"))
        assert status == 2, out
        assert "no answer to 10 samples in a row; the last: Asked once: the server says 503" in out
        assert len(journal(root)) == 15
        server.handler = well_behaved
        server.bodies.clear()
        status, out = finished(start(root, server))
    assert status == 0, out
    assert len(server.bodies) == 25


def test_the_cost_is_that_of_all_answers_by_the_users_own_table(root: Path) -> None:
    table = root / "cfg" / "prices.yaml"
    table.write_text("models: {tiny: {input: 1, output: ten, as_of: '2026-01'}}\n")
    with serve() as server:
        status, out = finished(start(root, server))
        assert status == 4, out
        assert "cfg/prices.yaml: `models.tiny.output`" in out
        assert not server.bodies
        table.write_text("models: {tiny: {input: 1, output: 10, as_of: '2026-01'}}\n")
        finished(start(root, server, "--limit", "10"))
        status, out = finished(start(root, server, "--limit", "20"))
    assert len(server.bodies) == 20
    assert "cost:     0.006 USD at list prices of 2026-01 (2,000 + 400 tokens)" in out
    (report,) = root.glob("reports/*/partial/report.html")
    assert "0.006 USD at list prices of 2026-01" in report.read_text()


def test_timeouts_are_errors_of_their_samples_and_can_be_retried(root: Path) -> None:
    async def two_silent(
        request: web.Request, body: dict[str, Any], attempt: int
    ) -> web.StreamResponse:
        if body["messages"][-1]["content"].endswith((" 3.", " 7.")):
            await asyncio.sleep(60)
        return web.json_response(completion())

    short = ("--request-timeout", "1", "--request-retries", "0")
    with serve(two_silent) as server:
        status, out = finished(start(root, server, *short))
        assert status == 1
        assert "2 not measured: s3, s7" in out
        server.handler = well_behaved
        status, out = finished(start(root, server, *short, "--retry-errors"))
        assert status == 0, out
    errors = [line["generation"]["error"] for line in journal(root) if line["attempt"] == 1]
    assert errors.count("Asked once: no reply within 1 s.") == 2
    assert {line["sample_id"] for line in journal(root) if line["attempt"] == 2} == {"s3", "s7"}


def test_a_run_is_rescored_when_its_server_is_gone(root: Path) -> None:
    sampled = ("--limit", "3", "--repeats", "2", "--temperature", "1")
    with serve() as server:
        status, out = finished(start(root, server, *sampled))
    assert status == 0, out
    assert len({body["seed"] for body in server.bodies}) == 6
    command = [sys.executable, "-m", "pytest", "-W", "error", "--rescore", "tiny"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every score is as it was stored." in done.stdout
    assert "6 ok, 0 invalid" in done.stdout


def test_free_text_around_the_object_is_no_invalid_answer(root: Path) -> None:
    """A server may take `response_format` and not keep to it."""

    async def chatty(request: web.Request, body: dict[str, Any], attempt: int) -> web.Response:
        answer = completion()["choices"][0]["message"]["content"]
        return web.json_response(completion(f"Here you are:\n```json\n{answer}\n```"))

    with serve(chatty) as server:
        status, out = finished(start(root, server, "--limit", "2"))
    assert status == 0, out
    assert "2 ok, 0 invalid" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base-url", "http://x/v1"], "--backend openai and --base-url belong together"),
        (["--backend", "openai"], "--backend openai and --base-url belong together"),
        (
            ["--backend", "openai", "--base-url", "localhost:8000", "--model", "m"],
            "--base-url localhost:8000: no address of a server",
        ),
        (
            ["--backend", "openai", "--base-url", "http://me:secret@x/v1", "--model", "m"],
            "an address with a password in it would be stored; put the key into OPENAI_API_KEY",
        ),
        (
            ["--backend", "openai", "--base-url", "http://x/v1", "--model", "m", "--device", "cpu"],
            "--device cpu: with --backend openai the server decides that; leave it out",
        ),
        (
            ["--backend", "openai", "--base-url", "http://x/v1"],
            "--backend openai: name the server's model with --model",
        ),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_asked(
    root: Path, arguments: list[str], said: str
) -> None:
    command = [sys.executable, "-m", "pytest", "--dataset", "mine.json", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 4, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "me:secret" not in "".join(path.read_text() for path in root.rglob("run.json"))

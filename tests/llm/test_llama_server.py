"""llama.cpp's own server with the small model on loopback, asked as any OpenAI-compatible server.

Runs where `llama-server` is on the path or named in `STINDEX_LLAMA_SERVER`, and a GGUF file of a
small chat model in `STINDEX_GGUF`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from stindex.llm.base import DecodingSettings, Request
from stindex.llm.server.opening import ServerSettings
from stindex.llm.server.prices import Prices
from stindex.llm.server.source import ServerSource
from stindex.prompts import load_prompt
from stindex.schema import Generation, Sample

SERVER = os.environ.get("STINDEX_LLAMA_SERVER") or shutil.which("llama-server")
MODEL = os.environ.get("STINDEX_GGUF")
TEXTS = ("It rained in Paris on 5 May 2024.", "Nothing happened.", "She left Lyon on Monday.")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(SERVER is None, reason="no llama-server on the path"),
    pytest.mark.skipif(MODEL is None, reason="STINDEX_GGUF names no GGUF file"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the server and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("llama") / "log"
    command = [str(SERVER), "-m", str(MODEL), "--host", "127.0.0.1", "--port", str(port)]
    command += ["-c", "8192", "-np", "4", "--api-key", "sk-llama"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def _wait(health: str, process: subprocess.Popen[bytes], log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        try:
            with opener.open(health, timeout=5) as reply:
                if reply.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    pytest.fail(log.read_text())


def test_every_answer_has_the_form_that_was_asked_for(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    prompt = load_prompt("iso")
    samples = [Sample(f"s{number}", text, {}) for number, text in enumerate(TEXTS)]
    asked = [Request(sample.id, sample, prompt.messages(sample)) for sample in samples]
    source = ServerSource(ServerSettings("any", (url,), "sk-llama", in_flight=3), Prices())
    decoding = DecodingSettings(max_tokens=256)
    found: dict[str, Generation] = {}
    for request, generation in source.answers(asked, prompt.response_model, decoding, Event()):
        found[request.key] = generation
    facts = source.provenance()
    source.close()
    assert sorted(found) == ["s0", "s1", "s2"]
    ended = [one for one in found.values() if one.finish_reason == "stop"]
    for one in ended:
        prompt.response_model.model_validate_json(one.raw_text)
    for one in found.values():
        assert one.raw_text.startswith('{"temporal_mentions":')
        assert one.prompt_tokens > 500
        assert 0 < one.completion_tokens <= 256
    assert facts["attempts"] == 3

"""The hub, played by a local server that serves, refuses, or is not there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from huggingface_hub import constants

from stindex.errors import UserError
from stindex.llm import hub
from stindex.llm.registry import ModelSpec
from stindex.llm.storage import Placement, prepare

SPEC = ModelSpec("own/model", "hub", "own/model")
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "model.safetensors": b"weights", "README.md": b"no weights"}


class Hub(BaseHTTPRequestHandler):
    """The few addresses of the hub that a snapshot needs."""

    status: ClassVar[int] = 200
    headers_sent: ClassVar[dict[str, str]] = {}
    files: ClassVar[dict[str, bytes]] = FILES
    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, *, with_body: bool) -> None:
        type(self).asked.append(self.path)
        path = self.path.partition("?")[0]
        body = b"{}"
        if "/resolve/" in path and self.status == 200:
            body = self.files[path.rpartition("/")[2]]
        elif path.startswith("/api/models/") and self.status == 200:
            body = self.listing(path)
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hash(body)}"')
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def listing(self, path: str) -> bytes:
        if "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in self.files.items()
            ]
            return json.dumps(tree).encode()
        siblings = [
            {"rfilename": name, "size": len(content)} for name, content in self.files.items()
        ]
        return json.dumps({"id": "own/model", "sha": COMMIT, "siblings": siblings}).encode()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    class Handler(Hub):
        asked: ClassVar[list[str]] = []

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    point_to(f"http://127.0.0.1:{running.server_port}", tmp_path, monkeypatch)
    yield Handler
    running.shutdown()
    running.server_close()
    thread.join()


def point_to(endpoint: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", endpoint)


def refusal(spec: ModelSpec = SPEC, announce: Callable[[str], None] = lambda _: None) -> str:
    with pytest.raises(UserError) as caught:
        prepare(spec, announce, placement=Placement("cpu"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_snapshot_is_announced_downloaded_and_then_found_without_the_network(
    server: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    first = prepare(SPEC, said.append, placement=Placement("cpu"))
    assert (first.path / "model.safetensors").read_bytes() == b"weights"
    assert not (first.path / "README.md").exists()
    assert first.commit == COMMIT
    assert first.fingerprint == f"hub:own/model@{COMMIT}"
    assert "downloading 1 MB from the hub (own/model)" in said[0]
    assert "of disk and" in said[0]
    point_to("http://127.0.0.1:9", tmp_path, monkeypatch)
    assert prepare(SPEC, said.append, explicit=False, placement=Placement("cpu")) == first
    assert len(said) == 2


def test_no_hub_reachable_names_the_files_and_the_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to("http://127.0.0.1:9", tmp_path, monkeypatch)
    text = refusal()
    assert "config.json and *.safetensors of own/model" in text
    assert "http://127.0.0.1:9" in text
    assert str(tmp_path / "hub") in text


def test_offline_by_the_environment_says_so(
    server: type[Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refusal()
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (404, {"X-Error-Code": "RepoNotFound"}, "no such repository"),
        (401, {"X-Error-Code": "RepoNotFound"}, "no such repository, or not without logging in"),
        (403, {"X-Error-Code": "GatedRepo"}, "is gated"),
        (404, {"X-Error-Code": "RevisionNotFound"}, "has no revision"),
    ],
)
def test_a_refusal_of_the_hub_is_one_sentence(
    server: type[Hub], status: int, headers: dict[str, str], words: str
) -> None:
    server.status, server.headers_sent = status, headers
    assert words in refusal()


@pytest.mark.parametrize(
    ("name", "words"),
    [("pytorch_model.bin", "only pickled files"), ("model.gguf", "one of its .gguf files")],
)
def test_a_repository_without_safetensors_is_refused_before_the_download(
    server: type[Hub], name: str, words: str
) -> None:
    server.files = {"config.json": b"{}", name: b"weights"}
    assert words in refusal(announce=pytest.fail)


def test_a_snapshot_that_lacks_a_shard_is_not_taken_for_whole(
    server: type[Hub], tmp_path: Path
) -> None:
    first = prepare(SPEC, lambda _: None, placement=Placement("cpu"))
    (first.path / "model.safetensors").unlink()
    assert hub.cached_snapshot(SPEC) is None

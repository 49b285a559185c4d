"""The files of a run are as `docs/schemas/` says: nothing else, and nothing unsaid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from ..stored_example import write_example

DIRECTORY = Path(__file__).parents[2] / "docs" / "schemas"
FILES = ("run", "metrics_summary", "detailed_results", "journal_line")
SCHEMAS: dict[str, Any] = {
    name: json.loads((DIRECTORY / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in FILES
}
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"{name}.schema.json", Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(SCHEMAS[name], registry=REGISTRY)


def problems(name: str, content: object) -> list[str]:
    return [
        f"{error.json_path}: {error.message[:200]}"
        for error in validator(name).iter_errors(content)
    ]


def journal(directory: Path) -> Iterator[Any]:
    for path in (directory / "journal").glob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            yield json.loads(line)


def content(directory: Path, name: str) -> Any:  # noqa: ANN401 (JSON)
    return json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run with an answer of every outcome."""
    return write_example(tmp_path_factory.mktemp("example") / "one-run")


@pytest.mark.parametrize("name", FILES)
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"{name}.schema.json"


@pytest.mark.parametrize("name", ["run", "metrics_summary", "detailed_results"])
def test_the_files_of_a_run_are_as_their_schema_says(run_directory: Path, name: str) -> None:
    assert problems(name, content(run_directory, name)) == []


def test_journal_lines_are_as_their_schema_says(run_directory: Path, example: Path) -> None:
    lines = [*journal(run_directory), *journal(example)]
    assert {line["kind"] for line in lines} == {"answer", "set_aside"}
    assert [problem for line in lines for problem in problems("journal_line", line)] == []


def test_every_outcome_is_as_the_schema_says(example: Path) -> None:
    found = content(example, "detailed_results")
    outcomes = [sample["outcome"] for sample in found["samples"]]
    assert outcomes == ["ok", "invalid", "truncated", "error", None]
    assert problems("detailed_results", found) == []


def test_no_key_of_a_file_is_undocumented(run_directory: Path, example: Path) -> None:
    summary = content(run_directory, "metrics_summary")
    answered, unanswered = (
        content(example, "detailed_results")["samples"][index] for index in (0, 4)
    )
    answer = next(line for line in journal(run_directory) if line["kind"] == "answer")
    of_samples = SCHEMAS["detailed_results"]["$defs"]
    of_answers = SCHEMAS["journal_line"]["oneOf"][0]["properties"]
    for keys, documented in (
        (summary, SCHEMAS["metrics_summary"]["properties"]),
        (summary["run"], SCHEMAS["run"]["properties"]),
        (summary["run"]["identity"], SCHEMAS["run"]["$defs"]["identity"]["properties"]),
        (summary["gates"][0], SCHEMAS["metrics_summary"]["$defs"]["gate"]["properties"]),
        (answered, of_samples["answered"]["properties"]),
        (unanswered, of_samples["unanswered"]["properties"]),
        (answered["score"], of_samples["score"]["properties"]),
        (answered["gold"]["spatial_mentions"][0], of_samples["spatial"]["properties"]),
        (answer, of_answers),
        (answer["generation"], of_answers["generation"]["properties"]),
    ):
        assert set(keys) - set(documented) == set()


WRONG: list[tuple[str, tuple[str | int, ...], object]] = [
    ("run", ("schema_version",), 2),
    ("run", ("status",), "GREEN"),
    ("run", ("identity", "dataset_hash"), "short"),
    ("run", ("settings", "model", "origin"), "x"),
    ("metrics_summary", ("metrics", "temporal", "f1_score"), "0.5"),
    ("metrics_summary", ("metrics", "temporal", "f1_score_ci95"), [0.1]),
    ("metrics_summary", ("metrics", "temporal", "n", "f1_score"), -1),
    ("metrics_summary", ("metrics", "other"), {}),
    ("metrics_summary", ("run", "started_at"), "yesterday"),
    ("metrics_summary", ("gates", 0, "passed"), "yes"),
    ("detailed_results", ("samples", 0, "outcome"), "fine"),
    ("detailed_results", ("samples", 0, "outcome"), None),
    ("detailed_results", ("samples", 0, "tokens", "prompt"), None),
    ("detailed_results", ("samples", 0, "gold", "spatial_mentions", 0, "latitude"), 91),
    ("detailed_results", ("samples", 0, "prediction", "temporal_mentions", 0, "start_char"), -1),
    ("detailed_results", ("samples", 0, "score", "dimensions", "temporal", "pairs", 0, "gold"), ""),
]


@pytest.mark.parametrize(("name", "path", "value"), WRONG)
def test_what_is_wrong_is_refused(
    run_directory: Path, name: str, path: tuple[str | int, ...], value: object
) -> None:
    found = content(run_directory, name)
    place = found
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert problems(name, found)


@pytest.mark.parametrize("name", ["run", "metrics_summary", "detailed_results"])
def test_what_is_missing_is_refused(run_directory: Path, name: str) -> None:
    for key in SCHEMAS[name]["required"]:
        found = content(run_directory, name)
        del found[key]
        assert problems(name, found), key


@pytest.mark.parametrize(
    "change", [{"key": "0"}, {"kind": "other"}, {"attempt": 0}, {"generation": {}}, {"version": 2}]
)
def test_a_wrong_journal_line_is_refused(run_directory: Path, change: dict[str, object]) -> None:
    line = next(journal(run_directory))
    assert problems("journal_line", {**line, **change})

"""`docs/dependencies.md` knows every dependency, and its licence as the package states it."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| ([\w-]+) \| ([\w.-]+) \| (.+?) \|", re.MULTILINE)
# What the metadata of packages calls a licence: its SPDX name, and how else it is written.
SPELLINGS = {
    "Apache-2.0": r"apache",
    "BSD-2-Clause": r"bsd",
    "BSD-3-Clause": r"bsd",
    "MIT": r"mit",
    "MPL-2.0": r"mpl",
    "PSF-2.0": r"psf|python software foundation",
}


def _required() -> dict[str, str]:
    """Return each requirement by its name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return {re.split(r"[<>=\[;]", one)[0].strip(): one for group in groups for one in group}


def _listed() -> dict[str, str]:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    return {name: licence for name, licence, _ in _ROW.findall(page) if name != "library"}


def test_every_dependency_is_listed_and_nothing_else() -> None:
    assert sorted(_listed()) == sorted(_required())


@pytest.mark.parametrize(("name", "licence"), _listed().items())
def test_the_licence_is_what_the_package_states(name: str, licence: str) -> None:
    try:
        found = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    classifiers = [one for one in found.get_all("Classifier") or () if one.startswith("License")]
    fields = ("License-Expression", "License")
    stated = [*classifiers, *(text for field in fields for text in found.get_all(field) or ())]
    said = " ".join(filter(None, stated)) or _license_file(name)
    assert re.search(SPELLINGS[licence], said, re.IGNORECASE), said[:200]


def _license_file(name: str) -> str:
    files = metadata.files(name) or ()
    texts = [path.read_text() for path in files if "license" in path.name.lower()]
    return " ".join(texts)


def test_every_dependency_has_a_lower_bound_that_is_not_above_what_is_installed() -> None:
    from packaging.requirements import Requirement

    for name, written in _required().items():
        requirement = Requirement(written)
        assert any(one.operator == ">=" for one in requirement.specifier), written
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        assert requirement.specifier.contains(version, prereleases=True), (written, version)


def test_no_dependency_of_the_core_is_unused() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "stindex").rglob("*.py"))
    imported = {"pyyaml": "yaml", "pytest-xdist": "pytest_xdist_make_scheduler"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for written in project["dependencies"]:
        name = re.split(r"[<>=]", written)[0]
        assert re.search(rf"(import|from) {name}|{imported.get(name, name)}", code), name

"""The templates of a project's files, which are those of this project's own files, too."""

import json
import tomllib

import pytest
from tests.conftest import ROOT

from repro.app.init.content import Subject, surroundings
from repro.app.init.templates import render, shipped
from repro.app.init.wheel import Wheel

WHEEL = Wheel("repro-0.1.0-py3-none-any.whl", b"content")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMAGE = ("LICENSE", "configs", "data", "reference", "requirements.txt")
OWN = {
    "own": True, "name": "repro", "description": PROJECT["description"], "script": "",
    "parts": IMAGE,
}  # fmt: skip
FILES = {
    "Dockerfile": "Dockerfile",
    "flake.nix": "flake.nix",
    "reproduce.yml": ".github/workflows/reproduce.yml",
    **{f"nix/{path.name}": f"nix/{path.name}" for path in (ROOT / "nix").glob("*.nix")},
}
COPIES = {
    "requirements.txt": "requirements.txt",
    "requirements.in": "requirements.in",
    "flake.lock": "flake.lock",
    "wheels.json": "nix/wheels.json",
    "environment.json": "nix/environment.json",
}
TABLE = Subject("iris", "My iris", "Predicts a kind.", "", ("configs", "data"))
SCRIPT = Subject("train", "a script", "Runs it.", "train.py", ("train.py", "helpers"))


@pytest.mark.parametrize("template", FILES)
def test_this_project_s_own_files_are_made_of_the_templates(template):
    """A change to one of them is a change to its template, so that projects get it."""
    assert render(template, **OWN) == (ROOT / FILES[template]).read_text()


@pytest.mark.parametrize("name", COPIES)
def test_projects_get_the_lock_of_this_one(name):
    """`make lock` copies it."""
    assert shipped(name) == (ROOT / COPIES[name]).read_text()


@pytest.mark.parametrize("subject", [TABLE, SCRIPT], ids=["table", "script"])
def test_no_mark_of_a_template_is_left(subject):
    for name, content in surroundings(subject, WHEEL).items():
        if not name.startswith("vendor/"):
            text = content.decode()
            assert not {"<{", "}>", "<%", "%>"} & {text[i : i + 2] for i in range(len(text))}, name


def test_the_index_of_wheels_is_that_of_the_lock_alone():
    """The packages that build this project are not in a project's environment."""
    files = surroundings(TABLE, WHEEL)
    index = json.loads(files["nix/wheels.json"])
    locked = {line.partition("==")[0] for line in files["requirements.txt"].decode().splitlines()
              if "==" in line and not line.startswith((" ", "#"))}  # fmt: skip

    assert {each["name"] for each in index["wheels"]} == locked
    assert "flit-core" not in locked
    hashes = files["requirements.txt"].decode()
    assert all(each["sha256"] in hashes for each in index["wheels"])


def test_the_tool_that_resolves_the_lock_is_that_of_this_project():
    locked = (ROOT / "requirements-dev.txt").read_text()
    makefile = surroundings(TABLE, WHEEL)["Makefile"].decode()
    version = makefile.partition("pip-tools==")[2].partition(";")[0]

    assert f"\npip-tools=={version} " in locked


def test_nothing_names_this_machine_or_an_index():
    for subject in (TABLE, SCRIPT):
        for name, content in surroundings(subject, WHEEL).items():
            for word in (str(ROOT).encode(), b"--index-url", b"files.pythonhosted"):
                assert word not in content, name

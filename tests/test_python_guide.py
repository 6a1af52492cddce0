"""The examples of the guide give what it says."""

from __future__ import annotations

import doctest
import re

import repro
from tests.conftest import ROOT, make_project

_BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.M | re.S)
GUIDE = (ROOT / "docs" / "python.md").read_text("utf-8")


def test_the_examples_hold(tmp_path, monkeypatch) -> None:
    """From top to bottom, one after the other, inside a project."""
    project = make_project(tmp_path / "project")
    monkeypatch.chdir(project.path)
    blocks = _BLOCK.findall(GUIDE)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    test = parser.get_doctest("\n".join(blocks), {}, "python.md", "python.md", 0)

    runner.run(test)

    assert len(blocks) >= 7
    assert (runner.summarize(verbose=False).failed, len(test.examples) > 20) == (0, True)


def test_every_function_is_in_the_table() -> None:
    """And nothing else is."""
    named = set(re.findall(r"^\| `(\w+)\(", GUIDE, re.M))

    assert named == set(repro.__all__) - {"__version__"}

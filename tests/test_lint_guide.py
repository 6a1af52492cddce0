"""The hook and the guide of `repro lint` are of the command as it is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from repro.cli import run
from repro.lint.rules import RULES
from tests.conftest import ROOT


def test_the_hook_names_a_command_that_exists(tmp_path, monkeypatch, capsys) -> None:
    """With the keys that pre-commit requires; the files come at the end."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("SEED = 42\n")
    Path("clean.py").write_text("x = 1\n")

    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert (hook["id"], hook["language"]) == ("repro-lint", "python")
    assert hook["types_or"] == ["python", "jupyter"]
    program, *words = hook["entry"].split()
    assert program == "repro"
    assert [run([*words, name]) for name in ("train.py", "clean.py")] == [1, 0]
    assert "RPR001" in capsys.readouterr().out


def test_the_guide_names_every_rule() -> None:
    text = (ROOT / "docs" / "lint.md").read_text()
    named = dict(re.findall(r"^\| `(RPR\d+)` \| `([\w-]+)` ", text, re.M))

    assert named == {rule.id: rule.name for rule in RULES.values()}

"""The command: what it prints in each form, its exit status, and the hook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from repro.app.schemas import schema_of
from repro.cli import run
from repro.lint.rules import RULES

CODE = "SEED = 42\nlabels = proba > 0.5\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(CODE)
    Path("clean.py").write_text("x = 1\n")
    cells = [{"cell_type": "code", "source": ["x = 1\n", "seed = 3"]}]
    Path("a note.ipynb").write_text(json.dumps({"cells": cells}))
    for name in (".hidden", ".venv", "env", "__pycache__", "node_modules"):
        Path(name).mkdir()
        Path(name, "other.py").write_text(CODE)
    Path("env", "pyvenv.cfg").touch()
    return tmp_path


def test_text_is_for_people(folder, capsys) -> None:
    """A place that editors follow, the rule, the reason and the fix."""
    status = run(["lint", "train.py", "a note.ipynb"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 1
    assert lines[0] == ("train.py:1:8: RPR001 hard-coded-seed: SEED=42 is in the code")
    assert lines[1].startswith("    fix: read it from the configuration")
    assert lines[2].startswith("train.py:2:18: RPR003 hard-coded-threshold: ")
    assert lines[4].startswith("a note.ipynb:cell 1:2:8: RPR001 ")
    assert lines[-1] == "3 findings in 2 of 2 files"


def test_a_clean_file_is_status_0(folder, capsys) -> None:
    assert run(["lint", "clean.py"]) == 0
    assert capsys.readouterr().out == "no findings in 1 file\n"


def test_a_folder_is_searched_but_not_what_is_hidden_or_of_others(folder, capsys) -> None:
    assert run(["lint", ".", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)

    assert found["files"] == 3
    assert [(each["path"], each["line"]) for each in found["findings"]] == [
        ("a note.ipynb", 2), ("train.py", 1), ("train.py", 2),
    ]  # fmt: skip


def test_json_is_valid_by_its_schema(folder, capsys) -> None:
    run(["lint", "train.py", "--format", "json"])
    found = json.loads(capsys.readouterr().out)

    jsonschema.validate(found, schema_of("lint"))
    first = found["findings"][0]
    place = (first["line"], first["column"], first["end_line"], first["end_column"])
    assert (found["schema"], found["holds"], place) == ("repro.lint/v1", False, (1, 8, 1, 10))


def test_rules_are_chosen_by_id_or_name(folder, capsys) -> None:
    assert run(["lint", "train.py", "--select", "hard-coded-threshold", "--json"]) == 1
    assert [e["rule"] for e in json.loads(capsys.readouterr().out)["findings"]] == ["RPR003"]
    assert run(["lint", "train.py", "--ignore", "RPR001,RPR003"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lint"], "Missing argument 'PATH...'"),
        (["lint", "nothing.py"], "nothing.py: no such file or folder"),
        (["lint", "."], "no Python file or notebook in ."),
        (["lint", "notes.txt"], "notes.txt: expected a Python file or a notebook"),
        (["lint", "x.py", "--select", "RPR01"], "unknown rule 'RPR01'"),
        (["lint", "x.py", "--ignore", "hard-coded-sed"], "did you mean 'hard-coded-seed'?"),
        (["lint", "x.py", "--json", "--format", "sarif"], "exclude each other"),
    ],
)
def test_a_mistake_is_status_2(words, message: str, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("x")
    if "x.py" in words:
        Path("x.py").write_text("x = 1")

    assert run(words) == 2
    assert message in capsys.readouterr().err


def test_sarif_has_what_the_standard_requires(folder, capsys) -> None:
    """By the clauses of SARIF 2.1.0: 3.13, 3.14, 3.19, 3.27 to 3.30, 3.33 and 3.49."""
    assert run(["lint", ".", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    (one,) = log["runs"]
    driver = one["tool"]["driver"]

    assert (log["version"], driver["name"]) == ("2.1.0", "repro lint")
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert one["columnKind"] == "unicodeCodePoints"
    assert len(one["results"]) == 3
    for result in one["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"none", "note", "warning", "error"}
        assert result["message"]["text"]
    note, seed, _ = one["results"]
    assert note["locations"] == [{
        "physicalLocation": {"artifactLocation": {"uri": "a%20note.ipynb"}},
        "logicalLocations": [{"name": "cell 1", "kind": "module"}],
    }]  # fmt: skip
    assert seed["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "train.py"},
        "region": {"startLine": 1, "startColumn": 8, "endLine": 1, "endColumn": 10},
    }
    marks = [result["partialFingerprints"]["repro/v1"] for result in one["results"]]
    assert len(set(marks)) == 3


def test_a_finding_keeps_its_mark_while_lines_move(folder, capsys) -> None:
    def marks() -> list[str]:
        run(["lint", "train.py", "--format", "sarif"])
        results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
        return [each["partialFingerprints"]["repro/v1"] for each in results]

    before = marks()
    Path("train.py").write_text("\n\n" + CODE)

    assert marks() == before


def test_a_file_gets_what_would_be_printed(folder, capsys) -> None:
    for form in ("text", "json", "sarif"):
        run(["lint", "train.py", "--format", form])
        printed = capsys.readouterr().out
        assert run(["lint", "train.py", "--format", form, "-o", "out"]) == 1
        assert (Path("out").read_text(), capsys.readouterr().out) == (printed, "")


def test_a_name_that_is_no_text_is_shown(folder, capsys) -> None:
    """And controls in the name of a file do nothing to a terminal."""
    name = "a\x1b[31m.py"
    Path(name).write_text(CODE)

    assert run(["lint", name]) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_no_library_is_imported(tmp_path) -> None:
    """Neither by the command nor by what it looks at."""
    code = (
        "import sys; from repro.cli import run; run(['lint', sys.argv[1]])\n"
        "print([m for m in ('numpy', 'sklearn', 'pandas', 'torch') if m in sys.modules])"
    )
    file = tmp_path / "train.py"
    file.write_text("from sklearn.svm import SVC\nimport numpy as np\nSVC(C=1)\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, file], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
    assert ":3:7: RPR002 " in done.stdout


def test_a_report_may_lie_in_the_folder_that_was_searched(folder) -> None:
    """As the help shows it; a program that was read is not overwritten."""
    assert run(["lint", ".", "--format", "sarif", "-o", "findings.sarif"]) == 1
    assert json.loads(Path("findings.sarif").read_text())["version"] == "2.1.0"
    assert run(["lint", "train.py", "-o", "train.py"]) == 2
    assert Path("train.py").read_text() == CODE

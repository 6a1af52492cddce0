"""Files and notebooks of every kind: never executed, and one finding where they are broken."""

from __future__ import annotations

import json

import pytest

from repro.lint.checking import find
from repro.lint.rules import RULES


def notebook(*cells: str | list[str] | tuple[str, str]) -> bytes:
    """Return a notebook with cells of code, or of another type by a pair."""
    typed = [cell if isinstance(cell, tuple) else ("code", cell) for cell in cells]
    written = [{"cell_type": kind, "metadata": {}, "source": text} for kind, text in typed]
    return json.dumps({"cells": written, "metadata": {}, "nbformat": 4}).encode()


def places(content: bytes, *, of_notebook: bool = False) -> list[tuple[str, int, int]]:
    found = find(content, notebook=of_notebook, rules=RULES)
    return [(each.rule.id, each.cell, each.line) for each in found]


BROKEN = [
    (b"x = (\n", 1, "not valid Python: '(' was never closed"),
    (b"a = 1\nif x\n", 2, "not valid Python: expected ':'"),
    (b"a = 1\nb = '\xff'\n", 2, "not utf-8 at byte 11"),
    (b"# coding: nonsense\nx = 1\n", 1, "unknown encoding: "),
    (b"\xef\xbb\xbf# coding: latin-1\nx = 1\n", 1, "unknown encoding: "),
    (b"x = 1\x00\n", 1, "not valid Python: "),
    (b"(" * 5000, 1, ""),
    (b"x = " + b"-" * 50000 + b"1\n", 1, ""),
    (b"seed = " + b"+".join([b"1"] * 20000) + b"\n", 1, "nested too deeply"),
    (b"#" * (9 << 20), 1, "larger than 8 MiB"),
    (b"print 'python 2'\n", 1, "not valid Python: Missing parentheses"),
]


@pytest.mark.parametrize(("content", "line", "reason"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_is_one_finding(content: bytes, line: int, reason: str) -> None:
    (one,) = find(content, notebook=False, rules=RULES)

    assert (one.rule.id, one.line) == ("RPR000", line)
    assert one.reason.startswith(reason)


@pytest.mark.parametrize(
    "content",
    [
        "SEED = 42\n".encode("utf-8-sig"),
        "# coding: latin-1\nSEED = 42  # é\n".encode("latin-1"),
        "# -*- coding: cp1252 -*-\r\nSEED = 42  # €\r\n".encode("cp1252"),
        b"x = 1\rSEED = 42\r",
        b"'\\d'\nSEED = 42",
        b"\x0cSEED = 42\n",
    ],
)
def test_encodings_and_line_ends_are_those_of_python(content: bytes) -> None:
    assert [rule for rule, _, _ in places(content)] == ["RPR001"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"# nothing"])
def test_an_empty_file_has_no_findings(content: bytes) -> None:
    assert places(content) == []


def test_nothing_is_executed(tmp_path) -> None:
    """Neither the code, nor what a decorator, an annotation or a magic would run."""
    witness = tmp_path / "witness"
    code = f"open({str(witness)!r}, 'w')\n@exec('open({str(witness)!r}, 'w')')\ndef f(): ...\n"
    code = code.replace("exec('open", "exec(r'open").splitlines()[0] + "\nraise SystemExit(3)\n"

    assert places(code.encode()) == []
    assert places(notebook(f"!touch {witness}"), of_notebook=True) == []
    assert not witness.exists()


def test_cells_are_numbered_and_share_imports_and_seeds() -> None:
    """The number is that among all cells, the line is that within the cell."""
    content = notebook(
        ("markdown", "# seed = 1"),
        "import numpy as np\nSEED = 42",
        ["x = 1\n", "np.random.rand(3)"],
    )

    assert places(content, of_notebook=True) == [("RPR001", 2, 2), ("RPR006", 3, 2)]
    seeded = notebook("import numpy as np", "np.random.seed(s)", "np.random.rand(3)")
    assert places(seeded, of_notebook=True) == []


def test_a_cell_that_is_no_python_is_a_finding_and_the_others_are_checked() -> None:
    content = notebook("SEED = 1", "x = (", "seed = 2  # repro: ignore[RPR001]", "seed = 3")

    assert places(content, of_notebook=True) == [
        ("RPR001", 1, 1), ("RPR000", 2, 1), ("RPR001", 4, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("%matplotlib inline\nSEED = 1", [2]),
        ("!pip install x\nSEED = 1", [2]),
        ("files = !ls\nSEED = 1", [2]),
        ("t = %timeit -o f()\nSEED = 1", [2]),
        ("%%time\nSEED = 1", [2]),
        ("%%bash\nSEED=1", []),
        ("%%html\n<b>", []),
        ("f?\nSEED = 1", [2]),
        ("f??\nSEED = 1", [2]),
        ("if x:\n    !ls\nSEED = 1", [3]),
        ("x = (a\n  % b)\nSEED = 1", [3]),
        ("text = '''\nwhat?\n'''\nSEED = 1", [4]),
        ("await f()\nSEED = 1", [2]),
        ("SEED = 1\r\nx = 2\r\nseed = 3", [1, 3]),
    ],
)
def test_what_only_ipython_reads_is_passed_over(cell: str, lines: list[int]) -> None:
    found = places(notebook(cell), of_notebook=True)

    assert found == [("RPR001", 1, line) for line in lines]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not valid JSON: "),
        (b"[]", "not a notebook of version 4"),
        (b'{"worksheets": []}', "not a notebook of version 4"),
        (b'{"cells": [3]}', "not a notebook: the cell is not an object"),
        (b'{"cells": [{"cell_type": "code", "source": 3}]}', "not a notebook: the cell has no"),
        (b'{"cells": [{"cell_type": "code", "source": [3]}]}', "not a notebook: the cell has no"),
        (b"[" * 100000, "not valid JSON: "),
        (b"\xff", "not valid JSON: "),
    ],
)
def test_a_broken_notebook_is_one_finding(content: bytes, reason: str) -> None:
    (one,) = find(content, notebook=True, rules=RULES)

    assert one.rule.id == "RPR000"
    assert one.reason.startswith(reason)


def test_a_notebook_without_code_has_no_findings() -> None:
    assert places(notebook(), of_notebook=True) == []
    assert places(notebook(("markdown", "x")), of_notebook=True) == []

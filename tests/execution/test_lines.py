"""Digests of source lines: a changed line is named, and comments and formatting are none."""

from __future__ import annotations

import pytest

from repro.core.observed import BLANK
from repro.execution.recording.lines import lines_of

SOURCE = """\
import os  # why

def main():
    text = '''first
# no comment
last'''
    if text:
        run(text,
            seed=7)
    return text
main()
"""


def digests(tmp_path, text, name="a.py"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return lines_of(path).split(" ")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("seed=7", "seed=8", 9),
        ("# no comment", "# a comment", 5),
        ("import os", "import sys", 1),
        ("    return text", "        return text", 10),
    ],
)
def test_a_changed_line_has_another_digest_and_no_other_line_has(tmp_path, before, after, line):
    left, right = digests(tmp_path, SOURCE), digests(tmp_path, SOURCE.replace(before, after))

    assert len(left) == len(SOURCE.splitlines())
    assert [n for n, pair in enumerate(zip(left, right, strict=True), 1) if len(set(pair)) > 1] == [
        line
    ]


def test_comments_and_the_width_of_indentation_do_not_count(tmp_path):
    left = digests(tmp_path, SOURCE)

    assert digests(tmp_path, SOURCE.replace("  # why", " # because")) == left
    assert left[1] == BLANK
    plain = "if x:\n    y()\n"
    assert digests(tmp_path, plain) == digests(tmp_path, plain.replace("    ", "  "))


def test_a_digest_is_too_short_to_confirm_a_guess(tmp_path):
    assert all(len(each) == 4 or each == BLANK for each in digests(tmp_path, SOURCE))


def test_what_is_no_python_is_compared_by_its_lines(tmp_path):
    shell = digests(tmp_path, "# a comment\nset -e\npython a.py\n", "run.sh")

    assert shell[0] == BLANK
    assert BLANK not in shell[1:]
    assert BLANK not in digests(tmp_path, "def (:\n", "broken.py")


def test_an_endless_file_has_no_digests(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * 20_001, encoding="utf-8")

    assert lines_of(path) is None

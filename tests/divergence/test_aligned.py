"""Steps of two commands, matched where their sequences differ."""

from __future__ import annotations

import pytest

from repro.core.records import Stages, Step
from repro.divergence.aligned import aligned


def stages(*names):
    made = (Step(name=name, inputs={}, outputs={"result": f"json/v1:{name}"}) for name in names)
    return Stages(schema_="repro.stages/v1", version=1, stages=tuple(made))


def names(found):
    return [step.name for step in found.stages.stages]


def test_equal_sequences_are_as_they_were():
    same = stages("a.py:1 f", "a.py:2 g")
    assert aligned(same, same) == (same, "", "")


def test_lines_that_moved_match_by_function():
    found = aligned(stages("a.py:1 f", "a.py:2 g"), stages("a.py:5 f", "a.py:9 g"))
    assert names(found) == ["a.py:1 f", "a.py:2 g"]
    assert found.only == ""


@pytest.mark.parametrize(
    ("left", "right", "only"),
    [
        (("a.py:1 f", "a.py:2 g"), ("a.py:1 f",), "a.py:2 g: only the reference makes this call"),
        (("a.py:1 f",), ("a.py:1 f", "a.py:2 g"), "a.py:2 g: only this run makes this call"),
        (
            ("a.py:1 f", "a.py:2 g", "a.py:3 h"),
            ("a.py:1 f", "a.py:3 h"),
            "a.py:2 g: only the reference makes this call",
        ),
        (
            ("a.py:1 f", "a.py:1 f (2)"),
            ("a.py:1 f", "a.py:1 f (2)", "a.py:1 f (3)"),
            "a.py:1 f (3): only this run makes this call",
        ),
    ],
)
def test_the_first_call_that_one_side_alone_makes(left, right, only):
    found = aligned(stages(*left), stages(*right))
    assert found.only == only
    assert len(set(names(found))) == len(right)


def test_an_edit_above_and_a_branch_below_are_kept_apart():
    left = stages("a.py:1 f", "a.py:2 g", "a.py:3 g")
    right = stages("a.py:3 f", "a.py:4 g", "a.py:5 k", "a.py:6 g")
    found = aligned(left, right)
    assert names(found) == ["a.py:1 f", "a.py:2 g", "a.py:5 k", "a.py:3 g"]
    assert found.step == "a.py:5 k"


def test_a_name_that_only_the_second_side_has_is_not_one_of_the_first():
    """The same line, with a different function before it."""
    found = aligned(stages("a.py:2 g", "a.py:5 f"), stages("a.py:2 f", "a.py:5 f"))
    assert len(set(names(found))) == 2
    assert "a.py:5 f" in names(found)

"""The verdict on two records of a command, from the checks of what they hold."""

from __future__ import annotations

import pytest

from repro.core.verdict import COMMAND_STATUS, Check, Kind, Outcome, Verdict
from repro.divergence.commands import differing_line, judge_command


def check(name, kind, outcome=Outcome.SAME):
    return Check(name=name, expected="a", actual="b", outcome=outcome, kind=kind)


STATUS_SAME = check(COMMAND_STATUS, Kind.METRIC)
FIT = check("stages.train.py:3 M.fit.fitted", Kind.STEP, Outcome.DIFFERS)
SAVED = check("stages.write model.pt.content", Kind.STEP, Outcome.DIFFERS)
KEPT = check("stages.write model.pt.content", Kind.STEP)
FILE = check("files.model.pt", Kind.FILE)
LOSS = check("train.py log_loss", Kind.METRIC)


@pytest.mark.parametrize(
    ("stages", "results", "verdict"),
    [
        ((KEPT,), (STATUS_SAME, FILE), Verdict.IDENTICAL),
        # A saved model has no number: its bits are all there is.
        ((FIT, SAVED), (STATUS_SAME, FILE), Verdict.DIFFERENT),
        ((FIT,), (STATUS_SAME,), Verdict.DIFFERENT),
        # What was written has the same bits, whatever happened on the way.
        ((FIT, KEPT), (STATUS_SAME, FILE), Verdict.EQUIVALENT),
        # Models are not compared across machines where a number says how good they are.
        ((FIT, SAVED), (STATUS_SAME, FILE, LOSS), Verdict.EQUIVALENT),
    ],
)
def test_what_has_no_number_is_judged_by_its_bits(stages, results, verdict):
    assert judge_command(stages, results, "")[0] is verdict


@pytest.mark.parametrize(
    ("expected", "actual", "found"),
    [
        ("a\nb\n", "a\nb", ""),
        ("a\nb", "a\nc", "line 2: reference 'b', this run 'c'"),
        ("a", "a\nb", "line 2: reference nothing, this run 'b'"),
        ("", "", ""),
    ],
)
def test_the_first_line_that_differs(expected, actual, found):
    assert differing_line(expected, actual) == found

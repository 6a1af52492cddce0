"""The judge of the benchmark finds what is wrong, so that a result of 100 % means something."""

from __future__ import annotations

import pytest

from tools.mutations.judging import Found, Judged, judge_experiment, judge_script
from tools.mutations.operators import mutants_of
from tools.mutations.table import Result

[MUTANT] = mutants_of("a.py", "x\nfit(random_state=3)\n")
STEP = "a.py:2 fit"
EXPECTED = (STEP, "random_state")
LINE = {"code.a.py:2": ["line 2", "line 3"]}
PARAMETER = {f"{STEP} random_state": ["3", "4"]}


def judged(found, *, changes=True):
    return judge_script(MUTANT, EXPECTED, found, changes=changes)


def test_a_mutant_that_is_named_has_nothing_wrong():
    assert judged(Found("different", STEP, LINE | PARAMETER)) == []


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Found("identical", "", {}), "bytes of the results differ"),
        (Found("different", "a.py:1 read", LINE | PARAMETER), "diverges at a.py:1 read"),
        (Found("different", STEP, PARAMETER), "names the lines []"),
        (Found("different", STEP, PARAMETER | {"code.a.py:5": []}), "names the lines"),
        (Found("different", STEP, LINE | PARAMETER | {"code.a.py:5": []}), "names the lines"),
        (Found("different", STEP, LINE), "names the parameters"),
        (Found("different", STEP, LINE | {f"{STEP} cv": ["3", "4"]}), "names the parameters"),
        (Found("different", STEP, LINE | PARAMETER | {f"{STEP} cv": []}), "more parameters"),
        (Found("different", STEP, LINE | PARAMETER | {"packages.numpy": []}), "names packages"),
    ],
)
def test_what_is_not_named_or_named_besides_is_wrong(found, sentence):
    assert sentence in "; ".join(judged(found))


def test_an_equivalent_mutant_is_shown_by_the_bytes_of_its_results():
    assert judged(Found("identical", "", {}), changes=False) == []


def test_an_experiment_names_one_setting():
    [mutant] = mutants_of("base.yaml", "seed: 42\n")
    right = Found("incomparable", "split", {"seed": [42, 43]})
    more = Found("incomparable", "split", {"seed": [42, 43], "models": []})

    assert judge_experiment(mutant, "split", right, {"seed": []}, changes=True) == []
    assert judge_experiment(mutant, "fold", right, {"seed": []}, changes=True)
    assert judge_experiment(mutant, "split", more, {"seed": []}, changes=True)
    assert judge_experiment(mutant, "split", right, {"seed": [], "task": []}, changes=True)


def test_a_result_does_not_hold_with_a_mutant_that_is_not_named_or_a_false_alarm():
    def result(wrong, verdicts):
        doors = {"compare": Found("different", STEP, LINE)}
        return Result(1, (Judged("a", MUTANT, True, STEP, doors, wrong),), verdicts, ())

    assert result((), {"a": {"identical": 3}}).holds
    assert not result(("wrong",), {"a": {"identical": 3}}).holds
    assert not result((), {"a": {"identical": 2, "different": 1}}).holds
    assert "| a | a.py:2 random_state | 3 → 4 | differ | a.py:2 fit | named |" in (
        result((), {"a": {"identical": 3}}).to_markdown()
    )

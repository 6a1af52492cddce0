"""Gates as they are written: what is read, and what is refused with which advice."""

import pytest

from repro.config.data import Task
from repro.config.gates import check_level, find_metric, parse_gates
from repro.config.metrics import metrics_of
from repro.core.errors import ConfigError, ExitCode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("roc_auc better", ("roc_auc", "better", 0.0)),
        (" roc_auc  no-worse\t2e-3 ", ("roc_auc", "no-worse", 0.002)),
        ("rmse no-worse 0", ("rmse", "no-worse", 0.0)),
    ],
)
def test_a_gate_is_read(text, expected):
    (gate,) = parse_gates([text])

    assert (gate.metric, gate.requirement, gate.margin) == expected
    assert gate.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("", "expected 'METRIC better'", "roc_auc no-worse 0.002"),
        ("roc_auc", "expected 'METRIC better'", "roc_auc no-worse 0.002"),
        ("roc_auc no-wrose 1", "unknown requirement 'no-wrose'", "did you mean 'no-worse'?"),
        ("roc_auc beter", "unknown requirement 'beter'", "did you mean 'better'?"),
        ("roc_auc NO_WORSE 1", "unknown requirement 'NO_WORSE'", "did you mean 'no-worse'?"),
        ("roc_auc no-worse", "needs one number", "write 'roc_auc no-worse 0.002'"),
        ("roc_auc no-worse 1 2", "found '1 2'", "write 'roc_auc no-worse 0.002'"),
        ("roc_auc better 0.1", "takes no number", "write 'roc_auc better'"),
        ("roc_auc no-worse -0.1", "at least 0", "0.002"),
        ("roc_auc no-worse nan", "found 'nan'", "0.002"),
        ("roc_auc no-worse inf", "found 'inf'", "0.002"),
        ("roc_auc no-worse 1_0", "found '1_0'", "0.002"),
        ("roc_auc no-worse \uff10.5", "found '\uff10.5'", "0.002"),
        ("roc_auc no-worse 0,002", "found '0,002'", "0.002"),
    ],
)
def test_a_gate_of_a_different_form_is_refused(text, message, advice):
    with pytest.raises(ConfigError) as error:
        parse_gates([text])

    assert error.value.exit_code is ExitCode.USAGE
    assert message in error.value.message
    assert advice in error.value.advice


def test_a_gate_is_given_once():
    with pytest.raises(ConfigError, match="is given twice"):
        parse_gates(["roc_auc better", "roc_auc  better"])


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("auc", "did you mean 'roc_auc'?"),
        ("ROC-AUC", "did you mean 'roc_auc'?"),
        ("roc_acu", "did you mean 'roc_auc'?"),
        ("f1", "did you mean 'f1_macro or f1_weighted'?"),
        ("mcc", "declare 'matthews_corrcoef' under 'metrics'"),
        ("rmse", "known: accuracy, "),
    ],
)
def test_a_metric_that_the_task_lacks_is_refused_with_the_nearest_one(name, advice):
    gate = parse_gates([f"{name} better"])[0]
    with pytest.raises(ConfigError) as error:
        find_metric(gate, Task.BINARY, metrics_of(Task.BINARY))

    assert error.value.exit_code is ExitCode.USAGE
    assert error.value.advice.startswith(advice)


@pytest.mark.parametrize("level", [0.0, 0.49, 0.9991, 1.0, -1.0, float("nan"), float("inf"), 95.0])
def test_a_level_that_no_interval_of_use_has_is_refused(level):
    """One of 0 would make every gate pass or fail by the point alone."""
    with pytest.raises(ConfigError, match="expected a level from"):
        check_level(level, "--level")


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_a_level_of_use_is_taken(level):
    assert check_level(level, "--level") == level

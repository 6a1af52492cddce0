"""What a report of metrics has is compared, by its names and by the digits that were printed."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import classification_report, f1_score
from tests.conftest import ROOT
from tests.divergence.test_assess import RECORD
from tests.forging import altered
from tests.training import in_process

from repro.app.subjects.reported.sources import parse
from repro.config.data import Task
from repro.core.errors import ConfigError
from repro.core.verdict import Outcome, Verdict
from repro.divergence.counterparts import canonical
from repro.divergence.reported import compare_reported
from repro.divergence.tolerance import Tolerance, ToleranceRequest

# Read without a line of the code that is tested.
VALUES = {
    name: estimate["value"]
    for name, estimate in json.loads((ROOT / "reference" / "credit.json").read_bytes())["metrics"][
        "test"
    ].items()
}


def compared(report, *, tolerance=None, record=RECORD, name="metrics.json", auto=False, **mapping):
    text = report if isinstance(report, str) else json.dumps(report)
    asked = ToleranceRequest(None if tolerance is None else Tolerance.both(tolerance), auto=auto)
    return compare_reported(parse(text.encode(), name), record, asked, mapping)


def test_every_metric_with_its_digits_is_equivalent_and_never_identical():
    found = compared(VALUES)

    assert (found.verdict, found.holds) == (Verdict.EQUIVALENT, True)
    assert {check.outcome for check in found.checks} == {Outcome.SAME}
    assert found.counterparts.compared == {name: f"metrics.test.{name}" for name in VALUES}
    assert found.counterparts.total == len(VALUES)


@pytest.mark.parametrize("digits", range(2, 10))
def test_every_rounding_of_a_metric_holds(digits):
    report = {name: f"{value:.{digits}f}" for name, value in VALUES.items()}

    assert compared(report).verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize("name", VALUES)
def test_a_unit_of_the_last_digit_more_is_different(name):
    """And the number that differs is named, as it was printed."""
    report = {each: f"{value:.3f}" for each, value in VALUES.items()}
    report[name] = f"{VALUES[name] + 0.0011:.3f}"
    found = compared(report)

    assert (found.verdict, found.holds) == (Verdict.DIFFERENT, False)
    assert found.worst.name == f"metrics.test.{name}"
    assert found.reasons[:2] == (
        "1 metric differs by more than was rounded",
        f"{name}: reference {report[name]}, this run {VALUES[name]}",
    )


def test_a_tolerance_that_is_given_is_wider_than_the_rounding():
    report = {"accuracy": round(VALUES["accuracy"] + 0.004, 4)}

    assert compared(report).verdict is Verdict.DIFFERENT
    assert compared(report, tolerance=0.01).verdict is Verdict.EQUIVALENT
    # One of zero asks for no more digits than there are.
    assert compared({"accuracy": 0.8}, tolerance=0.0).verdict is Verdict.EQUIVALENT


def test_without_a_counterpart_nothing_was_compared():
    found = compared({"mse": 0.1, "train": {"accuracy": VALUES["accuracy"]}, "loss": 0.2})

    assert (found.verdict, found.holds, found.checks) == (Verdict.INCOMPARABLE, False, ())
    assert found.reasons[0] == "0 of 3 metrics have a counterpart: nothing was compared"
    assert found.reasons[-1] == "without a counterpart: mse, train.accuracy, loss"


def test_what_has_no_counterpart_is_counted_and_listed():
    report = {"acc": "0.80", "mcc": 0.5, "val_accuracy": 0.9, "seconds": 12}
    found = compared(report)

    assert found.verdict is Verdict.EQUIVALENT
    assert found.reasons[0].startswith("1 of 4 metrics has a counterpart")
    assert found.counterparts.without == ("mcc", "val_accuracy", "seconds")


@pytest.mark.parametrize(
    ("keys", "metric"),
    [
        (["acc"], "accuracy"),
        (["Accuracy Score"], "accuracy"),
        (["test_accuracy"], "accuracy"),
        (["results", "test", "accuracy", "value"], "accuracy"),
        (["AUC"], "roc_auc"),
        (["roc-auc"], "roc_auc"),
        (["ROC AUC"], "roc_auc"),
        (["macro avg", "f1-score"], "f1_macro"),
        (["F1 (macro)"], "f1_macro"),
        (["weighted_f1"], "f1_weighted"),
        (["macro avg", "precision"], "precision_macro"),
        (["recall_macro_avg"], "recall_macro"),
        (["precision"], "precision"),
        (["recall_score"], "recall"),
        (["average_precision_score"], "average_precision"),
        (["logloss"], "log_loss"),
        (["brier_score_loss"], "brier"),
    ],
)
def test_names_of_one_metric(keys, metric):
    report = VALUES[metric]
    for key in reversed(keys):
        report = {key: report}
    found = compared(report)

    assert list(found.counterparts.compared.values()) == [f"metrics.test.{metric}"]


@pytest.mark.parametrize(
    "name",
    ["mse", "train_accuracy", "val_accuracy", "cv_accuracy", "accuracy_std", "weighted avg recall",
     "pr_auc", "roc_auc_ovo", "f1_micro", "loss", "accuracy_top_5"],
)  # fmt: skip
def test_names_of_other_metrics(name):
    """A wrong counterpart would pass or accuse by chance."""
    assert compared({name: 0.5}).counterparts.compared == {}


@pytest.mark.parametrize("name", ["f1", "F1", "f1_score", "f1-score", "test.f1"])
def test_a_shared_name_is_asked_about(name):
    with pytest.raises(ConfigError, match="may be f1_macro or f1_weighted") as error:
        compared({name: 0.5})

    assert f"--map '{name}=f1_macro'" in error.value.advice


def test_a_mapping_decides_and_leaves_out():
    value = VALUES["f1_weighted"]
    decided = compared({"f1": round(value, 4)}, f1="f1_weighted")
    left_out = compared({"f1": 0.1, "acc": VALUES["accuracy"]}, f1="")

    assert decided.counterparts.compared == {"f1": "metrics.test.f1_weighted"}
    assert decided.verdict is Verdict.EQUIVALENT
    assert left_out.counterparts.without == ("f1",)


def test_a_mapping_reaches_every_number_of_a_record_of_held_out_rows():
    """By its whole name too."""
    found = compared({"score": VALUES["roc_auc"]}, score="metrics.test.roc_auc")

    assert found.verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize(
    ("mapping", "sentence", "advice"),
    [
        ({"acuracy": "accuracy"}, "has no such number", "did you mean 'accuracy'?"),
        ({"accuracy": "acuracy"}, "no metric 'acuracy'", "did you mean 'accuracy'?"),
        ({"f1": "f1_macro"}, "2 numbers of", "name one of a.f1, b.f1"),
    ],
)
def test_a_mapping_of_nothing_is_a_mistake(mapping, sentence, advice):
    report = {"accuracy": 0.8, "a": {"f1": 0.1}, "b": {"f1": 0.2}}
    with pytest.raises(ConfigError, match=sentence) as error:
        compared(report, **mapping)

    assert error.value.advice == advice


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_never_passes(text):
    """Where the record has a number; elsewhere it is only listed."""
    report = f'{{"accuracy": {text}, "loss": NaN}}'
    found = compared(report)

    assert found.verdict is Verdict.DIFFERENT
    assert f"accuracy: reference {text}, this run {VALUES['accuracy']}" in found.reasons
    assert found.counterparts.without == ("loss",)


ROC = VALUES["roc_auc"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", f'{{"accuracy": null, "roc_auc": {ROC}}}'),
        ("a.json", f'{{"metrics": {{"test": {{"accuracy": null}}, "roc_auc": {ROC}}}}}'),
        (
            "a.json",
            f'[{{"name": "accuracy", "value": null}}, {{"name": "roc_auc", "value": {ROC}}}]',
        ),
        ("a.json", f'{{"accuracy": "n/a", "roc_auc": {ROC}}}'),
        ("a.json", pd.Series({"accuracy": np.nan, "roc_auc": ROC}).to_json()),
        ("a.yaml", f"accuracy:\nroc_auc: {ROC}\n"),
        ("a.yaml", f"accuracy: .nan\nroc_auc: {ROC}\n"),
        ("a.csv", pd.DataFrame([{"accuracy": np.nan, "roc_auc": ROC}]).to_csv(index=False)),
        ("a.csv", f"metric,value\naccuracy,\nroc_auc,{ROC}\n"),
        ("a.csv", f"metric,value\naccuracy,NA\nroc_auc,{ROC}\n"),
    ],
)
def test_a_number_that_is_named_and_missing_never_passes(name, text):
    """As programs write NaN; the other number agrees, and is not enough."""
    found = compared(text, name=name)

    assert (found.verdict, found.holds) == (Verdict.DIFFERENT, False)
    assert found.counterparts.total == 2
    assert found.reasons[1].startswith(("accuracy: reference ", "test.accuracy: reference "))


def test_empty_settings_beside_the_metrics_are_no_metrics():
    report = {"max_depth": None, "metrics": {"accuracy": VALUES["accuracy"]}, "params": {"a": None}}

    assert compared(report).counterparts.total == 1


def test_beside_a_number_in_full_one_is_one():
    """A program that writes every digit writes 1.0 for one, not for what rounds to it."""
    full = {"roc_auc": VALUES["roc_auc"], "precision": 0.7}
    short = {"roc_auc": round(VALUES["roc_auc"], 3), "precision": 0.7}

    assert round(VALUES["precision"], 1) == 0.7 != VALUES["precision"]
    assert compared(full).verdict is Verdict.DIFFERENT
    assert compared(short).verdict is Verdict.EQUIVALENT


def test_a_percentage_without_its_sign_is_pointed_out():
    percent = round(100 * VALUES["accuracy"], 1)
    found = compared({"accuracy": percent})

    assert found.verdict is Verdict.DIFFERENT
    assert found.reasons[1].endswith(f"; write a percentage as {percent}%")
    assert compared({"accuracy": f"{percent}%"}).verdict is Verdict.EQUIVALENT


def test_parameters_that_differ_are_remarks():
    """They decide nothing: what was asked is whether the numbers agree."""
    model = RECORD.config["models"][RECORD.metrics.model]["params"]
    name, value = next((n, v) for n, v in model.items() if isinstance(v, int))
    report = {"metrics": {"acc": VALUES["accuracy"]}, "params": {name: value + 1, "seed": "42"}}
    found = compared(report)

    assert found.verdict is Verdict.EQUIVALENT
    assert found.counterparts.parameters == {name: (str(value + 1), str(value))}
    sentence = f"parameter {name} differs: reference {value + 1}, this run {value}"
    assert found.reasons[-1] == sentence


def test_a_tolerance_that_follows_from_environments_is_refused():
    with pytest.raises(ConfigError, match="names no environment"):
        compared({"accuracy": 0.8}, auto=True)


def test_a_classification_report_is_that_of_scikit_learn():
    """As text and as a mapping: averages, accuracy, and the row of the positive label."""
    data = load_breast_cancer(as_frame=True)
    target = np.where(data.target.to_numpy() == 1, "bad", "good")
    forest = in_process.family("sklearn.ensemble:RandomForestClassifier", n_estimators=8)
    made = in_process.run(
        in_process.config(Task.BINARY, "bad", {"forest": forest}), data.data.astype(float), target
    )
    record = altered(RECORD, metrics=made.metrics)
    text = classification_report(made.truth, made.labels)
    whole = classification_report(made.truth, made.labels, output_dict=True)

    found = compared(text, record=record, name="report.txt")
    assert found.verdict is Verdict.EQUIVALENT
    assert found.counterparts.compared == {
        "accuracy": "metrics.test.accuracy",
        "bad.precision": "metrics.test.precision",
        "bad.recall": "metrics.test.recall",
        "macro avg.precision": "metrics.test.precision_macro",
        "macro avg.recall": "metrics.test.recall_macro",
        "macro avg.f1-score": "metrics.test.f1_macro",
        "weighted avg.f1-score": "metrics.test.f1_weighted",
    }
    assert found.counterparts.total == 17
    for digits in (3, 6, 12):
        longer = classification_report(made.truth, made.labels, digits=digits)
        assert compared(longer, record=record, name="report.txt").verdict is Verdict.EQUIVALENT
    full = compared(whole, record=record)
    assert (full.verdict, full.counterparts.compared) == (
        Verdict.EQUIVALENT, found.counterparts.compared,
    )  # fmt: skip

    flipped = made.labels[::-1].copy()
    wrong = compared(classification_report(made.truth, flipped), record=record, name="report.txt")
    assert f1_score(made.truth, flipped, average="macro") < 0.9
    assert wrong.verdict is Verdict.DIFFERENT


def test_one_spelling_of_a_name():
    assert canonical(["R²"]) == "r2"
    assert canonical(["Root Mean Squared Error"]) == "root_mean_squared_error"

"""A metric is declared in one place, and everything else knows it from there."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.app.test_one_place import RECORD
from tests.forging import altered
from tests.training.test_own_metrics import samples, settings, trained

from repro.app.subjects.record_file import parse_record
from repro.config import metrics as declared
from repro.config.data import Task
from repro.config.metrics import METRICS, Metric, Needs, metrics_of
from repro.config.training import Bootstrap
from repro.core import record_v1
from repro.core.jsonfile import bound, dump_record
from repro.core.records import Estimate
from repro.digest.plain import digest_plain
from repro.divergence.recount import recount
from repro.report.plots import run as plots
from repro.training import bootstrap
from repro.training.scoring import Outcome, Scores

BINARY = Outcome(Task.BINARY, ("no", "yes"), "yes")


def found_share(y_true, y_score, sample_weight=None):
    """Stand for a metric that somebody adds: the share of positives among the better half."""
    upper = y_score >= np.median(y_score)
    weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
    return float((weights * upper * y_true).sum() / (weights * y_true).sum())


def squared(y_true, y_pred):
    return float(np.mean((np.asarray(y_true, float) - np.asarray(y_pred, float)) ** 2))


ADDED = {
    "share of scores": Metric(
        "found_share", f"{__name__}:found_share", Needs.SCORES,
        tasks=frozenset({Task.BINARY}), share=True,
    ),
    "kappa": Metric(
        "kappa", "sklearn.metrics:cohen_kappa_score",
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
    ),
    "jaccard": Metric(
        "jaccard", "sklearn.metrics:jaccard_score", average="weighted",
        options={"zero_division": 0.0}, tasks=frozenset({Task.MULTICLASS}), share=True,
    ),
    "information": Metric(
        "information", "sklearn.metrics:d2_log_loss_score", Needs.PROBABILITIES,
        tasks=frozenset({Task.BINARY, Task.MULTICLASS}),
    ),
    "error": Metric(
        "error", f"{__name__}:squared", tasks=frozenset({Task.REGRESSION}),
        greater_is_better=False,
    ),
}  # fmt: skip


@pytest.fixture(params=ADDED)
def added(request, monkeypatch):
    """One more declaration, and nothing else."""
    metric = ADDED[request.param]
    monkeypatch.setattr(declared, "METRICS", (*METRICS, metric))
    return metric


def test_an_added_metric_is_measured_and_selects(added):
    """In each of its tasks, with an interval, beside a constant guess."""
    for task in added.tasks:
        made = trained(settings(task, selection={"metric": added.name}))
        found = made.metrics.test[added.name]

        assert list(made.metrics.test)[-1] == added.name
        assert found.low <= found.value <= found.high
        assert (added.name in made.metrics.constant, made.metrics.selection_metric) == (
            True,
            added.name,
        )


def test_an_added_metric_has_the_interval_of_a_plain_bootstrap(monkeypatch):
    """By its own function on rows that are drawn."""
    monkeypatch.setattr(declared, "METRICS", (*METRICS, ADDED["kappa"]))
    draw = np.random.default_rng(5)
    truth = np.where(draw.random(70) < 0.4, "yes", "no")
    values = np.clip(draw.random(70) + 0.3 * (truth == "yes"), 0, 1)
    guess = np.where(values > 0.5, "yes", "no")
    options = Bootstrap(resamples=40, confidence=0.9)
    scores = Scores(values.reshape(-1, 1), "probability")
    span = bootstrap.intervals(truth, guess, scores, BINARY, options, 11)["kappa"]

    def kappa(rows):
        table = np.array(
            [[np.mean((truth[rows] == a) & (guess[rows] == b)) for b in BINARY.classes]
             for a in BINARY.classes]
        )  # fmt: skip
        chance = (table.sum(axis=0) * table.sum(axis=1)).sum()
        return (np.trace(table) - chance) / (1 - chance)

    expected = [kappa(rows) for rows in samples(truth, "binary")]
    np.testing.assert_allclose(span, np.quantile(expected, [0.05, 0.95]), rtol=1e-9)


def test_an_added_metric_is_drawn_on_the_scale_it_declares(added, monkeypatch):
    """Shares are drawn together, and every other one has a panel of its own."""
    panels = []
    monkeypatch.setattr(plots, "_intervals", lambda axes, names, metrics: panels.append(names))
    estimate = Estimate(value=0.5, low=0.4, high=0.6)
    test = {"accuracy": estimate, added.name: estimate}
    plots._metrics(RECORD.metrics.model_copy(update={"test": test}))

    together = [["accuracy", added.name]]
    assert panels == (together if added.share else [["accuracy"], [added.name]])


def test_a_formatter_that_sorts_keys_loses_no_order_of_an_added_metric(monkeypatch):
    """The digest of the stage is that of the declared order."""
    metric = replace(ADDED["kappa"], name="a_first_in_the_alphabet")
    monkeypatch.setattr(declared, "METRICS", (*METRICS, metric))
    estimate = Estimate(value=0.5, low=0.4, high=0.6)
    test = {**RECORD.metrics.test, metric.name: estimate}
    stages = [
        stage.model_copy(update={"outputs": stage.outputs | {"test_metrics": digest_plain(test)}})
        if stage.name == "evaluate"
        else stage
        for stage in RECORD.stages.stages
    ]
    record = altered(
        RECORD,
        metrics=RECORD.metrics.model_copy(update={"test": test}),
        stages=RECORD.stages.model_copy(update={"stages": tuple(stages)}),
    )
    text = json.dumps(json.loads(dump_record(bound(record))), sort_keys=True)

    assert list(parse_record(text.encode(), "sorted.json").metrics.test) == list(test)


@pytest.mark.parametrize("task", list(Task))
def test_what_a_first_record_must_have_is_declared_still(task):
    """The frozen list is of metrics that exist; those that may be undefined need probabilities."""
    now = {metric.name: metric for metric in metrics_of(task)}
    assert set(record_v1.METRICS[str(task)]) <= set(now)
    lacking = {name for name, metric in now.items() if metric.needs is Needs.PROBABILITIES}
    assert lacking & set(record_v1.METRICS[str(task)]) == (
        set() if task is Task.REGRESSION else {"log_loss", "brier"}
    )


def test_metrics_that_are_recomputed_from_predictions_are_declared():
    """By the names of the table."""
    found = set(recount(RECORD.predictions))

    assert found
    assert found <= {metric.name for metric in METRICS}

"""Paired differences between candidates: values, intervals, records, and how often they cover."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from tests.training import in_process

from repro.config.data import Task
from repro.config.keys import strict_key
from repro.config.splits import GroupSplit
from repro.config.training import Bootstrap, Evaluation, Selection
from repro.core.evidence import evidence_of, metrics_of
from repro.core.records import Estimate
from repro.divergence.consistency import Results, find_inconsistency
from repro.training.declarations import MEANING
from repro.training.differences import paired_differences
from repro.training.out_of_fold import OutOfFold
from repro.training.scoring import Outcome, Scores

BINARY = Outcome(Task.BINARY, ("no", "yes"), "yes")
REGRESSION = Outcome(Task.REGRESSION, (), None)
SEEDS = {"differences/bootstrap": 5}
FOLDS, SEED = 3, 5


def compared(target, candidates, metric, *, resamples=40, outcome=BINARY, weights=None, folds=None):
    """Compare candidates by their scores; the first one was selected."""
    kind = "value" if outcome is REGRESSION else "probability"
    parts = {
        name: OutOfFold(Scores(values.reshape(-1, 1), kind), converged=True)
        for name, values in candidates.items()
    }
    rows = np.arange(len(target))
    options = Evaluation(bootstrap=Bootstrap(resamples=resamples, confidence=0.9), differences=True)
    return paired_differences(
        parts, next(iter(parts)), target, outcome, rows, rows % FOLDS if folds is None else folds,
        Selection(folds=FOLDS, metric=metric), options, SEEDS, None, None, weights,
    )  # fmt: skip


def rows(number=0, size=90):
    draw = np.random.default_rng(number)
    truth = np.where(draw.random(size) < 0.4, "yes", "no")
    good, poor = (
        np.clip(np.round(shift * (truth == "yes") + draw.random(size), 2), 0, 1.5) / 1.5
        for shift in (0.5, 0.3)
    )
    return truth, {"good": good, "poor": poor}


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_paired_bootstrap_of_plain_loops(weighted):
    """Each fold and class is drawn within itself, and both candidates are scored on those rows."""
    truth, candidates = rows()
    weights = np.random.default_rng(1).integers(1, 5, len(truth)) / 4 if weighted else None
    found = compared(truth, candidates, "roc_auc", weights=weights)

    fold = np.arange(len(truth)) % FOLDS
    stream = np.random.RandomState(SEED)
    strata = [
        np.flatnonzero((fold == number) & (truth == label))
        for number in range(FOLDS)
        for label in ("no", "yes")
    ]
    drawn = [s[stream.randint(0, len(s), (40, len(s)))] for s in strata]

    def mean(values, chosen):
        parts = [chosen[fold[chosen] == number] for number in range(FOLDS)]
        by = [None if weights is None else weights[part] for part in parts]
        return np.mean(
            [
                sk.roc_auc_score(truth[part] == "yes", values[part], sample_weight=w)
                for part, w in zip(parts, by, strict=True)
            ]
        )

    def difference(chosen):
        return mean(candidates["good"], chosen) - mean(candidates["poor"], chosen)

    every = [difference(np.concatenate([d[i] for d in drawn])) for i in range(40)]
    assert list(found) == ["poor"]
    assert found["poor"].value == pytest.approx(difference(np.arange(len(truth))))
    np.testing.assert_allclose(
        found["poor"].interval, np.quantile(every, [0.05, 0.95]), rtol=1e-9, atol=1e-12
    )


def test_a_candidate_does_not_differ_from_itself():
    """On no resample, since both are scored on the same rows."""
    truth, candidates = rows()
    same = {"one": candidates["good"], "two": candidates["good"]}

    assert compared(truth, same, "f1_macro") == {"two": Estimate(value=0.0, low=0.0, high=0.0)}


def test_rows_that_no_fold_scores_are_left_out():
    """The earliest ones of a split by time have no scores."""
    truth, candidates = rows()
    fold = np.arange(len(truth)) % FOLDS
    fold[:20] = -1
    blank = {name: np.where(fold < 0, np.nan, values) for name, values in candidates.items()}
    cut = {name: values[20:] for name, values in candidates.items()}

    found = compared(truth, blank, "roc_auc", folds=fold)
    assert found == compared(truth[20:], cut, "roc_auc", folds=fold[20:])


SECTIONS = {"decision": {"rule": "argmax"}, "selection": {"metric": "roc_auc"}}


def trained(task=Task.BINARY, differences=True, split=None, **sections):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(draw.normal(size=(200, 3)), columns=list("xyz"))
    level = frame["x"] + draw.normal(size=200)
    kind = "Regressor" if task is Task.REGRESSION else "Classifier"
    models = {
        f"depth_{depth}": in_process.family(f"sklearn.tree:DecisionTree{kind}", max_depth=depth)
        for depth in (1, 2, 4)
    }
    evaluation = {"differences": True} if differences else {}
    positive = "yes" if task is Task.BINARY else None
    settings = in_process.config(
        task, positive, models, **{**SECTIONS, "evaluation": evaluation, **sections}
    )
    if split is not None:
        settings = settings.model_copy(update={"split": split})
    groups = pd.DataFrame({"g": draw.integers(0, 40, 200).astype(float)})
    target = level.to_numpy() if task is Task.REGRESSION else np.where(level > 0, "yes", "no")
    return settings, in_process.run(settings, frame, target, ignored=groups)


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"selection": {"metric": "roc_auc", "folds": 2, "repeats": 2}},
        {"split": GroupSplit(kind="group", by="g", test_size=0.25, limit=None)},
    ],
)
def test_a_training_compares_the_selected_candidate_with_each_other_one(sections):
    """By the difference of the means that it was selected by, of the first draw of folds."""
    _, made = trained(**sections)
    folds = {name: each.folds for name, each in made.metrics.cross_validation.items()}
    count = 2 if "selection" in sections else len(next(iter(folds.values())))
    means = {name: np.mean(values[:count]) for name, values in folds.items()}
    best = made.metrics.model

    assert list(made.metrics.differences) == [name for name in means if name != best]
    for name, each in made.metrics.differences.items():
        assert each.value == pytest.approx(means[best] - means[name], abs=1e-12)
        assert each.low <= each.value <= each.high


def test_a_regression_is_compared_by_its_errors():
    """Less than 0 where less is better."""
    _, made = trained(Task.REGRESSION, selection={"metric": "rmse"})

    assert all(each.value <= 0 for each in made.metrics.differences.values())


def test_it_changes_nothing_else_and_is_off_by_default():
    """No stage, no seed and no key of a file is there unless it was asked for."""
    (usual, plain), (asked, made) = trained(differences=False), trained()
    names = [step.name for step in plain.stages.stages]
    off = in_process.config(Task.BINARY, "yes", evaluation={"differences": False})

    assert made.metrics.model_copy(update={"differences": None}) == plain.metrics
    assert set(made.seeds) - set(plain.seeds) == {"differences/bootstrap"}
    assert [s.name for s in made.stages.stages if s.name not in names] == ["differences"]
    assert "differences" not in plain.metrics.model_dump(mode="json")
    assert "differences" not in off.model_dump(mode="json")["evaluation"]
    assert strict_key(usual, "content", 1) != strict_key(asked, "content", 1)


def test_a_record_holds_it_and_an_edit_is_found():
    """Evidence gives the same metrics back; a changed value is not what the stage gave."""
    _, made = trained()
    found = made.metrics.differences
    edited = {
        name: each.model_copy(update={"low": each.low + 0.01}) for name, each in found.items()
    }

    def flaw(metrics):
        return find_inconsistency(Results(made.stages, metrics, made.threshold), MEANING)

    assert metrics_of(evidence_of(made.metrics)) == made.metrics
    assert list(metrics_of(evidence_of(made.metrics)).differences) == list(found)
    assert flaw(made.metrics) is None
    for value in (edited, None):
        assert flaw(made.metrics.model_copy(update={"differences": value})).name == (
            "metrics.differences"
        )


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"evaluation": {"differences": True, "bootstrap": None}}, "true needs resamples"),
        ({"evaluation": {"differences": True}, "selection": {"folds": None}}, "true needs folds"),
    ],
)
def test_without_folds_or_resamples_it_is_refused(sections, words):
    """When the configuration is read."""
    models = {"tree": in_process.family("sklearn.tree:DecisionTreeClassifier")}
    sections = {"decision": {"rule": "argmax"}, **sections}
    sections["selection"] = {"metric": "accuracy"} | sections.get("selection", {})
    with pytest.raises(ValueError, match=words):
        in_process.config(Task.BINARY, "yes", models, **sections)


# --- how often an interval has the true difference in it


def normal(number, size):
    """Scores of two correlated candidates whose ROC AUC and accuracy are known."""
    draw = np.random.default_rng(number)
    truth = np.where(np.arange(size) % 2, "yes", "no")
    shift = (truth == "yes") - 0.5
    shared = draw.normal(size=size)
    raw = {
        name: gap * shift + 0.8 * shared + 0.6 * draw.normal(size=size)
        for name, gap in (("good", 1.6), ("poor", 1.0))
    }
    return truth, {name: 1 / (1 + np.exp(-values)) for name, values in raw.items()}


def coverage(metric, times, size, resamples):
    large = compared(*normal(10**6, 200_000), metric, resamples=1)["poor"].value
    inside = 0
    for number in range(times):
        each = compared(*normal(number, size), metric, resamples=resamples)["poor"]
        inside += each.low <= large <= each.high
    return inside / times


def test_intervals_cover_about_at_the_stated_rate():
    """9 of 10 as configured; 60 samples are enough to see half of that or all of them."""
    assert 0.78 <= coverage("accuracy", times=60, size=240, resamples=100) <= 0.99


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "f1_macro", "brier"])
def test_intervals_cover_at_the_stated_rate_in_a_long_simulation(metric):
    """Of 600 samples, by no more than three standard errors of a share of 0.9."""
    found = coverage(metric, times=600, size=600, resamples=300)

    assert found == pytest.approx(0.9, abs=3 * (0.9 * 0.1 / 600) ** 0.5)

"""Early stopping: rows apart from the training rows, by seed and split; and what is refused."""

import json

import jsonschema
import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT
from tests.needs import require
from tests.training.in_process import config, family, run

from repro.app.configuration import resolve_request
from repro.app.schemas import schema_of
from repro.config.compose import Request
from repro.config.data import Task
from repro.config.keys import strict_key
from repro.config.splits import GroupSplit, PredefinedSplit, TimeSplit
from repro.config.training import EarlyStopping, Model
from repro.core.errors import ConfigError, DataError
from repro.core.evidence import evidence_of, metrics_of
from repro.training.estimators import build, check
from repro.training.parallel import Workers
from repro.training.splitters import SplitColumns
from repro.training.stopping import stopped
from repro.training.validation import parts_of

SETTINGS = EarlyStopping(rounds=3, fraction=0.25)
LIGHT = "lightgbm:LGBM{}"
PARAMS = {"n_estimators": 200, "num_leaves": 7, "min_child_samples": 5, "verbosity": -1}
ROWS = 240


def table(seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=list("abc"))
    signal = frame["a"] + frame["b"] * frame["c"] + rng.normal(scale=0.5, size=ROWS)
    return frame, signal.to_numpy()


def model(task, **more):
    kind = "Regressor" if task is Task.REGRESSION else "Classifier"
    return family(LIGHT.format(kind), **PARAMS) | more


def trained(task=Task.REGRESSION, models=None, **sections):
    frame, signal = table()
    target = signal if task is Task.REGRESSION else np.where(signal > 0, "yes", "no")
    positive = "yes" if task is Task.BINARY else None
    default = {"light": model(task, early_stopping={"rounds": 3, "fraction": 0.25})}
    return run(config(task, positive, models or default, **sections), frame, target)


def outputs(training):
    return {
        (step.name, name): digest
        for step in training.stages.stages
        for name, digest in step.outputs.items()
    }


@pytest.mark.parametrize("task", [Task.REGRESSION, Task.BINARY])
def test_a_fit_stops_by_rows_of_its_own_and_says_where(task):
    require("lightgbm")
    training = trained(task)

    part = stopped(training.model[-1])
    found = training.metrics.early_stopping["light"]
    size = len(part.learned_) + len(part.validated_)
    assert size == ROWS - len(training.test_rows)
    assert not np.intersect1d(part.learned_, part.validated_).size
    assert (found.learned, found.validated) == (len(part.learned_), len(part.validated_))
    assert len(part.validated_) == np.ceil(0.25 * size)
    assert len(found.folds) == 2
    assert 0 < found.final < PARAMS["n_estimators"]
    assert {"fit/light/validation", "cross_validate/light/1/validation"} <= training.seeds.keys()
    assert outputs(trained(task)) == outputs(training)


def test_the_record_of_it_reads_back():
    require("lightgbm")
    metrics = trained().metrics

    assert metrics_of(evidence_of(metrics)) == metrics


def test_without_it_nothing_is_recorded_of_it_and_no_seed_is_drawn():
    """Stages, keys and seeds are those of before the setting existed."""
    require("lightgbm")
    training = trained(models={"light": model(Task.REGRESSION)})
    settings = config(Task.REGRESSION, models={"light": model(Task.REGRESSION)})

    assert training.metrics.early_stopping is None
    assert not [name for name in training.seeds if "validation" in name]
    assert "stop" not in [step.name for step in training.stages.stages]
    assert settings.model_dump(mode="json")["models"] == {"light": model(Task.REGRESSION)}


def test_other_families_have_the_same_seeds_and_scores_beside_it():
    require("lightgbm")
    ridge = family("sklearn.linear_model:Ridge", alpha=1.0)
    early = model(Task.REGRESSION, early_stopping={"rounds": 3, "fraction": 0.25})
    alone = trained(models={"ridge": ridge}).metrics.cross_validation["ridge"]

    both = trained(models={"light": early, "ridge": ridge}).metrics

    assert both.cross_validation["ridge"] == alone
    assert both.early_stopping.keys() == {"light"}


def test_repeated_folds_and_nested_folds_stop_early_too():
    require("lightgbm")
    training = trained(selection={"metric": "rmse", "repeats": 2}, evaluation={"nested": 2})

    assert len(training.metrics.early_stopping["light"].folds) == 4
    assert "nested/1/fit/light/validation" in training.seeds
    assert len(training.metrics.nested.selected) == 2


def test_workers_give_the_same_bits(monkeypatch):
    require("lightgbm")
    one = outputs(trained(Task.BINARY))
    used = []

    def workers(count, *others):
        used.append(count)
        return Workers(count, *others)

    monkeypatch.setattr("repro.training.stages.Workers", workers)
    assert outputs(trained(Task.BINARY, execution={"workers": 2})) == one
    assert used == [2]


def columns(split, by, folds_by=None):
    return SplitColumns(split, by, folds_by)


def test_groups_stay_together():
    groups = np.repeat([f"g{n}" for n in range(12)], 5)
    for kind in ("group", "stratified_group"):
        split = GroupSplit(kind=kind, by="g", test_size=0.25, limit=None, as_feature=False)
        target = np.where(np.arange(60) % 2, "a", "b")
        parts = parts_of("m", SETTINGS, target, 7, columns(split, groups))
        assert not {*groups[parts.learned]} & {*groups[parts.validated]}
        assert len({*groups[parts.validated]}) == 3


def test_declared_folds_stay_together():
    split = PredefinedSplit(
        kind="predefined", by="part", folds_by="f", limit=None, as_feature=False
    )
    folds = np.repeat(np.arange(4.0), 10)
    given = columns(split, np.full(40, "train"), folds)
    parts = parts_of("m", SETTINGS, np.arange(40.0), 7, given)

    assert not {*folds[parts.learned]} & {*folds[parts.validated]}


def test_time_is_validated_on_the_latest_rows_after_the_gap():
    times = np.random.default_rng(0).permutation(40).astype(float)
    split = TimeSplit(kind="time", by="t", test_size=0.25, limit=None, gap=4, as_feature=False)
    parts = parts_of("m", SETTINGS, np.arange(40.0), None, columns(split, times))

    assert sorted(times[parts.validated]) == [*range(30, 40)]
    assert sorted(times[parts.learned]) == [*range(26)]


def test_classes_are_in_proportion_and_the_seed_draws():
    target = np.array(["rare"] * 8 + ["usual"] * 32)
    parts = parts_of("m", SETTINGS, target, 7, None)
    other = parts_of("m", SETTINGS, target, 8, None)

    assert (target[parts.validated] == "rare").sum() == 2
    assert not np.array_equal(parts.validated, other.validated)
    assert np.array_equal(parts.validated, parts_of("m", SETTINGS, target, 7, None).validated)


@pytest.mark.parametrize(
    ("target", "given"),
    [
        (np.array(["a", "b", "b", "b"]), None),
        (
            np.array(["a"] * 9 + ["b"]),
            columns(
                TimeSplit(kind="time", by="t", test_size=0.2, limit=None, gap=0, as_feature=False),
                np.arange(10.0),
            ),
        ),
        (
            np.arange(10.0),
            columns(
                GroupSplit(kind="group", by="g", test_size=0.2, limit=None, as_feature=False),
                np.full(10, "one"),
            ),
        ),
    ],
)
def test_too_few_rows_are_an_error_that_names_the_key(target, given):
    with pytest.raises(DataError, match=r"m\.early_stopping\.fraction: 0\.25 leaves too"):
        parts_of("m", SETTINGS, target, 7, given)


def stopping(path, params=None):
    return Model(estimator=path, variant=None, params=params or {}, early_stopping=SETTINGS)


@pytest.mark.parametrize(
    "path", ["sklearn.linear_model:Ridge", "sklearn.ensemble:HistGradientBoostingRegressor"]
)
def test_a_family_that_cannot_stop_early_is_refused(path):
    with pytest.raises(ConfigError, match=r"m\.early_stopping: .* takes no validation rows"):
        check("m", stopping(path), "regression", ["sklearn"])


def test_a_family_that_can_is_not():
    require("lightgbm")
    check("m", stopping(LIGHT.format("Regressor")), "regression", ["lightgbm"])


def test_rounds_among_the_parameters_are_refused():
    require("lightgbm")
    params = {"early_stopping_rounds": 5}
    light = Model(estimator=LIGHT.format("Regressor"), variant=None, params=params)
    with pytest.raises(ConfigError, match="needs validation rows") as caught:
        build("m", light, 1, ["lightgbm"])

    assert "set models.m.early_stopping: {rounds: 20, fraction: 0.1}" in caught.value.advice


def test_weights_count_in_both_parts():
    """Weights go to the rows that are learned from, and to those that validate."""
    require("lightgbm")
    frame, signal = table()
    frame["w"] = np.where(np.arange(ROWS) % 3, 1.0, 0.5)
    weights = {"by": "w", "metrics": False}
    models = {"light": model(Task.REGRESSION, early_stopping={"rounds": 3, "fraction": 0.25})}
    settings = config(Task.REGRESSION, None, models, weights=weights)
    weighted = run(settings, frame, signal)
    without = run(config(Task.REGRESSION, None, models, features={"drop": ["w"]}), frame, signal)

    assert weighted.metrics.early_stopping["light"].validated > 0
    assert outputs(weighted)["fit", "estimator"] != outputs(without)["fit", "estimator"]


def shown(*assignments, experiment="diabetes"):
    asked = tuple(("--set", key, value) for key, value in assignments)
    request = Request(experiment, "debug", assignments=(("-m", "families", "[lightgbm]"), *asked))
    return resolve_request(ROOT, request).config


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("early_stopping", "{rounds: 5}", r"missing key .models\.lightgbm\.early_stopping\.frac"),
        ("early_stopping", "{rounds: 5, fraction: 1.5}", r"fraction: input should be less than 1"),
        ("early_stopping", "{rounds: 0, fraction: 0.5}", r"rounds: input should be greater than"),
        ("early_stopping", "{round: 5, fraction: 0.5}", r"did you mean 'rounds'"),
        ("labels", "codes", r"labels of lightgbm have no effect"),
        ("label", "codes", r"unknown key 'models\.lightgbm\.label'"),
    ],
)
def test_a_wrong_setting_is_an_error_with_its_key(key, value, reason):
    with pytest.raises(ConfigError, match=reason):
        shown((f"models.lightgbm.{key}", value))


def test_null_turns_it_off_and_keys_are_those_of_before():
    on = ("models.lightgbm.early_stopping", "{rounds: 5, fraction: 0.1}")
    off = ("models.lightgbm.early_stopping", "null")

    assert shown(on).stops_early == ("lightgbm",)
    assert shown(on, off) == shown()
    assert strict_key(shown(on), "content", 1) != strict_key(shown(), "content", 1)
    assert "early_stopping" not in json.dumps(shown().model_dump(mode="json"))


def test_the_schema_of_a_family_has_the_settings():
    validator = jsonschema.Draft202012Validator(schema_of("model"))
    family = {"schema": "repro.model/v1", "estimators": {"regression": "lightgbm:LGBMRegressor"}}

    good = {"labels": "codes", "early_stopping": {"rounds": 5, "fraction": 0.1}}
    assert validator.is_valid(family | good)
    assert validator.is_valid(family | {"early_stopping": None})
    assert not validator.is_valid(family | {"labels": "code"})
    assert not validator.is_valid(family | {"early_stopping": {"rounds": 5, "fraction": 2}})

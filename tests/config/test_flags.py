"""Flags: spellings that existing projects use, flags without effect, and suggestions."""

import json

import pytest
from click.testing import CliRunner
from tests.conftest import ROOT

from repro.app.configuration import resolve_request
from repro.cli import cli
from repro.config.compose import Request
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean


def shown(*arguments):
    command = ["config", "show", "wine", "--json", "--project", str(ROOT), *arguments]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        (("--test_size", "0.2"), "split.test_size", 0.2),
        (("--max_iter", "200"), "models.logistic_regression.params.max_iter", 200),
        (("--max-iter", "200"), "models.logistic_regression.params.max_iter", 200),
        (("--n_estimators", "20"), "models.random_forest.params.n_estimators", 20),
        (("--n-estimators=20",), "models.random_forest.params.n_estimators", 20),
        (("--random_state", "7"), "seed", 7),
        (("--random-state", "7"), "seed", 7),
        (("--level", "portable_v2"), "determinism.level", "portable-v2"),
        (("--model_type", "decision_tree"), "models.decision_tree.variant", None),
    ],
)
def test_spellings_of_existing_projects_work(arguments, key, value):
    """Underscores, and the names that scikit-learn uses."""
    found = shown(*arguments)

    for part in key.split("."):
        found = found[part]
    assert found == value


def refused(*settings, experiment="wine", **more):
    assignments = tuple(("--set", *setting.split("=", 1)) for setting in settings)
    with pytest.raises(ConfigError) as caught:
        resolve_request(ROOT, Request(experiment=experiment, assignments=assignments, **more))
    return caught.value


@pytest.mark.parametrize(
    "setting", ["split.stratify=false", "split.stratify=true", "split={stratify: false}"]
)
def test_a_flag_about_classes_is_refused_in_a_regression(setting):
    """It would change the identity of the run, and no result."""
    error = refused(setting, experiment="diabetes")

    assert "setting 'split.stratify' has no effect: a regression has no classes" in error.message


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("features={}", "an empty mapping has no effect"),
        ("models={}", "an empty mapping has no effect"),
        ("models.random_forest.params={}", "an empty mapping has no effect"),
        ("preprocessing={numeric: {}}", "an empty mapping has no effect"),
        ("split={}", "an empty mapping has no effect"),
        ("models.random_forest.variants.shallow.max_depth=3", "'shallow' of random_forest is not"),
        ("models.random_forest.estimators.regression=a:B", "for regression has no effect"),
        ("models.knn.params.n_neighbors=3", "the family 'knn' is not trained"),
        ("decision.threshold=0.3", "has no effect"),
        ("default_experiment=wine", "has no effect"),
        ("schema=x", "has no effect"),
        ("dataset.target=x", "'dataset.target' cannot be set"),
        ("dataset.name=iris", "'dataset.name' cannot be set"),
    ],
)
def test_a_flag_without_effect_is_refused(setting, reason):
    """By the flag as it was typed."""
    message = refused(setting).message

    assert message.startswith(f"--set {setting.split('=')[0]}")
    assert reason in message


@pytest.mark.parametrize("name", ["max_iter", "n_estimators"])
def test_a_shared_flag_that_no_family_takes_names_those_that_do(name):
    """And none that does not."""
    chosen = (("--model", "families", "[decision_tree]"),)
    with pytest.raises(ConfigError) as caught:
        resolve_request(ROOT, Request(experiment="wine", assignments=chosen, **{name: 3}))

    expected = {
        "max_iter": "hist_gradient_boosting, logistic_regression",
        "n_estimators": "lightgbm, random_forest, xgboost",
    }[name]
    assert caught.value.advice == f"choose one that has: {expected}"


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("selektion.folds=3", "selection"),
        ("selection.fold=3", "folds"),
        ("familes=[knn]", "families"),
        ("variant={}", "variants"),
        ("split.testsize=0.2", "test_size"),
        ("evaluation.bootstrap.resample=3", "resamples"),
        ("preprocessing.numeric.imput=mean", "impute"),
        ("Seed=3", "seed"),
        ("features.derived=[{name: a, kind: ratio, numeratr: a, denominator: b, epsilon: 0.0}]",
         "numerator"),
    ],
)  # fmt: skip
def test_a_suggestion_is_a_sibling(setting, meant):
    """A key that may stand where the unknown one was found."""
    assert f"did you mean '{meant}'?" in refused(setting).message


@pytest.mark.parametrize(
    "setting",
    ["target=x", "split.target=x", "folds=3", "selection.test_size=0.2", "experiments=x",
     "positive=x", "drift.resamples=3", "models=3"],
)  # fmt: skip
def test_what_belongs_elsewhere_is_not_suggested(setting):
    """Nor the key that was typed."""
    assert "did you mean" not in refused(setting).message


@pytest.mark.parametrize(
    ("word", "known", "advice"),
    [
        ("target", ["target", "other"], "known: other"),
        ("target", ["target"], "none is known"),
        ("KNN", ["knn", "ridge"], "did you mean 'knn'?"),
        ("random-forest", ["knn", "random_forest"], "did you mean 'random_forest'?"),
        ("abc", [], "none is known"),
        ("x", [f"column{i:03}" for i in range(500)], None),
    ],
)
def test_advice_is_short_and_never_what_was_typed(word, known, advice):
    """Nobody reads five hundred names."""
    found = did_you_mean(word, known)

    assert len(found) < 400
    if advice is None:
        assert found.endswith("column029, and 470 more")
    else:
        assert found == advice

"""A space that cannot be searched is refused before training, and points follow from names."""

import json

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.training import in_process, searching

from repro.app.configuration import resolve_request
from repro.app.subjects.trust import check_parameters
from repro.config.bounds import check_bounds
from repro.config.compose import Request
from repro.config.data import Task
from repro.config.search import Range, Search, with_parameter
from repro.config.training import Model
from repro.core.errors import ConfigError, PreconditionError
from repro.training.estimators import check
from repro.training.searching.points import draw_point, drawn_points, grid_points, value_at

RANGE = {"low": 0.01, "high": 100.0}
RANDOM = {"kind": "random", "trials": 4, "folds": 3}
GRID = {"kind": "grid", "folds": 3}
HALVING = RANDOM | {"kind": "halving", "factor": 2, "resource": "rows", "minimum": 5}
TREES = HALVING | {"resource": "n_estimators", "maximum": 20}


def parsed(value):
    return TypeAdapter(Search).validate_json(json.dumps(value))


@pytest.mark.parametrize(
    ("search", "reason"),
    [
        (RANDOM | {"space": {"C": {"low": 2, "high": 1}}}, r"low \(2\) must be less than high"),
        (RANDOM | {"space": {"C": {"low": 0.0, "high": 1.0, "log": True}}}, "needs a low above 0"),
        (RANDOM | {"space": {"C": {**RANGE, "log": True, "step": 0.1}}}, "exclude each other"),
        (RANDOM | {"space": {"C": {**RANGE, "step": -1.0}}}, "must be above 0"),
        (RANDOM | {"space": {"C": {**RANGE, "step": 200}}}, "at most high - low"),
        (RANDOM | {"space": {"C": {"low": 1, "high": 9, "step": 0.5}}}, "must be an integer"),
        (RANDOM | {"space": {"C": []}}, "at least 1 item"),
        (RANDOM | {"space": {"C": [1, 1.0, 1]}}, "1 occurs twice"),
        (RANDOM | {"space": {"C": 3}}, "valid"),
        (RANDOM | {"space": {}}, "at least 1 item"),
        (RANDOM | {"space": {"k": ["a", "b", "c"]}}, "3 points, fewer than the 4 trials"),
        (RANDOM | {"trials": 10_001, "space": {"C": RANGE}}, "less than or equal to 10000"),
        (RANDOM | {"folds": 1, "space": {"C": RANGE}}, "greater than or equal to 2"),
        (GRID | {"trials": 3, "space": {"k": [1]}}, "trials"),
        (GRID | {"space": {"C": RANGE}}, r"space\.C: a grid of floats needs a step"),
        (GRID | {"space": {"C": {"low": 1, "high": 9, "log": True}}}, "log: true has no grid"),
        (GRID | {"space": {n: {"low": 1, "high": 30} for n in "abc"}}, "the grid has 27000 points"),
        (HALVING | {"maximum": 9, "space": {"C": RANGE}}, "the last round has all rows"),
        (TREES | {"maximum": None, "space": {"C": RANGE}}, "missing key 'maximum'"),
        (TREES | {"maximum": 2, "space": {"C": RANGE}}, "is more than maximum"),
        (TREES | {"space": {"n_estimators": RANGE}}, "it is the resource"),
        ({"kind": "bayes", "space": {"C": RANGE}}, "kind"),
    ],
)
def test_what_is_no_search_is_refused(search, reason):
    """With the reason, by the configuration alone."""
    with pytest.raises(ValidationError, match=reason):
        parsed(search)


FOREST = "sklearn.ensemble:RandomForestClassifier"


@pytest.mark.parametrize(
    ("path", "search", "key", "reason", "advice"),
    [
        (None, RANDOM | {"space": {"Cc": RANGE}}, "space.Cc", "has no parameter 'Cc'", "'C'"),
        (None, GRID | {"space": {"kernel": ["rbf", "rfb"]}}, "space.kernel", "'rfb'", ""),
        (None, RANDOM | {"space": {"C": {"low": -1.0, "high": 1.0}}}, "space.C", "found -1.0", ""),
        (None, GRID | {"space": {"probability": [3]}}, "space.probability", "found 3", ""),
        (None, GRID | {"space": {"random_state": [3]}}, "space.random_state", "follow", ""),
        (None, GRID | {"space": {"a__b": [3]}}, "space.a__b", "no parameter 'a'", "class"),
        (FOREST, TREES | {"resource": "trees", "space": {"max_depth": [1, 2, 3, 4]}},
         "resource", "no parameter 'trees'", ""),
        (FOREST, TREES | {"resource": "n_estimators", "space": {"max_depth": [0, 1, 2, 3]}},
         "space.max_depth", "found 0", ""),
        (FOREST, GRID | {"space": {"max_depth": [{"class": "os:system"}]}},
         "space.max_depth", "'os' is not allowed", "security"),
    ],
)  # fmt: skip
def test_a_value_that_an_estimator_refuses_is_found_before_training(
    path, search, key, reason, advice
):
    """With the key of the space, and a suggestion."""
    candidate = searching.family(search, path or searching.SVC)
    model = Model.model_validate_json(json.dumps(candidate))
    with pytest.raises(ConfigError) as caught:
        check("svm", model, "classification", ["sklearn"])
    if reason == "follow":
        reason = "seeds are derived"

    assert caught.value.message.startswith(f"models.svm.search.{key}: ")
    assert reason in caught.value.message
    assert advice in caught.value.advice


def test_a_parameter_that_only_the_space_gives_is_enough():
    """What a class needs may be searched for."""
    search = GRID | {"space": {"estimator": [{"class": searching.SVC}], "estimator__C": [1.0, 2.0]}}
    model = {"estimator": "sklearn.calibration:CalibratedClassifierCV"}
    model |= {"variant": None, "params": {}, "search": search}
    check("x", Model.model_validate_json(json.dumps(model)), "classification", ["sklearn"])


def test_an_experiment_gives_a_family_a_search_and_takes_it_away(tmp_path):
    """By its file, by a flag, and with null."""
    project = in_process.ROOT
    space = "{C: {low: 0.1, high: 10.0, log: true}}"
    flags = (
        ("--set", "models.svm.search", f"{{kind: random, trials: 5, folds: 2, space: {space}}}"),
        ("--set", "models.svm.search.trials", "7"),
        ("--set", "families", "[svm]"),
    )
    config = resolve_request(project, Request("wine", assignments=flags)).config
    off = (*flags, ("--set", "models.svm.search", "null"))
    without = resolve_request(project, Request("wine", assignments=off)).config

    assert config.models["svm"].search.trials == 7
    assert without.models["svm"].search is None
    assert "search" not in without.model_dump(mode="json")["models"]["svm"]
    wrong = (*flags, ("--set", "models.svm.search.folds", "1"))
    with pytest.raises(ConfigError, match=r"models\.svm\.search\.folds: input should be greater"):
        resolve_request(project, Request("wine", assignments=wrong))


def test_a_value_follows_from_its_number_and_its_name():
    """More trials and one more parameter leave the others as they are."""
    space = searching.SPACE
    few = drawn_points(parsed(RANDOM | {"space": space}), 7)
    many = drawn_points(parsed(RANDOM | {"trials": 40, "space": space}), 7)
    wider = parsed(RANDOM | {"space": space | {"tol": {"low": 1e-5, "high": 1e-3, "log": True}}})
    more = drawn_points(wider, 7)

    assert many[:4] == few
    assert [{k: v for k, v in point.items() if k != "tol"} for point in more] == few
    assert drawn_points(parsed(RANDOM | {"space": space}), 8) != few
    # A golden value: it must be the same on every processor.
    assert draw_point(parsed(RANDOM | {"space": space}).space, 7, 0) == few[0]


def test_every_point_of_a_finite_space_is_drawn_once():
    """As many trials as points are all of them."""
    space = {"a": [1, 1.0, True, None], "b": {"low": 2, "high": 8, "step": 3}}
    points = drawn_points(parsed(RANDOM | {"trials": 12, "space": space}), 3)
    listed = grid_points(parsed(GRID | {"space": space}))

    assert len(listed) == 12
    assert sorted(map(json.dumps, points)) == sorted(map(json.dumps, listed))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Range(low=1, high=5, log=True), [1, 1, 2, 3, 5]),
        (Range(low=1, high=5), [1, 2, 3, 4, 5]),
        (Range(low=0.1, high=0.3, step=0.1), [0.1, 0.1, 0.2, 0.3, 0.3]),
        (Range(low=1.0, high=16.0, log=True), [1.0000000002582118, 2.0, 4.0, 8.0, None]),
    ],
)
def test_values_of_a_range(given, expected):
    """Both ends are included; the middle of logarithms is the geometric mean."""
    shares = [1e-10, 0.25, 0.5, 0.75, 1 - 1e-10]
    values = [value_at(given, share) for share in shares]

    for value, right in zip(values, expected, strict=True):
        assert given.low <= value <= given.high
        assert right is None or value == pytest.approx(right, rel=1e-9)
        assert type(value) is (int if given.is_integer else float)


def test_a_nested_class_is_found_by_the_name_of_its_step():
    """Nothing else is changed, and what was given stays as it was."""
    steps = [["pca", {"class": "m:P"}], ["svm", {"class": "m:S", "params": {"C": 1}}]]
    placed = with_parameter({"steps": steps, "verbose": False}, "svm__C", 2)

    assert placed == {
        "steps": [["pca", {"class": "m:P"}], ["svm", {"class": "m:S", "params": {"C": 2}}]],
        "verbose": False,
    }
    assert steps[1][1]["params"] == {"C": 1}


@pytest.mark.parametrize(
    ("path", "space", "what"),
    [
        ("sklearn.pipeline:Pipeline", {"memory": ["cache"]}, "names a cache"),
        (FOREST, {"n_jobs": [2]}, "follows from the seed"),
        (FOREST, {"max_depth": [{"class": "sklearn.pipeline:Pipeline",
                                 "params": {"memory": "x"}}]}, "names a cache"),
        ("lightgbm:LGBMClassifier", {"machines": ["1.2.3.4:5"]}, "names a file, a machine"),
    ],
)  # fmt: skip
def test_a_record_may_search_nothing_that_it_may_not_set(path, space, what):
    """Files, caches, machines and threads, whatever class they belong to."""
    models = {"svm": searching.family(GRID | {"space": space}, path)}
    config = in_process.config(Task.BINARY, "yes", models, selection={"metric": "accuracy"})
    with pytest.raises(PreconditionError, match=f"record's models.svm.search.space.*{what}"):
        check_parameters(in_process.ROOT, config)


def test_a_record_may_not_ask_for_endless_trials():
    """Neither by the values of its space nor by its folds."""
    for search in (
        GRID | {"space": {"n_estimators": [10, 10_000_000]}},
        GRID | {"folds": 5000, "space": {"n_estimators": [10]}},
    ):
        models = {"svm": searching.family(search, FOREST)}
        config = in_process.config(Task.BINARY, "yes", models, selection={"metric": "accuracy"})
        with pytest.raises(PreconditionError, match=r"models\.svm\.search\..* is more than"):
            check_bounds(config, "x")

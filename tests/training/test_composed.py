"""Composed estimators: what scikit-learn gives by hand, with each part named where it differs."""

import numpy as np
import pandas as pd
import pytest
from sklearn import (
    calibration,
    compose,
    decomposition,
    ensemble,
    feature_selection,
    linear_model,
    metrics,
    model_selection,
    naive_bayes,
    pipeline,
    preprocessing,
    tree,
)
from tests.training import in_process, own_parts

from repro.config.data import Task
from repro.core.errors import ConfigError, DataError
from repro.divergence.compare import first_divergence
from repro.training.declarations import MEANING
from repro.training.estimators import build

ROWS, SEED = 200, 42
OWN = "tests.training.own_parts"
BOTH, PARTS = Task.BINARY, "parts"
LOGISTIC = linear_model.LogisticRegression(random_state=SEED)
TREE = tree.DecisionTreeClassifier(max_depth=3, random_state=SEED)


def made(path, **params):
    """A nested class, as configurations write it."""
    return {"class": path, "params": params}


def function(path):
    return {"function": path}


LINE = made("sklearn.linear_model:LogisticRegression")
DEEP = made("sklearn.tree:DecisionTreeClassifier", max_depth=3)
RIDGE = made("sklearn.linear_model:Ridge", alpha=2.0)
TARGET = "sklearn.compose:TransformedTargetRegressor"


def pipe(power=0.5, score=None):
    steps = [
        ["own", made(f"{OWN}:SignedPower", power=power)],
        ["pca", made("sklearn.decomposition:PCA", n_components=4)],
        ["best", made("sklearn.feature_selection:SelectKBest", k=2, **(score or {}))],
        ["model", LINE],
    ]
    return "sklearn.pipeline:Pipeline", {"steps": steps}


def pipe_by_hand(score=feature_selection.f_classif):
    return pipeline.Pipeline(
        [
            ("own", own_parts.SignedPower(power=0.5)),
            ("pca", decomposition.PCA(4, random_state=SEED)),
            ("best", feature_selection.SelectKBest(score, k=2)),
            ("model", LOGISTIC),
        ]
    )


def by_mutual_information(X, y):
    return feature_selection.mutual_info_classif(X, y, random_state=SEED)


def by_noisy_scores(X, y):
    return own_parts.noisy_scores(X, y, random_state=SEED)


MEMBERS = [["tree", DEEP], ["line", LINE], ["own", made(f"{OWN}:NearestMean", columns=3)]]
HAND_MEMBERS = [
    ("tree", TREE),
    ("line", LOGISTIC),
    ("own", own_parts.NearestMean(columns=3, random_state=SEED)),
]
NAIVE = made("sklearn.naive_bayes:GaussianNB")
# Name, task, configuration, the same by hand.
CASES = {
    "pipeline": (BOTH, pipe(), pipe_by_hand()),
    "a listed function": (
        BOTH,
        pipe(score={"score_func": function("sklearn.feature_selection:mutual_info_classif")}),
        pipe_by_hand(by_mutual_information),
    ),
    "an own function": (
        BOTH,
        pipe(score={"score_func": function(f"{OWN}:noisy_scores")}),
        pipe_by_hand(by_noisy_scores),
    ),
    "voting": (
        BOTH,
        ("sklearn.ensemble:VotingClassifier", {"estimators": MEMBERS, "voting": "soft"}),
        ensemble.VotingClassifier(HAND_MEMBERS, voting="soft"),
    ),
    "stacking": (
        BOTH,
        (
            "sklearn.ensemble:StackingClassifier",
            {"estimators": MEMBERS, "final_estimator": LINE, "cv": 3},
        ),
        ensemble.StackingClassifier(HAND_MEMBERS, LOGISTIC, cv=3),
    ),
    "bagging": (
        BOTH,
        (
            "sklearn.ensemble:BaggingClassifier",
            {"estimator": made(f"{OWN}:NearestMean", columns=3), "n_estimators": 5},
        ),
        ensemble.BaggingClassifier(
            own_parts.NearestMean(columns=3), n_estimators=5, random_state=SEED
        ),
    ),
    "sigmoid calibration": (
        BOTH,
        ("sklearn.calibration:CalibratedClassifierCV", {"estimator": NAIVE, "cv": 3}),
        calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=3),
    ),
    "isotonic calibration of one": (
        BOTH,
        (
            "sklearn.calibration:CalibratedClassifierCV",
            {"estimator": NAIVE, "cv": 3, "method": "isotonic", "ensemble": False},
        ),
        calibration.CalibratedClassifierCV(
            naive_bayes.GaussianNB(), cv=3, method="isotonic", ensemble=False
        ),
    ),
    "a target by functions": (
        Task.REGRESSION,
        (
            TARGET,
            {
                "regressor": RIDGE,
                "func": function("numpy:log1p"),
                "inverse_func": function("numpy:expm1"),
            },
        ),
        compose.TransformedTargetRegressor(
            linear_model.Ridge(alpha=2.0), func=np.log1p, inverse_func=np.expm1
        ),
    ),
    "a target by own functions": (
        Task.REGRESSION,
        (
            TARGET,
            {
                "regressor": RIDGE,
                "func": function(f"{OWN}:root"),
                "inverse_func": function(f"{OWN}:squared"),
            },
        ),
        compose.TransformedTargetRegressor(
            linear_model.Ridge(alpha=2.0), func=np.sqrt, inverse_func=np.square
        ),
    ),
    "a target by a transformer": (
        Task.REGRESSION,
        (
            TARGET,
            {
                "regressor": RIDGE,
                "transformer": made(
                    "sklearn.preprocessing:QuantileTransformer",
                    n_quantiles=50,
                    output_distribution="normal",
                ),
            },
        ),
        compose.TransformedTargetRegressor(
            linear_model.Ridge(alpha=2.0),
            transformer=preprocessing.QuantileTransformer(
                n_quantiles=50, output_distribution="normal", random_state=SEED
            ),
        ),
    ),
}


def table(task):
    draw = np.random.default_rng(12)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 6)), columns=list("abcdef"))
    signal = frame["a"] - frame["b"] + draw.normal(size=ROWS) / 2
    if task is Task.REGRESSION:
        return frame, np.exp(signal).to_numpy()
    return frame, np.where(signal + frame["c"] ** 2 > 1, "yes", "no")


def trained(task, path, params):
    plain = {"impute": "median", "fill": None, "clip_iqr": None, "scale": "none"}
    config = in_process.config(
        task,
        "yes" if task is Task.BINARY else None,
        {"it": in_process.family(path, **params)},
        preprocessing={"numeric": plain},
        seeding={"scheme": "constant"},
        split={"test_size": 0.25, "stratify": task is Task.BINARY, "limit": None},
        selection={"folds": 3, "metric": "rmse" if task is Task.REGRESSION else "log_loss"},
        decision={"rule": "argmax"},
        evaluation={"bootstrap": None},
        security={"allowed_modules": ["sklearn", "tests"]},
    )
    return in_process.run(config, *table(task))


@pytest.mark.parametrize("name", CASES)
def test_results_are_those_of_plain_scikit_learn(name):
    """Predictions, metrics and the scores of folds."""
    task, (path, params), plain = CASES[name]
    frame, target = table(task)
    by_class = target if task is Task.BINARY else None
    rows = model_selection.train_test_split(
        np.arange(ROWS), test_size=0.25, stratify=by_class, random_state=SEED
    )
    train, test = map(np.sort, rows)
    matrix = frame.to_numpy()
    hand = plain.fit(matrix[train], target[train])

    found = trained(task, path, params)

    values = {key: each.value for key, each in found.metrics.test.items()}
    if task is Task.REGRESSION:
        scores = hand.predict(matrix[test])
        expected = {
            "rmse": metrics.root_mean_squared_error(target[test], scores),
            "mae": metrics.mean_absolute_error(target[test], scores),
            "r2": metrics.r2_score(target[test], scores),
        }
        folds, scoring = model_selection.KFold, "neg_root_mean_squared_error"
    else:
        scores = hand.predict_proba(matrix[test])[:, 1]
        labels = hand.predict(matrix[test])
        assert found.labels.tolist() == labels.tolist()
        expected = {
            "accuracy": metrics.accuracy_score(target[test], labels),
            "log_loss": metrics.log_loss(target[test], scores),
            "roc_auc": metrics.roc_auc_score(target[test], scores),
        }
        folds, scoring = model_selection.StratifiedKFold, "neg_log_loss"
    np.testing.assert_allclose(found.scores.values[:, 0], scores, rtol=0, atol=1e-12)
    measured = {key: values[key] for key in expected}
    assert measured == pytest.approx(expected, rel=0, abs=1e-12)
    drawn = folds(3, shuffle=True, random_state=SEED)
    by_fold = -model_selection.cross_val_score(
        plain, matrix[train], target[train], cv=drawn, scoring=scoring
    )
    np.testing.assert_allclose(
        found.metrics.cross_validation["it"].folds, by_fold, rtol=0, atol=1e-12
    )
    saved = found.model.predict(frame.iloc[test])
    own = found.scores.values[:, 0] if task is Task.REGRESSION else found.labels
    if task is Task.REGRESSION:
        np.testing.assert_allclose(saved, own, rtol=0, atol=1e-12)
    else:
        assert saved.tolist() == own.tolist()


def members(**changed):
    """The members of an ensemble with some of them replaced."""
    return [[name, changed.get(name, each)] for name, each in MEMBERS]


STACK = "sklearn.ensemble:StackingClassifier"
# What one and the other training have, and the first part whose own fit differs.
CHANGES = {
    "a step": (CASES["pipeline"][1], pipe(power=0.7), "own"),
    "a later step": (
        CASES["pipeline"][1],
        pipe(score={"score_func": function(f"{OWN}:noisy_scores")}),
        "best",
    ),
    "a vote": (
        CASES["voting"][1],
        (
            "sklearn.ensemble:VotingClassifier",
            {"estimators": members(line=LINE | {"params": {"C": 2.0}}), "voting": "soft"},
        ),
        "line",
    ),
    "a member below the last estimator": (
        CASES["stacking"][1],
        (
            STACK,
            {
                "estimators": members(tree=DEEP | {"params": {"max_depth": 1}}),
                "final_estimator": LINE,
                "cv": 3,
            },
        ),
        "tree",
    ),
    "the last estimator": (
        CASES["stacking"][1],
        (
            STACK,
            {
                "estimators": MEMBERS,
                "final_estimator": LINE | {"params": {"C": 0.1}},
                "cv": 3,
            },
        ),
        "final_estimator",
    ),
    "the calibrated estimator": (
        CASES["sigmoid calibration"][1],
        (
            "sklearn.calibration:CalibratedClassifierCV",
            {"estimator": NAIVE | {"params": {"var_smoothing": 0.1}}, "cv": 3},
        ),
        "calibrated_classifiers/0/estimator",
    ),
    "the calibration": (
        CASES["sigmoid calibration"][1],
        (
            "sklearn.calibration:CalibratedClassifierCV",
            {"estimator": NAIVE, "cv": 3, "method": "isotonic"},
        ),
        "calibrated_classifiers/0/calibrators/0",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_first_part_that_differs_is_named(name):
    """In the order in which parts learn from each other, whatever order they are kept in."""
    before, after, expected = CHANGES[name]

    first, second = (trained(BOTH, *each) for each in (before, after))

    kept = [
        each.stages.model_copy(
            update={"stages": tuple(s for s in each.stages.stages if s.name in {"fit", PARTS})}
        )
        for each in (first, second)
    ]
    assert first_divergence(*kept, (), MEANING).outputs[0] == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"func": function("numpy:sqrt"), "inverse_func": function("numpy:square")}, "transformer"),
        ({"regressor": RIDGE | {"params": {"alpha": 9.0}}}, "regressor"),
    ],
)
def test_the_part_of_a_transformed_target_that_differs_is_named(changed, expected):
    """The transformation of the target comes before the regressor."""
    path, params = CASES["a target by functions"][1]

    found = [
        {stage.name: stage for stage in trained(Task.REGRESSION, path, each).stages.stages}
        for each in (params, params | changed)
    ]

    first, second = (each[PARTS].outputs for each in found)
    assert next(each for each in first if first[each] != second[each]) == expected


WRONG = {
    "a module that is not allowed": ("os:system", "the module 'os' is not allowed"),
    "a function of a library": ("numpy:load", "is not a function that a parameter may have"),
    "a misspelt function": ("numpy:log1pp", "did you mean 'numpy:log1p'"),
    "a deep one": ("sklearn.datasets:load_files", "is not a function that a parameter may have"),
    "a dot for a colon": ("numpy.log1p", "write it like numpy:log1p"),
    "no such function": (f"{OWN}:roott", "did you mean 'root'"),
    "one from elsewhere": (f"{OWN}:np", "expected a function that is defined in 'tests'"),
    "a class": (f"{OWN}:NearestMean", "expected a function that is defined in 'tests'"),
    "no such module": ("tests.training.own_partss:root", "there is no module"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_function_that_may_not_be_used_is_refused_with_its_key(name):
    """Nothing of a module that is not allowed is imported."""
    path, sentence = WRONG[name]
    params = {"regressor": RIDGE, "func": function(path), "inverse_func": function("numpy:expm1")}
    model = in_process.config(
        Task.REGRESSION, None, {"it": in_process.family(TARGET, **params)}
    ).models["it"]

    with pytest.raises(ConfigError) as caught:
        build("it", model, 1, ["sklearn", "tests"])

    assert caught.value.message.startswith("models.it.params.func.function: ")
    assert sentence in f"{caught.value.message}; {caught.value.advice}"


def test_a_function_without_its_inverse_is_refused():
    """With scikit-learn's reason."""
    params = {"regressor": RIDGE, "func": function("numpy:log1p")}

    with pytest.raises(DataError, match="inverse_func"):
        trained(Task.REGRESSION, TARGET, params)

"""Wrong model families: an error with the key and the reason, before training where it is known."""

import sys
import textwrap

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from repro.config.data import Task
from repro.config.training import Model
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.training import fitting
from repro.training.estimators import build, check
from repro.training.scoring import Outcome

ALLOWED = ("sklearn", "lightgbm", "oddities")
TREE = "sklearn.tree:DecisionTreeClassifier"
FOREST = "sklearn.ensemble:RandomForestClassifier"
PIPE = "sklearn.pipeline:Pipeline"
VOTE = "sklearn.ensemble:VotingClassifier"
BAG = "sklearn.ensemble:BaggingClassifier"
SCALE = {"class": "sklearn.preprocessing:StandardScaler", "params": {}}
GOOD = {"class": TREE, "params": {"max_depth": 2}}


def model(estimator, params=None):
    return Model(estimator=estimator, variant=None, params=params or {})


# class path, parameters, the key that the message begins with, a part of the reason
WRONG = [
    # the class
    ("sklearn.tree:Nothing", {}, "estimator", "has no class 'Nothing'"),
    ("sklearn.tree:DecisionTreeClasifier", {}, "estimator", "has no class"),
    ("sklearn.trees:DecisionTreeClassifier", {}, "estimator", "no module 'sklearn.trees'"),
    ("os:system", {}, "estimator", "'os' is not allowed"),
    ("sklearn.metrics:accuracy_score", {}, "estimator", "is a function"),
    ("sklearn:base", {}, "estimator", "is a module"),
    ("sklearn:__version__", {}, "estimator", "is a str"),
    ("sklearn.model_selection:KFold", {}, "estimator", "not a scikit-learn estimator"),
    ("sklearn.exceptions:NotFittedError", {}, "estimator", "not a scikit-learn estimator"),
    ("sklearn.ensemble:BaseEnsemble", {}, "estimator", "abstract"),
    ("sklearn.svm._base:BaseSVC", {}, "estimator", "abstract"),
    ("sklearn.datasets:load_boston", {}, "estimator", "has no class 'load_boston'"),
    ("sklearn.base:BaseEstimator", {}, "estimator", "no method 'fit'"),
    # what it is made for
    ("sklearn.tree:DecisionTreeRegressor", {}, "estimator", "is a regressor, and a classification"),
    ("sklearn.linear_model:Ridge", {}, "estimator", "is a regressor"),
    ("sklearn.preprocessing:StandardScaler", {}, "estimator", "no method 'predict'"),
    ("sklearn.decomposition:PCA", {}, "estimator", "no method 'predict'"),
    ("sklearn.cluster:KMeans", {}, "estimator", "is a clusterer"),
    ("sklearn.cluster:DBSCAN", {}, "estimator", "is a clusterer"),
    ("sklearn.ensemble:IsolationForest", {}, "estimator", "outlier detector"),
    (PIPE, {"steps": [["a", SCALE]]}, "estimator", "no method 'predict'"),
    # parameters
    (TREE, {"max_dept": 3}, "params.max_dept", "no parameter 'max_dept'"),
    (TREE, {"n_estimators": 3}, "params.n_estimators", "no parameter"),
    (TREE, {"random_state": 3}, "params.random_state", "not a hyper-parameter"),
    (FOREST, {"n_jobs": 2}, "params.n_jobs", "not a hyper-parameter"),
    (TREE, {"max_depth": "3"}, "params.max_depth", "must be an int"),
    (TREE, {"max_depth": 2.5}, "params.max_depth", "must be an int"),
    (TREE, {"max_depth": 0}, "params.max_depth", "must be an int in the range"),
    (TREE, {"max_depth": True}, "params.max_depth", "expected a number, found true"),
    (TREE, {"max_depth": [3]}, "params.max_depth", "must be an int"),
    (TREE, {"max_depth": {"a": 1}}, "params.max_depth", "must be an int"),
    (TREE, {"criterion": "ginni"}, "params.criterion", "must be a str among"),
    (TREE, {"criterion": None}, "params.criterion", "must be a str among"),
    (TREE, {"min_samples_leaf": False}, "params.min_samples_leaf", "expected a number"),
    (FOREST, {"n_estimators": True}, "params.n_estimators", "expected a number, found true"),
    (FOREST, {"n_estimators": -5}, "params.n_estimators", "must be an int in the range"),
    (FOREST, {"n_estimators": None}, "params.n_estimators", "must be an int"),
    (FOREST, {"bootstrap": "yes"}, "params.bootstrap", "must be an instance of 'bool'"),
    (FOREST, {"bootstrap": 1}, "params.bootstrap", "must be an instance of 'bool'"),
    ("sklearn.svm:SVC", {"C": True}, "params.C", "expected a number"),
    ("sklearn.svm:SVC", {"C": -1.0}, "params.C", "must be a float in the range"),
    ("sklearn.svm:SVC", {"kernel": "rfb"}, "params.kernel", "must be a str among"),
    ("sklearn.linear_model:LogisticRegression", {"tol": True}, "params.tol", "a number"),
    ("lightgbm:LGBMClassifier", {"n_estimators": True}, "params.n_estimators", "a number"),
    ("oddities:Plain", {"alpha": False}, "params.alpha", "expected a number, found false"),
    ("oddities:Refuses", {"alpha": 1}, "params", "rejected them: RuntimeError: not today"),
    ("oddities:Many", {}, "params", "takes *arguments"),
    # what is missing
    (VOTE, {}, "params", "needs the parameter 'estimators'"),
    (PIPE, {}, "params", "needs the parameter 'steps'"),
    ("sklearn.multiclass:OneVsRestClassifier", {}, "params", "needs the parameter 'estimator'"),
    ("sklearn.multiclass:OneVsOneClassifier", {"estimator": None}, "params.estimator", "must be"),
    ("sklearn.model_selection:GridSearchCV", {"estimator": GOOD}, "params", "'param_grid'"),
    # nested
    (BAG, {"estimator": "tree"}, "params.estimator", "must be an object implementing"),
    (BAG, {"estimator": {"class": "os:path", "params": {}}}, "params.estimator.class", "'os'"),
    (BAG, {"estimator": {"class": 3, "params": {}}}, "params.estimator.class", "found 3"),
    (BAG, {"estimator": {"class": TREE, "params": 3}}, "params.estimator.params", "a mapping"),
    (BAG, {"estimator": {"class": TREE, "parms": {}}}, "params.estimator", "key 'parms'"),
    (
        BAG,
        {"estimator": {"class": TREE, "params": {"max_depth": True}}},
        "params.estimator.params.max_depth",
        "expected a number",
    ),
    (BAG, {"estimator": {"class": "sklearn.tree.DecisionTreeClassifier", "params": {}}},
     "params.estimator.class", "expected module:Class"),
    (PIPE, {"steps": "tree"}, "params.steps", "list"),
    (PIPE, {"steps": []}, "params.steps", "list"),
    (PIPE, {"steps": [["only"]]}, "params.steps.0", "expected [name, estimator]"),
    (PIPE, {"steps": [["a", "b"]]}, "params.steps.0.1", "expected an estimator, found 'b'"),
    (PIPE, {"steps": [["a", SCALE], ["a", GOOD]]}, "params.steps.1.0", "a name of its own"),
    (PIPE, {"steps": [["a__b", SCALE], ["c", GOOD]]}, "params.steps.0.0", "without '__'"),
    (PIPE, {"steps": [["a", GOOD], ["b", GOOD]]}, "params.steps.0.1", "no method 'transform'"),
    (
        PIPE,
        {"steps": [["a", SCALE], ["b", {"class": TREE, "params": {"max_depth": "x"}}]]},
        "params.steps.1.1.params.max_depth",
        "must be an int",
    ),
    (VOTE, {"estimators": [["a", GOOD], ["b", 3]]}, "params.estimators.1.1", "found 3"),
    (
        VOTE,
        {"estimators": [["a", {"class": "subprocess:Popen", "params": {"args": "ls"}}]]},
        "params.estimators.0.1.class",
        "'subprocess' is not allowed",
    ),
    (
        VOTE,
        {"estimators": [["a", {"class": PIPE, "params": {"steps": [["t", {
            "class": TREE, "params": {"max_depth": 0}}]]}}]]},
        "params.estimators.0.1.params.steps.0.1.params.max_depth",
        "must be an int",
    ),
]  # fmt: skip

ODD = """
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin


    class Plain(ClassifierMixin, BaseEstimator):
        def __init__(self, alpha=1.0):
            self.alpha = alpha

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))

        def predict(self, X):
            return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


    class Refuses(Plain):
        def __init__(self, alpha=1.0):
            raise RuntimeError("not today")


    class Many(Plain):
        def __init__(self, *alphas):
            self.alpha = alphas


    class Silent(BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X))


    def failing(error):
        class Failing(Plain):
            def fit(self, X, y):
                raise error

        return Failing


    KeyFails = failing(KeyError("column"))
    TypeFails = failing(TypeError("not that"))
    ZeroFails = failing(ZeroDivisionError("division by zero"))
    ExitFails = failing(SystemExit(0))
    MemoryFails = failing(MemoryError())


    class NoProbability(Plain):
        def predict_proba(self, X):
            raise AttributeError("no probabilities today")


    class OneColumn(Plain):
        def predict_proba(self, X):
            return np.ones((len(X), 1))


    class FewRows(Plain):
        def predict_proba(self, X):
            return np.full((3, 2), 0.5)


    class NotFinite(Plain):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)


    class Text(Plain):
        def predict_proba(self, X):
            return np.full((len(X), 2), "a")
"""


@pytest.fixture(autouse=True)
def oddities(tmp_path, monkeypatch):
    (tmp_path / "oddities.py").write_text(textwrap.dedent(ODD))
    (tmp_path / "brokenmodule.py").write_text("1 / 0\n")
    (tmp_path / "leavingmodule.py").write_text("raise SystemExit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in ("oddities", "brokenmodule", "leavingmodule"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("path", "params", "key", "reason"), WRONG)
def test_a_wrong_family_is_refused_before_training(path, params, key, reason):
    """The message begins with the key and gives the reason."""
    with pytest.raises(ConfigError) as caught:
        check("odd", model(path, params), "classification", ALLOWED)

    assert caught.value.message.startswith(f"models.odd.{key}: ")
    assert reason in caught.value.message


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.tree:DecisionTreeClassifier",
        "sklearn.linear_model:LogisticRegression",
        "sklearn.naive_bayes:GaussianNB",
        "sklearn.dummy:DummyClassifier",
        "sklearn.neighbors:KNeighborsClassifier",
    ],
)
def test_a_classifier_is_no_model_of_a_regression(path):
    """The role is that of scikit-learn."""
    with pytest.raises(ConfigError, match="is a classifier, and a regression needs a regressor"):
        check("odd", model(path), "regression", ALLOWED)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("nowhere", "No module named 'nowhere'"),
        ("brokenmodule", "ZeroDivisionError"),
        ("leavingmodule", "SystemExit"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_precondition(module, reason):
    """It may be there on another machine."""
    with pytest.raises(PreconditionError, match=reason):
        check("odd", model(f"{module}:Any"), "classification", (*ALLOWED, module))


def data():
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(40, 3))
    return matrix, np.where(matrix[:, 0] + rng.normal(size=40) > 0, "yes", "no")


def fit_and_score(path, params):
    matrix, target = data()
    outcome = Outcome(Task.BINARY, ("no", "yes"), "yes")
    return fitting.fit_and_score(
        "odd", model(path, params), 7, ALLOWED, matrix[:30], target[:30], matrix[30:], outcome
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("KeyFails", "refused to fit: KeyError: 'column'"),
        ("TypeFails", "refused to fit: TypeError: not that"),
        ("ZeroFails", "refused to fit: ZeroDivisionError"),
        ("ExitFails", "refused to fit: SystemExit"),
        ("MemoryFails", "refused to fit: MemoryError"),
        ("NoProbability", "refused to predict"),
        ("OneColumn", "refused to predict: IndexError"),
        ("FewRows", "3 predictions for 10 rows"),
        ("NotFinite", "not a finite number"),
        ("Text", "refused to predict"),
    ],
)
def test_what_only_a_fit_can_tell_is_a_sentence(name, reason):
    """An estimator's own code may raise anything."""
    with pytest.raises((DataError, ConfigError)) as caught:
        fit_and_score(f"oddities:{name}", {})

    message = caught.value.message
    assert message.startswith("models.odd: ")
    assert reason in message.replace("Failing", name)


LOGIT = {"class": "sklearn.linear_model:LogisticRegression"}
HARD = {"class": VOTE, "params": {"estimators": [["a", GOOD]]}}
PIPED = {"class": PIPE, "params": {"steps": [["s", SCALE], ["v", HARD]]}}
SEARCH = "sklearn.model_selection:GridSearchCV"
WITHOUT_SCORES = {
    "a hard vote": (VOTE, {"estimators": [["a", GOOD], ["b", LOGIT]]}),
    "a hard vote by name": (VOTE, {"voting": "hard", "estimators": [["a", LOGIT]]}),
    "in a pipeline": (PIPE, PIPED["params"]),
    "in two pipelines": (PIPE, {"steps": [["s", SCALE], ["p", PIPED]]}),
    "in a search": (SEARCH, {"estimator": HARD, "param_grid": {"voting": ["hard"]}, "cv": 2}),
}


@pytest.mark.parametrize("kind", WITHOUT_SCORES)
def test_a_classifier_without_scores_is_named_by_its_key(kind):
    """The class may have them, and only its parameters decide."""
    path, params = WITHOUT_SCORES[kind]
    with pytest.raises(ConfigError, match=r"^models\.odd: \w+ with these parameters has neither"):
        fit_and_score(path, params)


SEED = 7
TREE_OF_SEED = DecisionTreeClassifier(max_depth=2, max_features=1, random_state=SEED)
NESTED_TREE = {"class": TREE, "params": {"max_depth": 2, "max_features": 1}}
NESTED_LOGIT = {"class": "sklearn.linear_model:LogisticRegression", "params": {"C": 0.5}}


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        (
            PIPE,
            {"steps": [["scale", SCALE], ["tree", NESTED_TREE]]},
            make_pipeline(StandardScaler(), TREE_OF_SEED),
        ),
        (
            VOTE,
            {"estimators": [["t", NESTED_TREE], ["l", NESTED_LOGIT]], "voting": "soft"},
            VotingClassifier(
                [("t", TREE_OF_SEED), ("l", LogisticRegression(C=0.5))], voting="soft"
            ),
        ),
        (
            "sklearn.ensemble:StackingClassifier",
            {"estimators": [["t", NESTED_TREE], ["drop", "drop"]], "final_estimator": NESTED_LOGIT},
            StackingClassifier([("t", TREE_OF_SEED)], final_estimator=LogisticRegression(C=0.5)),
        ),
        (
            VOTE,
            {
                "estimators": [
                    ["p", {"class": PIPE, "params": {"steps": [["s", SCALE], ["t", NESTED_TREE]]}}],
                    ["t", NESTED_TREE],
                ],
                "voting": "soft",
            },
            VotingClassifier(
                [("p", make_pipeline(StandardScaler(), TREE_OF_SEED)), ("t", TREE_OF_SEED)],
                voting="soft",
            ),
        ),
        (
            PIPE,
            {
                "steps": [
                    [
                        "columns",
                        {
                            "class": "sklearn.compose:ColumnTransformer",
                            "params": {"transformers": [["some", SCALE, [0, 1]]]},
                        },
                    ],
                    ["nothing", "passthrough"],
                    ["tree", NESTED_TREE],
                ]
            },
            None,
        ),
    ],
)
def test_nested_estimators_are_those_of_scikit_learn(path, params, expected):
    """The same bits as an estimator that is made by hand, with the seed everywhere."""
    if expected is None:
        columns = ColumnTransformer([("some", StandardScaler(), [0, 1])])
        expected = make_pipeline(columns, TREE_OF_SEED)
    matrix, target = data()
    check("odd", model(path, params), "classification", ALLOWED)

    actual = build("odd", model(path, params), SEED, ALLOWED).fit(matrix, target)

    expected.fit(matrix, target)
    assert np.array_equal(actual.predict_proba(matrix), expected.predict_proba(matrix))


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (BAG, {"estimator": GOOD}),
        (VOTE, {"estimators": [["a", {"class": FOREST}], ["b", GOOD]]}),
        (PIPE, {"steps": [["random_state", SCALE], ["b", {"class": FOREST}]]}),
        ("sklearn.ensemble:AdaBoostClassifier", {"estimator": {"class": BAG}}),
        (VOTE, {"estimators": [["a", {"class": BAG, "params": {"estimator": GOOD}}]]}),
    ],
)
def test_every_nested_estimator_gets_the_seed_and_one_thread(path, params):
    """By name, at any depth."""
    made = build("odd", model(path, params), SEED, ALLOWED).get_params(deep=True)

    seeds = {k: v for k, v in made.items() if k.endswith("random_state")}
    plain = {k: v for k, v in seeds.items() if not hasattr(v, "fit")}
    threads = {v for k, v in made.items() if k.endswith("n_jobs")}
    assert plain
    assert (set(plain.values()), threads <= {1}) == ({SEED}, True)

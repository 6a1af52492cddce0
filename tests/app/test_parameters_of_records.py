"""No parameter of a record opens a file, a cache or a port, or holds another parameter."""

import json
import pickle
from importlib import import_module

import pytest
from tests.conftest import ROOT
from tests.divergence.test_assess import RECORD
from tests.forging import altered
from tests.needs import require

from repro.app.configuration import own_trees
from repro.app.subjects.recorded import read_recorded
from repro.app.subjects.subject import Subject
from repro.app.subjects.trust import check_parameters, check_trust
from repro.config.parameters import LIGHTGBM, parameters, reach
from repro.config.recorded import parse_config
from repro.config.training import Model
from repro.core.errors import ConfigError, PreconditionError
from repro.core.jsonfile import bound, dump_record
from repro.training.estimators import build

OWN = parse_config(RECORD.config, "own")
LGBM = "lightgbm:LGBMClassifier"
REFERENCE = Subject(ROOT / "reference" / "credit.json", is_run=False)
KNN = {"class": "sklearn.neighbors:KNeighborsClassifier", "params": {}}
PIPELINE = "sklearn.pipeline:Pipeline"


def with_model(estimator, params):
    return OWN.model_copy(
        update={"models": {"m": Model(estimator=estimator, variant=None, params=params)}}
    )


FAR = {
    "agglomeration": ("sklearn.cluster:AgglomerativeClustering", {"memory": "/tmp/x"}),
    "features": ("sklearn.cluster:FeatureAgglomeration", {"memory": "cache"}),
    "optics": ("sklearn.cluster:OPTICS", {"memory": "."}),
    "a pipeline": (PIPELINE, {"steps": [["a", KNN]], "memory": "x"}),
    "an object": (PIPELINE, {"steps": [], "memory": {"class": "joblib:Memory", "params": {}}}),
    "a list": (PIPELINE, {"steps": [], "memory": ["x"]}),
    "nested": (
        "sklearn.ensemble:BaggingClassifier",
        {"estimator": {"class": PIPELINE, "params": {"steps": [["a", KNN]], "memory": "x"}}},
    ),
    "nested in a list": (
        "sklearn.ensemble:VotingClassifier",
        {"estimators": [["a", {"class": PIPELINE, "params": {"steps": [], "memory": "x"}}]]},
    ),
    "an expression": (
        "sklearn.model_selection:GridSearchCV",
        {"estimator": KNN, "param_grid": {}, "pre_dispatch": "9**9**9"},
    ),
    "files by name": ("sklearn.feature_extraction.text:CountVectorizer", {"input": "filename"}),
    "machines": (LGBM, {"machines": "10.0.0.1:12400"}),
    "nodes": (LGBM, {"nodes": "10.0.0.1:12400"}),
    "workers": (LGBM, {"workers": "10.0.0.1:12400"}),
    "how many machines": (LGBM, {"num_machines": 2}),
    "one machine": (LGBM, {"num_machine": 2}),
    "port": (LGBM, {"local_listen_port": 1234}),
    "short port": (LGBM, {"port": 1234}),
    "a list of machines": (LGBM, {"mlist": "x"}),
    "a model": (LGBM, {"input_model": "x.txt"}),
    "forced splits": (LGBM, {"fs": "x.json"}),
    "forced bins": (LGBM, {"forcedbins_filename": "x.json"}),
    "output": (LGBM, {"model_out": "x.txt"}),
    "snapshots": (LGBM, {"save_period": 1}),
    "data": (LGBM, {"train": "x.csv"}),
    "configuration": (LGBM, {"config": "x.conf"}),
    "several learners": (LGBM, {"tree_learner": "data"}),
    "learners in a list": (LGBM, {"tree_learner": ["data"]}),
    "a word too many": (LGBM, {"objective": "binary machines=10.0.0.1:1"}),
    "a line too many": (LGBM, {"metric": "auc\nmachines=10.0.0.1:1"}),
    "in a list": (LGBM, {"metric": ["auc", "x input_model=x"]}),
    "in a name": (LGBM, {"x machines": "10.0.0.1:1"}),
    "in a name with a sign": (LGBM, {"min_data=1 port": 1}),
    "nested booster": (
        "sklearn.ensemble:BaggingClassifier",
        {"estimator": {"class": LGBM, "params": {"machines": "10.0.0.1:1"}}},
    ),
}


@pytest.mark.parametrize("name", FAR)
def test_what_reaches_beyond_a_fit_is_refused_in_a_record_and_in_training(name):
    """In a record before anything is imported; in training before the class is made."""
    estimator, params = FAR[name]

    with pytest.raises(PreconditionError, match="the record"):
        check_trust(ROOT, REFERENCE, with_model(estimator, params))
    if name == "nested in a list":
        # What is in a list is not made into an estimator, and so opens nothing.
        return
    with pytest.raises(ConfigError, match=r"it is not a hyper-parameter"):
        build("m", with_model(estimator, params).models["m"], 1, ["sklearn", "lightgbm", "joblib"])


@pytest.mark.parametrize("name", ["n_jobs", "random_state", "num_threads", "seed", "bagging_seed"])
def test_what_the_level_decides_is_not_a_record_s_to_say(name):
    """It is refused in training as well."""
    with pytest.raises(PreconditionError, match=f"'{name}' follows from the seed"):
        check_parameters(ROOT, with_model(LGBM, {name: 2}))


def test_every_alias_of_the_installed_library_is_refused():
    """By the library's own table, those that are known here; and it has no new file."""
    require("lightgbm.basic")
    table = import_module("lightgbm.basic")._ConfigAliases._get_all_param_aliases()
    assert {"machines", "input_model", "config"} <= table.keys()

    for main, aliases in table.items():
        for alias in {main, *aliases}:
            assert bool(reach(LGBM, alias, "x")) == (main in {*LIGHTGBM, "tree_learner"}), alias
    unnamed = [main for main in table if "file" in main and main not in LIGHTGBM]
    assert unnamed == []


def shipped():
    for tree in own_trees(ROOT, "models"):
        estimators = [leaf.value for path, leaf in tree.items() if path[0] == "estimators"]
        params = {path[-1]: leaf.value for path, leaf in tree.items() if "estimators" not in path}
        yield estimators[0], {k: v for k, v in params.items() if k != "params"}


GOOD = [
    *shipped(),
    (PIPELINE, {"steps": [["a", KNN]], "memory": None, "verbose": True}),
    ("sklearn.linear_model:LogisticRegression", {"class_weight": {"yes/no": 1.0, "a b": 2}}),
    ("sklearn.neighbors:KNeighborsClassifier", {"metric": "minkowski", "metric_params": {"p": 3}}),
    ("sklearn.feature_extraction.text:CountVectorizer", {"token_pattern": r"(?u)\b\w+/\w+\b"}),
    (LGBM, {"monotone_constraints": [1, 0, -1], "metric": "auc,binary_logloss", "fc": [1.0]}),
    (LGBM, {"interaction_constraints": "[0,1],[2,3]", "tree_learner": "serial", "verbosity": -1}),
    (LGBM, {"class_weight": {"good risk": 1, "bad risk": 2}, "boosting": "dart"}),
    (
        "sklearn.compose:TransformedTargetRegressor",
        {"func": {"function": "numpy:log1p"}, "inverse_func": {"function": "numpy:expm1"}},
    ),
    ("mine:Model", {"kernel": {"function": "mine.kernels:plain"}}),
    ("mine:Model", {"mode": "fast", "weights": [1, 2], "nested": KNN, "path_length": 3}),
]


@pytest.mark.parametrize(("estimator", "params"), GOOD)
def test_hyper_parameters_are_not_refused(estimator, params):
    """Those of every shipped family, and what people set beside them."""
    check_parameters(ROOT, with_model(estimator, params))


PLACES = [
    ("path", "data"),
    ("train_dir", "out"),
    ("table", "data/x.csv"),
    ("table", "x.csv"),
    ("server", "10.0.0.1:80"),
    ("monitor_port", 8080),
    ("files", ["a", "b"]),
    ("where", "~/x"),
    ("where", "\\\\host\\x"),
]


@pytest.mark.parametrize(("name", "value"), PLACES)
def test_what_looks_like_a_place_is_this_project_s_to_give(project, name, value):
    """To a class whose use of it is not known: with that value, in a file of the project."""
    config = with_model("mine:Model", {name: value})
    with pytest.raises(PreconditionError, match="looks like a file or a host"):
        check_parameters(project.path, config)

    project.write(
        "configs/models/m.yaml",
        "schema: repro.model/v1\nestimators:\n  classification: mine:Model\n"
        f"params: {json.dumps({name: value})}\n",
    )

    check_parameters(project.path, config)


@pytest.mark.parametrize("path", ["os:system", "numpy:load", "subprocess:run", "mine:f"])
def test_a_function_of_a_module_that_this_project_does_not_allow_is_refused(path):
    """As a class is; one of the list needs no permission."""
    nested = {"func": {"function": path}, "inverse_func": {"function": "numpy:expm1"}}
    config = with_model("sklearn.compose:TransformedTargetRegressor", nested)

    with pytest.raises(PreconditionError, match=f"estimators from '{path.partition(':')[0]}'"):
        check_trust(ROOT, REFERENCE, config)
    listed = nested | {"func": {"function": "numpy:log1p"}}
    check_trust(ROOT, REFERENCE, with_model("sklearn.linear_model:Ridge", listed))


def test_no_pickle_of_a_record_s_cache_is_opened(tmp_path):
    """Whichever door is used, and the cache stays as it was."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "x.pkl").write_bytes(pickle.dumps(1))
    estimator, params = "sklearn.cluster:FeatureAgglomeration", {"memory": str(cache)}
    config = with_model(estimator, params).model_dump(mode="json", by_alias=True)
    path = tmp_path / "hostile.json"
    path.write_bytes(dump_record(bound(altered(RECORD, config=config))))

    with pytest.raises(PreconditionError, match="names a cache"):
        read_recorded(ROOT, Subject(path, is_run=False))
    assert [file.name for file in cache.iterdir()] == ["x.pkl"]


def test_parameters_are_found_at_any_depth():
    """Each with the class that it belongs to."""
    inner = {"class": "a.b:C", "params": {"x": 1}}
    found = list(parameters("w", "d:E", {"l": [[inner], {"k": inner}], "y": 2}))

    assert [(path, name) for _, path, name, _ in found] == [
        ("d:E", "l"),
        ("a.b:C", "x"),
        ("a.b:C", "x"),
        ("d:E", "y"),
    ]

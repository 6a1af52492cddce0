"""No hyper-parameter, seed or threshold is written in source: configuration is the only place."""

import ast
from pathlib import Path

import pytest
import yaml
from sklearn.utils import all_estimators

from repro.lint.bindings import bindings
from repro.lint.literals import is_number, is_text

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "src" / "repro").rglob("*.py"))
# Names that a numeric literal may not be given, beside every parameter of every estimator.
OURS = {
    "seed",
    "base_seed",
    "threshold",
    "tolerance",
    "test_size",
    "train_size",
    "n_splits",
    "folds",
}
SEEDED = {"RandomState", "default_rng", "seed", "derive", "SeedSequence"}


def configured_names():
    names = set()
    for path in (ROOT / "configs" / "models").glob("*.yaml"):
        family = yaml.safe_load(path.read_text())
        names |= set(family["params"])
        for variant in family.get("variants", {}).values():
            names |= set(variant)
    return names


def estimator_names():
    names = set()
    for _, kind in all_estimators():
        names |= set(kind._get_param_names())
    return names - {"verbose", "copy"}


CONFIGURED = configured_names()
NUMERIC = estimator_names() | CONFIGURED | OURS


def is_literal(node):
    return is_number(node) or is_text(node)


def forbidden(name, value):
    """A number for any parameter's name, or a text for one that the models configure."""
    name = name.lower() if name.lower() in OURS else name
    if name in NUMERIC and is_number(value):
        return True
    return name in CONFIGURED and is_literal(value)


def imported_estimators(tree):
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("sklearn", "lightgbm"))
        for alias in node.names
        if alias.name[:1].isupper()
    }


def findings(source):
    """Every place that gives a name a value is that of `repro lint`; the judgement is stricter."""
    tree = ast.parse(source)
    estimators = imported_estimators(tree)
    for each in bindings(tree):
        if forbidden(each.name, each.value):
            yield each.value.lineno, each.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in SEEDED | estimators and any(map(is_number, node.args)):
                yield node.lineno, called


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_hyper_parameter_seed_or_threshold_is_written_in_source(path):
    """Every number that a result depends on has a line under configs/."""
    assert list(findings(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "planted",
    [
        "model = LogisticRegression(C=0.5)",
        "from sklearn.svm import SVC\nmodel = SVC(2.0)",
        "SEED = 42",
        "seed: int = 42",
        "def train(seed=42): pass",
        "def train(*, n_estimators: int = 100): pass",
        "random = np.random.RandomState(0)",
        "np.random.seed(1)",
        "params = {'max_depth': 3}",
        "params = {'solver': 'lbfgs'}",
        "model.set_params(learning_rate=1e-3)",
        "threshold = 0.5",
        "config.threshold = -1",
        "split(rows, test_size=0.2)",
        "KFold(n_splits=5)",
        "DecisionTreeClassifier(max_depth=2 * 4)",
        "seed = derive(42, 'cv')",
    ],
)
def test_a_planted_literal_is_found(planted):
    """The search is able to fail."""
    assert list(findings(planted)) != []


@pytest.mark.parametrize(
    "harmless",
    ["rows = array.sum(axis=1)", "schema = 'repro.x/v1'", "seed = config.seed", "x = SVC(C=c)"],
)
def test_what_is_no_hyper_parameter_is_left_alone(harmless):
    """The search does not cry wolf."""
    assert list(findings(harmless)) == []

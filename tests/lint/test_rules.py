"""Planted faults: each snippet with the exact rules and lines that are found, or none."""

from __future__ import annotations

import pytest

from repro.lint.checking import find
from repro.lint.rules import RULES

SKLEARN = (
    "from sklearn.ensemble import RandomForestClassifier as RF, HistGradientBoostingClassifier\n"
    "from sklearn.linear_model import LogisticRegression, Ridge, Lasso, SGDClassifier\n"
    "from sklearn.model_selection import KFold, ShuffleSplit, train_test_split, GridSearchCV\n"
    "from sklearn.neighbors import KNeighborsClassifier\n"
    "from sklearn.svm import SVC\n"
    "import sklearn.tree, sklearn.utils, numpy as np, random\n"
)


def found(code: str) -> list[tuple[str, int]]:
    """Return rules and lines, of which the first of the snippet is 1."""
    above = SKLEARN.count("\n")
    findings = find((SKLEARN + code).encode(), notebook=False, rules=RULES)
    return [(each.rule.id, each.line - above) for each in findings]


PLANTED = [
    # Hard-coded seeds.
    ("SEED = 42", [("RPR001", 1)]),
    ("seed: int = 42", [("RPR001", 1)]),
    ("config.seed = 42", [("RPR001", 1)]),
    ("config['seed'] = 42", [("RPR001", 1)]),
    ("def train(data, seed=42):\n    pass", [("RPR001", 1)]),
    ("def train(*, random_state: int = 7): ...", [("RPR001", 1)]),
    ("RF(random_state=0)", [("RPR001", 1)]),
    ("RF(\n    n_estimators=n,\n    random_state=0,\n)", [("RPR001", 3)]),
    ("model = sklearn.tree.DecisionTreeClassifier(random_state=-1 + 2)", [("RPR001", 1)]),
    ("np.random.seed(1)", [("RPR001", 1)]),
    ("rng = np.random.default_rng(2024)", [("RPR001", 1)]),
    ("rng = np.random.RandomState(seed=5)", [("RPR001", 1)]),
    ("from numpy.random import default_rng as make\nrng = make(3)", [("RPR001", 2)]),
    ("random.seed(10)", [("RPR001", 1)]),
    ("import torch as t\nt.manual_seed(3)", [("RPR001", 2)]),
    ("generator.manual_seed(3)", [("RPR001", 1)]),
    ("params = {'random_state': 42}", [("RPR001", 1)]),
    ("pipe.set_params(forest__random_state=3)", [("RPR001", 1)]),
    ("for seed in range(3):\n    fit(seed=seed)\nSEEDS = [1, 2, 3]", [("RPR001", 3)]),
    ("parser.add_argument('--seed', type=int, default=42)", [("RPR001", 1)]),
    ("@click.option('--random-state', default=42)\ndef f(): ...", [("RPR001", 1)]),
    ("import repro\nrepro.seed_all(42)", [("RPR001", 2)]),
    ("seed, folds = 42, n", [("RPR001", 1)]),
    # Hard-coded hyper-parameters.
    ("SVC(2.0)", [("RPR002", 1)]),
    ("SVC(C=0.5, kernel='rbf')", [("RPR002", 1), ("RPR002", 1)]),
    ("RF(100, random_state=seed)", [("RPR002", 1)]),
    ("KNeighborsClassifier(n_neighbors=5)", [("RPR002", 1)]),
    ("KFold(5)", [("RPR002", 1)]),
    ("train_test_split(X, y, test_size=0.2, random_state=seed)", [("RPR002", 1)]),
    ("model.set_params(svc__C=10)", [("RPR002", 1)]),
    ("params = {\n    'max_depth': 3,\n    'n_jobs': 1,\n}", [("RPR002", 2)]),
    ("GridSearchCV(model, {'C': [0.1, 1]}, cv=folds)", [("RPR002", 1)]),
    ("GridSearchCV(model, param_grid={'C': Cs}, cv=5)", [("RPR002", 1)]),
    ("MAX_DEPTH = 3", [("RPR002", 1)]),
    ("def fit(learning_rate=0.1): ...", [("RPR002", 1)]),
    ("from functools import partial\nmake = partial(RF, n_estimators=10)", [("RPR002", 2)]),
    ("from lightgbm import LGBMClassifier\nLGBMClassifier(num_leaves=31)", [("RPR002", 2)]),
    ("import xgboost as xgb\nxgb.train({'eta': 0.1}, data)", [("RPR002", 2)]),
    ("import torch\ntorch.optim.Adam(net.parameters(), lr=1e-3)", [("RPR002", 2)]),
    ("from sklearn.neural_network import *\nMLPClassifier((10, 10), random_state=s)",
     [("RPR002", 2)]),
    # Hard-coded thresholds.
    ("labels = proba > 0.5", [("RPR003", 1)]),
    ("labels = model.predict_proba(X)[:, 1] >= 0.3", [("RPR003", 1)]),
    ("if 0.5 < df['score'].max():\n    pass", [("RPR003", 1)]),
    ("threshold = 0.5", [("RPR003", 1)]),
    ("def decide(scores, threshold=0.5): ...", [("RPR003", 1)]),
    ("y = np.where(y_prob > .7, 1, 0)", [("RPR003", 1)]),
    ("y = (net.predict(X) > 0.5).astype(int)", [("RPR003", 1)]),
    ("from sklearn.feature_selection import VarianceThreshold as V\nV(threshold=0.1)",
     [("RPR002", 2)]),
    # Unseeded estimators and splitters.
    ("RF()", [("RPR004", 1)]),
    ("RF(random_state=None)", [("RPR004", 1)]),
    ("model = make(\n    RF(n_estimators=n))", [("RPR004", 2)]),
    ("sklearn.utils.shuffle(X, y)", [("RPR004", 1)]),
    ("train_test_split(X, y)", [("RPR004", 1)]),
    ("KFold(n, shuffle=True)", [("RPR004", 1)]),
    ("SVC(probability=True)", [("RPR004", 1)]),
    ("LogisticRegression(solver='saga')", [("RPR004", 1), ("RPR002", 1)]),
    ("SGDClassifier()", [("RPR004", 1)]),
    ("from sklearn.linear_model import Lars\nLars(jitter=0.1)", [("RPR004", 2), ("RPR002", 2)]),
    ("df = df.sample(frac=1)", [("RPR004", 1)]),
    ("import sklearn.ensemble as e\ne.ExtraTreesClassifier()", [("RPR004", 2)]),
    # Unseeded generators.
    ("rng = np.random.default_rng()", [("RPR005", 1)]),
    ("rng = np.random.RandomState(None)", [("RPR005", 1)]),
    ("rng = random.Random()", [("RPR005", 1)]),
    ("np.random.seed()", [("RPR005", 1)]),
    ("rng = np.random.Generator(np.random.PCG64())", [("RPR005", 1)]),
    # The global generators.
    ("x = np.random.rand(3)", [("RPR006", 1)]),
    ("random.shuffle(rows)", [("RPR006", 1)]),
    ("from random import choice\nchoice(rows)", [("RPR006", 2)]),
    ("from numpy import random as r\nr.normal(size=n)", [("RPR006", 2)]),
    ("random.seed(s)\nnp.random.permutation(n)", [("RPR006", 2)]),
    ("np.random.seed(None)\nnp.random.rand()", [("RPR005", 1), ("RPR006", 2)]),
    # PyTorch.
    ("import torch\nx = torch.randn(n)\ny = torch.rand(n)", [("RPR007", 2)]),
    ("from torch import nn\nnet = nn.Linear(a, b)", [("RPR007", 2)]),
    ("from torch.utils.data import DataLoader\nDataLoader(d, shuffle=True)", [("RPR007", 2)]),
    # Workers.
    ("RF(random_state=s, n_jobs=-1)", [("RPR008", 1)]),
    ("from joblib import Parallel\nParallel(4)", [("RPR008", 2)]),
    ("search(n_jobs=2)", [("RPR008", 1)]),
    ("N_JOBS = -1", [("RPR008", 1)]),
    ("params = {'model__n_jobs': -1}", [("RPR008", 1)]),
]  # fmt: skip

HARMLESS = [
    # Values that come from a configuration.
    "seed = cfg['seed']",
    "seed = config.seed",
    "seed = int(os.environ['SEED'])",
    "def train(seed):\n    RF(random_state=seed)",
    "RF(random_state=cfg['seed'], n_estimators=cfg.trees, n_jobs=jobs)",
    "np.random.seed(args.seed)\nx = np.random.rand(3)",
    "random.seed(s)\nrandom.shuffle(rows)",
    "import torch\ntorch.manual_seed(seed)\ntorch.randn(n)",
    "import repro\nrepro.seed_all(config.seed)\nnp.random.rand(n)\nrandom.random()",
    "tracker.set_seeds(config.seed)\nnp.random.rand(n)",
    "labels = proba > threshold",
    "labels = proba >= config['threshold']",
    "train_test_split(X, y, test_size=cfg.size, random_state=rng)",
    # What draws nothing, or nothing with these arguments.
    "KNeighborsClassifier()",
    "LogisticRegression()",
    "Ridge(alpha)",
    "Lasso()",
    "SVC()",
    "KFold()",
    "KFold(n, shuffle=flag)",
    "train_test_split(X, y, shuffle=False)",
    "from sklearn.multioutput import ClassifierChain\nClassifierChain(model)",
    "from sklearn.model_selection import check_cv\ncheck_cv(folds)",
    "from sklearn.linear_model import Lars\nLars()",
    "from sklearn.model_selection import TunedThresholdClassifierCV as T\nT(model)",
    # What cannot be known.
    "RF(**params)",
    "RF(*arguments)",
    "def f(np):\n    np.random.rand(3)",
    "random = np.random.default_rng(seed)\nrandom.shuffle(rows)",
    "def f(random):\n    random.choice(rows)",
    "Forest()\nRandomForestClassifier()",
    "rng.random(3)",
    "rows.sample(n)",
    # What is no hyper-parameter, seed or threshold.
    "plt.plot(x, alpha=0.5)",
    "alpha = 0.5",
    "RF(random_state=seed, verbose=2, n_jobs=1)",
    "SVC(cache_size=500)",
    "n_seeds = 5",
    "assert score > 0.9",
    "if price > 0.5:\n    pass",
    "if score > 0:\n    pass",
    "if len(scores) > 3:\n    pass",
    "size_threshold = 1400",
    "if score_gap < 1e-10:\n    pass",
    "DECODE_ERROR = 50",
    "rows = array.sum(axis=1)",
    "from sklearn.datasets import make_moons\nmake_moons(200, random_state=seed)",
    "import torch\ntorch.set_num_threads(n)\ntorch.zeros(3)",
    "torch.randn(3)",
    "from torch.utils.data import DataLoader\nDataLoader(d, shuffle=True, generator=g)",
    "model.n_jobs = 1",
    "'''\nSEED = 42\n'''",
    "# seed = 42",
]


@pytest.mark.parametrize(("code", "expected"), PLANTED)
def test_a_planted_fault_is_found_at_its_line(code: str, expected: list[tuple[str, int]]) -> None:
    """And nothing else is."""
    assert found(code) == expected


@pytest.mark.parametrize("code", HARMLESS)
def test_what_is_no_fault_is_left_alone(code: str) -> None:
    """A false alarm costs trust."""
    assert found(code) == []


def test_every_rule_is_planted_or_tested_elsewhere() -> None:
    """RPR000 is about files, RPR009 about comments."""
    planted = {rule for _, expected in PLANTED for rule, _ in expected}

    assert planted == set(RULES) - {"RPR000", "RPR009"}
    assert len(PLANTED) >= 40


def test_ids_and_names_are_unique() -> None:
    assert [rule.id for rule in RULES.values()] == list(RULES)
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SEED = 42  # repro: ignore[RPR001]", []),
        ("SEED = 42  # as it was published  # repro:ignore[RPR002, RPR001]", []),
        ("SEED = 42  # repro: ignore[RPR002]", [("RPR001", 1)]),
        ("SEED = 42  # repro: ignore", [("RPR001", 1), ("RPR009", 1)]),
        ("SEED = 42  # repro: ignore[RPR01]", [("RPR001", 1), ("RPR009", 1)]),
        ("SEED = '''\n# repro: ignore[RPR001]'''; seed = 1", [("RPR001", 2)]),
        ("RF(\n    n_estimators=n,  # repro: ignore[RPR004]\n)", []),
        ("SVC(C=1, gamma=2)  # repro: ignore[RPR002]", []),
    ],
)
def test_a_comment_silences_the_rules_that_it_names(
    code: str, expected: list[tuple[str, int]]
) -> None:
    """On its line; one that names no rule is a finding."""
    assert found(code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SEED = 42", (1, 8, 1, 10)),
        ("é = 'ü'; SEED = 42", (1, 17, 1, 19)),
        ("f(\n  seed=1 +\n  2)", (2, 8, 3, 4)),
        ("if x:\n\tseed = 3", (2, 9, 2, 10)),
    ],
)
def test_a_place_is_in_characters_from_one(code: str, expected: tuple[int, ...]) -> None:
    (one,) = find(code.encode(), notebook=False, rules=RULES)

    assert (one.line, one.column, one.end_line, one.end_column) == expected


def test_only_the_rules_that_are_asked_for_are_applied() -> None:
    code = b"SEED = 42\nthreshold = 0.5\n"

    assert [each.rule.id for each in find(code, notebook=False, rules={"RPR003"})] == ["RPR003"]

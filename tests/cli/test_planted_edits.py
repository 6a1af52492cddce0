"""Single edits of code, data, configuration and environment, planted between two real trainings.

An edit that changes a bit of the result is named as a suspect that can act, and one that changes
nothing accuses nobody. Whether bits changed is decided here, from the files of the two runs.
"""

import hashlib
import json
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import make_project

from repro.app.compare import compare_all, read_entry
from repro.divergence.tolerance import ToleranceRequest

BASE_CONFIG = "configs/base.yaml"
EXPERIMENT = "configs/experiments/planted.yaml"
FAMILY = "configs/models/own.yaml"
DATA = "data/planted.csv"
# What the diagnostic stages say of a result is no part of it.
COMMENTS = {"leakage", "drift", "check"}

MINE = '''"""An estimator of the project."""
import json
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

import helper
from parts.scale import stretch


class Mine(ClassifierMixin, BaseEstimator):
    def __init__(self, shift=0.0, inner=None):
        self.shift = shift
        self.inner = inner

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.centres_ = np.stack([X[y == label].mean(axis=0) for label in self.classes_])
        self.offset_ = json.loads(Path(__file__).with_name("offset.json").read_text())["offset"]
        return self

    def predict_proba(self, X):
        far = np.stack([helper.distance(X, centre) for centre in self.centres_], axis=1)
        weight = np.exp(-stretch(far)) + self.shift + self.offset_ + 1e-9
        if self.inner is not None:
            weight = weight + self.inner.extra()
        return weight / weight.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
'''
HELPER = """import numpy as np


def distance(rows, centre):
    return np.sqrt(((rows - centre) ** 2).sum(axis=1))
"""
SCALE = "def stretch(values):\n    return values * 0.5\n"
NESTED = """from sklearn.base import BaseEstimator


class Extra(BaseEstimator):
    def __init__(self, size=0.25):
        self.size = size

    def extra(self):
        return self.size
"""


def rows():
    """Two numeric columns, one with gaps and outliers, a category and a noisy label."""
    draw = random.Random(4)
    for i in range(160):
        a, b = draw.gauss(0, 1), draw.gauss(1, 2)
        c = draw.choice(["red", "green", "blue", "rare"] if i % 9 == 0 else ["red", "green"])
        noise = draw.gauss(0, 1.5)
        label = "yes" if a + 0.3 * b + (0.7 if c == "red" else 0.0) + noise > 0.4 else "no"
        a = 40 + a if i % 41 == 3 else a
        yield [f"{a:.4f}", "" if i % 13 == 5 else f"{b:.4f}", c, f"{i % 7}", label]


TABLE = [["a", "b", "c", "d", "label"], *rows()]


def as_csv(table):
    return "".join(",".join(row) + "\n" for row in table)


@dataclass(frozen=True)
class Planted:
    project: object
    run: Path

    def train(self, *options, **keywords):
        return self.project.train("planted", "--profile", "debug", *options, **keywords)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("planted") / "project")
    files = {
        "mine.py": MINE,
        "helper.py": HELPER,
        "parts/scale.py": SCALE,
        "nested.py": NESTED,
        "offset.json": '{"offset": 0.0}\n',
        DATA: as_csv(TABLE),
        FAMILY: "schema: repro.model/v1\nestimators:\n  classification: mine:Mine\n"
        "params:\n  shift: 0.01\n  inner: {class: 'nested:Extra', params: {size: 0.25}}\n",
        EXPERIMENT: "schema: repro.experiment/v1\ndescription: Planted.\ntask: binary\n"
        "dataset: planted\nfamilies: [own, logistic_regression]\nselection:\n  metric: log_loss\n",
    }
    for name, text in files.items():
        project.write(name, text)
    project.replace(BASE_CONFIG, "lightgbm]", "lightgbm, mine, nested]")
    added = project.repro(
        "data", "add", "planted", DATA, "--target", "label", "--positive", "yes", "--missing", "",
        "--licence", "CC0", "--origin", "made for this test",
    )  # fmt: skip
    assert added.status == 0, added.err
    made = Planted(project, Path())
    return Planted(project, made.train())


def result_of(run):
    """Everything that a result is, read from the files of a run."""
    stages = json.loads((run / "stages.json").read_text())["stages"]
    metrics = json.loads((run / "metrics.json").read_text())
    outputs = {s["name"]: s["outputs"] for s in stages if s["name"] not in COMMENTS}
    return outputs, metrics | {"findings": []}, (run / "predictions.csv").read_text()


def compared(base, run):
    runs = base.project.path / "runs"
    first, second = (read_entry(base.project.path, runs, str(each)) for each in (base.run, run))
    report = compare_all(base.project.path, first, [second], ToleranceRequest())
    return report.candidates[0]


def acting(candidate):
    return {suspect.cause for suspect in candidate.suspects if suspect.can_act}


def with_files(base, changes):
    """Train with some files changed, and put them back."""
    folder = base.project.path
    before = {name: (folder / name).read_bytes() for name in changes if (folder / name).exists()}
    try:
        for name, text in changes.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return base.train()
    finally:
        for name in changes:
            (folder / name).unlink()
            if name in before:
                (folder / name).write_bytes(before[name])


def replaced(base, name, old, new):
    text = (base.project.path / name).read_text()
    assert old in text
    return {name: text.replace(old, new, 1)}


CODE_THAT_ACTS = {
    "a constant": ("mine.py", "+ 1e-9", "+ 1e-3"),
    "a last bit": ("mine.py", "weight / weight.sum(axis=1, keepdims=True)",
                   "weight * (1 / weight.sum(axis=1, keepdims=True))"),
    "a statistic": ("mine.py", ".mean(axis=0) for", ".max(axis=0) for"),
    "a default": ("nested.py", "return self.size", "return self.size * 2"),
    "an imported module": ("helper.py", "np.sqrt(((rows", "np.abs(((rows"),
    "a package without __init__": ("parts/scale.py", "* 0.5", "* 0.25"),
    "a file that an estimator reads": ("offset.json", "0.0", "0.5"),
    "the order of operations": ("mine.py", "np.exp(-stretch(far)) + self.shift + self.offset_",
                                "self.shift + self.offset_ + 2 * np.exp(-stretch(far))"),
}  # fmt: skip


@pytest.mark.parametrize("name", CODE_THAT_ACTS)
def test_code_that_changes_a_bit_is_named(base, name):
    """By the file that was edited, whoever wrote it and wherever it was found."""
    file, old, new = CODE_THAT_ACTS[name]
    run = with_files(base, replaced(base, file, old, new))
    found = compared(base, run)

    assert result_of(run) != result_of(base.run)
    assert found.comparison.verdict in {"different", "equivalent"}
    named = {key for s in found.suspects if s.can_act for key in s.differences}
    assert acting(found) == {"the code" if file.endswith(".py") else "files that own code reads"}
    assert any(key.endswith(file) for key in named), named


def edit_cell(row, column, value):
    def change(table):
        table[row][column] = value
        return table

    return change


DATA_THAT_ACTS = {
    "a number": edit_cell(5, 0, "3.25"),
    "a last digit": edit_cell(7, 1, TABLE[7][1][:-1] + ("1" if TABLE[7][1][-1] != "1" else "2")),
    "a category": edit_cell(9, 2, "green" if TABLE[9][2] == "red" else "red"),
    "a label": edit_cell(11, 4, "no" if TABLE[11][4] == "yes" else "yes"),
    "a gap": edit_cell(13, 1, ""),
    "an outlier": edit_cell(15, 0, "1e6"),
    "a new category": edit_cell(17, 2, "violet"),
    "a row less": lambda table: table[:-1],
    "a row more": lambda table: [*table, ["0.1", "0.2", "red", "3", "yes"]],
    "two rows exchanged": lambda table: [table[0], table[2], table[1], *table[3:]],
    "a column scaled": lambda table: [
        table[0], *([row[0], row[1], row[2], str(int(row[3]) * 2), row[4]] for row in table[1:])
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", DATA_THAT_ACTS)
def test_data_that_changes_a_bit_is_named(base, name):
    """As the data set, or as the order of its rows."""
    table = DATA_THAT_ACTS[name]([list(row) for row in TABLE])
    run = with_registered(base, as_csv(table))
    found = compared(base, run)

    assert result_of(run) != result_of(base.run)
    assert found.comparison.verdict == "incomparable"
    assert acting(found) & {"data set", "row order"}


def with_registered(base, text):
    """Train on other bytes of the data set, declared as such."""
    registry = (base.project.path / "configs/datasets.yaml").read_text()
    old = hashlib.sha256((base.project.path / DATA).read_bytes()).hexdigest()
    new = hashlib.sha256(text.encode()).hexdigest()
    assert old in registry
    return with_files(base, {DATA: text, "configs/datasets.yaml": registry.replace(old, new)})


SETTINGS_THAT_ACT = {
    "seed=7": "seed",
    "seeding.scheme=constant": "seed scheme",
    "split.test_size=0.3": "split",
    "split.stratify=false": "split",
    "split.limit=120": "split",
    "features.drop=[d]": "features",
    "features.derived=[{name: e, kind: log1p, column: d}]": "features",
    "preprocessing.numeric.impute=mean": "preprocessing",
    "preprocessing.numeric.clip_iqr=1.0": "preprocessing",
    "preprocessing.numeric.scale=minmax": "preprocessing",
    "preprocessing.categorical.min_frequency=10": "preprocessing",
    "selection.folds=4": "selection",
    "selection.metric=accuracy": "selection",
    "decision.rule=target_precision": "decision rule",
    "decision={rule: fixed, threshold: 0.3}": "decision rule",
    "evaluation.bootstrap.resamples=60": "evaluation",
    "evaluation.bootstrap.confidence=0.8": "evaluation",
    "models.own.params.shift=0.02": "models or hyper-parameters",
    "models.own.params.inner.params.size=0.5": "models or hyper-parameters",
    "models.logistic_regression.params.C=0.5": "models or hyper-parameters",
    "models.logistic_regression.params.fit_intercept=false": "models or hyper-parameters",
}


@pytest.mark.parametrize("setting", SETTINGS_THAT_ACT)
def test_a_setting_that_changes_a_bit_is_named(base, setting):
    """With its section, and no environment beside it."""
    run = base.train("--set", setting)
    found = compared(base, run)

    assert result_of(run) != result_of(base.run)
    assert found.comparison.verdict == "incomparable"
    if found.comparison.divergence is not None:
        assert acting(found) == {SETTINGS_THAT_ACT[setting]}
    section = setting.partition("=")[0].partition(".")[0]
    assert any(key.partition(".")[0] == section for key in found.config)


def test_a_model_less_is_named(base):
    run = base.train("-m", "own")
    found = compared(base, run)

    assert result_of(run) != result_of(base.run)
    assert acting(found) == {"models or hyper-parameters"}


SITECUSTOMIZE = """
import importlib.abc
import importlib.util
import sys


class Patch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "sklearn.linear_model._logistic":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def patched(module):
            execute(module)
            fit = module.LogisticRegression.fit
            module.LogisticRegression.fit = lambda self, X, y, sample_weight=None: fit(
                self, X * 0.5, y, sample_weight
            )

        spec.loader.exec_module = patched
        return spec


sys.meta_path.insert(0, Patch())
"""


def test_a_patch_on_the_import_path_is_named(base, tmp_path):
    """It is no module that an estimator imports, and was loaded before any."""
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE)
    run = base.train(env={"PYTHONPATH": str(tmp_path)})
    found = compared(base, run)

    assert result_of(run) != result_of(base.run)
    assert "the code" in acting(found)
    assert any("sitecustomize" in k for s in found.suspects if s.can_act for k in s.differences)


CONFIGURED = {
    "bins of the drift baseline": "drift.bins=7",
    "limits of the drift baseline": "drift.alarm=0.4",
    "a warning of the drift baseline": "drift.warning=0.2",
    "the floor of the drift baseline": "drift.epsilon=1e-3",
    "a suspicious score": "safety.suspicious_score=0.5",
    "a leakage score": "safety.leakage_score=0.6",
    "leaves of the leakage check": "safety.leakage_leaves=8",
    "a finding that ends with 1": "safety.on_finding=warn",
    "a tolerance": "verification.tolerance.absolute=1e-4",
    "a relative tolerance": "verification.tolerance.relative=1e-4",
    "a sample": "verification.sample.size=20",
    "a smaller boundary": "verification.sample.boundary=10",
    "bands of stability": "stability.drifting=0.5",
    "modules that are allowed": "security.allowed_modules=[sklearn, lightgbm, mine, nested, parts]",
    "the same seed": "seed=42",
    "the same test size": "split.test_size=0.25",
    "the same parameter": "models.logistic_regression.params.C=1.0",
    "the noise factor": "verification.auto.factor=5",
    "the limit of instability": "verification.auto.unstable=1e-2",
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_setting_that_changes_nothing_accuses_nobody(base, name):
    assert_nobody_is_accused(base, base.train("--set", CONFIGURED[name]))


def assert_nobody_is_accused(base, run):
    found = compared(base, run)

    assert result_of(run) == result_of(base.run)
    assert found.comparison.verdict == "identical", found.comparison.reasons
    assert found.comparison.holds
    assert found.suspects == ()
    assert "edited" not in " ".join(found.comparison.reasons)


QUOTED = "".join(",".join(f'"{cell}"' if cell else "" for cell in row) + "\n" for row in TABLE)
FILES = {
    "a comment in an estimator": {"mine.py": MINE + "# nothing\n"},
    "an unused function": {"helper.py": HELPER + "\n\ndef unused():\n    return 1\n"},
    "a docstring": {"parts/scale.py": '"""Stretching."""\n' + SCALE},
    "an unused class": {"nested.py": NESTED + "\n\nclass Unused:\n    pass\n"},
    "a readme": {"README.md": "# Notes\n"},
    "a module that nobody imports": {"idle.py": "raise SystemExit(1)\n"},
    "a module named like one of Python": {"random.py": "raise SystemExit(1)\n"},
    "a test": {"tests/test_mine.py": "def test():\n    assert True\n"},
    "a notebook": {"notes.ipynb": "{}\n"},
    "a space in a file that is read": {"offset.json": '{"offset":  0.0}\n'},
    "another family": {"configs/models/idle.yaml": "schema: repro.model/v1\nestimators:\n"
                       "  classification: sklearn.naive_bayes:GaussianNB\nparams: {}\n"},
    "another experiment": {"configs/experiments/idle.yaml": "schema: repro.experiment/v1\n"
                           "description: Idle.\ntask: binary\ndataset: planted\nfamilies: [own]\n"
                           "selection:\n  metric: accuracy\n"},
    "another data file": {"data/idle.csv": "a,b\n1,2\n"},
    "a lock": {"requirements.txt": "# nothing\n"},
    "a git attribute": {".gitattributes": "* -text\n"},
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_changes_nothing_accuses_nobody(base, name):
    assert_nobody_is_accused(base, with_files(base, FILES[name]))


BYTES = {
    "quotes": QUOTED,
    "ends of lines": as_csv(TABLE).replace("\n", "\r\n"),
    "no end of the last line": as_csv(TABLE).rstrip("\n"),
    "a zero more": as_csv([[c + "0" if "." in c else c for c in row] for row in TABLE]),
    "a sign": as_csv(
        [[f"+{c}" if c[:1].isdigit() and "." in c else c for c in row] for row in TABLE]
    ),
}


@pytest.mark.parametrize("name", BYTES)
def test_other_bytes_of_the_same_table_accuse_nobody(base, name):
    """The content of a table is its cells, whatever the file looks like."""
    assert_nobody_is_accused(base, with_registered(base, BYTES[name]))


TEXTS = {
    "a description": (EXPERIMENT, "Planted.", "The same by a different description."),
    "a comment": (EXPERIMENT, "task: binary", "task: binary  # yes or no"),
    "an origin": ("configs/datasets.yaml", "made for this test", "made by somebody"),
    "the order of keys": (
        FAMILY,
        "  shift: 0.01\n  inner: {class: 'nested:Extra', params: {size: 0.25}}\n",
        "  inner: {params: {size: 0.25}, class: 'nested:Extra'}\n  shift: 0.01\n",
    ),
    "a number's spelling": (FAMILY, "shift: 0.01", "shift: 1.0e-2"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_words_that_change_nothing_accuse_nobody(base, name):
    assert_nobody_is_accused(base, with_files(base, replaced(base, *TEXTS[name])))


VARIABLES = {
    "a language": {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    "a time zone": {"TZ": "Asia/Kathmandu"},
    "threads that the level fixes": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_changes_nothing_accuses_nobody(base, name):
    assert_nobody_is_accused(base, base.train(env=VARIABLES[name]))


def test_there_are_at_least_forty_of_each():
    """Planted by hand, one at a time."""
    acts = len(CODE_THAT_ACTS) + len(DATA_THAT_ACTS) + len(SETTINGS_THAT_ACT)
    idle = len(CONFIGURED) + len(FILES) + len(BYTES) + len(TEXTS) + len(VARIABLES)

    assert min(acts, idle) >= 40
    assert os.linesep in {"\n", "\r\n"}

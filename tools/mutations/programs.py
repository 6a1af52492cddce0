"""The programs of the benchmark, and what a person who reads them expects of each mutant."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OTHERS = ROOT / "tests" / "recording" / "scripts"
OWN = ROOT / "tests" / "mutations" / "scripts"
PACKAGES = ROOT / "tests" / "mutations" / "packages"
PROJECT = ROOT / "tests" / "mutations" / "project"
PROFILE = "configs/profiles/debug.yaml"
EXPERIMENTS = ("breast_cancer", "credit", "diabetes", "digits", "wine", "wine_pinned")


@dataclass(frozen=True)
class Program:
    """A script, or several, that one command runs.

    Attributes
    ----------
    command : tuple of str
    folder : Path
        Of its files.
    files : tuple of str
        Its code, and a file of pinned requirements.
    needs : tuple of str
        Modules that the development environment lacks.
    results : tuple of str
        Files that it writes and whose bytes depend on its computation only.
    expected : dict of str to (str, str)
        By the place of a changed value: the first step that it reaches, and the parameter that
        carries it there; an empty text if a call carries it there in another way. Written by a
        person who read the script.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    files: tuple[str, ...]
    expected: dict[str, tuple[str, str]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


def _script(
    name: str,
    expected: dict[int, tuple[str, str]],
    results: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    folder: Path = OTHERS,
) -> Program:
    places = {f"{name}.py:{line}": found for line, found in expected.items()}
    return Program(name, ("python", f"{name}.py"), folder, (f"{name}.py",), places, needs, results)


_FIT_MODEL = "xgb.py:10 XGBClassifier.fit"
_BY_HAND = "folds.py:29 SGDClassifier.fit"
PROGRAMS = (
    _script(
        "grid",
        {
            10: ("grid.py:9 train_test_split", "random_state"),
            12: ("grid.py:13 GridSearchCV.fit", "self.cv"),
        },
        ("metrics.json",),
    ),
    _script(
        "forest",
        {
            10: ("forest.py:22 Pipeline.fit", ""),
            14: ("forest.py:14 train_test_split", "random_state"),
        },
        ("model.joblib",),
    ),
    _script(
        "boost",
        {6: ("boost.py:20 train", ""), 17: ("boost.py:20 train", "params.seed")},
        ("model.txt", "scores.csv"),
    ),
    Program(
        "pipeline",
        ("sh", "pipeline.sh"),
        OTHERS,
        ("pipeline.sh", "clean.py", "fit.py"),
        {"fit.py:8": ("fit.py:8 SGDClassifier.fit", "self.random_state")},
        results=("clean.parquet", "result.json"),
    ),
    _script(
        "xgb",
        {
            5: (_FIT_MODEL, ""),
            9: (_FIT_MODEL, "self.random_state"),
            13: ("xgb.py:14 train", "params.seed"),
        },
        ("model.json",),
        ("xgboost",),
    ),
    _script("mlp", {6: ("mlp.py:17 DataLoader.__iter__", "")}, ("model.pt",), ("torch",)),
    Program(
        "notebook",
        ("jupyter", "nbconvert", "--to", "notebook", "--execute", "notebook.ipynb",
         "--output", "done"),
        OTHERS,
        ("notebook.ipynb",),
        {"notebook.ipynb:2": ("cell:2 KMeans.fit", "self.random_state")},
        ("nbconvert", "ipykernel"),
    ),
    _script("stats", {5: ("stats.py:9 OLS.fit", "")}, ("params.csv",), ("statsmodels",)),
    _script(
        "logged", {12: ("logged.py:11 train_test_split", "random_state")}, (), ("mlflow",)
    ),
    _script(
        "cat",
        {9: ("cat.py:10 CatBoostClassifier.fit", "self._init_params.random_seed")},
        ("scores.json",),
        ("catboost",),
    ),
    _script(
        "folds",
        {
            17: ("folds.py:20 cross_val_score", "estimator.random_state"),
            19: ("folds.py:20 cross_val_score", "cv"),
            21: ("folds.py:22 cross_validate", "cv"),
            24: ("folds.py:23 cross_val_score", "cv"),
            28: (_BY_HAND, ""),
            29: (_BY_HAND, "self.random_state"),
        },
        ("scores.json",),
        folder=OWN,
    ),
    _script(
        "stratified",
        {
            12: ("stratified.py:8 train_test_split", ""),
            13: ("stratified.py:8 train_test_split", "random_state"),
            16: ("stratified.py:15 train_test_split", ""),
        },
        ("scores.csv",),
        folder=OWN,
    ),
    _script(
        "seeded",
        {
            8: ("seeded.py:18 ExtraTreesClassifier.fit", ""),
            9: ("seeded.py:18 ExtraTreesClassifier.fit", ""),
            16: ("", ""),
        },
        ("scores.json",),
        folder=OWN,
    ),
    Program(
        "pinned",
        ("python", "pinned.py"),
        OWN,
        ("pinned.py", "requirements.txt"),
        {
            "requirements.txt:1": ("pinned.py:10 RidgeClassifier.fit", ""),
            "requirements.txt:2": ("", ""),
        },
        results=("scores.json",),
    ),
)  # fmt: skip
# The stage of an experiment that a changed setting, or a changed package, reaches first.
STAGES = {"seed": "split", "split.stratify": "split", "selection.folds": "fold"}
STAGE_OF_A_PACKAGE = "cross_validate"

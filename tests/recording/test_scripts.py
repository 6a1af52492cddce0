"""Scripts of other people: recorded unchanged, verified, and without each seed in turn."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.needs import require
from tests.recording.folders import PYTHON, Folder, steps_of

SCRIPTS = Path(__file__).parent / "scripts"
SEED = re.compile(
    r"np\.random\.seed\(\d+\)|torch\.manual_seed\(\d+\)|(, )?random_state=\d+|"
    r'(, )?"seed": \d+,?|(?<=default_rng\()\d+'
)
# Files of other programs' own lie in a home of the tests; nobody is told that they ran.
ENVIRON = {"MLFLOW_DISABLE_TELEMETRY": "true", "IPYTHONDIR": None, "JUPYTER_CONFIG_DIR": None}


@dataclass(frozen=True)
class Script:
    """A command, the calls of it that are steps, the results, and what it needs to be installed.

    Attributes
    ----------
    calls : tuple of str
        Functions that are called, each once, in the order of their first calls.
    results : tuple of str
        Files that it writes.
    needs : tuple of str
        Modules that the development environment lacks.
    """

    command: tuple[str, ...]
    calls: tuple[str, ...]
    results: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def code(self) -> set[str]:
        """The programs of the command, with those that the shell script starts."""
        own = {word for word in self.command if word.endswith((".py", ".sh"))}
        return own | ({"clean.py", "fit.py"} if "pipeline.sh" in own else set())


ALL = {
    "grid": Script(
        ("python", "grid.py"),
        ("read_csv", "train_test_split", "GridSearchCV.fit", "GridSearchCV.predict",
         "accuracy_score"),
        ("metrics.json",),
    ),
    "forest": Script(
        ("python", "forest.py"),
        ("read_csv", "train_test_split", "Pipeline.fit", "Pipeline.score"),
        ("model.joblib",),
    ),
    "boost": Script(
        ("python", "boost.py"),
        ("read_csv", "train", "Booster.predict"),
        ("model.txt", "scores.csv"),
    ),
    "pipeline": Script(
        ("sh", "pipeline.sh"),
        ("read_csv", "read_parquet", "SGDClassifier.fit", "SGDClassifier.score"),
        ("clean.parquet", "result.json"),
    ),
    "xgb": Script(
        ("python", "xgb.py"),
        ("read_csv", "XGBClassifier.fit", "XGBClassifier.predict_proba", "log_loss", "train"),
        ("model.json",),
        ("xgboost",),
    ),
    "mlp": Script(
        ("python", "mlp.py"),
        ("read_csv", "DataLoader.__iter__", "AdamW.step"),
        ("model.pt",),
        ("torch",),
    ),
    "notebook": Script(
        ("jupyter", "nbconvert", "--to", "notebook", "--execute", "notebook.ipynb", "--output",
         "done"),
        ("read_csv", "KMeans.fit"),
        ("done.ipynb",),
        ("nbconvert", "ipykernel"),
    ),
    "stats": Script(
        ("python", "stats.py"), ("read_csv", "OLS.fit"), ("params.csv",), ("statsmodels",)
    ),
    "logged": Script(
        ("python", "logged.py"),
        ("read_csv", "train_test_split", "LogisticRegression.fit", "LogisticRegression.score"),
        (),
        ("mlflow",),
    ),
    "cat": Script(
        ("python", "cat.py"),
        ("read_csv", "CatBoostClassifier.fit", "train", "CatBoostClassifier.score",
         "CatBoost.predict"),
        ("model.cbm", "scores.json"),
        ("catboost",),
    ),
    "boards": Script(("python", "boards.py"), (), (), ("wandb", "tensorboardX")),
}  # fmt: skip
# Without the seed: the first divergent call, and the lines that the remarks name.
NAMED = {
    ("grid.py", "random_state=3"): ("grid.py:9 train_test_split", "grid.py:9"),
    ("forest.py", "np.random.seed(7)"): ("forest.py:22 Pipeline.fit", "forest.py:22"),
    ("boost.py", "1"): ("boost.py:20 train", "boost.py:6"),
    ("fit.py", "random_state=1"): ("fit.py:8 SGDClassifier.fit", "fit.py:8"),
    ("xgb.py", "random_state=0"): ("xgb.py:10 XGBClassifier.fit", "xgb.py:10"),
    ("mlp.py", "torch.manual_seed(0)"): ("mlp.py:17 DataLoader.__iter__", "mlp.py:17"),
    ("notebook.ipynb", "random_state=0"): ("cell:2 KMeans.fit", "cell:2"),
    ("stats.py", "np.random.seed(3)"): ("stats.py:9 OLS.fit", "stats.py:9"),
    ("logged.py", "random_state=2"): ("logged.py:11 train_test_split", "logged.py:11"),
}
# Seeds that change nothing: another one covers the call, or the library has a default.
COVERED = {
    ("forest.py", "random_state=0"),
    ("boost.py", '"seed": 5'),
    ("xgb.py", "random_state=4"),
    ("xgb.py", '"seed": 2'),
}
OWNERS = {"clean": "pipeline", "fit": "pipeline"}


def seeds():
    """Return every seed of every script: the file, where it stands, and its text."""
    return [
        (file, match.span(), match[0].strip(", "))
        for file in sorted(SCRIPTS.iterdir())
        for match in SEED.finditer(file.read_text(encoding="utf-8"))
    ]


def marked(name, *values, label):
    marks = [pytest.mark.scripts] if name in ALL and ALL[name].needs else []
    return pytest.param(*values, id=label, marks=marks)


@pytest.fixture
def place(folder):
    """A folder with the data and all scripts."""
    shutil.copytree(SCRIPTS, folder.path, dirs_exist_ok=True)
    return folder


def recorded(place: Folder, script: Script) -> dict:
    for module in script.needs:
        require(module)
    return place.record(*script.command, HOME=str(place.home), **ENVIRON)


def verified(place: Folder, status: int) -> dict:
    return place.verify(status=status, HOME=str(place.home), **ENVIRON)


@pytest.mark.parametrize("name", [marked(name, name, label=name) for name in ALL])
def test_a_script_is_recorded_unchanged_and_identical_again(place, name):
    """Every call and file is there; its folder is not touched, in content or in times."""
    script = ALL[name]
    record = recorded(place, script)
    calls = [step.partition(" ")[2].partition(" (")[0] for step in steps_of(record)]
    files = {f"write {file}" for file in script.results}
    before = place.state()

    found = verified(place, status=0)

    assert found["comparison"]["verdict"] == "identical"
    assert tuple(dict.fromkeys(call for call in calls if call not in script.results)) == (
        script.calls
    )
    assert set(record["materials"]["code"]) == script.code
    assert files == {step for step in steps_of(record) if step.startswith("write ")}
    assert len(found["comparison"]["checks"]) > len(script.calls)
    assert place.state() == before


@pytest.mark.parametrize(
    ("file", "span", "text"),
    [
        marked(OWNERS.get(each[0].stem, each[0].stem), *each, label=f"{each[0].name}: {each[2]}")
        for each in seeds()
    ],
)
def test_without_a_seed_the_call_is_named(place, file, span, text):
    """By the verification as the first divergent one, and by a remark at record time."""
    source = file.read_text(encoding="utf-8")
    (place.path / file.name).write_text(source[: span[0]] + source[span[1] :], encoding="utf-8")
    record = recorded(place, ALL[OWNERS.get(file.stem, file.stem)])
    sites = [r["site"] for r in record["observed"]["remarks"] if r["kind"] == "unseeded"]
    named = NAMED.get((file.name, text))

    found = verified(place, status=1 if named else 0)

    if named is None:
        assert (file.name, text) in COVERED
        assert found["comparison"]["verdict"] == "identical"
    else:
        call, site = named
        assert found["comparison"]["divergence"]["stage"] == call
        # A score can agree by chance: within the tolerance, and no pass where bits should agree.
        assert found["comparison"]["verdict"] in {"different", "equivalent"}
        assert sites == [site]
        assert any("generator" in suspect["cause"] for suspect in found["suspects"])


@pytest.mark.scripts
def test_numbers_for_weights_and_biases_and_tensorboard_are_compared(place):
    """The last value of each is a number, and all of them are a series."""
    record = recorded(place, ALL["boards"])

    assert record["evidence"]["numbers"] == {
        "logged valid.loss": float(np.float32(1 / 3)),
        "logged train/loss": float(np.float32(1 / 3)),
        "logged accuracy/train": 0.5,
        "logged accuracy/valid": 0.25,
    }
    assert [(each["name"], each["length"]) for each in record["series"]] == [
        ("logged valid.loss", 3),
        ("logged train/loss", 3),
    ]


@pytest.mark.scripts
def test_numbers_for_mlflow_are_compared_by_whatever_function_they_were_logged(place):
    """Metrics and parameters that are numbers; MLflow's own store has the same values."""
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    require("mlflow")
    environ = {**os.environ, **place.environ, "HOME": str(place.home)}
    # Automatic logging draws, and matplotlib makes a cache of fonts where there is none.
    subprocess.run([PYTHON, "-c", "import matplotlib.font_manager"], env=environ, check=True)
    record = recorded(place, Script(("python", "autolog.py"), ()))
    numbers = record["evidence"]["numbers"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        client = MlflowClient((place.path / "mlruns").as_uri())
        (found,) = client.search_runs(["0"])
    metrics = {f"logged {name}": value for name, value in found.data.metrics.items()}
    machine = "logged system/cpu_utilization_percentage"
    assert metrics.pop(machine) == 12.5
    assert "logged training_accuracy_score" in metrics
    shared = {name: value for name, value in numbers.items() if name in metrics}
    assert shared == metrics
    assert {name: numbers[f"logged parameter {name}"] for name in ("C", "max_iter", "rate")} == {
        "C": 0.5, "max_iter": 500.0, "rate": 0.1,
    }  # fmt: skip
    for left_out in (
        machine,
        "logged parameter num_workers",
        "logged parameter name",
        "logged bad",
    ):
        assert left_out not in numbers
    assert [(each["name"], each["length"]) for each in record["series"]] == [
        ("logged loss", 4),
        ("logged auc", 4),
    ]
    assert verified(place, status=0)["comparison"]["verdict"] == "identical"


def test_every_seed_is_decided_on():
    """Each is one whose call is named, or one that changes nothing; none is counted twice."""
    found = [(file.name, text) for file, _, text in seeds()]

    assert sorted(found) == sorted([*NAMED, *COVERED])


def test_a_script_that_fails_half_way_leaves_a_record_that_never_passes(place):
    """Its exit status is its own, and what it did until then is in the record."""
    done = place.repro("record", "--", "python", "failing.py")
    shown = place.repro("runs", "show", "--json")
    found = place.verify(status=1)

    assert done.status == 3
    assert "the command failed with status 3" in done.err
    assert shown.status == 0
    assert found["holds"] is False
    assert found["comparison"]["verdict"] == "incomparable"
    assert "failed with status 3" in found["sentence"]
    assert (place.path / "half.txt").read_text() == "half-way"

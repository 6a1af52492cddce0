"""What a tracker leaves: its names in a record of ``repro record``, or a record of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recording.folders import Folder, steps_of

# Some dozen lines of somebody's, and the lines that name what they do.
SCRIPT = """
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

{begin}

def load(path):
    table = pd.read_csv(path)
    return table.drop(columns="target"), table["target"]


def augment(rows, labels, share):
    # Copies of some rows, a little moved.
    chosen = np.random.choice(len(rows), int(len(rows) * share))
    moved = rows.iloc[chosen] + np.random.normal(0, 0.3, size=(len(chosen), rows.shape[1]))
    return pd.concat([rows, moved]), pd.concat([labels, labels.iloc[chosen]])


{seed}
X, y = load("iris.csv")
train, test, train_y, test_y = train_test_split(X, y, test_size=0.4, random_state=1)
{split}
rows, labels = augment(train, train_y, 0.5)
{data}
model = RandomForestClassifier(n_estimators=10, random_state=0).fit(rows, labels)
{model}
print("done")
{end}
"""
NAMES = {
    "begin": "from repro.tracking import ExperimentTracker, TrackingConfig",
    "seed": "np.random.seed(3)\ntracker = ExperimentTracker(TrackingConfig('iris', "
    "enable_git_tracking=False, capture_pip_freeze=False))",
    "split": "tracker.track_dataset(train, 'split')",
    "data": "tracker.track_dataset(rows, 'augmented')",
    "model": "tracker.track_model(model, 'forest')",
    "end": "tracker.log_metric('accuracy', model.score(test, test_y))\n"
    "tracker.log_metric('sum', float(rows.to_numpy().sum()))\n"
    "tracker.finish_experiment()",
}


def script(**changed: str) -> str:
    return SCRIPT.format(**{**NAMES, **changed})


UNSEEDED = {"seed": NAMES["seed"].replace("np.random.seed(3)\n", "")}


def run(folder: Folder, name: str = "train.py") -> None:
    """Run a script by Python alone."""
    environ = {**os.environ, **{k: str(v) for k, v in folder.environ.items()}}
    subprocess.run([sys.executable, name], cwd=folder.path, env=environ, check=True)


def own_record(folder: Folder) -> dict:
    run_folder = max(path for path in folder.runs() if path.is_dir())
    return json.loads((run_folder / "record.json").read_bytes())


def test_names_are_in_the_one_record_of_a_recorded_script(folder: Folder) -> None:
    folder.write("train.py", script())
    record = folder.record("train.py")
    labels = [name.partition(" ")[2] for name in steps_of(record)]
    expected = ["track_dataset split", "track_dataset augmented", "track_model forest",
                "log_metric accuracy", "log_metric sum"]  # fmt: skip
    assert [each for each in labels if each in expected] == expected
    assert "RandomForestClassifier.fit" in labels
    assert record["evidence"]["numbers"]["logged accuracy"] > 0.8
    assert [path.name for path in folder.runs() if path.is_dir()] == [max(
        path.name for path in folder.runs() if path.is_dir())]  # fmt: skip
    # What the tracker itself writes is no result, and what it asks is no part of the program.
    assert record["evidence"]["files"] == {}
    assert record["observed"]["remarks"] == []
    assert record["observed"]["started"] == []
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"


def test_files_beside_the_script_are_the_trackers_own(folder: Folder) -> None:
    there = NAMES["seed"].replace("'iris'", "'iris', output_dir='out'")
    folder.write("train.py", script(seed=there))
    record = folder.record("train.py")
    assert (folder.path / "out" / "experiment.json").is_file()
    assert record["evidence"]["files"] == {}
    assert not (folder.path / "out" / "runs").exists()
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"


def test_the_first_named_thing_that_differs_without_a_seed(folder: Folder) -> None:
    folder.write("train.py", script(**UNSEEDED))
    run(folder)
    found = folder.verify(status=1)
    assert found["comparison"]["verdict"] == "different"
    divergence = found["comparison"]["divergence"]
    assert divergence["stage"].endswith(" track_dataset augmented")
    assert [suspect["can_act"] for suspect in found["suspects"]][:1] == [True]


def test_a_recorded_script_without_a_seed_names_the_call_too(folder: Folder) -> None:
    folder.write("train.py", script(**UNSEEDED))
    folder.record("train.py")
    found = folder.verify(status=1)
    assert found["comparison"]["divergence"]["stage"].endswith(" track_dataset augmented")
    causes = [suspect["cause"] for suspect in found["suspects"]]
    assert any("generator" in cause for cause in causes)


def test_a_record_of_its_own_is_verified_compared_and_listed(folder: Folder) -> None:
    folder.write("train.py", script())
    run(folder)
    run(folder)
    record = own_record(folder)
    assert (record["name"], record["recipe"]["argv"]) == ("iris", ["train.py"])
    assert record["observed"]["own"] is True
    assert record["observed"]["sealed"].startswith("not sealed, because the program recorded")
    assert list(record["materials"]["code"]) == ["train.py"]
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"
    runs = [path.name for path in folder.runs() if path.is_dir()]
    assert len(runs) == 2
    listed = folder.repro("runs", "list", "--json").json["runs"]
    assert {each["run_id"] for each in listed} == set(runs)
    paths = [f"runs/{name}" for name in runs]
    compared = folder.repro("compare", *paths, "--json")
    assert compared.status == 0, compared.err
    assert compared.json["candidates"][0]["comparison"]["verdict"] == "identical"
    integrity = folder.repro("verify", "--integrity")
    assert integrity.status == 0, integrity.err
    assert "A program" not in folder.repro("runs", "show").out
    assert folder.repro("reference", "-o", "iris.json").status == 0
    referred = folder.verify("iris.json", "--run-command", status=0)
    assert referred["comparison"]["verdict"] == "identical"


def test_an_edited_record_of_its_own_is_tampered(folder: Folder) -> None:
    folder.write("train.py", script())
    run(folder)
    path = next(p for p in folder.runs() if p.is_dir()) / "record.json"
    path.write_bytes(path.read_bytes().replace(b"track_model forest", b"track_model forms!"))
    done = folder.repro("verify", "--integrity")
    assert done.status == 1
    assert "tampered" in done.out


def test_code_without_a_command_cannot_be_run_again(folder: Folder) -> None:
    code = script().replace("\n\n", "\n")
    subprocess.run([sys.executable, "-"], input=code.encode(), cwd=folder.path, check=True)
    assert own_record(folder)["recipe"] is None
    done = folder.repro("verify")
    assert done.status == 3
    assert "recorded itself, and has no command to run" in done.err
    assert "compare" in done.err
    assert folder.repro("verify", "--integrity").status == 0
    assert "how to run it again is not known" in folder.repro("runs", "show").out


def test_a_program_that_fails_says_so(folder: Folder) -> None:
    folder.write("train.py", script(model="raise ValueError('half-way')"))
    environ = {**os.environ, **{k: str(v) for k, v in folder.environ.items()}}
    done = subprocess.run([sys.executable, "train.py"], cwd=folder.path, env=environ, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1
    assert "finish_experiment was not called" in done.stderr
    record = own_record(folder)
    assert record["observed"]["status"] == 1
    assert [name.partition(" ")[2] for name in steps_of(record)][-1] == "track_dataset augmented"
    found = folder.verify(status=1)
    assert "a failed command has no result" in found["sentence"]


def test_a_context_that_fails_says_so(folder: Folder) -> None:
    folder.write(
        "train.py",
        "from repro.tracking import ExperimentTracker, TrackingConfig\n"
        "with ExperimentTracker(TrackingConfig('x', enable_git_tracking=False)) as tracker:\n"
        "    tracker.log_metric('loss', 1.5)\n"
        "    raise SystemExit(4)\n",
    )
    done = subprocess.run([sys.executable, "train.py"], cwd=folder.path, check=False)
    assert done.returncode == 4
    assert own_record(folder)["observed"]["status"] == 1


def test_what_was_tracked_before_a_kill_is_on_the_disk(folder: Folder, tmp_path: Path) -> None:
    """And the temporary trace goes at the next start, unless its process lives."""
    place = tmp_path / "temporary"
    place.mkdir()
    environ = {**os.environ, "TMPDIR": str(place)}
    wait = "import time\nopen('ready', 'w').close()\ntime.sleep(600)"
    folder.write("train.py", script(model=wait))
    process = subprocess.Popen([sys.executable, "train.py"], cwd=folder.path, env=environ)
    while not (folder.path / "ready").exists():
        assert process.poll() is None
        time.sleep(0.05)
    (left,) = place.glob("repro-tracked-*")
    other = [sys.executable, "-c", "from repro.tracking.journal import Journal; Journal().remove()"]
    subprocess.run(other, cwd=folder.path, env=environ, check=True)
    assert [*place.iterdir()] == [left]
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(other, cwd=folder.path, env=environ, check=True)
    assert [*place.iterdir()] == []
    found = json.loads((folder.path / "runs" / "experiment.json").read_bytes())
    assert list(found["datasets"]) == ["split", "augmented"]
    assert not [path for path in folder.runs() if path.is_dir() and not path.name.startswith(".")]


def test_a_tracked_file_is_an_input(folder: Folder) -> None:
    folder.write("train.py", script(split="tracker.track_dataset('iris.csv', 'file')"))
    run(folder)
    record = own_record(folder)
    assert [each["name"] for each in record["materials"]["data"]] == ["iris.csv"]
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"
    path = folder.path / "iris.csv"
    path.write_bytes(path.read_bytes().replace(b"5.1", b"5.2", 1))
    found = folder.verify(status=1)
    assert "input iris.csv differs" in found["sentence"]


@pytest.mark.parametrize("place", ["train.py", "package/__init__.py"])
def test_edited_code_is_named(folder: Folder, place: str) -> None:
    folder.write("package/__init__.py", "DEPTH = 3\n")
    model = NAMES["model"] + "\ntracker.add_metadata('depth', package.DEPTH)"
    begin = NAMES["begin"] + "\nimport package"
    folder.write("train.py", script(model=model, begin=begin))
    run(folder)
    assert set(own_record(folder)["materials"]["code"]) == {"train.py", "package/__init__.py"}
    (folder.path / place).open("a").write("\n# more\n")
    run(folder)
    runs = [f"runs/{path.name}" for path in folder.runs() if path.is_dir()]
    compared = folder.repro("compare", *runs, "--json").json["candidates"][0]
    assert compared["comparison"]["verdict"] == "identical"
    assert list(compared["code"]) == [place]


def test_a_thousand_epochs_are_a_series(folder: Folder) -> None:
    folder.write(
        "train.py",
        "from repro.tracking import ExperimentTracker, TrackingConfig\n"
        "with ExperimentTracker(TrackingConfig('x', enable_git_tracking=False)) as tracker:\n"
        "    for epoch in range(1000):\n"
        "        tracker.log_metric('loss', 1 / (1 + epoch), step=epoch)\n",
    )
    run(folder)
    record = own_record(folder)
    assert record["series"][0]["name"] == "logged loss"
    assert record["series"][0]["length"] == 1000
    # Sixteen, and then the powers of two.
    assert len(record["steps"]) == 16 + 5
    assert Path(folder.path / "runs" / "x_latest.json").is_file()

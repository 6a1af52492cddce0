"""A tracker's surface, the files that it leaves after every call, and its parts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from repro.core.errors import TrackingError
from repro.tracking import (
    EnvironmentTracker,
    ExperimentTracker,
    GitTracker,
    TrackingConfig,
    TrackingWarning,
)

DATA = np.arange(20.0).reshape(10, 2)
MODEL = LogisticRegression().fit(DATA, [0, 1] * 5)
PARTS = ("dataset", "model", "environment", "seed", "git")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def quick(name: str = "x", **kwargs: Any) -> TrackingConfig:
    """A configuration that asks neither git nor packages."""
    plain = {"enable_git_tracking": False, "capture_pip_freeze": False}
    return TrackingConfig(name, **{**plain, **kwargs})


def read(name: str = "experiment", folder: Path = Path("runs")) -> dict[str, Any]:
    """The data in both files, which must agree."""
    found = json.loads((folder / f"{name}.json").read_bytes())
    assert yaml.safe_load((folder / f"{name}.yaml").read_bytes()) == found
    return found


def test_the_snippet() -> None:
    config = TrackingConfig(experiment_name="my_experiment")
    tracker = ExperimentTracker(config)
    started = tracker.start_experiment()
    assert {"environment", "git", "seeds", "experiment_id"} == started.keys()
    data = tracker.track_dataset(DATA, "training_data")
    model = tracker.track_model(MODEL, "classifier")
    seeds = tracker.set_seeds(42)
    summary = tracker.finish_experiment()
    assert (data["shape"], model["num_parameters"], seeds["set_seed"]) == ((10, 2), 3, 42)
    expected = {
        "experiment_name": "my_experiment", "datasets_tracked": 1, "models_tracked": 1,
        "has_environment": True, "has_git": False, "has_seeds": True, "tags": [],
        "metadata_keys": [],
    }  # fmt: skip
    assert expected.items() <= summary.items()
    names = {path.name for path in Path("runs").iterdir() if path.is_file()}
    assert names == {
        "experiment.json", "experiment.yaml", "my_experiment_latest.json",
        "my_experiment_latest.yaml", "classifier_architecture.txt",
    }  # fmt: skip
    assert read() == read("my_experiment_latest")
    assert Path(summary["run"]).is_dir()


def test_files_are_written_after_every_call(tmp_path: Path) -> None:
    tracker = ExperimentTracker(quick(output_dir=str(tmp_path / "made" / "out")))
    out = tmp_path / "made" / "out"
    tracker.start_experiment()
    assert read(folder=out)["datasets"] == {}
    info = tracker.track_dataset(DATA, "d", {"rows": np.int64(10)})
    assert read(folder=out)["datasets"]["d"]["checksum"] == info["checksum"]
    assert read(folder=out)["datasets"]["d"]["metadata"] == {"rows": 10}
    tracker.add_tag("baseline")
    tracker.add_tag("baseline")
    tracker.set_notes("Größe: ☃")
    tracker.add_metadata("z", (np.float64(1), np.str_("2")))
    tracker.add_metadata("a", float("nan"))
    tracker.add_metadata({"m": {"k": Path("p")}})
    found = read(folder=out)
    assert (found["tags"], found["notes"]) == (["baseline"], "Größe: ☃")
    assert found["metadata"] == {"z": [1.0, "2"], "a": "nan", "m": {"k": "p"}}
    entry = tracker.log_metric("loss", np.float64(0.5), step=np.int64(3))
    assert (entry["name"], entry["value"], entry["step"]) == ("loss", 0.5, 3)
    both = tracker.log_metrics({"a": 1, "b": float("inf")}, step=4, timestamp="then")
    assert both["metrics"][1] == {
        "name": "b",
        "value": float("inf"),
        "step": 4,
        "timestamp": "then",
    }
    assert [each["value"] for each in read(folder=out)["metrics"]] == [0.5, 1, "inf"]
    summary = tracker.get_tracking_summary()
    assert summary["metadata_keys"] == ["z", "a", "m"]
    assert tracker.finish_experiment()["tags"] == ["baseline"]
    assert read(folder=out)["finished"]


def test_two_experiments_in_one_folder() -> None:
    for name in ("first", "second"):
        with ExperimentTracker(quick(name)) as tracker:
            tracker.add_tag(name)
    assert read()["tags"] == ["second"]
    assert read("first_latest")["tags"] == ["first"]


def test_attributes() -> None:
    config = quick("named", experiment_id="id-1", tags=("t",), metadata={"k": 1}, notes="n")
    tracker = ExperimentTracker(config)
    assert (tracker.experiment_name, tracker.experiment_id) == ("named", "id-1")
    assert tracker.output_dir == Path("runs")
    assert tracker.tracking_data["metadata"] == {"k": 1}
    assert TrackingConfig("a").experiment_id != TrackingConfig("b").experiment_id
    fresh = TrackingConfig("a")
    fresh.tags.append("mine")
    assert TrackingConfig("b").tags == []


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"experiment_name": ""}, "expected a text that is not empty"),
        ({"experiment_name": None}, "expected a text that is not empty"),
        ({"experiment_name": "x", "dataset_checksum_algorithm": "crc"}, "unknown checksum"),
        ({"experiment_name": "x", "output_dir": "/proc/none"}, "cannot be made"),
    ],
)
def test_wrong_configuration(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(TrackingError, match=message):
        TrackingConfig(**kwargs)


@pytest.mark.parametrize("value", ["0.5", None, [1, 2], np.zeros(2), True, 1j])
def test_a_metric_that_is_no_number_leaves_nothing(value: object) -> None:
    tracker = ExperimentTracker(quick())
    with pytest.raises(TrackingError, match="metric 'loss': expected a number"):
        tracker.log_metric("loss", value)
    assert read()["metrics"] == []
    with pytest.raises(TrackingError, match=r"step 1\.5: expected an integer"):
        tracker.log_metric("loss", 1, step=1.5)


def test_what_has_no_digest_leaves_nothing() -> None:
    tracker = ExperimentTracker(quick())
    with pytest.raises(TrackingError):
        tracker.track_dataset(object(), "d")
    with pytest.raises(TrackingError):
        tracker.track_model(object(), "m")
    assert (read()["datasets"], read()["models"]) == ({}, {})
    assert not [path for path in Path("runs").iterdir() if path.name.startswith(".exp")]


def test_predictions() -> None:
    tracker = ExperimentTracker(quick())
    scores = MODEL.predict_proba(DATA)
    found = tracker.log_predictions(list("abcdefghij"), [0, 1] * 5, MODEL.predict(DATA), scores)
    assert found["rows"] == 10
    changed = scores.copy()
    changed[9, 1] = np.nextafter(changed[9, 1], 2)
    other = tracker.log_predictions(list("abcdefghij"), [0, 1] * 5, MODEL.predict(DATA), changed)
    assert other["scores"] != found["scores"]
    assert other["y_pred"] == found["y_pred"]
    with pytest.raises(TrackingError, match="10 ids and 9 of y_pred"):
        tracker.log_predictions(range(10), [0] * 10, [0] * 9)
    with pytest.raises(TrackingError, match="the id 1 occurs twice"):
        tracker.log_predictions([1, 1], [0] * 2, [0] * 2)


def test_a_stream_is_tracked_when_it_was_read() -> None:
    tracker = ExperimentTracker(quick())
    info = tracker.track_dataset(iter([np.ones(3), np.ones(2)]), "stream")
    assert read()["datasets"]["stream"]["checksum"] is None
    assert sum(len(each) for each in info["iterable"]) == 5
    assert read()["datasets"]["stream"]["checksum"] == info["checksum"]


@pytest.mark.parametrize("only", [None, *PARTS])
def test_parts_that_are_off_say_so_once(only: str | None) -> None:
    flags = {f"enable_{part}_tracking": part == only for part in PARTS}
    tracker = ExperimentTracker(TrackingConfig("x", **flags))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        started = tracker.start_experiment()
        for _ in range(2):
            data = tracker.track_dataset(DATA, "d")
            model = tracker.track_model(MODEL, "m")
            tracker.set_seeds(3)
    said = [str(each.message) for each in caught if each.category is TrackingWarning]
    off = [part for part in ("dataset", "model", "seed") if part != only]
    assert sorted(said) == sorted(f"{p} tracking is off: enable_{p}_tracking=False" for p in off)
    assert (started["environment"] is not None) == (only == "environment")
    assert (started["git"] is not None) == (only == "git")
    assert ("checksum" in data, "weights_checksum" in model) == (only == "dataset", only == "model")
    # Seeds are set, whether they are tracked or not.
    drawn = np.random.random()
    np.random.seed(3)
    assert drawn == np.random.random()
    summary = tracker.finish_experiment()
    assert summary["has_seeds"] == (only == "seed")
    assert Path(summary["run"]).is_dir()


def test_packages_that_are_missing_are_named_once() -> None:
    code = (
        "import sys\n"
        "sys.modules['wandb'] = sys.modules['mlflow'] = None\n"
        "from repro.tracking import ExperimentTracker, TrackingConfig\n"
        "config = TrackingConfig('x', save_to_wandb=True, save_to_mlflow=True,\n"
        "    enable_git_tracking=False)\n"
        "with ExperimentTracker(config) as tracker:\n"
        "    tracker.log_metric('a', 1)\n"
        "    tracker.log_metric('a', 2)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("wandb", "mlflow"):
        assert done.stderr.count(f"save_to_{name}: {name} is not installed") == 1
    assert len(read()["metrics"]) == 2


def test_a_sink_that_nobody_has() -> None:
    with pytest.raises(TrackingError, match="no installed distribution has the sink 'none'"):
        ExperimentTracker(quick(sinks=("none",))).start_experiment()


def test_nothing_is_tracked_after_the_end() -> None:
    tracker = ExperimentTracker(quick())
    first = tracker.finish_experiment()
    assert tracker.finish_experiment() == first
    with pytest.raises(TrackingError, match="the experiment 'x' is finished"):
        tracker.log_metric("loss", 1)


def test_threads_log_at_once() -> None:
    tracker = ExperimentTracker(quick())

    def log(name: str) -> None:
        for number in range(50):
            tracker.log_metric(name, number)

    threads = [threading.Thread(target=log, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tracker.finish_experiment()
    for name in "abcd":
        values = [each["value"] for each in read()["metrics"] if each["name"] == name]
        assert values == list(range(50))


def test_many_metrics_do_not_write_the_files_each_time() -> None:
    tracker = ExperimentTracker(quick(save_to_yaml=False))
    tracker.start_experiment()
    began = time.perf_counter()
    for number in range(20_000):
        tracker.log_metric("loss", number / 7, step=number)
    # Written each time, these would be some hundred gigabytes.
    assert time.perf_counter() - began < 60
    tracker.finish_experiment()
    assert len(json.loads(Path("runs/experiment.json").read_bytes())["metrics"]) == 20_000


def test_the_environment() -> None:
    found = EnvironmentTracker().capture_environment()
    assert found["python_version"] == ".".join(map(str, sys.version_info[:3]))
    assert f"numpy=={np.__version__}" in found["pip"]
    assert found["ml_frameworks"]["numpy"]["version"] == np.__version__
    assert found["system"]["memory_bytes"] > 2**28
    assert {"platform", "system", "machine", "python_implementation"} <= found["system"].keys()
    again = EnvironmentTracker().capture_environment()
    assert again["environment_checksum"] == found["environment_checksum"]
    less = EnvironmentTracker().capture_environment(
        capture_conda=False, capture_pip=False, capture_system=False
    )
    assert not {"pip", "conda", "system"} & less.keys()


def test_the_environment_starts_no_process() -> None:
    code = (
        "import sys\n"
        "from repro.tracking import EnvironmentTracker\n"
        "started = []\n"
        "sys.addaudithook(lambda name, args: started.append(name) if name in\n"
        "    ('subprocess.Popen', 'os.fork', 'os.posix_spawn', 'os.system', 'os.exec') else None)\n"
        "EnvironmentTracker().capture_environment()\n"
        "print(started)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def git(*words: str) -> str:
    names = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A",
             "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}  # fmt: skip
    done = subprocess.run(["git", *words], env={**os.environ, **names}, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return done.stdout.strip()


def test_git() -> None:
    assert not GitTracker().is_git_repo()
    assert GitTracker().capture_git_state()["commit"] is None
    git("init", "-q", "-b", "trunk")
    for name in ("staged.txt", "changed.txt"):
        Path(name).write_text("one\n")
    git("add", ".")
    git("commit", "-q", "-m", "Begin\n\nwith two files")
    git("tag", "v1")
    tracker = GitTracker()
    assert tracker.is_git_repo()
    assert tracker.repo_path == Path.cwd()
    found = tracker.capture_git_state()
    commit = found["commit"]
    assert commit["hash"] == git("rev-parse", "HEAD")
    assert commit["short_hash"] == git("rev-parse", "--short", "HEAD")
    assert (commit["message"], commit["author"]) == ("Begin\n\nwith two files", "A")
    assert (commit["branch"], commit["tag"], found["is_dirty"]) == ("trunk", "v1", False)
    Path("staged.txt").write_text("two\n")
    git("add", "staged.txt")
    Path("changed.txt").write_text("two\n")
    Path("new.txt").write_text("new\n")
    dirty = tracker.capture_git_state()
    assert dirty["is_dirty"]
    assert dirty["status"] == {
        "staged": ["staged.txt"], "unstaged": ["changed.txt"], "untracked": ["new.txt"],
    }  # fmt: skip
    # Of the content: the same names with another content are another difference.
    Path("changed.txt").write_text("three\n")
    again = tracker.capture_git_state()
    assert again["diff"]["sha256"] != dirty["diff"]["sha256"]
    assert (again["diff"]["files"], again["diff"]["insertions"]) == (2, 2)


def test_a_stream_that_is_not_read_to_its_end_says_so() -> None:
    tracker = ExperimentTracker(quick())
    items = tracker.track_dataset(iter([1, 2, 3]), "stream")["iterable"]
    next(items)
    with pytest.warns(TrackingWarning, match="the data 'stream' was not read to its end"):
        tracker.finish_experiment()
    assert list(items) == [2, 3]
    assert read()["datasets"]["stream"]["checksum"] is None

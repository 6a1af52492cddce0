"""Beginnings and ends of a tracked experiment that are not the usual ones."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from repro.core.errors import TrackingError
from repro.tracking import ExperimentTracker, TrackingConfig


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def quick(**kwargs: Any) -> ExperimentTracker:
    """A tracker that asks neither git nor packages."""
    config = TrackingConfig("x", enable_git_tracking=False, capture_pip_freeze=False, **kwargs)
    return ExperimentTracker(config)


def statuses() -> list[int]:
    records = sorted(Path("runs").glob("*/record.json"))
    return [json.loads(each.read_bytes())["observed"]["status"] for each in records]


def test_a_beginning_that_fails_fails_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    tracker = quick(sinks=("unheard of",))
    for call in (tracker.start_experiment, lambda: tracker.log_metric("a", 1),
                 tracker.finish_experiment):  # fmt: skip
        with pytest.raises(TrackingError, match="has the sink 'unheard of'"):
            call()
    assert list(place.iterdir()) == []
    assert statuses() == []


SCRIPT = """
import os, sys
from repro.tracking import ExperimentTracker, TrackingConfig
tracker = ExperimentTracker(
    TrackingConfig("x", enable_git_tracking=False, capture_pip_freeze=False)
)
tracker.start_experiment()
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT + code], capture_output=True, text=True, check=False
    )


def test_a_fork_leaves_the_experiment_to_its_parent() -> None:
    done = run(
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    sys.exit(0)\n"
        "os.waitpid(pid, 0)\n"
        "tracker.log_metric('a', 1)\n"
        "tracker.finish_experiment()\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert statuses() == [0]


def test_a_program_without_an_end_leaves_a_record() -> None:
    done = run("tracker.log_metric('a', 1)\n")
    assert "finish_experiment was not called" in done.stderr
    assert "Traceback" not in done.stderr
    assert statuses() == [1]


def test_leaving_with_status_0_is_an_end() -> None:
    for status, expected in ((0, [0]), (None, [0, 0]), (2, [0, 0, 1])):
        with pytest.raises(SystemExit), quick():
            sys.exit(status)
        assert sorted(statuses()) == expected


def test_a_finished_experiment_seeds_nothing() -> None:
    tracker = quick()
    tracker.finish_experiment()
    random.seed(5)
    before = random.getstate()
    for call in (tracker.set_seeds, tracker.create_reproducible_environment):
        with pytest.raises(TrackingError, match="is finished"):
            call(1)
    assert random.getstate() == before


def test_all_of_several_metrics_are_logged_or_none() -> None:
    with quick() as tracker:
        with pytest.raises(TrackingError, match="metric 'b': expected a number"):
            tracker.log_metrics({"a": 1, "b": "x"})
        with pytest.raises(TrackingError, match="larger than any number"):
            tracker.log_metric("a", 10**400)
        digests = {tracker._metrics.digest(value) for value in (2**53, 2**53 + 1, 2.0**53)}
        # The first and the last are one number.
        assert len(digests) == 2
    assert tracker.tracking_data["metrics"] == []


def test_names_that_are_not_text_as_utf_8_has_it() -> None:
    with quick() as tracker:
        tracker.log_metric("a\udcff/ü", 1)
        tracker.add_metadata("file\udcff", {"\udcff": "\udcff"})
        tracker.track_dataset([1], "d\udcff")
        with tracker.step("s\udcff"):
            pass
    found = json.loads(Path("runs/experiment.json").read_bytes())
    assert yaml.safe_load(Path("runs/experiment.yaml").read_bytes()) == found
    assert found["metrics"][0]["name"] == r"a\udcff/ü"
    assert found["metadata"] == {r"file\udcff": {r"\udcff": r"\udcff"}}
    assert statuses() == [0]

"""Many trainings at once, and many runs verified at once."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time

import pytest
from tests.alive import children_of, is_running
from tests.conftest import make_project

FAST = ("-p", "debug", "-s", "families=[logistic_regression]")


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("sweep") / "project")


@pytest.fixture(scope="module")
def swept(wine):
    """Two seeds and two overlays, two trainings at a time."""
    project = wine
    project.write("half.yaml", "schema: repro.overlay/v1\nsplit: {test_size: 0.5}\n")
    project.write("third.yaml", "schema: repro.overlay/v1\nsplit: {test_size: 0.33}\n")
    asked = ("sweep", "wine", "--seeds", "1-2", "-f", project.path / "half.yaml")
    asked = (*asked, "-f", project.path / "third.yaml", *FAST)
    page = project.path / "sweep.html"
    done = project.repro(*asked, "--jobs", "2", "--json", "-o", page)
    assert done.status == 0, done.err
    return project, asked, done.json, page.read_text()


def runs_of(project):
    return sorted(path.name for path in (project.path / "runs").iterdir() if path.is_dir())


def test_every_combination_is_a_run_like_that_of_train(swept):
    """In the order of the axes, with the bits of repro train, and the spread over seeds."""
    project, _, found, page = swept
    runs = found["runs"]

    assert [(run["overlay"].endswith("half.yaml"), run["seed"]) for run in runs] == [
        (True, 1),
        (True, 2),
        (False, 1),
        (False, 2),
    ]
    assert {run["state"] for run in runs} == {"trained"}
    assert sorted(run["run_id"] for run in runs) == runs_of(project)
    values = [run["metrics"][run["metric"]] for run in runs[:2]]
    group = found["groups"][0]
    assert (group["seeds"], group["low"], group["high"]) == ([1, 2], min(values), max(values))
    assert group["mean"] == pytest.approx(statistics.mean(values), rel=1e-15)
    assert group["std"] == pytest.approx(statistics.stdev(values), rel=1e-12)
    assert all(run["run_id"] in page for run in runs)
    alone = project.repro(
        "train", "wine", "--seed", "1", "-f", project.path / "half.yaml", *FAST,
        "--runs", project.path / "alone", "--json",
    )  # fmt: skip
    apart = json.loads((project.path / alone.json["path"] / "record.json").read_text())
    ours = json.loads((project.path / "runs" / runs[0]["run_id"] / "record.json").read_text())
    assert ours["steps"] == apart["steps"]
    assert ours["evidence"] == apart["evidence"]


def test_what_has_a_run_is_not_trained_again(swept, tmp_path):
    """Unless its configuration differs, its run is damaged, or it is asked for."""
    project, asked, first, _ = swept
    copy = type(project)(tmp_path / "copy")
    shutil.copytree(project.path, copy.path)
    words = [str(each).replace(str(project.path), str(copy.path)) for each in asked]
    damaged = copy.path / "runs" / first["runs"][0]["run_id"] / "metrics.json"
    damaged.write_text(damaged.read_text().replace("0.", "1.", 1))

    again = copy.repro(*words, "--json").json["runs"]

    assert [run["state"] for run in again] == ["trained", "found", "found", "found"]
    assert [run["run_id"] for run in again[1:]] == [run["run_id"] for run in first["runs"][1:]]
    assert [run["metrics"] for run in again] == [run["metrics"] for run in first["runs"]]
    copy.write("own.py", "value = 1\n")
    assert copy.repro(*words, "--json").json["runs"] == [{**run, "state": "found"} for run in again]
    more = copy.repro(*words, "-s", "selection.folds=3", "--json").json["runs"]
    assert {run["state"] for run in more} == {"trained"}


def test_a_training_that_fails_stops_no_other(wine):
    """The reason is in the table, and the exit status is 1."""
    wine.write(
        "plain.yaml",
        "schema: repro.overlay/v1\npreprocessing: {numeric: {fill: 1.0, impute: constant}}\n",
    )
    wine.write("all.yaml", "schema: repro.overlay/v1\nfeatures: {drop: [alcohol, nothing_so]}\n")

    done = wine.repro(
        "sweep", "wine", "-f", wine.path / "all.yaml", "-f", wine.path / "plain.yaml", *FAST
    )

    assert done.status == 1
    assert "failed" in done.out
    assert "1 trained, 0 found, 1 failed" in done.out
    assert "nothing_so" in done.err


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--seeds", "1-"), "expected seeds such as 1-10"),
        (("--seeds", "x"), "expected seeds such as 1-10"),
        (("--seeds", "9-1"), "expected 1 to 10000 seeds"),
        (("--seeds", "0-99999999"), "expected 1 to 10000 seeds"),
        (("vine",), "wine"),
        (("--jobs", "0"), "jobs"),
    ],
)
def test_mistakes_are_named_before_anything_is_trained(wine, asked, words):
    """A sweep that cannot be asks nothing of the machine."""
    before = len(list(wine.path.glob("runs/*")))
    done = wine.repro("sweep", *asked, *FAST)

    assert done.status == 2
    assert words in done.err
    assert len(list(wine.path.glob("runs/*"))) == before


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_an_interrupted_sweep_leaves_no_process_and_goes_on(wine, tmp_path):
    """SIGINT ends the trainings too; the same command trains only what is missing."""
    copy = type(wine)(tmp_path / "copy")
    shutil.copytree(wine.path, copy.path)
    shutil.rmtree(copy.path / "runs", ignore_errors=True)
    asked = ["sweep", "wine", "--seeds", "1-3", *FAST, "--project", str(copy.path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "repro", *asked],
        cwd=copy.path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert "1 of 3" in process.stderr.readline()
    time.sleep(0.5)
    trainings = children_of(process.pid)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=120)

    assert process.returncode == 130
    assert trainings
    assert not any(map(is_running, trainings))
    done = copy.repro(*asked[:-2], "--json")
    assert next(run["state"] for run in done.json["runs"]) == "found"
    assert len(done.json["runs"]) == 3


def test_all_runs_are_verified(swept, tmp_path):
    """Each with its verdict; a changed file and a folder without runs are no pass."""
    project, _, first, _ = swept
    copy = type(project)(tmp_path / "copy")
    shutil.copytree(project.path, copy.path)
    kept = {run["run_id"] for run in first["runs"][:2]}
    for name in set(runs_of(copy)) - kept:
        shutil.rmtree(copy.path / "runs" / name)

    holds = copy.repro("verify", "--all", "--jobs", "2", "--json")
    assert holds.status == 0, holds.out
    assert [run["verdict"] for run in holds.json["runs"]] == ["identical"] * 2
    assert {run["run_id"] for run in holds.json["runs"]} == kept
    threshold = copy.path / "runs" / first["runs"][0]["run_id"] / "threshold.json"
    threshold.write_bytes(threshold.read_bytes()[:-2] + b" \n}")
    broken = copy.repro("verify", "--all", "--integrity")
    assert broken.status == 1
    assert "1 of 2 runs hold" in broken.out
    assert "tampered" in broken.out
    for run in first["runs"][:2]:
        shutil.rmtree(copy.path / "runs" / run["run_id"])
    nothing = copy.repro("verify", "--all")
    assert nothing.status == 3
    assert "no runs yet" in nothing.err
    assert copy.repro("verify", "--all", "x").status == 2
    several = copy.repro("verify", "x", "--jobs", "2")
    assert (several.status, "--jobs is for --all" in several.err) == (2, True)

"""`repro train` of an experiment with a search: killed, continued, recorded and compared."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from tests.conftest import TIMEOUT, inherited

EXPERIMENT = """\
schema: repro.experiment/v1
description: Which of three cultivars a wine is from, by its chemistry.
task: multiclass
dataset: wine
families: [svm]
selection: {metric: accuracy}
models:
  svm:
    search:
      kind: random
      trials: 60
      folds: 3
      space:
        C: {low: 0.01, high: 100.0, log: true}
        kernel: [linear, rbf]
"""
SAME = ("search.json", "stages.json", "metrics.json", "predictions.csv", "threshold.json")
KEPT = 20


def contents(run):
    return {name: (run / name).read_bytes() for name in SAME}


def kept(runs):
    return list(runs.glob(".trials-*.partial/*.json"))


def started(project, *arguments):
    """Start a training as a process of its own."""
    words = ("-m", "repro", "train", "tuned", "-p", "debug", *arguments)
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=project.path,
        env=inherited(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_training_that_was_killed_goes_on_to_the_same_bytes(project):
    """By a different number of workers; nothing is left over, and the record says so."""
    project.write("configs/experiments/tuned.yaml", EXPERIMENT)
    whole = project.train("tuned", "-p", "debug")
    runs = project.path / "runs"
    assert not kept(runs)
    process = started(project)
    end = time.monotonic() + TIMEOUT
    while len(kept(runs)) < KEPT and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = len(kept(runs))
    assert KEPT <= before < 60 * 3
    again = started(project, "--workers", "2", "--json")
    out, err = again.communicate(timeout=TIMEOUT)
    assert again.returncode == 0, err
    resumed = project.path / json.loads(out)["path"]

    assert contents(resumed) == contents(whole)
    environment = json.loads((resumed / "environment.json").read_bytes())
    assert environment["resumed_trials"] == before
    assert "resumed_trials" not in json.loads((whole / "environment.json").read_bytes())
    assert sorted(path.name for path in runs.iterdir()) == sorted([whole.name, resumed.name])


def test_a_run_has_every_trial_and_its_report_the_best_ten(project):
    """A changed file is found; a run compares with itself."""
    project.write("configs/experiments/tuned.yaml", EXPERIMENT)
    whole = project.train("tuned", "-p", "debug")
    search = json.loads((whole / "search.json").read_bytes())["families"]["svm"]
    assert len(search["trials"]) == 60
    report = (whole / "report.md").read_text(encoding="utf-8")
    assert f"trial {search['chosen']} is chosen" in report
    assert report.count("| C = ") == 10
    compared = project.repro("compare", whole.name, whole.name)
    assert "identical" in compared.out, compared.out + compared.err

    path = whole / "search.json"
    path.write_bytes(path.read_bytes().replace(b'"chosen": ', b'"chosen":  ', 1))
    checked = project.repro("verify", whole.name, "--integrity")
    assert checked.status == 1
    assert "search.json" in checked.out + checked.err

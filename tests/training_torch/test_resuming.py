"""A training that was killed continues, and gives the bytes of one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repro.core.errors import SchemaError
from repro.store.checkpoints import read_checkpoint
from tests.conftest import inherited
from tests.training_torch.test_trainings import FILES

pytestmark = pytest.mark.scripts
EVERY = ("-s", "execution.checkpoint_every=1")
ASKED = ("breast_cancer", "--profile", "debug", "-m", "mlp_torch", *EVERY)
# Of all fits of such a training: two folds of 120 steps, and 210 on all training rows.
STEPS = 450


def steps_of(runs: Path) -> int:
    """Return how many steps are saved, of all fits."""
    count = 0
    for path in runs.glob(".checkpoints-*.partial/*.checkpoint"):
        try:
            count += read_checkpoint(path)[0].step
        except (SchemaError, OSError):
            continue
    return count


def killed_at(project, step, *asked, whole_group=True):
    """Start a training, kill it when so many steps are saved, and return how many then were."""
    runs = project.path / "runs"
    words = [sys.executable, "-m", "repro", "train", *asked, "-q", "--project", project.path]
    process = subprocess.Popen(
        words, cwd=project.path, env=inherited(), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while steps_of(runs) < step:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.001)
    finally:
        # The workers of a process that was killed go on for a while.
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
    return steps_of(runs)


def resumed_of(run):
    return json.loads((run / "environment.json").read_text()).get("resumed") or {}


@pytest.mark.parametrize(
    ("workers", "whole_group"), [(1, True), (2, False)], ids=["one process", "two workers"]
)
def test_killed_five_times_it_gives_the_same_bytes(project, workers, whole_group):
    """At steps drawn at random, with two ways to be killed: ten kills in all."""
    drawn = random.SystemRandom()
    points = sorted(drawn.sample(range(3, STEPS - 10), 5))
    asked = (*ASKED, "--workers", str(workers))
    whole = project.train(*asked)
    saved = 0
    for point in points:
        # With two workers, those of before may have gone on beyond the next point.
        saved = killed_at(project, max(point, saved + 1), *asked, whole_group=whole_group)
        assert saved >= point, points
    run = project.train(*asked)

    for name in FILES:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), (name, points)
    records = [json.loads((each / "record.json").read_text()) for each in (whole, run)]
    assert records[0] == records[1]
    assert sum(resumed_of(run).values()) >= points[-1]
    assert resumed_of(whole) == {}
    assert sorted(path.name for path in (project.path / "runs").iterdir()) == sorted(
        [whole.name, run.name]
    )


def test_checkpoints_of_anything_else_are_not_used(project):
    """A different seed, parameter or level; the first training still continues afterwards."""
    saved = killed_at(project, 150, *ASKED)
    for change in (("--seed", "7"), ("--variant", "mlp_torch=small"), ("--level", "strict")):
        assert resumed_of(project.train(*ASKED, *change)) == {}, change
    done = project.repro("train", *ASKED, "--json")
    run = project.path / done.json["path"]

    assert sum(resumed_of(run).values()) == saved


def test_fresh_starts_from_the_beginning(project):
    killed_at(project, 40, *ASKED)

    assert resumed_of(project.train(*ASKED, "--fresh")) == {}
    assert steps_of(project.path / "runs") == 0


def test_a_damaged_checkpoint_is_named_and_not_used(project):
    """The fits whose checkpoints are whole continue; the result is the same."""
    whole = project.train(*ASKED)
    killed_at(project, 150, *ASKED)
    [folder] = (project.path / "runs").glob(".checkpoints-*")
    files = sorted(folder.glob("*.checkpoint"))
    assert len(files) == 2
    content = bytearray(files[0].read_bytes())
    content[len(content) // 2] ^= 1
    files[0].write_bytes(content)

    done = project.repro("train", *ASKED)

    assert done.status == 0
    assert f"a checkpoint was ignored: {files[0]}: damaged" in done.err.replace("\n", " ")
    assert "resumed: 1 fit continued" in done.out
    [run] = [p for p in (project.path / "runs").iterdir() if p != whole]
    for name in FILES:
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name


def test_without_checkpoints_nothing_is_kept(project):
    off = ("-s", "execution.checkpoint_every=null")
    run = project.train(*ASKED, *off)

    assert [path.name for path in (project.path / "runs").iterdir()] == [run.name]

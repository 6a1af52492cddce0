"""A column of thousands of categories trains in seconds and little memory, and says its name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from tests.conftest import make_project

ROWS, SHOPS = 5000, 3000
# In KiB, as Linux counts; dense matrices took three times as much.
MOST = 500 * 1024
# A process counts the memory of the one that it was forked from, which has to be a small one.
PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """5,000 rows whose shops are 3,000, registered and with the experiment that is proposed."""
    made = make_project(tmp_path_factory.mktemp("wide") / "project")
    rng = np.random.default_rng(11)
    shop = np.concatenate([np.arange(SHOPS), rng.integers(0, SHOPS, ROWS - SHOPS)])
    worth, x = rng.normal(size=SHOPS), rng.normal(size=ROWS)
    sold = np.where(worth[shop] + x + rng.normal(size=ROWS) > 0, "yes", "no")
    frame = pd.DataFrame({"shop": [f"s{s:04d}" for s in shop], "x": x, "sold": sold})
    frame.to_csv(made.path / "data/wide.csv", index=False)
    facts = ("--target", "sold", "--positive", "yes", "--licence", "MIT", "--origin", "made up")
    added = made.repro("data", "add", "wide", "data/wide.csv", *facts)
    assert "'shop' has 3000 categories" in added.out
    text = added.out[added.out.index("schema: repro.experiment/v1") :]
    (made.path / "configs/experiments/wide.yaml").write_text(text)
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_it_trains_in_little_memory_and_names_the_column(project):
    """Within half of what one dense matrix for each fold would take."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, sys.executable, "-m", "repro", "train", "wide", "-q"],
        cwd=project.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    *printed, peak = done.stdout.splitlines()
    printed = "\n".join(printed)

    assert done.returncode == 0, printed
    assert int(peak) < MOST
    assert "the column 'shop' has 3000 categories" in printed
    assert "repro data add wide --replace --ignore shop" in printed
    assert "preprocessing.categorical.min_frequency" in printed


def test_the_ways_out_are_those_that_it_names(project):
    """Rare categories that share a column leave no hint, and the command that ignores it works."""
    grouped = ("--set", "preprocessing.categorical.min_frequency=10", "-m", "decision_tree")
    ran = project.repro("train", "wide", *grouped)
    assert (ran.status, "categories, and each" in ran.out + ran.err) == (0, False)
    changed = project.repro("data", "add", "wide", "--replace", "--ignore", "shop")
    assert "  role     shop: categorical -> ignored" in changed.out

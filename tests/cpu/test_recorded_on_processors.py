"""A script that is recorded on two processors: the first call that differs, and what can act."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.recording.folders import PYTHON, Folder, write_iris

from tools.cpu_bench.bench import by_name

HASWELL, OLDER = by_name("haswell"), by_name("sandybridge")
SCRIPT = """\
import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
data = pd.read_csv("iris.csv").drop(columns="target")
rng = np.random.RandomState(0)
wide = np.exp(data.to_numpy() @ rng.randn(4, 60))
scaled = StandardScaler().fit_transform(wide)
parts = PCA(5, svd_solver="full").fit(scaled)
print(parts.explained_variance_[0])
"""


@pytest.fixture
def recorded(on, tmp_path):
    """Record the script on a processor, and return the run folder."""
    work = Folder(tmp_path / "work", tmp_path / "home")
    work.path.mkdir()
    write_iris(work.path / "iris.csv")
    work.write("train.py", SCRIPT)
    home = {k: v for k, v in work.environ.items() if v is not None}

    def recorded(cpu, level: str) -> Path:
        runs = work.path / "runs"
        before = set(runs.iterdir()) if runs.exists() else set()
        done = on(
            cpu, "-c",
            f"import os, sys; os.chdir({str(work.path)!r}); from repro.cli import main; "
            f"sys.argv[1:] = ['record', '--level', {level!r}, '--', {PYTHON!r}, 'train.py']; main()",  # noqa: E501
            **home,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        [made] = set(runs.iterdir()) - before
        return made

    recorded.work = work
    return recorded


def compared(recorded, level, *cpus):
    runs = [recorded(cpu, level) for cpu in cpus]
    done = recorded.work.repro("compare", *runs, "--json")
    [candidate] = json.loads(done.out)["candidates"]
    return candidate


def test_the_kernel_is_suspected_at_the_first_call_that_differs(recorded):
    found = compared(recorded, "strict", HASWELL, OLDER)
    stage = found["comparison"]["divergence"]["stage"]
    assert stage.startswith("train.py:")
    assert stage.rpartition(" ")[2] in {"StandardScaler.fit_transform", "PCA.fit"}
    causes = [each["cause"] for each in found["suspects"] if each["can_act"]]
    assert "BLAS kernel" in causes


def test_a_portable_level_gives_one_record(recorded):
    found = compared(recorded, "portable-v2", HASWELL, OLDER)
    assert found["comparison"]["verdict"] == "identical"

"""The examples of the guide print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.recording.folders import Folder

_MARKED = re.compile(r"<!-- (?:file|printed): (\S+) -->\n```\w+\n(.*?)^```$", re.M | re.S)
GUIDE = dict(_MARKED.findall((ROOT / "docs" / "tracking.md").read_text("utf-8")))


def python(folder: Folder, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    environ = {**kept, **{k: str(v) for k, v in folder.environ.items()}}
    return subprocess.run([sys.executable, *words], cwd=folder.path, env=environ, check=False,
                          capture_output=True, text=True)  # fmt: skip


def test_the_script(folder: Folder) -> None:
    code = GUIDE["train.py"]
    folder.write("train.py", code)
    assert python(folder, "train.py").returncode == 0
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"
    folder.write("train.py", code.replace("    tracker.set_seeds(42)\n", ""))
    assert python(folder, "train.py").returncode == 0
    printed = folder.repro("verify").out
    assert GUIDE["unseeded"].strip() in printed


def test_the_test(folder: Folder) -> None:
    folder.write("test_training.py", GUIDE["test_training.py"])
    done = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_training.py")
    assert done.returncode == 1
    assert GUIDE["pytest"].strip() in done.stdout


@pytest.mark.parametrize("name", ["reproducible", "--repro-record", "--repro-level"])
def test_pytest_shows_what_it_has(folder: Folder, name: str) -> None:
    shown = python(folder, "-m", "pytest", "--help" if name.startswith("-") else "--fixtures")
    assert name in shown.stdout

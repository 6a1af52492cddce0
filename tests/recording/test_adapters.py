"""An adapter that an installed package brings by an entry point: the example of the guide."""

from __future__ import annotations

import os

import pytest

from tests.conftest import ROOT
from tests.documents import blocks
from tests.recording.folders import steps_of

LIBRARY = """\
import ctypes

class Tree:
    def __init__(self, depth):
        self._code, self._depth = lambda: None, depth
    def arrays(self):
        return [1.0 * self._depth]

def train(depth):
    return Tree(depth)

def error(tree):
    return tree.arrays()[0] / 8

def load(path):
    library = ctypes.CDLL(None)
    library.fopen.restype = ctypes.c_void_p
    assert library.fopen(path.encode(), b"r")
"""
SCRIPT = """\
import speedtree
speedtree.load("iris.csv")
tree = speedtree.train(DEPTH)
speedtree.error(tree)
"""
ENTRY = "[repro.tracing]\nspeedtree = speedtree_repro:adapt\n"
METADATA = "Metadata-Version: 2.1\nName: speedtree-repro\nVersion: 1.0\n"


@pytest.fixture
def installed(folder, tmp_path):
    """A folder of packages with the library, and the adapter that the guide shows."""
    page = (ROOT / "docs" / "recording.md").read_text(encoding="utf-8")
    [adapter] = [block.text for block in blocks(page) if block.name == "speedtree_repro.py"]
    packages = tmp_path / "packages"
    described = packages / "speedtree_repro-1.0.dist-info"
    described.mkdir(parents=True)
    (described / "entry_points.txt").write_text(ENTRY)
    (described / "METADATA").write_text(METADATA)
    (packages / "speedtree.py").write_text(LIBRARY)
    (packages / "speedtree_repro.py").write_text(adapter)
    return {"PYTHONPATH": str(packages)}


@pytest.mark.skipif(os.name == "nt", reason="fopen of the C library, by its POSIX name")
def test_the_adapter_of_the_guide_makes_a_library_visible(folder, installed):
    """Steps, a number, a file that is read in C, and a digest of an object that else has none."""
    folder.write("train.py", SCRIPT.replace("DEPTH", "3"))
    record = folder.record("python", "train.py", **installed)

    assert steps_of(record) == ["train.py:3 train", "train.py:4 error"]
    assert record["evidence"]["numbers"] == {"train.py error": 0.375}
    assert [each["name"] for each in record["materials"]["data"]] == ["iris.csv"]
    assert record["observed"]["skipped"] == []


@pytest.mark.skipif(os.name == "nt", reason="fopen of the C library, by its POSIX name")
def test_a_call_that_only_an_adapter_sees_is_named(folder, installed):
    """The first divergent step of a second run is the library's."""
    folder.write("train.py", SCRIPT.replace("DEPTH", "3"))
    folder.record("python", "train.py", **installed)
    assert folder.verify(status=0, **installed)["comparison"]["verdict"] == "identical"
    folder.write("train.py", SCRIPT.replace("DEPTH", "4"))

    found = folder.verify(status=1, **installed)

    assert found["comparison"]["divergence"]["stage"] == "train.py:3 train"

"""Data files that own code reads are recorded by their hash, as the code is."""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from tests.conftest import ROOT

from repro.execution import reading
from repro.execution.reading import files_read, report_reads, watch_reads

MODULES = ("reading_one", "reading_two")
HEAD = "from pathlib import Path\nHERE = Path(__file__).parent\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path.resolve() / "project"
    made.mkdir()
    monkeypatch.syspath_prepend(str(made))
    (made / "table.csv").write_text("a,b\n1,2\n")
    (made / "values.json").write_text('{"x": 1}\n')
    (made / "rows.txt").write_text("1 2\n")
    (made / "code.py").write_text("X = 1\n")
    np.save(made / "array.npy", np.arange(3))
    joblib.dump([1], made / "kept.joblib")
    # Otherwise what was written for a test would count as written by the code that it reads.
    monkeypatch.setattr(reading, "_reads", [])
    yield made
    for name in MODULES:
        sys.modules.pop(name, None)


def read_by(folder: Path, body: str) -> set[str]:
    """Import a module with this body, call its ``go``, and return what is said to be read."""
    watch_reads(folder, MODULES)
    (folder / "reading_one.py").write_text(HEAD + body)
    importlib.invalidate_caches()
    module = importlib.import_module("reading_one")
    getattr(module, "go", lambda: None)()
    loaded = [sys.modules[name].__file__ for name in MODULES if name in sys.modules]
    found = files_read(report_reads(), loaded)
    return {Path(file).relative_to(folder).as_posix() for file in found}


READ = {
    "on import": ("X = (HERE / 'values.json').read_text()\n", {"values.json"}),
    "in a function": ("def go():\n    open(HERE / 'rows.txt').read()\n", {"rows.txt"}),
    "as bytes": ("def go():\n    (HERE / 'rows.txt').read_bytes()\n", {"rows.txt"}),
    "by pandas": (
        "import pandas\ndef go():\n    pandas.read_csv(HERE / 'table.csv')\n",
        {"table.csv"},
    ),
    "by NumPy": ("import numpy\ndef go():\n    numpy.load(HERE / 'array.npy')\n", {"array.npy"}),
    "by joblib": (
        "import joblib\ndef go():\n    joblib.load(HERE / 'kept.joblib')\n",
        {"kept.joblib"},
    ),
    "by a relative path": (
        "import os\ndef go():\n    os.chdir(HERE)\n    open('rows.txt').close()\n",
        {"rows.txt"},
    ),
    "code as text": ("def go():\n    exec((HERE / 'code.py').read_text(), {})\n", {"code.py"}),
    "several": (
        "def go():\n    open(HERE / 'rows.txt').close()\n    open(HERE / 'table.csv').close()\n",
        {"rows.txt", "table.csv"},
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_a_file_that_own_code_reads_is_named(folder, monkeypatch, kind):
    """Whatever opens it for that code."""
    monkeypatch.chdir(folder)
    body, expected = READ[kind]

    assert read_by(folder, body) == expected


NOT_READ = {
    "nothing": "def go():\n    pass\n",
    "written": "def go():\n    (HERE / 'new.txt').write_text('x')\n",
    "written and read": (
        "def go():\n    (HERE / 'new.txt').write_text('x')\n    (HERE / 'new.txt').read_text()\n"
    ),
    "of Python": "import os\ndef go():\n    open(os.__file__).close()\n",
    "of a package": "import numpy\ndef go():\n    open(numpy.__file__).close()\n",
    "of the system": "def go():\n    open('/proc/self/stat').close()\n",
    "gone again": (
        "def go():\n    open(HERE / 'rows.txt').close()\n    (HERE / 'rows.txt').unlink()\n"
    ),
    "a module": "def go():\n    import reading_two\n",
    "itself": "def go():\n    open(__file__).close()\n",
    "a missing file": (
        "def go():\n    try:\n        open(HERE / 'none')\n    except OSError:\n        pass\n"
    ),
    "by this program": (
        "from repro.digest import files\ndef go():\n    files.sha256_file(HERE / 'rows.txt')\n"
    ),
}


@pytest.mark.parametrize("kind", NOT_READ)
@pytest.mark.skipif(sys.platform != "linux", reason="the system's files are those of Linux")
def test_what_is_no_data_of_own_code_is_not_named(folder, kind):
    """Modules are recorded as modules, and a file that was written is a result."""
    (folder / "reading_two.py").write_text("X = 1\n")

    assert read_by(folder, NOT_READ[kind]) == set()


def test_code_that_is_not_of_the_training_does_not_count(folder):
    """An earlier training of the same process may have loaded it."""
    assert read_by(folder, "X = (HERE / 'rows.txt').read_text()\n") == {"rows.txt"}
    assert files_read(report_reads(), [str(folder / "other.py")]) == ()


def test_nothing_is_watched_without_own_modules():
    """An audit hook stays until the process ends."""
    code = (
        "from repro.execution import reading\n"
        "reading.watch_reads(None, ('sklearn', 'lightgbm'))\n"
        "print(len(reading._reads))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "0\n"


MINE = """\
import json
from pathlib import Path
from sklearn.naive_bayes import GaussianNB

FIRST = json.loads(Path(__file__).with_name("first.json").read_text())


class Mine(GaussianNB):
    def fit(self, X, y):
        inner = json.loads(Path(__file__).with_name("second.json").read_text())
        return super().fit(X * FIRST + inner, y)
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_training_records_what_its_estimators_read(project, workers):
    """In worker processes too, by the SHA-256 of the file."""
    files = {"mine.py": MINE, "first.json": "2.0\n", "second.json": "0.5\n"}
    for name, text in files.items():
        project.write(name, text)
    project.write(
        "configs/models/own.yaml",
        "schema: repro.model/v1\nestimators: {classification: 'mine:Mine'}\nparams: {}\n",
    )
    project.replace("configs/base.yaml", "lightgbm]", "lightgbm, mine]")
    made = project.repro(
        "train", "wine", "-p", "debug", "-m", "own", "--workers", workers, "--json"
    )
    code = project.repro("runs", "show", "--json").json["lineage"]["code"]

    assert made.status == 0, made.err
    assert {name: code.get(name) for name in files} == {
        name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()
    }

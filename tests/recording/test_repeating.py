"""``repro verify`` of a recorded command: what reproduces, what does not, and what it may touch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from repro.core.jsonfile import bound, dump_record
from repro.core.record import Materials, RunRecord
from repro.launch.seal.command import available_seal
from repro.store.lock import WriterLock
from tests.recording.folders import steps_of

needs_seal = pytest.mark.skipif(
    not available_seal().files, reason="this kernel has no Landlock, or its seal is refused"
)
# Of the standard library alone, so that a test takes a second and not five.
FOREST = """\
import json
import random
from trees import Forest, read

random.seed(3)
X, y = read("iris.csv")

model = Forest(5)
model.fit(X[::2], y[::2])
with open("metrics.json", "w") as file:
    json.dump({"accuracy": model.score(X[1::2], y[1::2])}, file)
"""
TREES = """\
import csv
import random


def read(path):
    with open(path, newline="") as file:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    return [row[:-1] for row in rows], [row[-1] for row in rows]


class Forest:
    def __init__(self, trees):
        self.trees = trees

    def fit(self, X, y):
        self.cuts = [random.uniform(0.0, 7.0) for _ in range(self.trees)]
        self.labels = [self._label(cut, X, y) for cut in self.cuts]
        return self

    def _label(self, cut, X, y):
        sides = [[t for row, t in zip(X, y) if (row[2] > cut) is side] for side in (False, True)]
        return [max(set(side), key=side.count) if side else 0.0 for side in sides]

    def predict(self, X):
        votes = [[pair[row[2] > cut] for cut, pair in zip(self.cuts, self.labels)] for row in X]
        return [max(sorted(set(vote)), key=vote.count) for vote in votes]

    def score(self, X, y):
        return sum(p == t for p, t in zip(self.predict(X), y)) / len(y)
"""


@pytest.fixture
def forest(folder):
    folder.write("train.py", FOREST)
    folder.write("trees.py", TREES)
    return folder


def diverges(verification):
    return verification["comparison"]["divergence"]


def test_the_same_bits_and_nothing_of_the_users_is_touched(forest):
    forest.record("python", "train.py")
    before = forest.state()
    found = forest.verify(status=0)
    assert found["comparison"]["verdict"] == "identical"
    kinds = [check["kind"] for check in found["comparison"]["checks"]]
    assert {"step", "metric", "file"} <= set(kinds)
    assert forest.state() == before


def test_an_unseeded_forest_is_named_by_both_commands(forest):
    forest.write("train.py", FOREST.replace("random.seed(3)\n", "\n"))
    record = forest.record("python", "train.py")
    remarks = record["observed"]["remarks"]
    assert {remark["kind"] for remark in remarks} == {"unseeded"}
    assert [remark["site"] for remark in remarks] == ["train.py:9", "trees.py:16"]
    found = forest.verify(status=1)
    assert diverges(found)["stage"] == "train.py:9 Forest.fit"
    assert diverges(found)["inputs"] == ["generator random"]
    assert found["suspects"][0]["cause"] == "global generator"
    assert found["suspects"][0]["rule"] == "it was never seeded"


def test_a_different_model_with_the_same_score_is_named(folder):
    """The score decides the verdict, as the tolerance applies to numbers; the model is named."""
    folder.write(
        "train.py",
        "import random\nclass Coin:\n    def fit(self):\n        self.side = random.random()\n"
        "    def score(self):\n        return 0.5\n"
        "coin = Coin()\ncoin.fit()\nprint(coin.score())\n",
    )
    folder.record("python", "train.py")

    found = folder.verify("--tolerance", "1e-9", status=0)
    shown = folder.repro("verify", "--tolerance", "1e-9").out

    assert found["comparison"]["verdict"] == "equivalent"
    assert found["comparison"]["reasons"][1] == (
        "1 of 3 outputs of steps have different bits, first train.py:8 Coin.fit.fitted: a tolerance"
        " applies to numbers only"
    )
    # Without a tolerance, the same bits are expected on the same machine.
    assert folder.verify(status=1)["holds"] is False
    assert "step outputs   2 of 3 the same bits" in shown


def test_a_data_row_that_differs_is_named_before_anything_runs(forest):
    forest.record("python", "train.py")
    data = forest.path / "iris.csv"
    data.write_text(data.read_text().replace("5.1", "5.2", 1))
    found = forest.verify(status=1)
    assert found["comparison"]["verdict"] == "incomparable"
    assert found["comparison"]["reasons"][0].startswith("input iris.csv differs")
    assert found["comparison"]["checks"] == []


def test_data_that_is_not_there_is_a_precondition(forest):
    forest.record("python", "train.py")
    (forest.path / "iris.csv").unlink()
    done = forest.repro("verify")
    assert done.status == 3
    assert "iris.csv: the command read it, and it is missing in" in done.err


def test_an_edited_module_is_suspected(forest):
    forest.record("python", "train.py")
    forest.write("train.py", FOREST.replace("Forest(5)", "Forest(6)"))
    found = forest.verify(status=1)
    assert diverges(found)["stage"] == "train.py:9 Forest.fit"
    assert diverges(found)["inputs"] == ["self"]
    [suspect] = [each for each in found["suspects"] if "code.train.py" in each["differences"]]
    assert suspect["can_act"] is True


def test_a_line_that_moved_is_not_a_different_call(forest):
    forest.record("python", "train.py")
    forest.write("train.py", f"# a remark\n\n{FOREST}")
    found = forest.verify(status=0)
    assert found["comparison"]["verdict"] == "identical"


def test_the_first_call_that_one_side_alone_makes_is_named(forest):
    forest.record("python", "train.py")
    extra = "model.predict(X)\nwith open"
    forest.write("train.py", FOREST.replace("with open", extra))
    found = forest.verify(status=1)
    assert found["comparison"]["verdict"] == "different"
    assert found["comparison"]["reasons"][0] == (
        "the calls differ: train.py:10 Forest.predict: only this run makes this call"
    )


def test_a_number_within_the_tolerance_is_equivalent_and_one_beyond_is_not(folder):
    folder.write("seed", "0.1")
    folder.write(
        "train.py",
        "import json, os\nx = float(os.environ['NUMBER'])\n"
        "json.dump({'loss': x, 'name': 'a'}, open('metrics.json', 'w'))\n",
    )
    folder.record("python", "train.py", NUMBER="0.1")
    near = folder.verify("--tolerance", "1e-6", NUMBER="0.1000000001", status=0)
    assert near["comparison"]["verdict"] == "equivalent"
    far = folder.verify("--tolerance", "1e-6", NUMBER="0.2", status=1)
    assert far["comparison"]["verdict"] == "different"
    assert far["comparison"]["worst"]["name"] == "metrics.json loss"


def test_a_label_has_no_tolerance(folder):
    folder.write(
        "train.py",
        "import json, os\njson.dump({'name': os.environ['NAME']}, open('metrics.json', 'w'))\n",
    )
    folder.record("python", "train.py", NAME="a")
    found = folder.verify("--tolerance", "0.1", NAME="b", status=1)
    assert "the content of metrics.json differs" in found["comparison"]["reasons"]


def test_a_failed_command_never_passes(folder):
    folder.write("train.py", "raise SystemExit(4)")
    assert folder.repro("record", "--", "python", "train.py").status == 4
    found = folder.verify(status=1)
    assert found["holds"] is False
    assert "failed with status 4" in found["sentence"]


def test_a_command_that_computes_nothing_is_no_pass(folder):
    folder.write("train.py", "print('hello')")
    folder.record("python", "train.py")
    found = folder.verify(status=1)
    assert found["comparison"]["verdict"] == "incomparable"
    assert "nothing to compare" in found["comparison"]["reasons"][0]


def test_a_command_of_a_stranger_is_shown_and_not_run(forest, tmp_path):
    forest.write("train.py", f"open('was-run', 'w').close()\n{FOREST}")
    forest.record("python", "train.py")
    (forest.path / "was-run").unlink()
    elsewhere = {"XDG_STATE_HOME": str(tmp_path / "nobody")}
    done = forest.repro("verify", **elsewhere)
    assert done.status == 3
    assert "was not recorded on this machine, and would run: python train.py" in done.err
    assert "--run-command" in done.err
    agreed = forest.repro("verify", "--run-command", **elsewhere)
    assert agreed.status == 0, agreed.err


def test_an_edited_record_is_tampered(forest):
    forest.record("python", "train.py")
    [run] = forest.runs()
    path = run / "record.json"
    path.write_text(path.read_text().replace('"train.py"', '"other.py"', 1))
    found = forest.verify(status=1)
    assert found["holds"] is False
    assert found["comparison"] is None


def test_a_run_is_exported_and_verified_as_a_reference(forest):
    forest.record("python", "train.py")
    [run] = forest.runs()
    done = forest.repro("reference", run.name, "-o", "reference.json")
    assert done.status == 0, done.err
    shutil.rmtree(forest.path / "runs")
    found = forest.verify("reference.json", status=0)
    assert found["comparison"]["verdict"] == "identical"


def test_a_shell_starts_where_it_was_started(forest):
    """A command in a folder below the project's, whose runs are the project's."""
    (forest.path / "configs").mkdir()
    shutil.copy("configs/base.yaml", forest.path / "configs")
    below = forest.path / "below"
    below.mkdir()
    for name in ("train.py", "trees.py", "iris.csv"):
        shutil.move(forest.path / name, below / name)
    inner = type(forest)(below, forest.home)
    record = inner.record("python", "train.py")
    assert record["recipe"]["workdir"] == "below"
    assert len(forest.runs()) == 1
    assert forest.verify(status=0)["comparison"]["verdict"] == "identical"


@needs_seal
@pytest.mark.parametrize(
    ("source", "name"),
    [
        (
            "import pyarrow.parquet as pq\n"
            "x = pq.read_table('hidden.parquet')['a'][0].as_py()",
            "hidden.parquet",
        ),
        (
            "import ctypes\nc = ctypes.CDLL(None); c.fopen.restype = ctypes.c_void_p\n"
            "x = 1.0 if c.fopen(b'hidden.txt', b'r') else 2.0",
            "hidden.txt",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_read_unseen_is_refused_by_name(folder, source, name):
    pd.DataFrame({"a": [1.0]}).to_parquet(folder.path / "hidden.parquet")
    folder.write("hidden.txt", "secret")
    end = "\nclass Model:\n    def fit(self, x):\n        self.x = x\nModel().fit(x)\n"
    folder.write("train.py", source + end)
    folder.record("python", "train.py")
    found = folder.verify(status=1)
    assert found["seal"] == "sealed"
    assert found["comparison"]["verdict"] == "incomparable"
    assert found["comparison"]["reasons"][0] == (
        f"the seal refused to read {name}, which the record does not name: record the command"
        f" again with --input {name}"
    )
    folder.record("python", "train.py", options=("--input", name))
    assert folder.verify(status=0)["comparison"]["verdict"] == "identical"


@needs_seal
def test_nothing_outside_of_the_copy_can_be_written(folder):
    """Neither the user's own folder, whose path stands in the script, nor any other."""
    target = folder.path / "kept.txt"
    target.write_text("as it was")
    folder.write(
        "train.py",
        "class Model:\n    def fit(self, x):\n        self.x = x\nModel().fit(1.0)\n"
        f"open({str(target)!r}, 'w').write('changed')\n",
    )
    folder.record("python", "train.py")
    target.write_text("as it was")
    before = folder.state()
    found = folder.verify(status=1)
    assert any("refused to write" in reason for reason in found["comparison"]["reasons"])
    assert folder.state() == before


def test_two_records_are_compared_call_by_call(forest):
    forest.record("python", "train.py")
    forest.write("train.py", FOREST.replace("random.seed(3)", "random.seed(4)"))
    forest.record("python", "train.py")
    done = forest.repro("compare", *(run.name for run in forest.runs()), "--json")
    assert done.status == 1, done.err
    [candidate] = json.loads(done.out)["candidates"]
    parted = candidate["comparison"]["divergence"]
    assert parted["stage"] == "train.py:9 Forest.fit"
    assert parted["inputs"] == ["generator random"]
    assert candidate["suspects"][0]["rule"] == "it was given a different seed"


def test_runs_are_listed_and_shown(forest):
    record = forest.record("python", "train.py")
    listed = forest.repro("runs", "list")
    assert listed.status == 0, listed.err
    assert "train" in listed.out
    shown = forest.repro("runs", "show")
    assert shown.status == 0, shown.err
    assert "python train.py" in shown.out
    assert steps_of(record)[1] in shown.out


def test_what_takes_a_pipeline_says_so(forest):
    forest.record("python", "train.py")
    done = forest.repro("predict", forest.runs()[0], "iris.csv")
    assert done.status == 3
    assert "is of a recorded command, and has no configuration and no model" in done.err


def test_a_report_is_a_page_of_its_own(forest):
    forest.write("train.py", FOREST.replace("random.seed(3)\n", "\n"))
    forest.record("python", "train.py")
    done = forest.repro("report", "-o", "page.html")
    assert done.status == 0, done.err
    page = (forest.path / "page.html").read_text(encoding="utf-8")
    for part in ("python train.py", "train.py:9 Forest.fit", "unseeded"):
        assert part in page
    assert "<script" not in page


def test_the_first_printed_line_that_differs_is_shown_and_decides_nothing(forest):
    forest.write("train.py", f"import time\nprint('same')\nprint(time.perf_counter())\n{FOREST}")
    forest.record("python", "train.py")
    found = forest.verify(status=0)
    assert found["comparison"]["verdict"] == "identical"
    assert found["printed"].startswith("line 2: reference '")


@needs_seal
def test_a_forged_record_opens_no_file_whose_content_it_does_not_know(folder, tmp_path):
    """A stranger can name any file as code; the command is not given it."""
    secret = tmp_path / "secret.txt"
    folder.write(
        "train.py",
        f"try:\n    found = open({str(secret)!r}).read()\nexcept OSError:\n    found = ''\n"
        "class Model:\n    def fit(self, x):\n        self.x = x\nModel().fit(found)\n",
    )
    made = folder.record("python", "train.py")
    secret.write_text("a secret")
    record = RunRecord.model_validate_json(json.dumps(made))
    code = {**record.materials.code, str(secret): "0" * 64}
    forged = record.model_copy(update={"materials": Materials(data=(), code=code)})
    folder.write("forged.json", dump_record(bound(forged)).decode())
    found = folder.verify("forged.json", "--run-command", status=1)
    assert found["comparison"]["reasons"][0].startswith(f"the seal refused to read {secret}")


@needs_seal
def test_a_verification_that_is_killed_leaves_nothing_running(folder, tmp_path):
    """The next one removes its folders, and no folder that somebody else uses or made."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    folder.write(
        "train.py",
        "import os, time\nclass Model:\n    def fit(self, x):\n        self.x = x\nModel().fit(1)\n"
        "if 'SLOW' in os.environ:\n    print(os.getpid(), flush=True)\n    time.sleep(600)\n",
    )
    folder.record("python", "train.py")
    environ = {k: v for k, v in {**os.environ, **folder.environ}.items() if v is not None}
    process = subprocess.Popen(
        [sys.executable, "-m", "repro", "verify"],
        cwd=folder.path, stderr=subprocess.PIPE, text=True,
        env={**environ, "SLOW": "1", "TMPDIR": str(temporary)},
    )  # fmt: skip
    pid = next(int(line) for line in process.stderr if line.strip().isdecimal())
    process.kill()
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
    left = list(temporary.glob("repro-command-*"))
    (temporary / "repro-command-mine").mkdir()
    used = temporary / "repro-command-used"
    used.mkdir()
    lock = WriterLock(used)

    folder.verify(status=0, TMPDIR=str(temporary))

    lock.close()
    assert len(left) == 2
    assert sorted(temporary.iterdir()) == [temporary / "repro-command-mine", used]

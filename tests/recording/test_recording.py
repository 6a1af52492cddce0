"""``repro record``: what a run of somebody's own script holds, against what is known of it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from repro.digest.arrays import digest_array
from repro.digest.estimators import digest_estimator
from repro.digest.frames import digest_frame
from tests.alive import is_running
from tests.recording.folders import PYTHON, steps_of, write_environment

posix = pytest.mark.skipif(os.name == "nt", reason="signals, a POSIX shell, and exec")

SCRIPT = """\
import json
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from helper import features

data = pd.read_csv("iris.csv")
X_train, X_test, y_train, y_test = train_test_split(features(data), data["target"], random_state=0)
model = LogisticRegression(max_iter=400)
model.fit(X_train, y_train)
loss = log_loss(y_test, model.predict_proba(X_test))
print("loss", loss)
with open("out/metrics.json", "w") as file:
    json.dump({"loss": loss}, file)
"""
HELPER = "def features(data):\n    return data.drop(columns='target')\n"


@pytest.fixture
def script(folder):
    folder.write("train.py", SCRIPT)
    folder.write("helper.py", HELPER)
    (folder.path / "out").mkdir()
    return folder


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_record_holds_what_plain_scikit_learn_gives(script):
    record = script.record("python", "train.py", options=("--level", "seeded"))
    data = pd.read_csv(script.path / "iris.csv")
    parts = train_test_split(data.drop(columns="target"), data["target"], random_state=0)
    model = LogisticRegression(max_iter=400).fit(parts[0], parts[2])
    loss = log_loss(parts[3], model.predict_proba(parts[1]))
    assert steps_of(record)[:5] == [
        "train.py:8 read_csv",
        "train.py:9 train_test_split",
        "train.py:11 LogisticRegression.fit",
        "train.py:12 LogisticRegression.predict_proba",
        "train.py:12 log_loss",
    ]
    read, _, fit, predict = record["steps"][:4]
    assert read["outputs"] == {"result": digest_frame(data)}
    assert fit["inputs"]["X"] == digest_frame(parts[0])
    assert fit["outputs"] == {"fitted": digest_estimator(model)}
    assert predict["outputs"] == {"result": digest_array(model.predict_proba(parts[1]))}
    assert record["evidence"]["numbers"]["train.py log_loss"] == loss
    assert record["evidence"]["numbers"]["out/metrics.json loss"] == loss
    sampled = record["evidence"]["numbers"]["train.py LogisticRegression.predict_proba[0, 1]"]
    assert sampled == model.predict_proba(parts[1])[0, 1]


def test_files_are_those_that_the_script_read_loaded_and_wrote(script):
    record = script.record("python", "train.py")
    data = {each["name"]: each["content"] for each in record["materials"]["data"]}
    assert data == {"iris.csv": f"file/v1:{sha256(script.path / 'iris.csv')}"}
    code = {name: sha256(script.path / name) for name in ("train.py", "helper.py")}
    assert record["materials"]["code"] == code
    assert list(record["evidence"]["files"]) == ["out/metrics.json"]
    assert record["observed"]["created"] == ["out/metrics.json"]
    assert record["observed"]["stdout"].startswith("loss 0.")
    assert record["recipe"]["argv"] == ["python", "train.py"]
    assert record["environment"]["level"] == "portable"
    assert record["observed"]["remarks"] == []


def test_a_file_of_an_earlier_run_that_is_overwritten_first_is_no_input(folder):
    """So the second recording of a pipeline has the identity of the first one."""
    folder.write("a.py", "open('between.txt', 'w').write('2.5')\n")
    folder.write("b.py", "print(open('between.txt').read(), open('iris.csv').readline())\n")
    folder.write("both.sh", "python a.py && python b.py\n")
    first = folder.record("sh", "both.sh")
    second = folder.record("sh", "both.sh")

    found = folder.verify(status=0)

    assert [each["name"] for each in first["materials"]["data"]] == ["iris.csv"]
    assert second["identity"] == first["identity"]
    assert found["comparison"]["verdict"] == "identical"
    assert "refused" not in found["sentence"]


def test_the_command_keeps_its_output_and_its_status(folder):
    folder.write("train.py", "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(5)")
    done = folder.repro("record", "--", "python", "train.py")
    assert (done.status, done.out) == (5, "out\n")
    assert done.err.startswith("err\n")
    assert "the command failed with status 5" in done.err
    assert "check it" not in done.err
    [run] = folder.runs()
    assert json.loads((run / "record.json").read_text())["observed"]["status"] == 5


@pytest.mark.parametrize(
    "words",
    [
        ("train.py",),
        ("-m", "train"),
        (PYTHON, "train.py"),
        pytest.param(("sh", "-c", "python train.py"), marks=posix),
        pytest.param(("env", "python", "-u", "train.py"), marks=posix),
    ],
)
def test_every_form_of_a_command_is_observed(folder, words):
    folder.write(
        "train.py", "from sklearn.preprocessing import StandardScaler as S\nS().fit([[1.0]])"
    )
    record = folder.record(*words)
    assert steps_of(record) == ["train.py:2 StandardScaler.fit"]
    # The path of this very Python is nobody else's.
    assert PYTHON not in record["recipe"]["argv"]


def test_a_console_script_is_observed(folder):
    test = (
        "from sklearn.dummy import DummyClassifier as D\ndef test_it():\n    D().fit([[1]], [0])\n"
    )
    folder.write("test_model.py", test)
    record = folder.record("pytest", "-q", "-p", "no:cacheprovider", "test_model.py")
    assert "test_model.py:3 DummyClassifier.fit" in steps_of(record)


@posix
def test_two_processes_over_a_file_are_one_record(folder):
    folder.write("a.py", "import pandas as pd\npd.read_csv('iris.csv').head(9).to_csv('b.csv')")
    folder.write("b.py", "import pandas as pd\npd.read_csv('b.csv').to_csv('c.csv')")
    folder.write("all.sh", "python a.py && python b.py")
    record = folder.record("sh", "all.sh")
    assert steps_of(record)[:2] == ["a.py:2 read_csv", "b.py:2 read_csv"]
    # What the first has made is no input of the whole.
    assert [each["name"] for each in record["materials"]["data"]] == ["iris.csv"]
    assert sorted(record["evidence"]["files"]) == ["b.csv", "c.csv"]


def test_a_class_of_the_users_own_is_caught_when_it_is_made(folder):
    folder.write(
        "train.py",
        "class Model:\n    def fit(self, X):\n        self.mean = sum(X) / len(X)\n"
        "        return self\n    def predict(self, X):\n        return [self.mean for _ in X]\n"
        "Model().fit([1.0, 2.0]).predict([0])\n",
    )
    assert steps_of(folder.record("train.py")) == [
        "train.py:7 Model.fit",
        "train.py:7 Model.predict",
    ]


@posix
def test_a_killed_command_loses_nothing_that_it_had_done(folder):
    folder.write(
        "train.py",
        "import os, signal\nfrom sklearn.dummy import DummyClassifier\n"
        "DummyClassifier().fit([[1]], [0])\nos.kill(os.getpid(), signal.SIGKILL)\n",
    )
    done = folder.repro("record", "--", "python", "train.py")
    assert done.status == 128 + signal.SIGKILL
    [run] = folder.runs()
    record = json.loads((run / "record.json").read_text())
    assert steps_of(record) == ["train.py:3 DummyClassifier.fit"]
    assert folder.verify(status=1)["comparison"]["verdict"] == "incomparable"


@posix
def test_an_interrupted_command_leaves_no_process(folder):
    folder.write(
        "train.py",
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('pids', 'w').write(f'{os.getpid()} {child.pid}')\ntime.sleep(600)\n",
    )
    environ = {k: v for k, v in {**os.environ, **folder.environ}.items() if v is not None}
    process = subprocess.Popen(
        [sys.executable, "-m", "repro", "record", "--", "python", "train.py"],
        cwd=folder.path, env=environ, start_new_session=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pids = folder.path / "pids"
    while not (pids.exists() and pids.read_text()):
        time.sleep(0.05)
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) in {1, 128 + signal.SIGINT}
    assert not any(map(is_running, map(int, pids.read_text().split())))
    assert not list(folder.path.glob("runs/.*"))


def test_workers_have_no_order_and_leave_none(folder):
    """Which of two workers fits which part is chance; the record is the same."""
    folder.write(
        "work.py",
        "import numpy as np\nfrom sklearn.linear_model import Ridge\n"
        "def one(seed):\n    rng = np.random.default_rng(seed)\n"
        "    X = rng.normal(size=(40, 3))\n"
        "    return Ridge().fit(X, X @ [1.0, 2.0, 3.0]).coef_.sum()\n",
    )
    folder.write(
        "train.py",
        "from joblib import Parallel, delayed\nfrom sklearn.dummy import DummyRegressor\n"
        "from work import one\nif __name__ == '__main__':\n"
        "    DummyRegressor().fit([[1]], [1])\n"
        "    found = Parallel(n_jobs=2)(delayed(one)(seed) for seed in range(12))\n"
        "    DummyRegressor().fit([found], [1])\n",
    )
    records = [folder.record("python", "train.py") for _ in range(2)]
    assert records[0]["steps"] == records[1]["steps"]
    names = steps_of(records[0])
    assert len(names) == 14
    assert (names[0], names[-1]) == (
        "train.py:5 DummyRegressor.fit",
        "train.py:7 DummyRegressor.fit",
    )


def test_a_python_that_ignores_the_environment_is_named(folder):
    folder.write(
        "train.py", "import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', '1'])"
    )
    record = folder.record("train.py")
    [remark] = record["observed"]["remarks"]
    assert remark["kind"] == "not observed"
    assert "-I" in remark["message"]


def test_an_interpreter_without_any_package_is_observed_as_far_as_it_can(folder, tmp_path):
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    bare = tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python"
    folder.write(
        "train.py", "import random\ntext = open('iris.csv').read()\nopen('n', 'w').write('1')"
    )
    record = folder.record(bare, "train.py")
    assert [each["name"] for each in record["materials"]["data"]] == ["iris.csv"]
    assert list(record["materials"]["code"]) == ["train.py"]
    assert list(record["evidence"]["files"]) == ["n"]


@posix
def test_an_interpreter_of_its_own_gives_the_digests_of_the_full_environment(folder, tmp_path):
    """It has NumPy, SciPy and scikit-learn, and neither pandas nor what repro itself needs."""
    python = write_environment(tmp_path / "own", ("numpy", "scipy", "scikit-learn", "joblib"))
    folder.write(
        "train.py",
        "import numpy as np\nfrom sklearn.datasets import load_iris\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import OneHotEncoder, StandardScaler\n"
        "X, y = load_iris(return_X_y=True)\n"
        "forest = RandomForestClassifier(n_estimators=3, random_state=0)\n"
        "make_pipeline(StandardScaler(), forest).fit(X, y).predict_proba(X)\n"
        "OneHotEncoder().fit(X.round()).transform(X.round())\n",
    )
    full, own = folder.record(PYTHON, "train.py"), folder.record(python, "train.py")

    found = folder.verify(status=0)

    assert [(s["name"], s["inputs"], s["outputs"]) for s in own["steps"]] == [
        (s["name"], s["inputs"], s["outputs"]) for s in full["steps"]
    ]
    assert own["steps"][1]["outputs"]["fitted"].startswith("estimator/v1:")
    assert own["observed"]["skipped"] == []
    assert own["environment"]["packages"] == {
        name: full["environment"]["packages"][name] for name in own["environment"]["packages"]
    }
    assert "scikit-learn" in own["environment"]["packages"]
    assert "pandas" not in own["environment"]["packages"]
    assert found["comparison"]["verdict"] == "identical"


def test_many_small_calls_leave_a_bounded_trace(folder):
    folder.write(
        "train.py",
        "import numpy as np\nfrom sklearn.dummy import DummyRegressor\n"
        "from sklearn.metrics import mean_absolute_error\n"
        "model = DummyRegressor().fit([[1.0]], [1.0])\nx = np.ones((1, 1))\n"
        "for n in range(3000):\n    p = model.predict(x)\n"
        "    mean_absolute_error(p, [float(n)])\n",
    )
    record = folder.record("train.py")
    predictions = [name for name in steps_of(record) if ".predict" in name]
    # One by one up to 16, then at powers of two up to 2048.
    assert len(predictions) == 16 + 7
    [series] = record["series"]
    assert (series["name"], series["length"]) == ("train.py mean_absolute_error", 3000)


def test_what_has_no_digest_is_listed_once(folder):
    folder.write(
        "train.py",
        "from sklearn.preprocessing import FunctionTransformer\n"
        "FunctionTransformer(lambda x: x).fit([[1.0]])\n",
    )
    record = folder.record("train.py")
    assert any(
        "train.py:2 FunctionTransformer.fit" in each for each in record["observed"]["skipped"]
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), "name a command"),
        (("--", "no-such-program"), "no-such-program: cannot be started"),
        (("--input", "missing", "--", "python", "x.py"), "there is no file or folder missing"),
    ],
)
def test_what_cannot_be_recorded_is_said(folder, words, found):
    done = folder.repro("record", *words)
    assert done.status in {2, 3}
    assert found in done.err
    assert "Traceback" not in done.err


def test_numbers_that_are_not_finite_are_facts(folder):
    folder.write(
        "train.py",
        "import numpy as np\nfrom sklearn.metrics import r2_score\nr2_score([1.0], [2.0])\n",
    )
    record = folder.record("train.py")
    assert record["evidence"]["facts"]["train.py r2_score"] == "nan"


def test_a_library_that_is_imported_late_draws_nothing_for_the_user(folder):
    """The first fit of scikit-learn imports modules that draw from Python's generator."""
    folder.write(
        "train.py", "from sklearn.dummy import DummyRegressor\nDummyRegressor().fit([[1]], [1])"
    )
    assert folder.record("train.py")["observed"]["remarks"] == []


@posix
def test_a_reader_that_goes_away_ends_the_command_as_without_recording(folder):
    folder.write("train.py", "for n in range(10**6):\n    print('line', n)\n")
    environ = {k: v for k, v in {**os.environ, **folder.environ}.items() if v is not None}
    line = f"{sys.executable} -m repro record -- python train.py | head -1"
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder.path, env=environ, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "line 0\n"
    assert "the command failed with status" in done.stderr


def test_a_trace_that_ends_early_is_remarked(folder):
    """As on a full disk, where what cannot be written is lost."""
    folder.write("train.py", "import os\nopen('n', 'w').write('1')\nos._exit(0)\n")
    [remark] = folder.record("train.py")["observed"]["remarks"]
    assert remark["kind"] == "not observed"
    assert "ends early" in remark["message"]

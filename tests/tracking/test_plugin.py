"""The fixture ``reproducible`` in a test session of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = """
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

X = np.random.default_rng(0).normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int)


def seeded():
    return RandomForestClassifier(n_estimators=5, random_state=0).fit(X, Y).score(X, Y)


def unseeded():
    return RandomForestClassifier(n_estimators=5).fit(X, Y).predict_proba(X).sum()


def draws():
    return np.random.normal()


def hash_order():
    return list({"a", "b", "c", "d", "e", "f", "g"})


def returns_a_process():
    return os.getpid()


def writes():
    Path("out.json").write_text(json.dumps({"pid": os.getpid()}))


def reads():
    return Path("data.txt").read_text()


def fails():
    raise ValueError("half-way")


class Model:
    @staticmethod
    def train():
        return random.Random(3).random()


def test_seeded(reproducible):
    reproducible(seeded)

def test_unseeded(reproducible):
    reproducible(unseeded)

def test_draws(reproducible):
    reproducible(draws)

def test_hash_order(reproducible):
    reproducible(hash_order)

def test_hash_order_seeded(reproducible):
    reproducible(hash_order, level="seeded")

def test_process(reproducible):
    reproducible(returns_a_process)

def test_writes(reproducible):
    reproducible(writes)

def test_reads(reproducible):
    reproducible(reads)

def test_fails(reproducible):
    reproducible(fails)

def test_static(reproducible):
    reproducible(Model.train)

def test_inner(reproducible, tmp_path):
    share = 0.5
    def inner(count, *, scale):
        return np.random.default_rng(count).normal(scale=scale * share)
    reproducible(inner, 3, scale=2.0)
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "test_them.py").write_text(TESTS)
    (tmp_path / "data.txt").write_text("data")
    return tmp_path


def run(session: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    environ = {**kept, "XDG_STATE_HOME": str(session / "state")}
    environ.pop("PYTHONHASHSEED", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "checks", *words],
        cwd=session, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_each_kind_of_function(session: Path) -> None:
    done = run(session)
    failed = {line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines()
              if line.startswith("FAILED")}  # fmt: skip
    assert failed == {"test_unseeded", "test_draws", "test_hash_order_seeded", "test_process",
                      "test_writes", "test_fails"}  # fmt: skip
    assert "unseeded is not reproducible" in done.stdout
    line = TESTS.splitlines().index(
        "    return RandomForestClassifier(n_estimators=5).fit(X, Y).predict_proba(X).sum()"
    )
    assert (
        f"diverges at checks/test_them.py:{line + 1} RandomForestClassifier.fit (fitted): its input"
        " generator numpy.random differs"
    ) in done.stdout
    assert "suspected global generator: it was never seeded" in done.stdout
    assert "draws returns (result): its input generator numpy.random differs" in done.stdout
    assert "fails failed in a fresh process with status 1" in done.stdout
    assert "ValueError: half-way" in done.stdout
    # Nothing is kept unless it is asked for.
    assert not (session / "runs").exists()


def test_the_record_is_kept_and_verified(session: Path) -> None:
    done = run(session, "-k", "test_seeded", "--repro-record")
    assert done.returncode == 0, done.stdout
    (kept,) = (session / "runs").iterdir()
    record = json.loads((kept / "record.json").read_bytes())
    assert record["name"] == "seeded"
    assert record["environment"]["git"]["kind"] == "none"
    environ = {**os.environ, "XDG_STATE_HOME": str(session / "state")}
    verified = subprocess.run(
        [sys.executable, "-m", "repro", "verify", "--json"],
        cwd=session, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["comparison"]["verdict"] == "identical"


def test_the_level_of_a_session(session: Path) -> None:
    done = run(session, "-k", "test_hash_order", "--repro-level", "seeded")
    assert "2 failed" in done.stdout


WAITS = """
import sys
import time
from pathlib import Path


def waits():
    Path(f"began-{time.monotonic_ns()}").touch()
    BODY
    Path("ended").touch()


def test_waits(reproducible):
    reproducible(waits, level="seeded")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("body", "began"),
    [
        ("time.sleep(300)", 2),
        # Both write a file, so that they run again, one after the other.
        ("time.sleep(300 if len(list(Path().glob('began-*'))) > 2 else 0)", 3),
    ],
)
def test_an_interrupt_ends_both_functions_at_once(tmp_path: Path, body: str, began: int) -> None:
    """A signal to pytest alone, as an editor or a CI job sends it; nothing stays in the folder."""
    place = tmp_path / "temporary"
    place.mkdir()
    (tmp_path / "test_waits.py").write_text(WAITS.replace("BODY", body))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_waits.py"],
        cwd=tmp_path, env={**os.environ, "TMPDIR": str(place)}, start_new_session=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while len(list(tmp_path.glob("began-*"))) < began:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED, out
    assert "KeyboardInterrupt" in out
    assert (tmp_path / "ended").exists() is (began == 3)
    assert not list(place.glob("repro-*"))
    with pytest.raises(ProcessLookupError):
        # Of the processes of its session, none is left.
        os.killpg(process.pid, 0)

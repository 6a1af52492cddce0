"""Environment variables that own code reads are recorded by a digest of their values."""

import ast
import hashlib
import os
import subprocess
import sys

import pytest
from tests.conftest import command

from repro.tracing.variables import UNSET, digest_of

METRIC = """
import os
from sklearn.metrics import accuracy_score
SCALE = float(os.environ.get("SCALE", "1"))


def scaled(y_true, y_pred):
    return SCALE * accuracy_score(y_true, y_pred)
"""
CONFIG = (
    "schema: repro.overlay/v1\nmetrics:\n- {function: 'scales:scaled', greater_is_better: true,"
    " needs: labels}\nsecurity:\n  allowed_modules: [sklearn, scales]\n"
)
# What is read, and the names that are to be known by it.
READS = {
    "an item": ("os.environ['SEEN']", {"SEEN"}),
    "get": ("os.environ.get('SEEN')", {"SEEN"}),
    "getenv": ("os.getenv('SEEN', '')", {"SEEN"}),
    "a question": ("'SEEN' in os.environ", {"SEEN"}),
    "pop": ("os.environ.pop('SEEN', None)", {"SEEN"}),
    "setdefault": ("os.environ.setdefault('SEEN', '1')", {"SEEN"}),
    "bytes": ("os.environb[b'SEEN']", {"SEEN"}),
    "two, in a loop": ("[os.getenv(n) for n in ('SEEN', 'ABSENT')]", {"SEEN", "ABSENT"}),
    "by a search": ("[v for k, v in list(os.environ.items()) if k == 'SEEN']", set()),
    "a copy": ("os.environ.copy()", set()),
    "a copy by dict": ("dict(os.environ)", set()),
    "a copy by stars": ("{**os.environ}", set()),
    "a union": ("os.environ | {'A': 'b'}", set()),
    "a copy, then one": ("(dict(os.environ), os.environ['SEEN'])", {"SEEN"}),
    "a library": ("tempfile.gettempdir()", set()),
    "of this program": ("os.getenv('REPRO_X')", set()),
}
PROGRAM = """
import os, sys, tempfile
from repro.tracing.variables import watch_variables
found = []
watch_variables(lambda reader, name, digest: reader == "<string>" and found.append((name, digest)))
{read}
print(found)
"""


@pytest.mark.parametrize("kind", READS)
def test_a_variable_is_known_by_its_read(kind):
    read, names = READS[kind]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(read=read)], env={**os.environ, "SEEN": "7"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = dict(ast.literal_eval(done.stdout))

    expected = hashlib.sha256(b"variable\0SEEN\x007").hexdigest()
    wanted = {"SEEN": f"variable/v1:{expected}", "ABSENT": UNSET}
    assert found == {name: wanted[name] for name in names}


def test_name_and_value_cannot_be_confused():
    assert len({digest_of("A", "BC"), digest_of("AB", "C"), digest_of("A", ""), UNSET}) == 4


@pytest.mark.parametrize("workers", [1, 2])
def test_a_metric_that_reads_a_variable_is_explained(project, workers):
    """Trained with one value and verified with another one: it is named, by any worker."""
    project.write("scales.py", METRIC)
    project.write("configs/own.yaml", CONFIG)
    run = project.train(
        "wine", "-p", "debug", "-m", "knn", "-f", "configs/own.yaml", "--workers", workers,
        env={"SCALE": "1"},
    )  # fmt: skip
    other = project.repro("verify", run, env={"SCALE": "0.5"})

    assert other.status == 1, other.out
    assert "suspected      environment variables that own code reads" in other.out
    assert "variables.SCALE: reference variable/v1:" in other.out


def test_secrets_have_no_digest(tmp_path):
    (tmp_path / "train.py").write_text("import os\nprint(os.getenv('API_TOKEN'), os.getenv('A'))\n")
    done = command(
        "-m", "repro", "record", "--json", "--", sys.executable, "train.py", cwd=tmp_path,
        env={"API_TOKEN": "s3cret", "A": "b", "HOME": str(tmp_path)},
    )  # fmt: skip

    assert done.status == 0, done.err
    assert done.json["environment"]["variables"] == {
        "A": digest_of("A", "b"),
        "API_TOKEN": "hidden",
    }


def test_a_variable_that_was_not_reached_is_no_suspect(tmp_path):
    """Of a script that stops at the first one, the others say nothing."""
    read = "import os\nprint(os.environ['FIRST'])\nprint(os.environ['SECOND'])\n"
    (tmp_path / "train.py").write_text(read)
    both = {"FIRST": "1", "SECOND": "2", "HOME": str(tmp_path)}
    done = command(
        "-m", "repro", "record", "--", sys.executable, "train.py", cwd=tmp_path, env=both
    )
    assert done.status == 0, done.err
    again = command("-m", "repro", "verify", cwd=tmp_path, env={**both, "FIRST": None})

    assert again.status == 1, again.out
    assert "variables.FIRST: reference variable/v1:" in again.out
    assert "variables.SECOND" not in again.out

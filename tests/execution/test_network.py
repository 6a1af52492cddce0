"""Data at a URL comes before the network is shut, and is checked; nothing comes afterwards."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading

import pytest

from repro.launch import isolation_of_children

pytestmark = pytest.mark.skipif(
    isolation_of_children().mechanism == "", reason=isolation_of_children().reason or "isolated"
)
pytest.importorskip("fsspec")

TABLE = b"a,b,y\n" + b"".join(b"%d,%d,%s\n" % (i, i * i % 7, b"pn"[i % 2 :][:1]) for i in range(40))
# fsspec's own HTTP needs one more package: the same, by Python's library.
PROGRAM = """
import io, json, sys, urllib.request
from pathlib import Path
import fsspec
from fsspec.spec import AbstractFileSystem

class Plain(AbstractFileSystem):
    protocol = "plain"
    def _open(self, path, mode="rb", **_):
        return io.BytesIO(urllib.request.urlopen("http://" + path, timeout=5).read())

fsspec.register_implementation("plain", Plain)
from repro.execution.network import shut_network
from repro.config.data import Dataset, Task
from repro.core.errors import ReproError
from repro.datasets.loading import load

project, given = Path(sys.argv[1]), json.loads(sys.argv[2])
dataset = Dataset.model_validate_json(json.dumps(given["dataset"]))
again = dataset.model_copy(update={"sha256": "0" * 64})
try:
    network = shut_network(project, dataset)
    print(network.sentence)
    print(len(load(project, dataset, Task("binary")).features))
    load(project, again, Task("binary"))
except ReproError as error:
    print(error.message)
"""


@pytest.fixture
def served(tmp_path):
    """The address of a server, and the requests that it got."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served/table.csv").write_bytes(TABLE)
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            asked.append(self.path)

    handler = functools.partial(Handler, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def run(project, address, name, sha256):
    dataset = {
        "name": "t", "source": {"kind": "url", "url": f"plain://{address}/{name}", "format": "csv"},
        "sha256": sha256, "target": "y", "positive": "p", "description": "d",
        "columns": {"numeric": ["*"], "categorical": [], "ignored": []}, "missing": [],
        "licence": "MIT", "origin": "o",
    }  # fmt: skip
    given = json.dumps({"dataset": dataset})
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(project), given],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_data_is_fetched_before_and_read_from_the_cache_afterwards(tmp_path, served):
    """Other data, which would have to be fetched then, cannot be."""
    address, asked = served
    lines = run(tmp_path, address, "table.csv", hashlib.sha256(TABLE).hexdigest())

    assert lines[:2] == ["every network socket refused (seccomp)", "40"]
    assert "cannot be fetched" in lines[2]
    assert asked == ["/table.csv"]


@pytest.mark.parametrize(
    ("name", "sha256", "said"),
    [
        ("table.csv", "1" * 64, "sha256"),
        ("table.csv", hashlib.sha256(TABLE[:-1]).hexdigest(), "sha256"),
        ("gone.csv", hashlib.sha256(TABLE).hexdigest(), "cannot be fetched"),
    ],
)
def test_data_that_is_not_what_was_declared_ends_it(tmp_path, served, name, sha256, said):
    """Before anything is shut, and before anything is trained."""
    address, _ = served
    (line,) = run(tmp_path, address, name, sha256)

    assert said in line

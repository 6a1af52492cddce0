"""A Croissant file that mlcroissant writes, which is read as mlcroissant reads it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from repro.config.data import Task
from repro.datasets.loading import load
from repro.datasets.registry import registry
from tests.conftest import make_project
from tests.exports.servers import program

pytestmark = pytest.mark.scripts
WRITE = Path(__file__).parent / "write_croissant.py"
TABLE = "Id,Alter,Stadt,Ausfall\n1,31,Rome,yes\n2,22,Oslo,no\n3,58,Bonn,no\n4,7,Rome,yes\n"
FIELDS = {"bad": "Ausfall", "age": "Alter", "city": "Stadt"}


def test_a_file_of_mlcroissant_is_registered_and_read(tmp_path):
    project = make_project(tmp_path / "project")
    table = project.write("data/people.csv", TABLE)
    python = Path(program("mlcroissant")).parent / "python"
    words = [str(python), "-W", "ignore", str(WRITE), str(table), json.dumps(FIELDS)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    records = json.loads(done.stdout.splitlines()[-1])

    added = project.repro(
        "data", "add", "people", "data/croissant.json", "--target", "bad", "--positive", "yes",
        "--licence", "MIT", "--origin", "made up",
    )  # fmt: skip
    assert added.status == 0, added.err
    assert "{kind: croissant, path: data/croissant.json, record_set: people, format: csv}" in (
        added.out
    )
    assert hashlib.sha256(TABLE.encode()).hexdigest() in added.out
    found = load(project.path, registry(project.path)["people"], Task.BINARY)

    rows = [
        {"bad": target, "age": age, "city": city}
        for target, age, city in zip(
            found.target.tolist(), found.features["age"], found.features["city"], strict=True
        )
    ]
    assert rows == records
    table.write_text(TABLE.replace("31", "32"))
    done = project.repro("data", "verify", "people")
    assert done.status == 1
    assert "by data/croissant.json" in done.out

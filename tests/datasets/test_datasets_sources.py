"""Sources: scikit-learn's own data, and URLs that are fetched, checked and kept."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

from repro.config.data import Columns, SklearnSource, Task, UrlSource
from repro.core.errors import PreconditionError
from repro.core.pathname import without_secrets
from repro.datasets.hashing import HashMismatchError
from repro.datasets.loading import hash_source, load
from repro.datasets.registry import registry
from repro.datasets.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ["breast_cancer", "wine", "digits", "diabetes"]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_declarations_hold(name):
    """The registry's hashes are those of the installed scikit-learn's data."""
    entry = registry(ROOT)[name]

    assert entry.sha256 == hash_source(ROOT, entry).sha256


def shipped(bench, name: str, task: Task, **changes: object):
    values = {
        "source": {"kind": "sklearn", "name": name},
        "columns": Columns(numeric=("*",), categorical=(), ignored=()),
        "target": "target",
        "positive": None,
    }
    entry = bench.declare(**(values | changes))
    entry = entry.model_copy(update={"sha256": hash_source(bench.path, entry, task).sha256})
    return load(bench.path, entry, task)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("breast_cancer", ["benign", "malignant"]),
        ("wine", ["class_0", "class_1", "class_2"]),
        ("digits", list("0123456789")),
        ("iris", ["setosa", "versicolor", "virginica"]),
    ],
)
def test_classes_are_called_by_their_names(bench, name, labels):
    """Labels are text that a person can read."""
    task = Task.BINARY if len(labels) == 2 else Task.MULTICLASS
    table = shipped(bench, name, task, positive="malignant" if task is Task.BINARY else None)

    assert labels == sorted(set(table.target))


def test_the_values_are_those_of_scikit_learn(bench):
    """Features and labels are handed over as they are."""
    table = shipped(bench, "iris", Task.MULTICLASS)
    bunch = load_iris()

    assert np.array_equal(bunch.data, table.features.to_numpy())
    assert bunch.target_names[bunch.target].tolist() == table.target.tolist()


def test_diabetes_is_not_scaled_while_it_is_loaded(bench):
    """Raw measurements have the same bits on every processor."""
    table = shipped(bench, "diabetes", Task.REGRESSION)

    assert np.array_equal(load_diabetes(scaled=False).data, table.features.to_numpy())
    assert np.float64 == table.target.dtype


def test_the_hash_of_a_data_set_without_bytes_is_its_content(bench):
    """Another content is refused as another file would be."""
    table = shipped(bench, "wine", Task.MULTICLASS)
    entry = bench.declare(
        source={"kind": "sklearn", "name": "wine"},
        columns=Columns(numeric=("*",), categorical=(), ignored=()),
        target="target",
        positive=None,
        sha256="0" * 64,
    )
    with pytest.raises(HashMismatchError, match=r"load_wine: expected sha256 000"):
        load(bench.path, entry, Task.MULTICLASS)

    assert table.content == f"table/v1:{table.sha256}"


def test_the_label_of_a_source_is_what_records_show(bench):
    """No record holds a secret of a URL."""
    source = UrlSource(kind="url", url="https://me:secret@example.org/t.csv?key=1", format="csv")

    assert open_source(bench.path, source).label == "https://example.org/t.csv"
    wine = SklearnSource(kind="sklearn", name="wine")
    assert open_source(bench.path, wine).label == "sklearn.datasets.load_wine"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/t.csv", "https://example.org/t.csv"),
        ("s3://key:secret@bucket/a/t.csv", "s3://bucket/a/t.csv"),
        ("https://example.org/t.csv?X-Amz-Signature=abc#part", "https://example.org/t.csv"),
        (
            "zip://t.csv::https://u:p@example.org/a.zip?k=1",
            "zip://t.csv::https://example.org/a.zip",
        ),
        ("https://u:p@ss@example.org/t.csv", "https://example.org/t.csv"),
        ("file:///data/t.csv", "file:///data/t.csv"),
        ("memory://t.csv?token=1", "memory://t.csv"),
        ("data.csv?token=1", "data.csv"),
    ],
)
def test_secrets_never_leave_a_url(url, expected):
    """User, password, query and fragment are stripped."""
    assert expected == without_secrets(url)


@pytest.fixture
def remote(bench, people, tmp_path_factory):
    """A table at a file URL, and its declaration."""
    pytest.importorskip("fsspec")
    file = tmp_path_factory.mktemp("remote") / "people.csv"
    file.write_text(people, encoding="utf-8")
    digest = hashlib.sha256(people.encode()).hexdigest()
    source = {"kind": "url", "url": file.as_uri(), "format": "csv"}
    return file, bench.declare(source=source, sha256=digest)


def kept(bench) -> list[str]:
    cache = bench.path / "data/cache"
    return sorted(path.name for path in cache.iterdir()) if cache.is_dir() else []


def test_what_is_fetched_is_kept_under_its_hash(bench, people, remote):
    """The table is that of the equal file."""
    _, declared = remote
    table = load(bench.path, declared, Task.BINARY)

    assert bench.load(people).content == table.content
    assert [f"{declared.sha256}.csv"] == kept(bench)


def test_a_kept_file_needs_no_network(bench, remote, monkeypatch):
    """Once fetched, not even the package is needed."""
    file, declared = remote
    expected = load(bench.path, declared, Task.BINARY).content
    file.unlink()
    monkeypatch.setitem(sys.modules, "fsspec", None)

    assert expected == load(bench.path, declared, Task.BINARY).content


def test_a_damaged_kept_file_is_fetched_anew(bench, remote):
    """The cache is checked at every use."""
    _, declared = remote
    expected = load(bench.path, declared, Task.BINARY).content
    entry = bench.path / "data/cache" / f"{declared.sha256}.csv"
    entry.write_text("damaged")

    assert expected == load(bench.path, declared, Task.BINARY).content
    assert declared.sha256 == hashlib.sha256(entry.read_bytes()).hexdigest()


def test_a_wrong_hash_leaves_nothing_behind(bench, remote):
    """Neither the file nor a part of it stays in the cache."""
    file, declared = remote
    file.write_text("something else", encoding="utf-8")
    with pytest.raises(HashMismatchError) as caught:
        load(bench.path, declared, Task.BINARY)

    assert f"{file.as_uri()}: expected sha256 {declared.sha256}, found " in caught.value.message
    assert kept(bench) == []


def test_hashing_a_url_keeps_nothing(bench, remote):
    """The hash is learned; only a declared file is kept."""
    _, declared = remote
    hashes = hash_source(bench.path, declared)

    assert declared.sha256 == hashes.sha256
    assert kept(bench) == []


def test_a_url_in_memory_works_as_any_other(bench, people):
    """Every protocol of fsspec goes the same way."""
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open("memory://people.csv", "wb") as file:
        file.write(people.encode())
    source = {"kind": "url", "url": "memory://people.csv", "format": "csv"}
    digest = hashlib.sha256(people.encode()).hexdigest()
    table = load(bench.path, bench.declare(source=source, sha256=digest), Task.BINARY)

    assert bench.load(people).content == table.content


@pytest.mark.parametrize(
    "url", ["file:///nowhere/t.csv", "nosuch://me:secret@host/t.csv?key=secret", "memory://gone"]
)
def test_what_cannot_be_fetched_is_a_precondition_without_secrets(bench, url):
    """The URL is named, its secrets are not, and nothing is left behind."""
    pytest.importorskip("fsspec")
    entry = bench.declare(source={"kind": "url", "url": url, "format": "csv"}, sha256="0" * 64)
    with pytest.raises(PreconditionError) as caught:
        load(bench.path, entry, Task.BINARY)

    assert caught.value.message.startswith(f"{without_secrets(url)}: cannot be fetched: ")
    assert "secret" not in caught.value.message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "network" in caught.value.advice
    assert kept(bench) == []


def test_a_cache_that_cannot_be_written_is_a_precondition(bench, remote):
    """The reason is told with the folder."""
    _, declared = remote
    (bench.path / "data").write_text("a file in the way")
    with pytest.raises(PreconditionError, match="data/cache cannot be written"):
        load(bench.path, declared, Task.BINARY)


WITHOUT = """
import sys
sys.modules["fsspec"] = None
from pathlib import Path
from repro.config.data import UrlSource
from repro.core.errors import PreconditionError
from repro.datasets.sources import open_source
source = UrlSource(kind="url", url="https://me:secret@example.org/t.csv", format="csv")
try:
    open_source(Path(sys.argv[1]), source).obtain("0" * 64)
except PreconditionError as error:
    print(error.message, error.advice, sep="\\n")
"""


def test_without_fsspec_the_error_says_what_to_install(bench):
    """The package is an extra: its absence is told in a sentence."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(bench.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    expected = [
        "https://example.org/t.csv: fetching it needs fsspec, which is not installed",
        "pip install -e '.[fsspec]', in the project's environment",
    ]

    assert expected == done.stdout.splitlines(), done.stderr

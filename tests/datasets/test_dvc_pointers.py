"""Pointers of DVC, as its versions write them, without DVC."""

from __future__ import annotations

import hashlib

import pytest

from repro.config.data import DvcSource, Task
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.datasets.hashing import HashMismatchError
from repro.datasets.loading import load
from repro.datasets.sources import dvc, open_source

TABLE = b"x,y\n1,a\n2,b\n3,a\n4,b\n"
MD5 = hashlib.md5(TABLE).hexdigest()
SHA256 = hashlib.sha256(TABLE).hexdigest()
POINTER = f"outs:\n- md5: {MD5}\n  size: {len(TABLE)}\n  hash: md5\n  path: t.csv\n"


@pytest.fixture(autouse=True)
def without_dvc(monkeypatch):
    monkeypatch.setattr(dvc, "_program", lambda: None)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.csv").write_bytes(TABLE)
    (tmp_path / "data" / "t.csv.dvc").write_text(POINTER)
    return tmp_path


def obtain(place, expected=SHA256, path="data/t.csv"):
    source = DvcSource.model_validate({"kind": "dvc", "path": path, "format": "csv"})
    return open_source(place, source).obtain(expected)


def test_both_hashes_are_checked(place):
    """DVC's, of the pointer, and the declared one."""
    assert obtain(place).sha256 == SHA256
    assert obtain(place, None).sha256 == SHA256
    with pytest.raises(HashMismatchError):
        obtain(place, "0" * 64)


def test_a_stale_file_says_how_to_get_the_other_one(place):
    """It is not overwritten: it may be a person's own change."""
    changed = TABLE.replace(b"1,a", b"9,a")
    (place / "data" / "t.csv").write_bytes(changed)
    with pytest.raises(DataError) as caught:
        obtain(place, hashlib.sha256(changed).hexdigest())

    assert caught.value.message.startswith("data/t.csv: stale: MD5 ")
    assert MD5 in caught.value.message
    assert "dvc pull data/t.csv" in caught.value.advice
    assert (place / "data" / "t.csv").read_bytes() == changed


def test_a_missing_file_without_dvc_says_what_to_do(place):
    (place / "data" / "t.csv").unlink()
    with pytest.raises(PreconditionError) as caught:
        obtain(place)

    assert "DVC" in caught.value.message
    assert "dvc pull data/t.csv" in caught.value.advice


def test_an_output_of_a_stage_is_in_the_lock(place):
    """Of the project or of a folder in it; paths are relative to the lock."""
    (place / "data" / "t.csv.dvc").unlink()
    lock = "schema: '2.0'\nstages:\n  make:\n    cmd: x\n    outs:\n    - path: {}\n      md5: {}\n"
    for where, path in (("dvc.lock", "data/t.csv"), ("data/dvc.lock", "t.csv")):
        (place / where).write_text(lock.format(path, MD5 + "\n      hash: md5"))
        assert obtain(place).sha256 == SHA256
        (place / where).write_text(lock.format(path, "f" * 32))
        with pytest.raises(DataError, match=where):
            obtain(place)
        (place / where).unlink()


def test_a_text_of_dvc_2_has_the_hash_of_line_feeds(place):
    """DVC 3 hashes the bytes, and its pointers say so."""
    crlf = TABLE.replace(b"\n", b"\r\n")
    (place / "data" / "t.csv").write_bytes(crlf)
    expected = hashlib.sha256(crlf).hexdigest()
    with pytest.raises(DataError):
        obtain(place, expected)
    (place / "data" / "t.csv.dvc").write_text(POINTER.replace("  hash: md5\n", ""))

    assert obtain(place, expected).sha256 == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("outs: [", "not a file of DVC"),
        ("outs: 3\n", "has no MD5 of t.csv"),
        ("[]\n", "has no MD5 of t.csv"),
        ("outs:\n- path: other.csv\n  md5: ab\n", "has no MD5 of t.csv"),
        ("outs:\n- path: t.csv\n  md5: 1\n", "has no MD5 of t.csv"),
        (f"outs:\n- path: t.csv\n  md5: {MD5}.dir\n", "is a folder"),
        ("outs: !!python/name:os.system\n", "not a file of DVC"),
    ],
)
def test_a_pointer_that_is_none(place, content, words):
    (place / "data" / "t.csv.dvc").write_text(content)
    with pytest.raises(PreconditionError, match=r"data/t\.csv\.dvc") as caught:
        obtain(place)

    assert words in caught.value.message


def test_a_file_that_dvc_does_not_track(place):
    (place / "data" / "t.csv.dvc").unlink()
    with pytest.raises(PreconditionError, match="does not track"):
        obtain(place)
    with pytest.raises(ConfigError, match="outside the project"):
        obtain(place, path="../t.csv")


def test_a_table_is_the_same_as_from_a_file(bench):
    """Whichever source declares it, its values and digests are equal."""
    (bench.path / "t.csv").write_bytes(TABLE)
    (bench.path / "t.csv.dvc").write_text(POINTER)
    found = []
    for kind in ("dvc", "file"):
        entry = bench.declare(
            source={"kind": kind, "path": "t.csv", "format": "csv"},
            sha256=SHA256, target="y", positive="a",
            numeric=("x",), categorical=(), ignored=(),
        )  # fmt: skip
        found.append(load(bench.path, entry, Task.BINARY).content)

    assert found[0] == found[1]

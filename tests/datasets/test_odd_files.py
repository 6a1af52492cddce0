"""Data that is no plain file, names that look alike, line ends, and huge cells and numbers."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import ROOT
from tests.store.sample_run import RUN_ID, write_run

from repro.cli import run
from repro.config.data import DatasetEntry, Task
from repro.config.preprocessing import Preprocessing
from repro.config.project import read_source
from repro.config.resolve import read_registry
from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.datasets.loading import load_entry, read_new_rows
from repro.datasets.sources.file import read_bytes
from repro.datasets.verifying import verify_entry
from repro.digest.files import sha256_file
from repro.store import FileOutcome, integrity, read_run
from repro.training.preprocess import fit_preprocessor, to_matrix

posix = pytest.mark.skipif(sys.platform == "win32", reason="these files are POSIX's")
TABLE = "a,b,y\n" + "".join(f"{i}.5,{'uv'[i % 2]},{'pqr'[i % 3]}\n" for i in range(30))


@pytest.fixture
def home(tmp_path):
    """A project with one table."""
    for name in ("configs/base.yaml", "configs/datasets.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "data").mkdir()
    (tmp_path / "data/t.csv").write_text(TABLE)
    return tmp_path


def entry_of(content: bytes, **changes: object) -> DatasetEntry:
    values: dict[str, object] = {
        "description": "",
        "source": {"kind": "file", "path": "data/t.csv", "format": "csv"},
        "sha256": hashlib.sha256(content).hexdigest(),
        "target": "y",
        "positive": None,
        "columns": {"numeric": ["a"], "categorical": ["b"], "ignored": []},
        "missing": [],
        "licence": "MIT",
        "origin": "made up",
    }
    return DatasetEntry.model_validate_json(json.dumps(values | changes))


def make_odd(path: Path, kind: str) -> None:
    if kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    elif kind == "a socket":
        os.chdir(path.parent)  # the name of a socket is short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        path.symlink_to(path.name)


KINDS = ("a named pipe", "a folder", "a socket", "a device", "symbolic links")


@posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("link", [False, True])
def test_what_is_no_file_is_named_and_never_waited_for(kind, link, home, monkeypatch, capsys):
    """By every reader of data: the registry's, later rows', the hash's and ``data add``."""
    monkeypatch.chdir(home)
    odd = home / "data/odd.csv"
    make_odd(odd, kind)
    monkeypatch.chdir(home)
    if link:
        (home / "data/link.csv").symlink_to(odd)
        odd = home / "data/link.csv"
    entry = entry_of(b"", source={"kind": "file", "path": f"data/{odd.name}", "format": "csv"})
    for reader in (
        lambda: load_entry(home, entry, Task.MULTICLASS),
        lambda: read_new_rows(odd, entry),
        lambda: read_bytes(odd, "x.csv"),
    ):
        with pytest.raises(PreconditionError, match=kind):
            reader()
    with pytest.raises(OSError, match=kind):
        sha256_file(odd)
    said = ("--target", "y", "--licence", "MIT", "--origin", "x", "--project", str(home))
    for words in (["hash", f"data/{odd.name}", *said[-2:]], ["add", "odd", str(odd), *said]):
        assert 3 == run(["data", *words])
        assert kind in capsys.readouterr().err


BAD_NAMES = {"": "it is empty", " ": "it is blank", "\t\n": "it is blank", "a\0.csv": "zero byte"}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_cannot_be_a_files_is_said(name, home):
    """In the registry it is a mistake of configuration, at the source of a file an error too."""
    source = json.dumps({"kind": "file", "path": name, "format": "csv"})
    text = (home / "configs/datasets.yaml").read_text()
    old = "{kind: file, path: data/credit.csv, format: csv}"
    (home / "configs/datasets.yaml").write_text(text.replace(old, source))
    with pytest.raises(ConfigError, match=BAD_NAMES[name]):
        read_registry(read_source(home, home / "configs/datasets.yaml", "datasets"))
    with pytest.raises(ConfigError, match=BAD_NAMES[name]):
        read_bytes(home / "data", name)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "wine", "--runs"],
        ["runs", "list", "--runs"],
        ["verify", "--runs"],
        ["report", "-o"],
        ["reference", "-o"],
        ["train", "wine", "-f"],
        ["noise", "-o"],
        ["data", "list", "--project"],
        ["compare", "a", "b", "--report"],
    ],
)
@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_not_the_current_folder(words, name, home, monkeypatch, capsys):
    """A variable of a shell that was not set is a mistake in usage, and nothing is written."""
    monkeypatch.chdir(home)
    before = sorted(home.rglob("*"))

    assert 2 == run([*words, name])
    assert "expected the name of a file or folder" in capsys.readouterr().err
    assert before == sorted(home.rglob("*"))


@pytest.mark.parametrize("value", ['""', '" "', '"a\\0b"'])
def test_the_folder_of_runs_has_a_name(value, home, monkeypatch, capsys):
    """As a setting and in the file, for readers of runs too."""
    monkeypatch.chdir(home)
    shutil.copytree(ROOT / "configs", home / "configs", dirs_exist_ok=True)

    assert 2 == run(["config", "show", "wine", "-s", f"execution.runs={value}"])
    base = home / "configs/base.yaml"
    base.write_text(base.read_text().replace("runs: runs", f"runs: {value}"))
    assert 2 == run(["runs", "list"])
    assert 2 == capsys.readouterr().err.count(
        "execution.runs: expected the name of a file or folder"
    )


def test_an_experiment_without_a_name_is_not_the_default_one(home, monkeypatch, capsys):
    """``repro train "$EXPERIMENT"`` with nothing in it trains nothing."""
    monkeypatch.chdir(home)
    shutil.copytree(ROOT / "configs", home / "configs", dirs_exist_ok=True)

    assert 2 == run(["config", "show", ""])
    assert "unknown experiment ''" in capsys.readouterr().err


@pytest.mark.parametrize("length", [131_072, 131_073, 140_000, 1_000_000])
@pytest.mark.parametrize("place", ["name", "feature"])
def test_a_cell_of_any_length_is_read(length, place, home):
    """Longer than what the standard library allows by itself."""
    long = "x" * length
    content = TABLE.replace({"name": "b", "feature": "u"}[place], long, 1).encode()
    (home / "data/t.csv").write_bytes(content)
    column = long if place == "name" else "b"
    roles = {"numeric": ["a"], "categorical": [column], "ignored": []}
    table = load_entry(home, entry_of(content, columns=roles), Task.MULTICLASS)

    assert 30 == table.rows
    assert (place == "feature") == (long in set(table.features[column]))


@pytest.mark.parametrize("length", [1_001, 131_072, 131_073, 1_000_000])
def test_a_label_of_any_length_is_refused_with_its_length(length, home):
    """Arrays of labels are as wide as the longest: one would take gigabytes."""
    content = TABLE.replace("p", "x" * length, 1).encode()
    (home / "data/t.csv").write_bytes(content)
    roles = {"numeric": ["a"], "categorical": ["b"], "ignored": []}

    with pytest.raises(DataError, match=f"a label of {length} characters, expected at most 1000"):
        load_entry(home, entry_of(content, columns=roles), Task.MULTICLASS)


WORDS = ("café", "Å", "ñandú", "한국", "ệ", "é" * 50)


@pytest.mark.parametrize("word", WORDS)
def test_names_that_differ_in_normalization_only_are_both_named(word, home):
    """Columns, labels and data sets; escaped, since as they are they look the same."""
    composed, split = (unicodedata.normalize(form, word) for form in ("NFC", "NFD"))
    both = (ascii(composed), ascii(split))
    assert composed != split
    labels = TABLE.replace(",p\n", f",{composed}\n").replace(",q\n", f",{split}\n").encode()
    columns = f"{composed},{split},y\n1,2,p\n2,3,q\n".encode()
    for content in (labels, columns):
        (home / "data/t.csv").write_bytes(content)
        with pytest.raises(DataError) as caught:
            load_entry(home, entry_of(content, columns=_roles(content)), Task.MULTICLASS)
        assert [name for name in both if name not in caught.value.message] == []
    registry = home / "configs/datasets.yaml"
    text = registry.read_text(encoding="utf-8")
    text = text.replace("  wine:", f"  {composed}:").replace("  iris:", f"  {split}:")
    registry.write_text(text.replace("  digits:", f"  {split}:"), encoding="utf-8")
    with pytest.raises(ConfigError, match="look the same") as found:
        read_registry(read_source(home, registry, "datasets"))
    assert [name for name in both if name not in found.value.message] == []


def _roles(content: bytes) -> dict[str, list[str]]:
    names = content.decode().partition("\n")[0].split(",")
    return {"numeric": [names[0]], "categorical": [names[1]], "ignored": []}


@pytest.mark.parametrize("word", WORDS)
def test_a_declared_name_that_looks_like_the_one_in_the_file(word, home):
    """The advice says why the two are not the same."""
    composed, split = (unicodedata.normalize(form, word) for form in ("NFC", "NFD"))
    content = TABLE.replace("a,b,y", f"{split},b,y").encode()
    (home / "data/t.csv").write_bytes(content)
    roles = {"numeric": [composed], "categorical": ["b"], "ignored": []}
    with pytest.raises(DataError, match="differ in their Unicode normalization") as caught:
        load_entry(home, entry_of(content, columns=roles), Task.MULTICLASS)

    assert ascii(split) in caught.value.message
    assert ascii(composed) in caught.value.message


@pytest.mark.parametrize("names", ["a, b", "m2,m²", "K,k", "a,\u0430", "fi,ﬁ"])
def test_names_that_are_different_are_two_columns(names, home):
    """Spaces, cases, scripts and compatibility characters are not taken for each other."""
    first, second = names.split(",")
    content = f"{first},{second},y\n1,u,p\n2,v,q\n3,u,q\n".encode()
    (home / "data/t.csv").write_bytes(content)
    roles = {"numeric": [first], "categorical": [second], "ignored": []}

    assert 3 == load_entry(home, entry_of(content, columns=roles), Task.MULTICLASS).rows


@pytest.mark.parametrize(
    ("declared", "found", "ends"),
    [
        (TABLE, TABLE.replace("\n", "\r\n"), "found CRLF, expected LF"),
        (TABLE.replace("\n", "\r\n"), TABLE, "found LF, expected CRLF"),
        (TABLE, TABLE.replace("\n", "\r\n", 5), "found CRLF, expected LF"),
        (TABLE.strip(), TABLE.strip().replace("\n", "\r\n"), "found CRLF, expected LF"),
        (TABLE.replace("u", '"u\nu"'), TABLE.replace("u", '"u\r\nu"').replace("\r\n", "\n")
         .replace("\n", "\r\n"), "found CRLF, expected LF"),
    ],
)  # fmt: skip
def test_other_line_ends_are_not_other_data(declared, found, ends, home):
    """Training and ``data verify`` say that nothing else differs, and that Git does such things."""
    (home / "data/t.csv").write_bytes(found.encode())
    entry = entry_of(declared.encode())
    with pytest.raises(DataError, match="only its line endings differ") as caught:
        load_entry(home, entry, Task.MULTICLASS)
    checks = {check.name: check for check in verify_entry(home, "t", entry)}

    assert ends in caught.value.message
    assert "-text" in caught.value.advice
    assert "fails" == checks["sha256"].outcome
    assert ends in checks["sha256"].text


@pytest.mark.parametrize(
    "found",
    [
        TABLE.replace("0.5", "0.6", 1).replace("\n", "\r\n"),
        TABLE + "\n",
        TABLE.replace("\n", "\r"),
        TABLE.replace("u", "v", 1),
        "\n".join(TABLE.split("\n")[::-1]),
    ],
)
def test_other_data_is_not_called_line_ends(found, home):
    """One cell more or less is another file, whatever its line ends."""
    (home / "data/t.csv").write_bytes(found.encode())
    with pytest.raises(DataError, match="expected sha256"):
        load_entry(home, entry_of(TABLE.encode()), Task.MULTICLASS)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_what_git_does_with_autocrlf_is_seen(home):
    """A real checkout with core.autocrlf, not an imitation of one."""

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=home, check=True, capture_output=True)

    git("init", "-q")
    git("add", "data/t.csv")
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "data")
    (home / "data/t.csv").unlink()
    git("-c", "core.autocrlf=true", "checkout", "--", "data/t.csv")
    assert b"\r\n" in (home / "data/t.csv").read_bytes()
    with pytest.raises(DataError, match="found CRLF, expected LF"):
        load_entry(home, entry_of(TABLE.encode()), Task.MULTICLASS)


@pytest.mark.parametrize("name", ["metrics.json", "predictions.csv", "report.md", "lineage.json"])
def test_a_run_with_other_line_ends_says_so(name, tmp_path):
    """It is not what was written, and the reason is no edit."""
    run_folder = write_run(tmp_path / "runs")
    path = run_folder / name
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    changed = [check for check in integrity(run_folder) if check.outcome is FileOutcome.CHANGED]
    with pytest.raises(PreconditionError, match="only its line endings differ"):
        read_run(run_folder)

    assert RUN_ID == run_folder.name
    assert [name] == [check.name for check in changed]
    assert "only its line endings differ from what was written" in changed[0].detail
    assert changed[0].detail.endswith("found CRLF, expected LF")


def _preprocessing(scale: str, clip: float | None) -> Preprocessing:
    steps = {"impute": "median", "fill": None, "clip_iqr": clip, "scale": scale}
    text = {"impute": "constant", "fill": "missing", "min_frequency": None}
    return Preprocessing.model_validate_json(json.dumps({"numeric": steps, "categorical": text}))


@pytest.mark.parametrize("size", [1e154, 1e160, 1e200, 1e300, 1.7e308])
def test_a_column_whose_squares_overflow_is_refused_by_name(size):
    """Scaling would leave it as it is, or make NaN of it."""
    values = np.linspace(-1, 1, 100) * size
    features = pd.DataFrame({"small": np.linspace(0, 1, 100), "big": values})
    with pytest.raises(DataError, match="'big' reaches") as caught:
        fit_preprocessor(features, ["small", "big"], [], _preprocessing("standard", None))

    assert "small" not in caught.value.message
    assert f"{size:.3g}" in caught.value.message


@pytest.mark.parametrize("size", [1e10, 1e38, 1e100, 1e150])
def test_a_large_column_that_can_be_scaled_is(size):
    """As NumPy computes it in another unit."""
    values = np.random.default_rng(3).normal(size=100)
    features = pd.DataFrame({"big": values * size})
    learned = fit_preprocessor(features, ["big"], [], _preprocessing("standard", None))
    expected = (values - values.mean()) / values.std()

    np.testing.assert_allclose(to_matrix(learned, features)[:, 0], expected, rtol=1e-9)


def test_an_outlier_that_is_clipped_is_no_reason_to_refuse():
    """The fences come before the scaler."""
    values = np.append(np.random.default_rng(3).normal(size=99), 1e300)
    features = pd.DataFrame({"big": values})
    learned = fit_preprocessor(features, ["big"], [], _preprocessing("standard", 3.0))

    assert np.isfinite(to_matrix(learned, features)).all()


@pytest.mark.parametrize("scale", ["standard", "robust", "minmax"])
def test_rows_beyond_what_was_learned_are_refused_by_name(scale):
    """A held-out row may be what overflows."""
    features = pd.DataFrame({"x": np.linspace(0, 1e-10, 50)})
    learned = fit_preprocessor(features, ["x"], [], _preprocessing(scale, None))
    with pytest.raises(DataError, match="'x' reaches 1e\\+300"):
        to_matrix(learned, pd.DataFrame({"x": [1e300]}))

"""Entries that several processes add to one registry at the same time."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from tests.conftest import ROOT

from repro.cli import run
from repro.config.project import DATASETS
from repro.core.errors import ConfigError, PreconditionError
from repro.datasets.registry import registry
from repro.store import exclusive, lock

TABLE = "x,colour,y\n" + "".join(f"{i}.5,{'rg'[i % 2]},{'abc'[i % 3]}\n" for i in range(30))
ADDED = 24

forked = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked here")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "data").mkdir()
    for name in ("configs/base.yaml", DATASETS):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for number in range(ADDED):
        (tmp_path / f"data/t{number}.csv").write_text(TABLE)
    return tmp_path


def _add(home: Path, name: str, table: str, done: object = None) -> None:
    words = ["data", "add", name, str(home / f"data/{table}.csv"), "--target", "y"]
    status = run([*words, "--licence", "MIT", "--origin", "made up", "--project", str(home)])
    if done is not None:
        done.put((name, status))


def _together(home: Path, pairs: list[tuple[str, str]]) -> list[tuple[str, int]]:
    """Run the command once for each pair, all at the same time, in processes of their own."""
    context = multiprocessing.get_context("fork")
    done = context.SimpleQueue()
    processes = [context.Process(target=_add, args=(home, *pair, done)) for pair in pairs]
    for process in processes:
        process.start()
    found = [done.get() for _ in processes]
    for process in processes:
        process.join()
    return found


@forked
def test_no_entry_that_was_reported_as_added_is_lost(home):
    """Each of 24 processes adds its entry, and every byte from before is kept."""
    before = (home / DATASETS).read_bytes()
    statuses = dict(_together(home, [(f"t{i}", f"t{i}") for i in range(ADDED)]))

    assert dict.fromkeys((f"t{i}" for i in range(ADDED)), 0) == statuses
    assert {f"t{i}" for i in range(ADDED)} <= set(registry(home))
    assert (home / DATASETS).read_bytes().startswith(before)
    assert ["base.yaml", "datasets.yaml"] == sorted(p.name for p in (home / "configs").iterdir())


@forked
def test_one_of_many_gets_a_name_that_all_want(home):
    """Of eight processes that add one name, one succeeds; the others are refused, as if later."""
    statuses = [status for _, status in _together(home, [("same", f"t{i}") for i in range(8)])]

    assert sorted(statuses) == [0] + [2] * 7
    assert (home / DATASETS).read_text().count("\n  same:\n") == 1


@forked
def test_a_link_to_a_shared_registry_has_the_same_lock(home, tmp_path_factory):
    """Two projects that share one registry by a symbolic link exclude each other."""
    other = tmp_path_factory.mktemp("other")
    (other / "configs").mkdir()
    (other / "data").symlink_to(home / "data")
    (other / "configs/base.yaml").write_bytes((home / "configs/base.yaml").read_bytes())
    (other / DATASETS).symlink_to(home / DATASETS)
    # A file outside the project is refused, so the data is reached inside each.
    context = multiprocessing.get_context("fork")
    folders = [home, other] * 4
    processes = [
        context.Process(target=_add, args=(folder, f"t{i}", f"t{i}"))
        for i, folder in enumerate(folders)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert {f"t{i}" for i in range(8)} <= set(registry(home))
    assert (other / DATASETS).is_symlink()


def test_threads_exclude_each_other_too(tmp_path):
    """A counter in a file that 20 threads raise 5 times each, read and replaced, ends at 100."""
    file = tmp_path / "counter"
    file.write_text("0")

    def work() -> None:
        for _ in range(5):
            with exclusive(file):
                value = int(file.read_text())
                new = tmp_path / f"new-{threading.get_ident()}"
                new.write_text(str(value + 1))
                new.replace(file)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert "100" == file.read_text()
    assert [file] == list(tmp_path.iterdir())


def test_the_lock_goes_with_an_error(tmp_path):
    """An error inside leaves no lock, and a file that a killed process left is no lock either."""
    file = tmp_path / "file"
    with suppress(ConfigError), exclusive(file):
        raise ConfigError("no")
    (tmp_path / ".file.lock").touch()
    with exclusive(file):
        pass

    assert [] == list(tmp_path.iterdir())


def test_who_waits_too_long_is_refused(tmp_path, monkeypatch):
    """A lock that is never given back ends in a sentence, not in waiting for ever."""
    monkeypatch.setattr(lock, "_PATIENCE", 0.1)
    with (
        exclusive(tmp_path / "file"),
        pytest.raises(PreconditionError, match=r"held by other processes for 0\.1 s"),
        exclusive(tmp_path / "file"),
    ):
        pass


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    """Nothing can be locked in a folder that does not exist."""
    with (
        pytest.raises(PreconditionError, match="cannot be changed: No such file"),
        exclusive(tmp_path / "none" / "file"),
    ):
        pass

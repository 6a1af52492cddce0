"""Digests of data: equal for equal content, different for any other."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from repro.core.errors import TrackingError
from repro.tracking import DatasetTracker
from tests.conftest import ROOT
from tests.tracking.kinds import BASE, KINDS, ROWS, Loader, _batches


def checksum(data: Any, name: str = "x") -> str:
    found = DatasetTracker().track_dataset(data, name)["checksum"]
    assert len(found) == 64
    return found


def kinds() -> list[Any]:
    marks = {name: [pytest.mark.scripts] if kind.needs else [] for name, kind in KINDS.items()}
    return [pytest.param(name, marks=marks[name], id=name) for name in KINDS]


@pytest.mark.parametrize("name", kinds())
def test_one_content_has_one_digest(name: str, tmp_path: Path) -> None:
    digests = [checksum(thing) for thing in KINDS[name].same(tmp_path)]
    assert len(set(digests)) == 1


@pytest.mark.parametrize("name", kinds())
def test_other_contents_have_other_digests(name: str, tmp_path: Path) -> None:
    digests = {"base": checksum(KINDS[name].same(tmp_path)[0])}
    digests |= {what: checksum(thing) for what, thing in KINDS[name].others(tmp_path).items()}
    for what, digest in digests.items():
        alike = [other for other, each in digests.items() if each == digest]
        assert alike == [what]


@pytest.mark.parametrize("name", kinds())
def test_another_process_gives_the_same_digests(name: str, tmp_path: Path) -> None:
    code = (
        "import json, pathlib, sys\n"
        "from tests.tracking.kinds import KINDS\n"
        "from repro.tracking import DatasetTracker\n"
        "kind, place = KINDS[sys.argv[1]], pathlib.Path(sys.argv[2])\n"
        "things = [kind.same(place)[0], *kind.others(place).values()]\n"
        "print(json.dumps([DatasetTracker().track_dataset(t, 'x')['checksum'] for t in things]))\n"
    )
    here = [KINDS[name].same(tmp_path)[0], *KINDS[name].others(tmp_path).values()]
    environ = {**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, name, str(tmp_path / "there")],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [checksum(each) for each in here]


def test_the_checksum_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(range(256)) * 5000)
    expected = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    found = DatasetTracker().track_dataset(path, "x")
    assert found["checksum"] == expected.stdout.split()[0]
    assert found["path"] == str(path)
    assert found["size_bytes"] == 1_280_000
    assert DatasetTracker("md5").track_dataset(str(path), "x")["checksum"] == (
        hashlib.md5(path.read_bytes()).hexdigest()
    )


@given(hnp.arrays(st.sampled_from(["f8", "f4", "i4", "?"]), hnp.array_shapes(), unique=False))
def test_any_changed_value_changes_the_digest(array: np.ndarray) -> None:
    before = checksum(array)
    assert checksum(np.asfortranarray(array)) == before
    for place in range(min(array.size, 8)):
        changed = array.copy()
        value = changed.flat[place]
        changed.flat[place] = ~value if array.dtype == bool else 7 if value != 7 else 8
        assert checksum(changed) != before


def test_what_is_known_of_data() -> None:
    tracker = DatasetTracker()
    found = tracker.track_dataset(BASE, "b", {"source": "made"})
    assert found["shape"] == (2, 3)
    assert found["dtype"] == "float64"
    assert (found["name"], found["type"]) == ("b", "ndarray")
    assert found["metadata"] == {"source": "made"}
    frame = tracker.track_dataset(pd.DataFrame({"a": [1], "b": ["x"]}), "f")
    assert (frame["shape"], frame["columns"]) == ((1, 2), ["a", "b"])
    for empty in (np.empty((0, 3)), pd.DataFrame(), pd.DataFrame({"a": []})):
        assert tracker.track_dataset(empty, "e")["checksum"]


def test_every_element_of_ten_million_counts() -> None:
    large = np.zeros(10_000_000, dtype="f4")
    before = checksum(large)
    large[7_654_321] = 1e-30
    assert checksum(large) != before


@pytest.mark.parametrize("size", [1, 3, 12])
def test_what_can_be_read_once_is_digested_while_it_is_read(size: int) -> None:
    info = DatasetTracker().track_dataset(_batches(size, ROWS), "stream")
    assert info["checksum"] is None
    assert not info["complete"]
    seen = [batch["x"] for batch in info["iterable"]]
    np.testing.assert_array_equal(np.concatenate(seen), ROWS)
    assert info["complete"]
    assert info["checksum"] == checksum(Loader(5))


def test_generators_keep_their_states() -> None:
    class Drawing:
        """Data that draws from every generator while it is read."""

        def __init__(self) -> None:
            self.rng = np.random.default_rng(3)

        def __iter__(self):
            yield self.rng.random() + np.random.random() + random.random()

    data = Drawing()
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random(), np.random.default_rng(3).random()
    random.seed(1)
    np.random.seed(1)
    checksum(data)
    assert (random.random(), np.random.random(), data.rng.random()) == expected


@pytest.mark.scripts
def test_a_shuffling_loader_draws_what_it_would_have_drawn() -> None:
    import torch

    data = torch.utils.data.TensorDataset(torch.arange(20))

    def order(track: bool) -> list[int]:
        torch.manual_seed(5)
        own = torch.Generator().manual_seed(6)
        loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True, generator=own)
        other = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)
        if track:
            checksum(loader)
            checksum(other)
        return [int(each) for batch in (*loader, *other) for each in batch[0]]

    assert order(track=True) == order(track=False)


class Broken:
    """Data that cannot be read to its end."""

    def __iter__(self):
        yield np.ones(3)
        raise OSError("the disk is gone")


def test_data_that_ends_in_an_error_is_named() -> None:
    with pytest.raises(TrackingError, match=r"Broken cannot be read after 1 items: .*disk is gone"):
        checksum(Broken())


@pytest.mark.parametrize("thing", [object(), threading.Lock(), print, len, {"a": object()}])
def test_what_has_no_digest_is_refused(thing: object) -> None:
    with pytest.raises(TrackingError, match="cannot be tracked"):
        checksum(thing)


def test_paths_that_are_no_data(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv: expected data"):
        checksum(str(tmp_path / "nowhere.csv"))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(TrackingError, match="it is a named pipe"):
        checksum(pipe)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "gone").symlink_to(tmp_path / "target")
    with pytest.raises(TrackingError, match="a broken link to"):
        checksum(folder)
    (folder / "gone").unlink()
    (folder / "again").symlink_to(folder)
    with pytest.raises(TrackingError, match="a folder that it is in"):
        checksum(folder)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "growing.bin"
    path.write_bytes(b"0" * 50_000_000)
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"1")
                file.flush()
                time.sleep(0.001)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        with pytest.raises(TrackingError, match="changed while it was read"):
            checksum(path)
    finally:
        stop.set()
        thread.join()


def test_algorithms() -> None:
    found = {name: DatasetTracker(name).track_dataset(BASE, "x")["checksum"]
             for name in ("sha256", "sha512", "md5", "blake2b")}  # fmt: skip
    assert len(set(found.values())) == 4
    assert len(found["md5"]) == 32
    with pytest.raises(TrackingError, match="unknown checksum algorithm 'crc'"):
        DatasetTracker("crc")

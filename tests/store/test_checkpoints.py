"""A checkpoint is whole and of the same fit, or it is as good as none."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from repro.core.errors import PreconditionError, SchemaError
from repro.store import list_runs, plan_prune, remove
from repro.store.checkpoints import CheckpointFolder, open_checkpoints, read_checkpoint

FIT = "torch-fit/v1:" + "ab" * 32
KEY = "checkpoints/v1:" + "cd" * 32
ARRAYS = {"network.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "header": np.ones(2)}
VALUES = {"step": 7, "losses": [0.1, 1e-300, 1 / 3], "sum": -0.0}
HOLD = """
import sys
from pathlib import Path
from repro.store.checkpoints import open_checkpoints
held = open_checkpoints(Path(sys.argv[1]), sys.argv[2], 1, fresh=False)
print(held is not None, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path):
    return CheckpointFolder(tmp_path, every=1)


@settings(max_examples=15)
@given(
    array=arrays(st.sampled_from(["f4", "f8", "u1", "i8"]), st.tuples(st.integers(0, 3))),
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4),
)
def test_what_is_saved_is_loaded_bit_for_bit(tmp_path_factory, array, numbers):
    folder = CheckpointFolder(tmp_path_factory.mktemp("checkpoints"), every=1)
    folder.save(FIT, 3, {"a": array}, {"numbers": numbers})

    found, values = folder.load(FIT)

    assert found["a"].dtype == array.dtype
    assert found["a"].tobytes() == array.tobytes()
    assert json.dumps(values["numbers"]) == json.dumps(numbers)


def test_an_array_may_have_any_name(folder):
    folder.save(FIT, 7, ARRAYS, VALUES)

    found, values = folder.load(FIT)

    assert {name: each.tolist() for name, each in found.items()} == {
        name: each.tolist() for name, each in ARRAYS.items()
    }
    assert values == VALUES


def test_every_damaged_byte_is_noticed(folder, tmp_path):
    """And so is every length that is cut."""
    folder.save(FIT, 7, ARRAYS, VALUES)
    [path] = tmp_path.glob("*.checkpoint")
    whole = path.read_bytes()

    for place in range(0, len(whole), 29):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert folder.load(FIT) is None
        path.write_bytes(whole[:place])
        assert folder.load(FIT) is None
    path.write_bytes(whole)
    assert folder.load(FIT) is not None


def test_a_checkpoint_of_a_different_fit_is_not_loaded(folder, tmp_path):
    """Whatever name its file was given."""
    folder.save(FIT, 7, ARRAYS, VALUES)
    other = FIT.replace("ab", "ba")
    [path] = tmp_path.glob("*.checkpoint")
    path.rename(folder._file(other))

    assert folder.load(other) is None


def test_objects_are_never_unpickled(folder, tmp_path):
    folder.save(FIT, 7, ARRAYS, VALUES)
    [path] = tmp_path.glob("*.checkpoint")
    marker = tmp_path / "executed"

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(marker),)

    with pytest.raises(ValueError, match="pickle"):
        folder.save(FIT, 8, {"a": np.array([Bomb()], dtype=object)}, {})
    assert read_checkpoint(path)[0].step == 7
    assert not marker.exists()


def test_a_writer_that_dies_leaves_the_checkpoint_before(folder, tmp_path, monkeypatch):
    folder.save(FIT, 7, ARRAYS, VALUES)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PreconditionError, match="no space is left"):
        folder.save(FIT, 8, ARRAYS, VALUES | {"step": 8})

    assert folder.load(FIT)[1]["step"] == 7


def test_the_folder_is_of_one_process_and_one_training(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path, KEY],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout.readline() == "True\n"
        assert open_checkpoints(tmp_path, KEY, 1, fresh=False) is None
        second = open_checkpoints(tmp_path, KEY.replace("cd", "dc"), 1, fresh=False)
        assert second is not None
        second.close()
        other.kill()
        other.wait()
    left = open_checkpoints(tmp_path, KEY, 1, fresh=False)

    assert left is not None
    left.close()


def test_what_was_left_is_found_unless_it_is_damaged_or_not_wanted(tmp_path):
    opened = open_checkpoints(tmp_path, KEY, 5, fresh=False)
    other = FIT.replace("ab", "ba")
    opened.folder.save(FIT, 7, ARRAYS, VALUES)
    opened.folder.save(other, 9, ARRAYS, VALUES)
    (opened.folder.path / "half.123").write_bytes(b"of a writer that was killed")
    opened.close()
    opened.folder._file(other).write_bytes(b"damaged")

    again = open_checkpoints(tmp_path, KEY, 5, fresh=False)
    names = {path.suffix for path in again.folder.path.iterdir()}
    again.close()
    fresh = open_checkpoints(tmp_path, KEY, 5, fresh=True)

    assert again.leftover.steps == {FIT: 7}
    assert ["damaged" in each for each in again.leftover.damaged] == [True]
    assert names == {"", ".checkpoint"}
    assert fresh.leftover.steps == {}
    fresh.close()
    assert list(tmp_path.iterdir()) == []


def test_a_complete_training_leaves_nothing(tmp_path):
    opened = open_checkpoints(tmp_path, KEY, 5, fresh=False)
    opened.folder.save(FIT, 7, ARRAYS, VALUES)

    opened.discard()

    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_training_is_no_run_and_can_be_pruned(tmp_path):
    """While its writer lives it stays."""
    opened = open_checkpoints(tmp_path, KEY, 5, fresh=False)
    opened.folder.save(FIT, 7, ARRAYS, VALUES)
    now = datetime.now(UTC)
    living = plan_prune(tmp_path, partial=True, now=now)
    opened.close()
    plan = plan_prune(tmp_path, partial=True, now=now)

    assert list_runs(tmp_path) == ()
    assert living.paths == ()
    assert plan.paths == (opened.folder.path,)
    remove(plan.paths)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_later_version_is_refused(folder, tmp_path, monkeypatch):
    folder.save(FIT, 7, ARRAYS, VALUES)
    [path] = tmp_path.glob("*.checkpoint")
    monkeypatch.setattr("repro.store.checkpoints._HEADER", "later")

    with pytest.raises(SchemaError, match="not a checkpoint that this version reads"):
        read_checkpoint(path)

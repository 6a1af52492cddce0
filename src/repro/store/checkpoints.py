"""The last checkpoint of each fit of an interrupted training, beside the runs.

The folder has the name of an unfinished run, so that ``runs prune`` removes it once its
writer is gone. Its key names everything that the training depends on: a training with a different
key has a different folder, and never sees these files.

A file is a SHA-256 and what it is of: NumPy's ``.npz`` with arrays alone, one of which is a header
of JSON. Nothing is unpickled, and nothing is parsed before its hash was compared.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from zipfile import BadZipFile

import numpy as np
from pydantic import Field, JsonValue

from repro.core.errors import SchemaError
from repro.core.model import Record
from repro.store.disk import writing_to
from repro.store.lock import WRITER, acquire, host, is_at
from repro.store.naming import PARTIAL, REMOVED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

    import numpy.typing as npt

    Arrays = Mapping[str, npt.NDArray[np.generic]]

_START = ".checkpoints-"
_SUFFIX = ".checkpoint"
_HEADER = "header"
_SHA256 = hashlib.sha256().digest_size
# Digits of a name, of the 64 that a digest has: enough that no two are ever equal.
_DIGITS = 32


class CheckpointHeader(Record):
    """The part of a checkpoint that is no array.

    Attributes
    ----------
    identity : str
        A digest of everything that the fit depends on.
    step : int
        The number of steps that are done.
    values : dict of str to object
        As the fit gave them.
    """

    schema_: Literal["repro.checkpoint/v1"] = Field(alias="schema")
    identity: str
    step: int
    values: dict[str, JsonValue]


@dataclass(frozen=True)
class CheckpointFolder:
    """Reads and writes the checkpoints of one training; it is sent to worker processes.

    Attributes
    ----------
    path : Path
    every : int
        The number of steps from one checkpoint of a fit to the next.
    """

    path: Path
    every: int

    def load(self, identity: str) -> tuple[Arrays, dict[str, Any]] | None:
        """Return the arrays and values of a fit's checkpoint.

        A file that is damaged, or of a different fit, is as good as none.
        """
        try:
            header, arrays = read_checkpoint(self._file(identity))
        except (OSError, SchemaError):
            return None
        return (arrays, dict(header.values)) if header.identity == identity else None

    def save(self, identity: str, step: int, arrays: Arrays, values: Mapping[str, Any]) -> None:
        """Replace the checkpoint of a fit, so that there is always a whole one.

        Raises
        ------
        PreconditionError
            If it cannot be written.
        ValueError
            If an array holds objects, which would be pickled.
        """
        if any(array.dtype.hasobject for array in arrays.values()):
            raise ValueError("a checkpoint takes no arrays of objects: they would be pickled")
        header = CheckpointHeader(
            schema_="repro.checkpoint/v1", identity=identity, step=step, values=dict(values)
        )
        content = io.BytesIO()
        encoded = header.model_dump_json(by_alias=True).encode()
        written: Any = _named(arrays) | {_HEADER: np.frombuffer(encoded, dtype=np.uint8)}
        np.savez(content, **written)
        whole = content.getvalue()
        path = self._file(identity)
        pending = path.with_suffix(f".{os.getpid()}")
        with writing_to(path):
            with pending.open("wb") as file:
                file.write(hashlib.sha256(whole).digest() + whole)
                file.flush()
                os.fsync(file.fileno())
            pending.replace(path)

    def _file(self, identity: str) -> Path:
        return self.path / f"{identity.rpartition(':')[2][:_DIGITS]}{_SUFFIX}"


def _named(arrays: Arrays) -> dict[str, Any]:
    # A name of its own for each, whatever a fit calls its arrays.
    return {f"array.{name}": array for name, array in arrays.items()}


def read_checkpoint(path: Path) -> tuple[CheckpointHeader, dict[str, npt.NDArray[np.generic]]]:
    """Read a checkpoint, after its hash was compared.

    Raises
    ------
    OSError
        If it cannot be read.
    SchemaError
        If it is damaged, or written by a version that this one does not read.
    """
    content = path.read_bytes()
    whole = content[_SHA256:]
    if hashlib.sha256(whole).digest() != content[:_SHA256]:
        raise SchemaError(
            f"{path}: damaged: its content does not have the hash that it begins with"
        )
    try:
        with np.load(io.BytesIO(whole), allow_pickle=False) as file:
            header = CheckpointHeader.model_validate_json(file[_HEADER].tobytes())
            arrays = {
                name.removeprefix("array."): file[name] for name in file.files if name != _HEADER
            }
    except (ValueError, KeyError, BadZipFile) as error:
        raise SchemaError(f"{path}: not a checkpoint that this version reads") from error
    return header, arrays


@dataclass(frozen=True)
class Leftover:
    """Checkpoints that an interrupted training has left.

    Attributes
    ----------
    steps : dict of str to int
        The step of each fit's checkpoint, by the identity of the fit.
    damaged : tuple of str
        Why each damaged file was removed.
    """

    steps: dict[str, int]
    damaged: tuple[str, ...] = ()


class OpenCheckpoints:
    """The folder of a training's checkpoints, held by this process until it is closed.

    Attributes
    ----------
    folder : CheckpointFolder
    leftover : Leftover
    """

    def __init__(self, folder: CheckpointFolder, leftover: Leftover, lock: IO[bytes]) -> None:
        self.folder, self.leftover = folder, leftover
        self._lock = lock

    def close(self) -> None:
        """Let go of the folder; it stays for the next training, unless it holds nothing."""
        path = self.folder.path
        if any(path.glob(f"*{_SUFFIX}")):
            self._lock.close()
        else:
            self.discard()

    def discard(self) -> None:
        """Let go of the folder and remove it: the training is complete."""
        path = self.folder.path
        hidden = path.with_name(f"{path.name}-{secrets.token_hex(3)}{REMOVED}")
        # Out of sight while it is held, so that nobody takes a folder that is about to go.
        with suppress(OSError):
            path.rename(hidden)
        self._lock.close()
        # Windows renames and removes no folder with an open file.
        for each in (hidden, path):
            _remove(each)


def open_checkpoints(runs: Path, key: str, every: int, *, fresh: bool) -> OpenCheckpoints | None:
    """Take the folder of the checkpoints of one training.

    Parameters
    ----------
    key : str
        A digest of everything that the training depends on.
    fresh : bool
        Whether to remove the checkpoints that there are.

    Returns
    -------
    OpenCheckpoints or None
        None if a different process is doing the same training.

    Raises
    ------
    PreconditionError
        If the folder cannot be written.
    """
    path = runs / f"{_START}{key.rpartition(':')[2][:_DIGITS]}{PARTIAL}"
    with writing_to(path):
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / WRITER).open("ab", buffering=0)
        if not (_is_ours(lock) and is_at(lock, path / WRITER)):
            lock.close()
            return None
        lock.truncate(0)
        lock.write(host())
        found = sorted(path.glob(f"*{_SUFFIX}"))
        for stray in path.iterdir():
            if stray.name != WRITER and (fresh or stray not in found):
                # A worker of the killed training may still be about to put it in place.
                stray.unlink(missing_ok=True)
    return OpenCheckpoints(
        CheckpointFolder(path, every), Leftover({}) if fresh else _inspect(found), lock
    )


def _is_ours(lock: IO[bytes]) -> bool:
    try:
        return acquire(lock)
    except OSError:
        return True  # the file system has no locks


def _inspect(files: list[Path]) -> Leftover:
    steps: dict[str, int] = {}
    damaged = []
    for path in files:
        try:
            header, _ = read_checkpoint(path)
        except SchemaError as error:
            damaged.append(error.message)
            path.unlink()
        except OSError as error:
            damaged.append(f"{path}: cannot be read: {error.strerror}")
        else:
            steps[header.identity] = header.step
    return Leftover(steps, tuple(damaged))


def _remove(path: Path) -> None:
    # What cannot be removed hinders no run, and goes with `runs prune`.
    shutil.rmtree(path, ignore_errors=True)

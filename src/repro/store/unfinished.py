"""The finished work of an interrupted training, kept beside the runs until a run is whole.

A folder is named by everything that its content depends on, so that a training finds what one of
the same configuration, data, code and environment has left, and nothing else. Each piece is a JSON
file that is renamed into place. One that is damaged counts as missing, and is made again.
"""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from repro.core.canonical import typed_digest
from repro.core.errors import SchemaError
from repro.core.jsonfile import binding, bound, dump_record, load_record
from repro.core.model import Record
from repro.store.disk import oddity, read_limited
from repro.store.naming import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class FinishedTask(Record):
    """A task that is done, and its score."""

    schema_: Literal["repro.finished-task/v1"] = Field(alias="schema")
    key: str
    task: dict[str, JsonValue]
    score: float
    digest: str


class Unfinished:
    """The finished tasks of a training that may be interrupted.

    Parameters
    ----------
    runs : Path
        The folder of runs.
    key : str
        Digest of everything that the tasks depend on.

    Attributes
    ----------
    found : int
        How many tasks were found done.
    """

    def __init__(self, runs: Path, key: str) -> None:
        self._key = key
        self._folder = unfinished_folder(runs, key)
        self.found = 0

    @property
    def count(self) -> int:
        """The number of tasks that are kept."""
        return sum(1 for _ in self._folder.glob("*.json"))

    def get(self, task: Mapping[str, JsonValue]) -> float | None:
        """Return the score of a task; None if none was kept, or its file is damaged."""
        path = self._path(task)
        try:
            if oddity(path):
                return None
            done = load_record(read_limited(path, path.name), path.name, FinishedTask)
        except (OSError, SchemaError):
            return None
        same = done.key == self._key and typed_digest("task", done.task, version=1) == _name(task)
        if not same or done.digest != binding(done):
            return None
        self.found += 1
        return done.score

    def put(self, task: Mapping[str, JsonValue], score: float) -> None:
        """Keep the score of a task; where nothing can be written, it is not kept."""
        done = FinishedTask(
            schema_="repro.finished-task/v1",
            key=self._key,
            task=dict(task),
            score=score,
            digest="",
        )
        path = self._path(task)
        beside = path.with_name(f".{secrets.token_hex(8)}")
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                beside.write_bytes(dump_record(bound(done)))
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove everything: the run is whole."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, task: Mapping[str, JsonValue]) -> Path:
        return self._folder / f"{_name(task).rpartition(':')[2]}.json"


def unfinished_folder(runs: Path, key: str) -> Path:
    """Return the folder of an unfinished training; pruning removes it after a day without use."""
    return runs / f".trials-{key.rpartition(':')[2][:32]}{PARTIAL}"


def _name(task: Mapping[str, JsonValue]) -> str:
    return typed_digest("task", dict(task), version=1)

"""The use case ``init``: a folder becomes a project."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.configuration import resolve_request
from repro.app.init.content import Subject, surroundings
from repro.app.init.experiment import Draft, draft
from repro.app.init.imports import doubts_about
from repro.app.init.placing import beside, place
from repro.app.init.wheel import own_wheel
from repro.capture.environment import LOCK
from repro.config.compose import Request
from repro.config.project import BASE
from repro.core.errors import ConfigError, PreconditionError, ReproError
from repro.core.pins import lines_of
from repro.datasets.drafting import Given

if TYPE_CHECKING:
    from collections.abc import Iterator

# A folder with one of these is a project.
_MARKS = (BASE, "requirements-repro.txt")
# Folders of a script's project that no result is made from.
_LEFT_OUT = {"build", "dist", "node_modules", "reference", "runs", "vendor", "venv", "wheelhouse"}


@dataclass(frozen=True)
class Wish:
    """The wish of a person: a project for a table, or for a script.

    Attributes
    ----------
    folder : Path
        Of the project; it need not exist.
    data : Path or None
        A table to train on. It is copied into ``data/`` if it lies outside the folder.
    target : str
        The column to predict.
    positive : str or None
        The label to detect, of a target with two; None guesses it if it can.
    missing : tuple of str
        Texts that mean a missing value.
    script : Path or None
        A script in the folder.
    name : str
        Of the data set and its experiment; empty takes it from the file.
    licence, origin, description : str
    given : Given
        Facts about the table that are not to be guessed.
    dvc : bool
        Whether the project gets a pipeline of DVC.
    """

    folder: Path
    data: Path | None = None
    target: str = ""
    positive: str | None = None
    missing: tuple[str, ...] = ()
    script: Path | None = None
    name: str = ""
    licence: str = "not stated"
    origin: str = "not stated"
    description: str = ""
    given: Given = field(default_factory=Given)
    dvc: bool = False


@dataclass(frozen=True)
class Made:
    """A project that was made.

    Attributes
    ----------
    folder : Path
    placed, kept : tuple of str
        Files that were written, and files that were there and are not changed.
    roles : tuple of str
        The role that was guessed for each column, with its reason; empty for a script.
    name : str
        Of the experiment or the script.
    doubts : tuple of str
        What would stop a script in this project, and what to do.
    """

    folder: Path
    placed: tuple[str, ...]
    kept: tuple[str, ...]
    roles: tuple[str, ...]
    name: str
    doubts: tuple[str, ...] = ()


def make(wish: Wish) -> Made:
    """Make a project: all of its files, or none.

    Raises
    ------
    ConfigError
        If the folder is a project, or the wish names no table or script, or both.
    DataError, PreconditionError
        If the table cannot be read or trained on, or the folder cannot be written to.
    """
    _check(wish)
    wheel = own_wheel()
    with beside(wish.folder) as stage:
        drafted = _draft(wish, stage) if wish.data is not None else None
        subject = _subject(wish, drafted)
        for name, content in surroundings(subject, wheel).items():
            path = stage / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if drafted is not None:
            resolve_request(stage, Request())
            for name in drafted.borrowed:
                (stage / name).unlink()
        placed, kept = place(stage, wish.folder, _MARKS)
    roles = drafted.roles if drafted is not None else ()
    doubts = _doubts(wish) if wish.script is not None else ()
    return Made(wish.folder, tuple(placed), tuple(kept), roles, subject.name, doubts)


def _doubts(wish: Wish) -> tuple[str, ...]:
    assert wish.script is not None  # noqa: S101 - the caller has looked
    if wish.script.suffix != ".py":
        return ()
    lock = (wish.folder / LOCK).read_text(encoding="utf-8", errors="replace")
    locked = frozenset({"repro", *(line.name for line in lines_of(lock))})
    return doubts_about(wish.script, wish.folder, locked)


def _check(wish: Wish) -> None:
    if (wish.data is None) == (wish.script is None):
        raise ConfigError(
            "a project is about a table or about a script: name one of them",
            advice="repro init FOLDER --data FILE --target COLUMN, or: repro init --script FILE",
        )
    for name in _MARKS:
        if os.path.lexists(wish.folder / name):
            raise ConfigError(
                f"{wish.folder}: is a project already: it has {name}",
                advice="name a different folder; further data: repro data add",
            )
    if wish.folder.exists() and not wish.folder.is_dir():
        raise ConfigError(f"{wish.folder}: is not a folder", advice="name a folder")


def _draft(wish: Wish, stage: Path) -> Draft:
    assert wish.data is not None  # noqa: S101 - the caller has looked
    if wish.data.is_dir():
        raise ConfigError(f"{wish.data} is a folder: expected a table", advice="name a file")
    if not wish.data.is_file():
        raise PreconditionError(f"{wish.data}: no such file", advice="name a table: --data FILE")
    inside = _inside(wish.data, wish.folder)
    name = wish.name or _name_of(wish.data)
    target = stage / (inside or f"data/{wish.data.name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    if inside:
        target.symlink_to(wish.data.absolute())
    else:
        shutil.copyfile(wish.data, target)
    try:
        return draft(stage, target, wish, name, borrowed=(inside,) if inside else ())
    except ReproError as error:
        # No project is made, so that the file is where the person has it.
        staged = target.relative_to(stage).as_posix()
        error.message = error.message.replace(staged, str(wish.data))
        error.args = (error.message,)
        raise


def _subject(wish: Wish, drafted: Draft | None) -> Subject:
    title = wish.folder.resolve().name or "project"
    if drafted is not None:
        sentence = wish.description or f"Predicts {wish.target} from {drafted.table}."
        top = Path(drafted.table).parts[0]
        return Subject(drafted.name, title, sentence, "", ("configs", top), wish.dvc)
    assert wish.script is not None  # noqa: S101 - the caller has looked
    inside = _inside(wish.script, wish.folder)
    if not inside or not wish.script.is_file():
        raise PreconditionError(
            f"{wish.script}: no such file in {wish.folder}",
            advice="copy the script into the folder of the project first",
        )
    sentence = wish.description or f"Runs {inside} and keeps the evidence."
    parts = tuple(sorted({Path(inside).parts[0], *_parts(wish.folder)}))
    return Subject(wish.name or _name_of(wish.script), title, sentence, inside, parts, wish.dvc)


def _parts(folder: Path) -> Iterator[str]:
    """Yield what lies at the top of a script's folder, and may be read by it."""
    for path in folder.iterdir():
        is_environment = (path / "pyvenv.cfg").exists()
        if not (path.name.startswith((".", "__")) or path.name in _LEFT_OUT or is_environment):
            yield path.name


def _inside(path: Path, folder: Path) -> str:
    """Return the path of a file relative to a folder, or nothing if it lies outside."""
    for file, root in ((path.absolute(), folder.absolute()), (path.resolve(), folder.resolve())):
        if file.is_relative_to(root) and ".." not in file.relative_to(root).parts:
            return file.relative_to(root).as_posix()
    return ""


def _name_of(path: Path) -> str:
    """Return a name for a data set or a reference, made of that of a file."""
    name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_")
    return name if name[:1].isalpha() else f"data_{name}".rstrip("_")

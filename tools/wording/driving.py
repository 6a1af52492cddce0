"""Run commands that fail, each in a copy of a small project, and keep what they print."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.core.jsonfile import bound, dump_record
from repro.core.record_v1 import RecordFile

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent.parent
_COPIED = ("configs", "data", "reference", "matrix.yaml")
_REFERENCE = "reference/credit.json"


@dataclass(frozen=True)
class Edit:
    """A change of a file before the command runs.

    Attributes
    ----------
    path : str
        Below the project; ``RUN`` in it stands for the id of the project's run.
    old : str or None
        Text that is replaced once; None for the whole file.
    new : str, bytes or None
        What is written; None removes the file.
    """

    path: str
    old: str | None
    new: str | bytes | None


@dataclass(frozen=True)
class Forged:
    """A change of the reference by somebody who binds the record to its new content.

    Attributes
    ----------
    place : tuple of str or int
        Where the value is in the JSON of the record.
    value : any JSON value
    """

    place: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class Case:
    """A command that fails, or finds something.

    Attributes
    ----------
    words : tuple of str
        Without ``repro``; ``RUN`` stands for the id of the project's run.
    edits : tuple of Edit or Forged
        What is done to the project first.
    variables : dict of str to str, or None
        Set for the command.
    """

    words: tuple[str, ...]
    edits: tuple[Edit | Forged, ...] = ()
    variables: dict[str, str] | None = None


@dataclass(frozen=True)
class Printed:
    """What a command printed, with its exit status."""

    status: int
    out: str
    err: str


def run(words: list[str], folder: Path, variables: dict[str, str]) -> Printed:
    """Run ``repro`` in a folder, in a process of its own."""
    command = [sys.executable, "-P", "-m", "repro", *words]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, check=False
    )
    return Printed(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode())


def make_project(folder: Path) -> str:
    """Write a project with one quick run into a new folder, and return the id of the run."""
    folder.mkdir(parents=True)
    for name in _COPIED:
        whole = ROOT / name
        (shutil.copytree if whole.is_dir() else shutil.copy)(whole, folder / name)
    done = run(["train", "--profile", "debug", "--json"], folder, {})
    if done.status:
        raise RuntimeError(done.err)
    return str(json.loads(done.out)["run_id"])


def drive(
    case: Case,
    project: Path,
    folder: Path,
    runner: Callable[[list[str], Path, dict[str, str]], Printed] = run,
) -> Printed:
    """Run a case in a copy of a project; what is printed names no place on this machine."""
    (run_folder,) = (path for path in (project / "runs").iterdir() if path.name[0].isdigit())
    shutil.copytree(project, folder, symlinks=True)
    for edit in case.edits:
        if isinstance(edit, Edit):
            _edit(folder / edit.path.replace("RUN", run_folder.name), edit)
        else:
            _forge(folder / _REFERENCE, edit)
    words = [word.replace("RUN", run_folder.name) for word in case.words]
    done = runner(words, folder, case.variables or {})
    return Printed(done.status, _placeless(done.out, folder), _placeless(done.err, folder))


def _edit(path: Path, edit: Edit) -> None:
    if edit.new is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = edit.new if isinstance(edit.new, bytes) else edit.new.encode()
    if edit.old is None:
        path.write_bytes(new)
        return
    content = path.read_bytes()
    if edit.old.encode() not in content:
        raise ValueError(f"{edit.path}: {edit.old!r} is not there")
    path.write_bytes(content.replace(edit.old.encode(), new, 1))


def _forge(path: Path, forged: Forged) -> None:
    tree = json.loads(path.read_text(encoding="utf-8"))
    *parents, last = forged.place
    inner = tree
    for key in parents:
        inner = inner[key]
    inner[last] = forged.value
    path.write_bytes(dump_record(bound(RecordFile.model_validate_json(json.dumps(tree)))))


def _placeless(text: str, folder: Path) -> str:
    return text.replace(str(folder.resolve()), "PROJECT").replace(str(folder), "PROJECT")

"""A table of the project that DVC keeps: the pointer is committed, and the file is pulled.

DVC runs as a program of its own, so that repro needs none of its packages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from repro.core.errors import DataError, PreconditionError
from repro.core.redaction import redacted_text
from repro.datasets.sources.file import inside, read_bytes
from repro.datasets.sources.interface import Payload, payload_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.config.data import DvcSource

LOCK = "dvc.lock"


@dataclass(frozen=True)
class Pointer:
    """The content of a file as DVC knows it.

    Attributes
    ----------
    name : str
        The file that says so, relative to the project.
    md5 : str
    legacy : bool
        Whether it was written before DVC 3, which took the MD5 of a text with line feeds.
    """

    name: str
    md5: str
    legacy: bool

    def fits(self, content: bytes) -> bool:
        """Return whether bytes have the hash."""
        if _md5(content) == self.md5:
            return True
        return self.legacy and _md5(content.replace(b"\r\n", b"\n")) == self.md5


@dataclass(frozen=True)
class Dvc:
    """A file that DVC tracks, by its path relative to the project."""

    project: Path
    source: DvcSource

    @property
    def label(self) -> str:
        """The path, relative to the project."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:
        """Read the file, pulled first if it is missing; see ``Source.obtain``.

        The MD5 that DVC has for it is checked, then the declared SHA-256. A file that exists is
        never overwritten.

        Raises
        ------
        DataError
            If the file is not the one that DVC has a hash of.
        """
        path = inside(self.project, self.label)
        pointer = find_pointer(self.project, self.label)
        if not os.path.lexists(path):
            _pull(self.project, self.label, pointer)
        content = read_bytes(path, self.label)
        if not pointer.fits(content):
            raise DataError(
                f"{self.label}: stale: MD5 {_md5(content)}, expected {pointer.md5} by"
                f" {pointer.name}",
                advice=f"get the file of the pointer: dvc pull {self.label}; or, if you changed it:"
                f" dvc commit {self.label}, and repro data add NAME --replace",
            )
        return payload_of(self.source, self.label, content, expected)


def find_pointer(project: Path, label: str) -> Pointer:
    """Return what DVC knows of a file: by the pointer beside it, or as the output of a stage.

    Parameters
    ----------
    label : str
        The path of the file, relative to the project.

    Raises
    ------
    PreconditionError
        If DVC does not track the file, or its pointer cannot be read.
    """
    beside = f"{label}.dvc"
    if (project / beside).is_file():
        return _pointer(beside, _outputs(_read(project, beside)), PurePosixPath(label).name)
    for folder in PurePosixPath(label).parents:
        name = (folder / LOCK).as_posix()
        if (project / name).is_file():
            path = PurePosixPath(label).relative_to(folder).as_posix()
            outputs = list(_stage_outputs(_read(project, name)))
            if any(each.get("path") == path for each in outputs):
                return _pointer(name, outputs, path)
    raise PreconditionError(
        f"{label}: DVC does not track it: there is no {beside}, and it is no output in {LOCK}",
        advice=f"dvc add {label}; a file in a folder that DVC tracks as a whole is tracked on its"
        " own first",
    )


def _read(project: Path, name: str) -> Any:
    try:
        return yaml.safe_load(read_bytes(project / name, name))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = str(error).partition("\n")[0]
        raise PreconditionError(
            f"{name}: not a file of DVC: {first}", advice=f"restore it: git checkout -- {name}"
        ) from error


def _outputs(document: Any) -> list[Mapping[str, Any]]:
    found = document.get("outs") if isinstance(document, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _stage_outputs(document: Any) -> Iterator[Mapping[str, Any]]:
    stages = document.get("stages") if isinstance(document, dict) else None
    for stage in stages.values() if isinstance(stages, dict) else ():
        yield from _outputs(stage)


def _pointer(name: str, outputs: list[Mapping[str, Any]], path: str) -> Pointer:
    output = next((each for each in outputs if each.get("path") == path), {})
    md5 = output.get("md5")
    if not isinstance(md5, str) or not md5:
        raise PreconditionError(
            f"{name}: has no MD5 of {path}", advice=f"let DVC write it again: dvc commit {path}"
        )
    if md5.endswith(".dir"):
        raise PreconditionError(
            f"{name}: {path} is a folder: expected a file", advice="name a file of the folder"
        )
    return Pointer(name, md5, legacy=output.get("hash") != "md5")


def _pull(project: Path, label: str, pointer: Pointer) -> None:
    advice = f"get it: dvc pull {label}"
    program = _program()
    if program is None:
        raise PreconditionError(
            f"{label}: not on this machine, and DVC, which {pointer.name} is of, is not installed",
            advice=f"pip install dvc (for a remote on S3: dvc[s3]); then {advice}",
        )
    done = subprocess.run(
        [*program, "pull", "--", label],
        cwd=project,
        env={**os.environ, "DVC_NO_ANALYTICS": "true"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0 or not os.path.lexists(project / label):
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        what = redacted_text((lines or [f"dvc pull ended with {done.returncode}"])[0])
        raise PreconditionError(
            f"{label}: not on this machine, and cannot be pulled: {what}",
            advice=f"{advice}; dvc remote list shows where it looks",
        )


def _program() -> list[str] | None:
    found = shutil.which("dvc")
    if found is not None:
        return [found]
    return [sys.executable, "-m", "dvc"] if find_spec("dvc") is not None else None


def _md5(content: bytes) -> str:
    # DVC's own choice; what protects is the SHA-256.
    return hashlib.md5(content, usedforsecurity=False).hexdigest()

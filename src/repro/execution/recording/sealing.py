"""Restricts a command to the files and programs that were observed, so that none is missing."""

from __future__ import annotations

import os
import shutil
import site
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from repro.launch.seal.command import Allowed, python_folders, read_report, sealed_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from repro.launch.seal.command import Report

_PACKAGE = Path(__file__).parents[2]
_INTERPRETERS = ("python", "python3", "sh", "env")
_SHEBANG = 256
_PACKAGES = "site-packages"


@dataclass(frozen=True)
class Sealing:
    """The files and programs that a sealed command may use.

    Python, its packages and the libraries of the system are allowed besides.

    Attributes
    ----------
    read : sequence of Path
        Data and code.
    programs : sequence of str
        Names of programs that the command may start.
    """

    read: Sequence[Path]
    programs: Sequence[str] = ()


def sealed(
    command: Sequence[str], sealing: Sealing, folder: Path, trace: Path, environ: dict[str, str]
) -> list[str]:
    """Return the words that run a command sealed; its report is in the folder of the traces.

    Parameters
    ----------
    folder : Path
        Working folder. The command may write in it and list it.
    environ : dict of str to str
        Environment variables of the command.
    """
    path = environ.get("PATH")
    programs = [shutil.which(name, path=path) for name in (*_INTERPRETERS, *sealing.programs)]
    own = [sys.executable, *_interpreter(command[0])]
    executables = {Path(each) for each in (*programs, *own) if each}
    executables |= {each.resolve() for each in executables}
    pythons = [str(each) for each in executables if each.name.startswith("python")]
    folders = [folder for each in pythons for folder in python_folders(each)]
    libraries = [Path(each) for each in environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    installed = [Path(each) for each in sys.path if each]
    executables |= set(_packaged(sealing.programs, [*folders, *installed]))
    allowed = Allowed(
        read=(*sealing.read, _PACKAGE, trace, *libraries, *installed, *executables, *folders),
        listed=(folder, _PACKAGE, trace, *libraries, *installed),
        write=(folder, trace),
        execute=tuple(executables),
    )
    return sealed_command(list(command), allowed, report_in(trace))


def _packaged(programs: Sequence[str], folders: Sequence[Path]) -> Iterator[Path]:
    """Yield the programs that packages bring, such as ``site-packages/package/bin/program``."""
    places = [each.parent for each in folders if each.name == _PACKAGES]
    places += [each for folder in folders for each in folder.glob("python*")]
    for name in programs:
        parts = PurePosixPath(name).parts
        if parts[:1] == (_PACKAGES,) and ".." not in parts:
            yield from (place / name for place in places if (place / name).is_file())


def private_home(sealing: Sealing, folder: Path, trace: Path) -> dict[str, str]:
    """Make a private home for a sealed command and return the variables that name it.

    Programs keep settings and caches at home. These are not recorded, the user's own must not
    change, and some programs stop if they cannot write them. The private home has links to the data
    at home that the command may read.
    """
    home, user = trace / "home", Path.home()
    home.mkdir()
    for path in sealing.read:
        if path.is_relative_to(user) and not path.is_relative_to(folder) and path.exists():
            link = home / path.relative_to(user)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    packages = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    return {"HOME": str(home), **packages}


def report_in(trace: Path) -> Path:
    """Return the path of the report of a sealed command."""
    return trace / "seal.report"


def sentence_of(report: Report) -> str:
    """Return a sentence on how far a command was sealed."""
    seal = report.seal
    if not seal.files:
        return f"not sealed, because {seal.reason or 'this system cannot do it'}"
    if seal.network != "loopback":
        limit = "TCP only" if seal.network == "tcp only" else "not its network"
        return f"sealed ({limit}: {seal.reason})" if seal.reason else f"sealed ({limit})"
    return "sealed"


def refused(report: Report, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield kind and name of everything that the seal refused, each once."""
    seen = set()
    for each in report.refusals:
        name = each.name
        start = f"{folder}{os.sep}"
        shown = name[len(start) :] if name.startswith(start) else name
        if each.kind != "list" and (each.kind, shown) not in seen:
            seen.add((each.kind, shown))
            yield each.kind, shown


def outcome(trace: Path) -> Report:
    """Read the report of a sealed command."""
    return read_report(report_in(trace))


def _interpreter(program: str) -> list[str]:
    """Return a program and, if it is a script, the programs that its first line names."""
    found = shutil.which(program) or program
    try:
        with open(found, "rb") as file:  # noqa: PTH123 - a word of a command line
            line = file.read(_SHEBANG).splitlines()[0]
    except (OSError, IndexError):
        return [found]
    if not line.startswith(b"#!"):
        return [found]
    words = os.fsdecode(line[2:]).split()
    return [
        found,
        *filter(None, (shutil.which(word) for word in words if not word.startswith("-"))),
    ]

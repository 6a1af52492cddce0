"""Sealing from the package: the command line of a sealed command, and its report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["read", "write", "execute", "list", "connect"]
Network = Literal["loopback", "tcp only", "none"]

# What a Python needs of any system. Beside it, `sealed_command` allows the folders of the
# interpreter that it starts, and the seal itself allows a few devices, shared memory (/dev/shm)
# and a temporary folder of the command's own, which TMPDIR names.
SYSTEM = (
    # Shared libraries, and how the loader finds them.
    "/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32",
    "/usr/local/lib", "/usr/local/lib64", "/nix/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload",
    # Locales and time zones.
    "/usr/share/locale", "/usr/share/i18n", "/usr/share/zoneinfo", "/etc/locale.alias",
    "/etc/localtime", "/etc/timezone",
    # Names of users, hosts and the system; certificates, which `import ssl` reads.
    "/etc/nsswitch.conf", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/host.conf",
    "/etc/resolv.conf", "/etc/gai.conf", "/etc/os-release", "/etc/mime.types",
    # Settings of git, which stops if it may not read them; trackers ask it for the commit.
    "/etc/gitconfig",
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
    # Processors, memory and limits, as OpenMP, OpenBLAS and joblib count them.
    "/proc", "/sys",
)  # fmt: skip
# The loaders of programs, which the kernel executes with them.
_LOADERS = (
    "/lib/ld-*.so*", "/lib64/ld-*.so*", "/lib/*-linux-*/ld-*.so*", "/usr/lib/*-linux-*/ld-*.so*",
)  # fmt: skip
# What an interpreter needs below its prefix; the prefix itself can be a project's folder.
_OF_PREFIX = ("bin", "lib", "lib64", "share", "etc", "ssl", "pyvenv.cfg")


@dataclass(frozen=True)
class Allowed:
    """The files that a sealed command may use.

    Attributes
    ----------
    read, listed, execute : tuple of Path
        Files or folders; folders include everything below them. What does not exist is left out.
        An executable may be read as well.
    write : tuple of Path
        Folders in which files may be changed, created and removed, or files. A file that does not
        exist yet makes its folder writable. What was there before can be read only if `read` has it
        too; what the command created can always be read, if `Seal.names` holds.
    """

    read: tuple[Path, ...] = ()
    listed: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    execute: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Seal:
    """The extent of a seal.

    Attributes
    ----------
    files : bool
        Whether files that were not declared are refused.
    network : str
        ``loopback``: a network of its own, with nothing but itself; ``tcp only``: all TCP
        connections are refused, and nothing else is; ``none``: nothing is refused.
    names : bool
        Whether the report has the names of what was refused.
    reason : str or None
        Why not everything is sealed; None if everything is.
    """

    files: bool
    network: Network
    names: bool
    reason: str | None = None


@dataclass(frozen=True)
class Refusal:
    """Something that a sealed command tried to do and could not.

    Attributes
    ----------
    kind : str
        What it tried.
    name : str
        The path, without symbolic links; for a connection protocol, host and port, or the path of
        a local socket.
    program : str
        The path of the executable that tried.
    """

    kind: Kind
    name: str
    program: str


@dataclass(frozen=True)
class Report:
    """The outcome of a sealed command: the seal that it had in fact, and its refusals."""

    seal: Seal
    refusals: tuple[Refusal, ...]


def available_seal() -> Seal:
    """Return what can be sealed on this machine, by trying it."""
    if sys.platform != "linux":
        return Seal(False, "none", False, f"repro cannot do it on {sys.platform}")  # noqa: FBT003
    done = subprocess.run(
        _program(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return Seal(False, "none", False, "the process that seals could not be started")  # noqa: FBT003
    return _seal(json.loads(done.stdout))


def sealed_command(argv: list[str], allowed: Allowed, report: Path) -> list[str]:
    """Return the command that runs a given one sealed, and begin its report.

    Its process stands for the command: signals, standard streams and exit status are the command's.
    On systems other than Linux the command is returned as it is.

    Raises
    ------
    OSError
        If the report cannot be written.
    """
    program = shutil.which(argv[0]) or argv[0]
    everything = Allowed(
        (*allowed.read, *map(Path, SYSTEM), *python_folders(program)),
        # Python lists the folders from which it imports, and the root on the way to them.
        allowed.listed,
        allowed.write,
        (*allowed.execute, Path(program), *_loaders()),
    )
    # Absolute, since the command can be started in a different folder.
    lists = {
        name: sorted({os.path.abspath(path) for path in paths})  # noqa: PTH100 - keeps links
        for name, paths in asdict(everything).items()
    }
    report.write_text(json.dumps({"allowed": lists}) + "\n", encoding="ascii")
    if sys.platform != "linux":
        return argv
    return [*_program(report.resolve()), program, *argv[1:]]


def read_report(report: Path) -> Report:
    """Read the report of a sealed command that ended, or is still running.

    Raises
    ------
    OSError
        If there is no report.
    ValueError
        If the report is damaged.
    """
    lines = [json.loads(line) for line in report.read_text(encoding="ascii").splitlines()]
    sealed = [line["sealed"] for line in lines if "sealed" in line]
    seal = _seal(sealed[-1]) if sealed else _NEVER_SEALED
    return Report(seal, tuple(Refusal(**line) for line in lines if "kind" in line))


_NEVER_SEALED = Seal(
    files=False, network="none", names=False, reason="the command was not started sealed"
)


def python_folders(program: str) -> tuple[Path, ...]:
    """Return the folders of the interpreter of an environment: library, packages, own data.

    Parameters
    ----------
    program : str
        The path of an interpreter; of any other program, the folders beside it are returned.
    """
    prefixes = [Path(program).parent.parent, Path(os.path.realpath(program)).parent.parent]
    prefixes += [Path(each) for each in _home_of(prefixes[0])]
    system = {Path("/"), Path("/usr"), Path("/usr/local")}
    return tuple(
        prefix / name for prefix in prefixes if prefix not in system for name in _OF_PREFIX
    )


def _home_of(prefix: Path) -> list[str]:
    """Return the prefix of the interpreter from which a virtual environment was made."""
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    pairs = (line.partition("=") for line in lines)
    return [os.path.dirname(value.strip()) for key, _, value in pairs if key.strip() == "home"]  # noqa: PTH120


def _loaders() -> list[Path]:
    return [found for pattern in _LOADERS for found in Path("/").glob(pattern.removeprefix("/"))]


def _program(report: Path | None = None) -> list[str]:
    """Return the command of the program that seals, without site-packages.

    Its modules are imported as the package ``seal``, since the packages above it import more.
    """
    above = str(Path(__file__).resolve().parent.parent)
    code = (
        f"import sys; sys.path.insert(0, {above!r}); from seal import program; "
        "sys.exit(program.main(sys.argv[1], sys.argv[2:]))"
    )
    return [sys.executable, "-I", "-S", "-c", code, str(report or "")]


def _seal(found: dict[str, object]) -> Seal:
    reasons = found.pop("reasons")
    return Seal(**found, reason="; ".join(reasons) or None)  # type: ignore[arg-type]

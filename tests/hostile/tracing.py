"""What a command and everything that it starts does, as the kernel sees it: by strace."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import repro

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CALLS = (
    "open", "openat", "openat2", "creat", "execve", "execveat", "socket", "connect", "bind",
    "sendto", "sendmsg", "io_uring_setup", "rename", "renameat", "renameat2", "unlink", "unlinkat",
    "link", "linkat", "symlink", "symlinkat", "mkdir", "mkdirat", "truncate", "mknod", "mknodat",
    "chmod", "fchmodat",
)  # fmt: skip
# What it opens outside the project, the packages and the temporary folder. Python: its locale and
# the time zone; the loader: the cache of libraries; OpenSSL: its defaults, by hashlib; git: the
# user's and the system's configuration.
SYSTEM = (
    r"/(usr/)?(local/)?lib(32|64|x32)?/.*", r"/usr/share/(locale|zoneinfo|git-core)/.*",
    r"/etc/(ld\.so\.(cache|preload)|localtime|locale\.alias|gitconfig|gitattributes)",
    r"/etc/(ssl|pki)/.*", r"/usr/lib/ssl/.*",
)  # fmt: skip
# The machine, as the kernel describes it; of processes, only themselves.
KERNEL = (
    r"/proc/(cpuinfo|meminfo|stat|version|filesystems)", r"/proc/sys/(vm|kernel)/.*",
    r"/proc/SELF/(task/\d+/)?(maps|cgroup|fd|status|stat|mountinfo|comm|exe|auxv|statm)",
    r"/sys/devices/system/(cpu|node)(/.*)?", r"/sys/fs/cgroup/.*", r"/sys/kernel/mm/.*",
)  # fmt: skip
# Semaphores and arrays of worker processes lie in memory.
SHARED = (r"/dev/(null|urandom|random)", r"/dev/shm/(sem\.|joblib_memmapping_folder_|pymp-).*")

_OPENS = re.compile(r"\d+ +(?:<\.\.\. )?(?:open|openat|openat2|creat)\b")
_RESULT = re.compile(r"\d+<(/[^>]*)>")
_CALLED = re.compile(r"^(\d+) +(\w+)\((.*)")
_PATHS = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WRITES = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC")


@dataclass(frozen=True)
class Trace:
    """What was done, and how it ended."""

    status: int
    out: str
    err: str
    lines: tuple[str, ...]

    @property
    def opened(self) -> frozenset[str]:
        """The files and folders that were opened, without links."""
        own = self.processes
        return frozenset(_own(path, own) for path in _opened(self.lines))

    @property
    def written(self) -> frozenset[str]:
        """Those that were opened to be changed."""
        return frozenset(
            _opened(line for line in self.lines if any(flag in line for flag in _WRITES))
        )

    @property
    def executed(self) -> frozenset[str]:
        """The programs that ran, without links."""
        done = (line for line in self.calls("execve", "execveat") if "= -1" not in line)
        return frozenset(os.path.realpath(_PATHS.search(line)[1]) for line in done)

    @property
    def changed(self) -> frozenset[str]:
        """The names that were made, renamed or removed, successfully or not."""
        names = [name for name in CALLS if re.match(r"re|un|li|sy|mk|tr|ch|fc", name)]
        found = (_PATHS.findall(line) for line in self.calls(*names))
        return frozenset(path for paths in found for path in paths)

    @property
    def processes(self) -> frozenset[str]:
        return frozenset(line.split(maxsplit=1)[0] for line in self.lines)

    def calls(self, *names: str) -> list[str]:
        """The lines of some calls."""
        found = ((line, _CALLED.match(line)) for line in self.lines)
        return [line for line, match in found if match and match[2] in names]


def _opened(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        # What is opened is the result, also of a call that another process has interrupted.
        match = _OPENS.match(line) and _RESULT.match(line.rpartition(" = ")[2])
        if match:
            yield match[1]


def _own(path: str, processes: frozenset[str]) -> str:
    start, _, rest = path.removeprefix("/proc/").partition("/")
    return f"/proc/SELF/{rest}" if path.startswith("/proc/") and start in processes else path


def obstacle() -> str:
    """Return the reason why nothing can be traced here; empty where it can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed"
    command = [strace, "-f", "-y", "-e", "trace=openat", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 and "openat" in done.stderr else "strace may not trace"


def trace(
    folder: Path, *arguments: object, cwd: Path, env: dict[str, str], fast: bool = False
) -> Trace:
    """Run ``repro`` under strace; the trace is kept in a folder.

    Fast, it does not see the calls that a filter of the program itself refuses.
    """
    file = folder / "trace"
    # -y resolves descriptors: what is opened by a link, or from a folder, has its real name.
    command = ["strace", "-f", "-qq", "-y", "-s", "4096", "-o", str(file), "-e"]
    command[1:1] = ["--seccomp-bpf"] if fast else []
    command += ["trace=" + ",".join(f"?{name}" for name in CALLS), sys.executable, "-m", "repro"]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV", "GIT_"))}
    done = subprocess.run(
        [*command, *map(str, arguments)],
        cwd=cwd, env=inherited | env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = file.read_text(errors="backslashreplace").splitlines()
    return Trace(done.returncode, done.stdout, done.stderr, tuple(lines))


def roots(*more: Path) -> tuple[str, ...]:
    """Return patterns of the folders that may be read: Python, packages, and some more."""
    paths = sysconfig.get_paths().values()
    package = Path(repro.__file__).parent
    folders = {
        sys.prefix, sys.base_prefix, *paths, package, tempfile.gettempdir(), *more,
    }  # fmt: skip
    # Where the package is not installed but named by a file, its finder looks at its folder.
    real = {os.path.realpath(each) for each in folders} | {str(package.parent)}
    return tuple(f"{re.escape(each)}(/.*)?" for each in sorted(real))


def beyond(paths: frozenset[str], allowed: tuple[str, ...]) -> list[str]:
    """Return the paths that no pattern allows."""
    pattern = re.compile("|".join(f"(?:{each})" for each in allowed))
    return sorted(path for path in paths if not pattern.fullmatch(path))

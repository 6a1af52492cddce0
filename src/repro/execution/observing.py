"""The environment of a fresh process: ``python -m repro.execution.observing FOLDER LEVEL``.

It runs beside a recorded command with the variables of its level, and writes the environment to
standard output as JSON. Its imports take a second or two, so the answer is cached until the machine
restarts or one of the files that it depends on changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from repro.capture.environment import lock_digest
from repro.capture.git import observe_git
from repro.core.environment import Environment, NoRepository
from repro.core.errors import PreconditionError
from repro.execution.foreign import with_own_packages
from repro.launch import module_command, without_folder
from repro.processor import in_use, present

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.launch import Level

_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
_OF_CPU = ("cpu_features.basic", ".active[")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_MAPS = Path("/proc/self/maps")
# Variables that differ from call to call and do not affect anything that is observed.
_CHANGING = (
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
    "TERM",
    "COLUMNS",
    "LINES",
    "TMPDIR",
    "PYTEST_CURRENT_TEST",
)


class Observation:
    """An environment that is cached, or is being observed in a separate process.

    Parameters
    ----------
    folder : Path
        Working folder of the recorded command.
    level : Level
    executable : str
        The Python to observe. If it lacks the needed packages, only its version and its packages
        are its own, and everything else is observed in the running Python.
    environ : mapping of str to str
        Environment variables of the command.
    """

    def __init__(
        self, folder: Path, level: Level, executable: str, environ: Mapping[str, str]
    ) -> None:
        self._folder, self._level = folder, level
        self._executable, self._environ = executable, environ
        self._kept = _place(environ, level) if executable == sys.executable else None
        self._known = _read(self._kept) if self._kept else None
        self._process = None if self._known else self._started()

    def result(self, *, git: bool = True) -> Environment:
        """Wait for the environment and return it.

        Parameters
        ----------
        git : bool
            Whether to ask git about the working folder.

        Raises
        ------
        PreconditionError
            If the environment cannot be observed.
        """
        found = self._known or self._finished()
        state = observe_git(self._folder) if git else NoRepository(reason="not asked")
        return found.model_copy(update={"git": state, "lock": lock_digest(self._folder)})

    def cancel(self) -> None:
        """End the observation."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def _finished(self) -> Environment:
        process = self._process or self._started()
        output, errors = process.communicate()
        if process.returncode and self._executable != sys.executable:
            other = Observation(self._folder, self._level, sys.executable, self._environ)
            return with_own_packages(other.result(), self._executable, self._environ)
        if process.returncode:
            last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise PreconditionError(
                f"the environment could not be observed: {''.join(last)}",
                advice="see what is installed: repro env",
            )
        if self._kept is not None:
            _keep(self._kept, output)
        return _environment(json.loads(output))

    def _started(self) -> subprocess.Popen[bytes]:
        environ = self._environ
        source = str(Path(__file__).parents[2])
        paths = [source, environ.get("PYTHONPATH", "")]
        return subprocess.Popen(
            module_command(self._executable, __name__, str(self._folder), str(self._level)),
            # The command is started in a folder whose files may be named like modules of Python.
            env=without_folder({**environ, "PYTHONPATH": os.pathsep.join(paths)}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C must end only the command: its record still needs the environment.
            start_new_session=True,
        )


def _environment(value: dict[str, object]) -> Environment:
    return Environment.model_validate_json(json.dumps(value["environment"]))


def _place(environ: Mapping[str, str], level: Level) -> Path | None:
    """Return the path of a cached environment, keyed by all that determines it, if one can be."""
    try:
        boot = _BOOT.read_text("ascii")
    except OSError:
        return None
    variables = sorted((n, v) for n, v in environ.items() if n not in _CHANGING)
    parts = [
        boot,
        _processor(),
        sys.executable,
        sys.version,
        str(level),
        repr(variables),
        *_installed(),
    ]
    key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "repro" / "environments" / f"{key}.json"


def _processor() -> str:
    """Return what the C library sees of the processor, an emulated or masked one included."""
    loader = next((path for path in _LOADERS if Path(path).exists()), None)
    command = [loader, "--list-diagnostics"] if loader else []
    lines: list[str] = []
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        # Not the words of CPUID themselves, one of which is the number of the core.
        lines = [line for line in done.stdout.splitlines() if any(w in line for w in _OF_CPU)]
    return repr((lines, sorted(present() or ()), sorted(in_use() or ())))


def _installed() -> Iterator[str]:
    """Yield a line for each installed distribution that changes when it is installed again."""
    for folder in sys.path:
        with suppress(OSError):
            for each in os.scandir(folder or os.curdir):
                if each.name.endswith((".dist-info", ".egg-info", ".pth", ".egg-link")):
                    yield f"{each.path} {each.stat().st_mtime_ns}"


def _read(path: Path) -> Environment | None:
    """Read a cached environment; return None if a file that was mapped for it has changed."""
    try:
        value = json.loads(path.read_bytes())
        same = all(_state(name) == state for name, state in value["mapped"].items())
        return _environment(value) if same else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _keep(path: Path, content: bytes) -> None:
    """Write the cache whole or not at all; without it, the environment is observed again."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        pending = path.with_suffix(f".{os.getpid()}")
        pending.write_bytes(content)
        pending.replace(path)


def _state(name: str) -> list[int]:
    found = os.stat(name)  # noqa: PTH116 - a hundred names
    return [found.st_size, found.st_mtime_ns]


def _mapped() -> dict[str, list[int]]:
    """Return size and modification time of every file that is mapped into this process."""
    try:
        lines = _MAPS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return {}
    names = {line.split(maxsplit=5)[5] for line in lines if line.count("/")}
    found = {}
    for name in sorted(names):
        with suppress(OSError):
            found[name] = _state(name)
    return found


def main(folder: Path, level: str) -> int:
    """Observe this process and write its environment to standard output."""
    # Imported when used: they import NumPy, which the parent process does not need.
    from repro.capture import capture_environment  # noqa: PLC0415
    from repro.capture.fingerprint import observe_fingerprint  # noqa: PLC0415

    environment = capture_environment(folder, level)
    environment = environment.model_copy(update={"fingerprint": observe_fingerprint()})
    value = {"environment": environment.model_dump(mode="json"), "mapped": _mapped()}
    sys.stdout.write(json.dumps(value))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))

"""The environment of a fresh process: ``python observing.py FOLDER LEVEL MODULE …``.

It is started beside a recorded command, at the level's variables, and writes the environment as
JSON to standard output. The modules are those that the command is known to import.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from repro.core.environment import Environment
from repro.core.errors import PreconditionError
from repro.core.jsonfile import dump_record
from repro.launch import pinned

if TYPE_CHECKING:
    from repro.launch import Level


class Observation:
    """An environment that is being observed in a process of its own.

    Parameters
    ----------
    folder : Path
        Working folder of the recorded command.
    level : Level
    executable : str
        The Python to observe; one that lacks what observing needs is replaced by this one.
    """

    def __init__(self, folder: Path, level: Level, executable: str) -> None:
        self._given = (folder, level)
        self._executable = executable
        self._process = self._started(executable)

    def result(self) -> Environment:
        """Wait for the environment.

        Raises
        ------
        PreconditionError
            If it cannot be observed.
        """
        output, errors = self._process.communicate()
        if self._process.returncode and self._executable != sys.executable:
            self._executable = sys.executable
            self._process = self._started(sys.executable)
            return self.result()
        if self._process.returncode:
            last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise PreconditionError(
                f"the environment could not be observed: {''.join(last)}",
                advice="see what is installed: repro env",
            )
        return Environment.model_validate_json(output)

    def cancel(self) -> None:
        """End the observation."""
        self._process.kill()
        self._process.communicate()

    def _started(self, executable: str) -> subprocess.Popen[bytes]:
        folder, level = self._given
        environ = pinned(level, os.environ)
        source = str(Path(__file__).parents[2])
        paths = filter(None, [source, environ.get("PYTHONPATH")])
        return subprocess.Popen(
            [executable, "-m", __name__, str(folder), str(level)],
            env=environ | {"PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )


def main(folder: Path, level: str) -> int:
    """Observe this process and write what was found."""
    # Imported when used: they import NumPy, and whoever starts the process needs none.
    from repro.capture import capture_environment  # noqa: PLC0415
    from repro.capture.fingerprint import observe_fingerprint  # noqa: PLC0415

    environment = capture_environment(folder, level)
    environment = environment.model_copy(update={"fingerprint": observe_fingerprint()})
    sys.stdout.buffer.write(dump_record(environment))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))

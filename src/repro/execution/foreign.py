"""A Python that lacks this package's dependencies: its version and its installed distributions.

Such a Python cannot observe its environment. Its standard library is asked instead.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from repro.capture.packages import normalised
from repro.core.environment import Environment, Interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = 60
_SOURCE = """\
import json, platform, sys
from importlib.metadata import distributions
names = [(each.metadata["Name"], each.version) for each in distributions()]
json.dump({
    "packages": [each for each in names if all(each)],
    "interpreter": {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "compiler": platform.python_compiler(),
        "build": ", ".join(platform.python_build()),
    },
}, sys.stdout)
"""


def with_own_packages(
    environment: Environment, executable: str, environ: Mapping[str, str]
) -> Environment:
    """Return an environment with the interpreter and the packages of a different Python.

    Parameters
    ----------
    environment : Environment
        Of the running Python on this machine.
    executable : str
        The Python to ask. If it does not answer, the environment stays as it is.
    """
    with suppress(OSError, ValueError, LookupError, subprocess.SubprocessError):
        done = subprocess.run(
            [executable, "-c", _SOURCE],
            # Not the command's folder, whose modules would hide those of the standard library.
            cwd=Path(executable).parent,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
        found = json.loads(done.stdout)
        packages: dict[str, str] = {}
        for name, version in found["packages"]:
            packages.setdefault(normalised(name), version)
        packages = dict(sorted(packages.items()))
        return environment.model_copy(
            update={
                "interpreter": Interpreter.model_validate(found["interpreter"]),
                "packages": packages,
                # The Python does not report which of them the command uses.
                "runtime": tuple(packages),
                "working_trees": (),
            }
        )
    return environment

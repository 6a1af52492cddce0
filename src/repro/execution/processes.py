"""Processes that are waited for."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def finished(
    command: Sequence[str], environ: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end; where this process is interrupted, so is that one.

    Nothing keeps running then: it has ended before the interruption goes on its way, and a
    folder that it wrote to can be removed.

    Parameters
    ----------
    given : bytes
        What it reads on standard input.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            output, errors = process.communicate(given)
        except BaseException:
            process.kill()
            process.wait()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)

"""Processes that are waited for, and a training in one, in an environment that is given."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from repro.core.errors import ReproError
from repro.core.jsonfile import load_record
from repro.core.record import RunRecord
from repro.execution.network import fetch
from repro.launch import isolated_command, module_command, without_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from repro.config.experiment import ExperimentConfig


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


def retrain(
    project: Path,
    config: ExperimentConfig,
    environ: dict[str, str],
    interpreter: str = sys.executable,
) -> tuple[RunRecord | None, str]:
    """Train under these variables, and nothing else fixed, where no network can be reached.

    Returns
    -------
    tuple of (RunRecord or None, str)
        The record with all predictions, or None and the reason why the training did not finish.
    """
    determinism = config.determinism.model_copy(update={"level": "seeded"})
    execution = config.execution.model_copy(update={"workers": 1})
    changed = config.model_copy(update={"determinism": determinism, "execution": execution})
    given = json.dumps(changed.model_dump(mode="json", by_alias=True))
    command = isolated_command(module_command(interpreter, "repro.execution.child", str(project)))
    try:
        fetch(project, config.dataset)
        done = finished(command, without_folder(environ), given.encode())
    except ReproError as error:
        return None, error.message
    except OSError as error:
        return None, f"could not be started: {error.strerror}"
    if done.returncode:
        # What it cannot do, it says in place of the record; how it died is on standard error.
        words = (done.stdout or done.stderr).decode(errors="replace").strip().splitlines()
        return None, words[-1] if words else f"exit status {done.returncode}"
    return load_record(done.stdout, "this machine's training", RunRecord), ""

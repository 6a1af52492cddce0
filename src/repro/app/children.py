"""A training in a process of its own, in an environment that is given."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from repro.core.jsonfile import load_record
from repro.core.records import RecordFile

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.models import ExperimentConfig


def retrain(
    project: Path,
    config: ExperimentConfig,
    environ: dict[str, str],
    interpreter: str = sys.executable,
) -> tuple[RecordFile | None, str]:
    """Train under these variables, and nothing else fixed.

    Returns
    -------
    tuple of (RecordFile or None, str)
        The record with all predictions, or None and why the training came to no end.
    """
    determinism = config.determinism.model_copy(update={"level": "seeded"})
    execution = config.execution.model_copy(update={"workers": 1})
    changed = config.model_copy(update={"determinism": determinism, "execution": execution})
    given = json.dumps(changed.model_dump(mode="json", by_alias=True))
    done = subprocess.run(
        [interpreter, "-m", "repro.app.retrain", str(project)],
        input=given.encode(),
        env=environ,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return None, words[-1] if words else f"exit status {done.returncode}"
    return load_record(done.stdout, "the training here", RecordFile), ""

"""The use case ``verify --all``: every run of a folder, each in a process of its own."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from repro.core.errors import ExitCode, PreconditionError, ReproError
from repro.core.jsonfile import load_record
from repro.core.swept import Verifications, VerifiedRun
from repro.core.verdict import Verification
from repro.execution.side_by_side import side_by_side
from repro.launch import module_command
from repro.store import list_runs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Listener = Callable[[int, int, VerifiedRun], None]


def verify_all(
    runs: Path, arguments: Sequence[str], listener: Listener, *, jobs: int
) -> Verifications:
    """Verify every run of a folder, the newest first.

    Parameters
    ----------
    arguments : sequence of str
        Of ``repro verify``, but for the run.
    jobs : int
        Runs at a time.

    Raises
    ------
    PreconditionError
        If the folder has no run, so that nothing would be checked.
    """
    entries = list_runs(runs)
    if not entries:
        raise PreconditionError(f"no runs yet in {runs}", advice="make one: repro train")
    commands = [
        module_command(
            sys.executable, "repro", "verify", *arguments, "--json", "--", str(each.path)
        )
        for each in entries
    ]
    found: dict[int, VerifiedRun] = {}
    for place, done in side_by_side(commands, os.environ, jobs):
        found[place] = _of_process(entries[place].run_id, done)
        listener(len(found), len(entries), found[place])
    ordered = tuple(found[place] for place in range(len(entries)))
    return Verifications(
        schema_="repro.verifications/v1", holds=all(run.holds for run in ordered), runs=ordered
    )


def _of_process(run_id: str, done: subprocess.CompletedProcess[bytes]) -> VerifiedRun:
    name = _printable(run_id)
    try:
        found = load_record(done.stdout, "repro verify --json", Verification)
    except ReproError:
        words = " ".join(done.stderr.decode(errors="replace").split())
        sentence = words or f"exit status {done.returncode}"
        return VerifiedRun(run_id=name, holds=False, verdict="unchecked", sentence=sentence)
    if found.comparison is not None:
        verdict = str(found.comparison.verdict)
    else:
        verdict = "intact" if found.holds else "tampered"
    holds = found.holds and done.returncode == ExitCode.HOLDS
    return VerifiedRun(run_id=name, holds=holds, verdict=verdict, sentence=found.sentence)


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()

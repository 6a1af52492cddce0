"""Anybody's command, recorded: run under tracing, and its traces assembled to a record.

``performing`` is the whole of it. ``folders`` looks at the working folder before and after,
``running`` runs the command, ``traces`` reads what its processes wrote, ``steps`` and ``inputs``
sort it, ``sources`` looks for what a program leaves to chance, ``contents`` reads the files that it
wrote, ``remarks`` says what keeps it from being reproduced, and ``assembly`` makes the record.
"""

from repro.execution.recording.folders import copy_of
from repro.execution.recording.inputs import Selection
from repro.execution.recording.performing import Changes, Performance, perform
from repro.execution.recording.running import interpreter_of, portable
from repro.execution.recording.sealing import Sealing

__all__ = [
    "Changes",
    "Performance",
    "Sealing",
    "Selection",
    "copy_of",
    "interpreter_of",
    "perform",
    "portable",
]

"""Recording any command: run it under tracing, and assemble its traces into a record.

``performing`` does the whole. ``folders`` lists the working folder before and after, ``running``
runs the command, ``traces`` reads the events of its processes, ``steps`` and ``inputs`` sort them,
``sources`` finds code that depends on chance, ``contents`` reads the files that were written,
``remarks`` lists what prevents reproduction, ``sealing`` restricts a repetition to what was
observed, ``scratch`` makes temporary folders, and ``assembly`` makes the record.
"""

from repro.execution.recording.folders import copy_of, state_of
from repro.execution.recording.inputs import NOTHING, Selection
from repro.execution.recording.itself import OwnRecorder, OwnTrace
from repro.execution.recording.performing import Changes, Performance, Surroundings, perform
from repro.execution.recording.running import Children, interpreter_of, portable
from repro.execution.recording.scratch import scratch_folder
from repro.execution.recording.sealing import Sealing

__all__ = [
    "NOTHING",
    "Changes",
    "Children",
    "OwnRecorder",
    "OwnTrace",
    "Performance",
    "Sealing",
    "Selection",
    "Surroundings",
    "copy_of",
    "interpreter_of",
    "perform",
    "portable",
    "scratch_folder",
    "state_of",
]

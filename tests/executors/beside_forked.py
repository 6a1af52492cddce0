"""Programs of one thread, with functions that run beside them: a runner of tests may have several.

``python -m tests.executors.beside_forked NAME`` runs a function and prints its answer as JSON.
"""

import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

from repro.core.errors import DataError
from repro.executors.beside import beside


def dozed(folder, number):
    """Say that a function has begun, and how many others had not ended before it."""
    place = Path(folder)
    begun, ended = (len(list(place.glob(f"{what}-*"))) for what in ("begun", "ended"))
    (place / f"begun-{number}").touch()
    time.sleep(0.2)
    (place / f"ended-{number}").touch()
    return {"number": number, "together": begun - ended, "pid": os.getpid()}


def one_after_the_other(folder):
    """Three functions, of which the results of the last is asked for first."""
    with beside() as begin:
        waits = [begin(partial(dozed, folder, number)) for number in range(3)]
        went_on = not list(Path(folder).glob("ended-*"))
        found = [wait() for wait in reversed(waits)]
    return {"found": found, "own": os.getpid(), "went_on": went_on}


def large(size):
    return "x" * size


def many_bytes():
    """Results that no pipe holds, of which the first is read last."""
    with beside() as begin:
        first, second = begin(partial(large, 5_000_000)), begin(partial(large, 7_000_000))
        return [len(second()), len(first())]


def results_at_once():
    """The result of one is taken while the next one waits for it, again and again."""
    found = []
    with beside() as begin:
        for number in range(100):
            first = begin(partial(slept, number % 5 / 1000, number))
            second = begin(partial(slept, 0, -number))
            found += [first(), second()]
    return found


def slept(seconds, answer):
    time.sleep(seconds)
    return answer


def no_more_processes():
    """No copy can be made."""
    from repro.executors import forks

    def refuse():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    real, forks.os.fork = forks.os.fork, refuse
    with beside() as begin:
        begun = begin(refused)
    forks.os.fork = real
    return begun


def changing(shared):
    shared.append(os.getpid())
    return list(shared)


def nothing_changes():
    """A function changes what this process has."""
    shared = []
    with beside() as begin:
        found = begin(partial(changing, shared))()
    return {"found": len(found), "left": shared}


def ended_by_memory(own):
    if os.getpid() != own:
        os.kill(os.getpid(), signal.SIGKILL)
    return "in this process"


def lost_beside():
    """The copy of a function is killed, and one waits behind it."""
    with beside() as begin:
        lost = begin(partial(ended_by_memory, os.getpid()))
        behind = begin(partial(large, 3))
        return [behind(), lost()]


def refused():
    raise DataError("it is refused", advice="use a different one")


def error_beside():
    with beside() as begin:
        wait = begin(refused)
        try:
            wait()
        except DataError as error:
            return [error.message, error.advice]


def pausing(folder):
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def waiting_beside(folder):
    """Wait for a function that takes long, until this is interrupted or killed."""
    with beside() as begin:
        return begin(partial(pausing, folder))()


def forgotten_beside(folder):
    """Nobody asks for the result of a function that takes long."""
    with beside() as begin:
        begin(partial(pausing, folder))
        while not list(Path(folder).iterdir()):
            time.sleep(0.01)


def none_beside():
    """With a second thread, and on one processor, nothing is begun."""
    awake = threading.Event()
    other = threading.Thread(target=awake.wait)
    other.start()
    with beside() as begin:
        threaded = begin(refused)
    awake.set()
    other.join()
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"
    with beside() as begin:
        return [threaded, begin(refused)]


def stages_beside():
    """Train with and without copies, with metrics that are functions of the user or not."""
    from repro.config.data import Task
    from repro.training.stages import train
    from tests.executors import measured
    from tests.training import in_process, searching

    frame, target = searching.table(rows=160)
    models = {"line": in_process.family("sklearn.linear_model:LogisticRegression")}
    own = [
        {
            "function": "tests.executors.measured:own_metric",
            "greater_is_better": True,
            "needs": "labels",
        }
    ]
    answers = {}
    for name, sections in (
        ("plain", {}),
        ("own", {"metrics": own, "security": {"allowed_modules": ["sklearn", "tests"]}}),
    ):
        config = in_process.config(Task.BINARY, "yes", models, **sections)
        given = (config, frame, target, list(frame.columns), in_process.Silent())
        begun = []
        with beside() as begin:

            def noted(function, begin=begin, begun=begun):
                begun.append([stage.name for stage in function.args[0]])
                return begin(function)

            made = train(*given, begin=noted)
        answers[name] = {
            "begun": begun,
            "calls": sorted({pid == os.getpid() for pid in measured.calls}),
            "same": results(made) == results(train(*given)),
        }
    return answers


def results(made):
    return [
        made.stages.model_dump_json(),
        made.metrics.model_dump_json(),
        made.baseline.model_dump_json(),
    ]


if __name__ == "__main__":
    found = globals()[sys.argv[1]](*[int(w) if w.isdigit() else w for w in sys.argv[2:]])
    print(json.dumps(found))

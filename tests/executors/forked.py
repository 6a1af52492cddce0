"""Programs of one thread, whose tasks run in copies of them: a runner of tests may have several.

``python -m tests.executors.forked NAME`` runs a function and prints its answer as JSON.
"""

import hashlib
import json
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from repro.core.errors import DataError, PreconditionError
from repro.executors.forks import Forks, can_fork
from repro.training.parallel import LostTaskError, Workers


class Silent:
    """Says nothing."""

    def task_started(self, label, position, total):
        """Ignore it."""


def boxes(tasks):
    return [[task] for task in tasks]


def slow_first(box):
    number, data = box.pop()
    time.sleep(0.3 if number == 0 else 0.0)
    data += number
    return number, float(data.sum()), os.getpid()


def several():
    """The first task takes longest, and each changes what all of them share."""
    data = np.ones(10)
    found = list(Forks(2).results(slow_first, boxes((n, data) for n in range(6))))
    return {"found": found, "own": os.getpid(), "left": float(data.sum()), "can": can_fork()}


def in_a_thread():
    """With a second thread no copy is made."""
    awake = threading.Event()
    other = threading.Thread(target=awake.wait)
    other.start()
    answer = several() | {"can": can_fork()}
    awake.set()
    other.join()
    return answer


def refusing(box):
    number, folder = box.pop()
    (Path(folder) / str(number)).touch()
    if number == 1:
        time.sleep(0.3)
    if number in {1, 2}:
        raise DataError(f"task {number} is refused", advice="use a different one")
    return number


def errors(folder):
    """The task 2 fails before the task 1 does."""
    found = Forks(2).results(refusing, boxes((n, folder) for n in range(8)))
    first = next(found)
    try:
        next(found)
    except DataError as error:
        raised = (error.message, error.advice)
    return {
        "first": first,
        "raised": raised,
        "begun": sorted(each.name for each in Path(folder).iterdir()),
    }


class UnsendableError(Exception):
    """Cannot be sent."""

    def __init__(self):
        super().__init__("of a kind of its own")
        self.lock = threading.Lock()


def unsendable(box):
    raise UnsendableError


def unpicklable():
    try:
        list(Forks(2).results(unsendable, boxes([(1,)])))
    except RuntimeError as error:
        return str(error)


def dying_once(box):
    number, folder = box.pop()
    mark = Path(folder) / str(number)
    if number in {1, 4} and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number, os.getpid()


def lost(folder):
    """Two of the tasks end the process that has them first."""
    found = list(Forks(2).results(dying_once, boxes((n, folder) for n in range(6))))
    return {
        "found": [number for number, _ in found],
        "processes": len({pid for _, pid in found}),
        "killed": sorted(each.name for each in Path(folder).iterdir()),
    }


def dying(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 4:
        sys.exit(7)
    time.sleep(0.05)
    return number


def killed(number):
    """A task that ends its process, among others that do not."""
    names = [f"slow, fold {n + 1} of 5" for n in range(5)]
    workers = Workers(2, Silent(), executor=Forks(2))
    tasks = [(number if n == 2 else 0,) for n in range(5)]
    try:
        workers.map(dying, tasks, names)
    except PreconditionError as error:
        cause = error.__cause__
        assert isinstance(cause, LostTaskError)
        return {"message": error.message, "advice": error.advice, "task": cause.task}


def sleeping(box):
    folder, _ = box.pop()
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def waiting(folder):
    """Wait for tasks that take long, until this is interrupted or killed."""
    return list(Forks(2).results(sleeping, boxes((folder, n) for n in range(2))))


def left_open(folder):
    """An interpreter ends although tasks run whose results nobody took."""
    found = Forks(2).results(dozing, boxes((folder, n) for n in range(3)))
    next(found)
    globals()["kept"] = found


def dozing(box):
    folder, number = box.pop()
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600 if number else 0.0)


FAMILIES = {
    "forest": ("sklearn.ensemble:RandomForestClassifier", {"n_estimators": 12}),
    "boosting": ("sklearn.ensemble:HistGradientBoostingClassifier", {"max_iter": 8}),
    "line": ("sklearn.linear_model:LogisticRegression", {}),
}
SPACE = {"C": {"low": 0.01, "high": 100.0, "log": True}}


def bits(metric, greedy):
    """Train by one process, by copies, and by copies where a forest is chosen in each fold."""
    from repro.config.data import Task
    from repro.digest.artefact import digest_artefact
    from repro.training.stages import train
    from tests.training import in_process, searching

    frame, target = searching.table(rows=160)
    models = {name: in_process.family(path, **params) for name, (path, params) in FAMILIES.items()}
    if greedy:
        del models["line"]
    else:
        search = {"kind": "random", "trials": 4, "folds": 2, "space": SPACE}
        models["line"] = {**models["line"], "search": search}
    sections = {
        "selection": {"folds": 2, "metric": metric, "keep": "all"},
        "evaluation": {"nested": 2, "importance": {"repeats": 2}},
    }
    config = in_process.config(Task.BINARY, "yes", models, **sections)
    answers = []
    for count in (1, 2):
        changed = config.model_copy(
            update={"execution": config.execution.model_copy(update={"workers": count})}
        )
        made = train(
            changed, frame, target, list(frame.columns), in_process.Silent(),
            executor=Forks(2) if count == 2 else None,
        )  # fmt: skip
        answers.append(
            {
                "stages": made.stages.model_dump_json(),
                "metrics": made.metrics.model_dump_json(),
                "model": hashlib.sha256(pickle.dumps(made.model)).hexdigest(),
                # Sent from process to process, equal strings of a model are no longer the same one.
                "kept": [digest_artefact(each) for each in made.kept.values()],
                "chosen": [made.metrics.model, *made.metrics.nested.selected],
            }
        )
    return {"serial": answers[0], "copies": answers[1], "can": can_fork()}


def loaded():
    """Import everything that a training does."""
    import repro.app.train  # noqa: F401

    return can_fork()


if __name__ == "__main__":
    found = globals()[sys.argv[1]](*[int(w) if w.isdigit() else w for w in sys.argv[2:]])
    print(json.dumps(found))

"""Independent tasks over worker processes of one thread each; order and bits do not depend on N.

What a process computes is decided by the arguments of its task alone. So it does not matter which
process runs a task, in which order, or whether it is run again because a process was lost.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import joblib
from threadpoolctl import ThreadpoolController

from repro.core.errors import PreconditionError
from repro.training.checkpoints import checkpointing, current

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from repro.training.checkpoints import Checkpoints
    from repro.training.fold import Observer

_T = TypeVar("_T")


def nothing_to_check() -> None:
    """Find nothing wrong with a process."""


def nothing_to_report() -> None:
    """Report nothing of a process."""


def nothing_to_collect(_report: object) -> None:
    """Pass over a report."""


@dataclass(frozen=True)
class Inspection:
    """A check of each process that works, and a report of it after each of its tasks.

    Attributes
    ----------
    check : callable
        Raises where a process must not work.
    report : callable
        Called in a worker after a task; what it returns is sent back.
    collect : callable
        Called in the main process with every report; it is never sent to a worker.
    token : str
        Of the training: a process that outlives it is checked again for the next one.
    """

    check: Callable[[], None]
    report: Callable[[], Any] = nothing_to_report
    collect: Callable[[Any], None] = nothing_to_collect
    token: str = ""

    def __call__(self) -> None:
        """Check this process."""
        self.check()


class Box(Protocol):
    """Holds the arguments of a task until they are taken out."""

    def pop(self) -> tuple[Any, ...]:
        """Take the arguments out."""


class LostTaskError(RuntimeError):
    """The process of a task ended in the middle of it.

    Attributes
    ----------
    task : int
        Its position.
    """

    def __init__(self, task: int, reason: str) -> None:
        super().__init__(reason)
        self.task = task


class Executor(Protocol):
    """Runs tasks in processes."""

    def results(
        self, work: Callable[[Box], Any], boxes: Iterable[Box], kinds: Sequence[str] = (), /
    ) -> Iterator[Any]:
        """Call a function with every box in some process; yield the results in their order.

        Parameters
        ----------
        work : callable
            Checks the process it is in before it takes the arguments out of the box.
        kinds : sequence of str, optional
            The kind of each task. Those of a kind take about as long, so that the longest can begin
            first.

        Raises
        ------
        LostTaskError
            If a process was killed, and its task is not run again.
        """


@dataclass(frozen=True)
class Joblib:
    """Runs tasks by a backend of joblib.

    Attributes
    ----------
    count : int
        Processes; 1 runs the tasks in this one, if the backend is joblib's own.
    backend : str or None
        The name that joblib knows it by; None for loky.
    """

    count: int
    backend: str | None = None

    def results(
        self, work: Callable[[Box], Any], boxes: Iterable[Box], _kinds: Sequence[str] = ()
    ) -> Iterator[Any]:
        """Call a function with every box; yield the results in their order."""
        # max_nbytes=None: arrays are copied to the workers, never memory-mapped read-only, which
        # some estimators refuse.
        options = {"return_as": "generator", "max_nbytes": None}
        pool = joblib.Parallel(n_jobs=self.count, backend=self.backend, **options)
        found: Iterator[Any] = pool(joblib.delayed(work)(box) for box in boxes)
        return found


_checked: set[tuple[int, str]] = set()


def check_once(check: Callable[[], None], token: str) -> None:
    """Check this process, unless that was done for the same training."""
    if (os.getpid(), token) not in _checked:
        check()
        _checked.add((os.getpid(), token))


def _boxed(task: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [task]


def _one_threaded(
    check: Callable[[], None],
    report: Callable[[], Any],
    checkpoints: Checkpoints | None,
    function: Callable[..., _T],
    task: Box,
) -> tuple[_T, Any]:
    check()
    # At the level `seeded` too: the number of workers must not decide how many threads a fit has.
    with _thread_pools().limit(limits=1), checkpointing(checkpoints):
        # Taken out, so that joblib does not keep the arrays of a task while the next one is made.
        return function(*task.pop()), report()


_pools: dict[int, ThreadpoolController] = {}


def _thread_pools() -> ThreadpoolController:
    """Return the thread pools of the libraries of this process.

    They are looked for again where modules were loaded since: it takes some milliseconds, and a
    task may take no longer.
    """
    loaded = len(sys.modules)
    if loaded not in _pools:
        _pools.clear()
        _pools[loaded] = ThreadpoolController()
    return _pools[loaded]


@dataclass(frozen=True)
class Workers:
    """Runs a stage's tasks.

    Attributes
    ----------
    count : int
        Processes; 1 runs the tasks in this one.
    observer : Observer
    check : callable
        Called once in each process that works; raises where that process must not. An
        ``Inspection`` also has worker processes report.
    executor : Executor or None
        None for joblib's own processes.
    """

    count: int
    observer: Observer
    check: Callable[[], None] = nothing_to_check
    executor: Executor | None = None

    def map(
        self,
        function: Callable[..., _T],
        tasks: Iterable[tuple[Any, ...]],
        labels: Sequence[str],
        kinds: Sequence[str] = (),
    ) -> list[_T]:
        """Call a function with each task's arguments; results come in the order of the tasks.

        In this process a task is made when the one before it is done. Workers get all of them.

        Parameters
        ----------
        labels : sequence of str
            The name of each task.
        kinds : sequence of str, optional
            The kind of each task, where some kinds take longer than others.
        """
        return list(self.stream(function, tasks, labels, kinds))

    def stream(
        self,
        function: Callable[..., _T],
        tasks: Iterable[tuple[Any, ...]],
        labels: Sequence[str],
        kinds: Sequence[str] = (),
    ) -> Iterator[_T]:
        """Do the same, and yield each result as soon as those before it are done.

        Raises
        ------
        PreconditionError
            If the process of a task was killed.
        """
        asked = self.check if isinstance(self.check, Inspection) else Inspection(self.check)
        # In this process there is nothing to report, and what collects is never sent to a worker.
        apart = self.executor is not None or self.count > 1
        report = asked.report if apart else nothing_to_report
        collect = asked.collect if apart else nothing_to_collect
        check = partial(check_once, asked.check, asked.token)
        work = partial(_one_threaded, check, report, current(), function)
        boxes: Iterable[Box] = map(_boxed, tasks)
        # An executor would make them in threads of its own.
        boxes = list(boxes) if apart else boxes
        made = (self.executor or Joblib(self.count)).results(work, boxes, kinds)
        for position, label in enumerate(labels, start=1):
            # Whatever else the workers do, this is what the next result waits for.
            self.observer.task_started(label, position, len(labels))
            result, reported = _next(made, labels)
            collect(reported)
            yield result


def _next(made: Iterator[Any], labels: Sequence[str]) -> Any:
    try:
        return next(made)
    except LostTaskError as error:
        raise PreconditionError(
            f"{labels[error.task]}: {error}",
            advice="give it more memory, which is the usual reason (ulimit -v shows a limit), use"
            " fewer --workers, or train on fewer rows: --set split.limit=1000",
        ) from error

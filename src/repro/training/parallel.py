"""Independent tasks over worker processes of one thread each; order and bits do not depend on N."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import joblib
from threadpoolctl import threadpool_limits

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
    """

    check: Callable[[], None]
    report: Callable[[], Any] = nothing_to_report
    collect: Callable[[Any], None] = nothing_to_collect

    def __call__(self) -> None:
        """Check this process."""
        self.check()


_checked: set[int] = set()


def _boxed(task: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    return [task]


def _one_threaded(
    check: Callable[[], None],
    report: Callable[[], Any],
    checkpoints: Checkpoints | None,
    function: Callable[..., _T],
    task: list[tuple[Any, ...]],
) -> tuple[_T, Any]:
    if os.getpid() not in _checked:
        check()
        _checked.add(os.getpid())
    # At the level `seeded` too: the number of workers must not decide how many threads a fit has.
    with threadpool_limits(1), checkpointing(checkpoints):
        # Taken out, so that joblib does not keep the arrays of a task while the next one is made.
        return function(*task.pop()), report()


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
    """

    count: int
    observer: Observer
    check: Callable[[], None] = nothing_to_check

    def map(
        self, function: Callable[..., _T], tasks: Iterable[tuple[Any, ...]], labels: Sequence[str]
    ) -> list[_T]:
        """Call a function with each task's arguments; results come in the order of the tasks.

        In this process a task is made when the one before it is done. Workers get all of them.
        """
        return list(self.stream(function, tasks, labels))

    def stream(
        self, function: Callable[..., _T], tasks: Iterable[tuple[Any, ...]], labels: Sequence[str]
    ) -> Iterator[_T]:
        """Do the same, and yield each result as soon as those before it are done."""
        # max_nbytes=None: arrays are copied to the workers, never memory-mapped read-only, which
        # some estimators refuse.
        pool = joblib.Parallel(n_jobs=self.count, return_as="generator", max_nbytes=None)
        asked = self.check if isinstance(self.check, Inspection) else Inspection(self.check)
        # In this process there is nothing to report, and what collects is never sent to a worker.
        apart = self.count > 1
        report = asked.report if apart else nothing_to_report
        collect = asked.collect if apart else nothing_to_collect
        boxes = map(_boxed, tasks)
        made = pool(
            joblib.delayed(_one_threaded)(asked.check, report, current(), function, box)
            # joblib would make them in threads of its own.
            for box in (list(boxes) if apart else boxes)
        )
        for position, label in enumerate(labels, start=1):
            # Whatever else the workers do, this is what the next result waits for.
            self.observer.task_started(label, position, len(labels))
            result, reported = next(made)
            collect(reported)
            yield result

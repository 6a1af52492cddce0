"""Independent tasks over worker processes of one thread each; order and bits do not depend on N."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import joblib
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from repro.training.fold import Observer

_T = TypeVar("_T")


def nothing_to_check() -> None:
    """Find nothing wrong with a process."""


_checked: set[int] = set()


def _one_threaded(check: Callable[[], None], function: Callable[..., _T], *arguments: Any) -> _T:
    if os.getpid() not in _checked:
        check()
        _checked.add(os.getpid())
    # At the level `seeded` too: the number of workers must not decide how many threads a fit has.
    with threadpool_limits(1):
        return function(*arguments)


@dataclass(frozen=True)
class Workers:
    """Runs a stage's tasks.

    Attributes
    ----------
    count : int
        Processes; 1 runs the tasks in this one.
    observer : Observer
    check : callable
        Called once in each process that works; raises where that process must not.
    """

    count: int
    observer: Observer
    check: Callable[[], None] = nothing_to_check

    def map(
        self, function: Callable[..., _T], tasks: Sequence[tuple[Any, ...]], labels: Sequence[str]
    ) -> list[_T]:
        """Call a function with each task's arguments; results come in the order of the tasks."""
        # max_nbytes=None: arrays are copied to the workers, never memory-mapped read-only, which
        # some estimators refuse.
        pool = joblib.Parallel(n_jobs=self.count, return_as="generator", max_nbytes=None)
        made = pool(joblib.delayed(_one_threaded)(self.check, function, *t) for t in tasks)
        results = []
        for position, label in enumerate(labels, start=1):
            # Whatever else the workers do, this is what the next result waits for.
            self.observer.task_started(label, position, len(tasks))
            results.append(next(made))
        return results

"""The order in which tasks begin: no process should be left with a long one at the end."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class LongestFirst:
    """Begins a task of each kind, then those of the kind that has taken longest.

    A kind that is not done yet has taken the time until now. Within a kind, tasks begin in their
    own order (Graham, SIAM Journal on Applied Mathematics 17, 1969: longest processing time first).

    Parameters
    ----------
    kinds : sequence of str
        The kind of each task; tasks of a kind take about as long.
    """

    def __init__(self, kinds: Sequence[str]) -> None:
        self._kinds = tuple(kinds)
        self._waiting: dict[str, deque[int]] = {}
        for task, kind in enumerate(kinds):
            self._waiting.setdefault(kind, deque()).append(task)
        self._begun: dict[int, float] = {}
        self._seconds: dict[str, float] = {}
        self._limit = len(self._kinds)

    def __len__(self) -> int:
        """Return the number of all tasks."""
        return len(self._kinds)

    def begin(self) -> int | None:
        """Return the position of the task that begins next; None without one."""
        now = time.perf_counter()
        open_kinds = [k for k, tasks in self._waiting.items() if tasks and tasks[0] < self._limit]
        if not open_kinds:
            return None
        seen = self._seconds.keys() | {self._kinds[task] for task in self._begun}
        unseen = [kind for kind in open_kinds if kind not in seen]
        kind = unseen[0] if unseen else max(open_kinds, key=lambda k: self._longest(k, now))
        task = self._waiting[kind].popleft()
        self._begun[task] = now
        return task

    def end(self, task: int) -> None:
        """Note that a task is done."""
        taken = time.perf_counter() - self._begun.pop(task)
        kind = self._kinds[task]
        self._seconds[kind] = max(self._seconds.get(kind, 0.0), taken)

    def stop(self, task: int) -> None:
        """Begin no task that comes after this one in the order of results, since it failed."""
        self._limit = min(self._limit, task)

    def _longest(self, kind: str, now: float) -> float:
        running = [now - begun for task, begun in self._begun.items() if self._kinds[task] == kind]
        return max([self._seconds.get(kind, 0.0), *running])

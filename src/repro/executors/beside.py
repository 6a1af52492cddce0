"""Functions that run in copies of this process, beside it, while it goes on.

What a training says about itself needs no fit, and the fits need one processor of a machine that
mostly has more. A copy has all that this process has loaded, and changes nothing in it: only the
result of the function comes back. Where no copy can be made, or it is killed, the function runs in
this process when its result is asked for, so that the results are the same.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import joblib

from repro.executors.forks import begin_child, can_fork, done, kill, read, received

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from repro.executors.forks import Child
    from repro.training.fold import Begin

_T = TypeVar("_T")


@contextmanager
def beside() -> Iterator[Begin]:
    """Provide what begins a function beside this process; end what still runs at last.

    The functions run one after the other, in the order in which they are begun.
    """
    copies = _Copies()
    try:
        yield copies.begin
    finally:
        copies.kill()


class _Copies:
    """Copies of this process, each for one function."""

    def __init__(self) -> None:
        self._children: dict[Connection, Child] = {}
        self._ended: list[Child] = []
        self._spare = joblib.cpu_count() > 1
        # Of a pipe that ends with the function of the newest copy.
        self._newest: int | None = None

    def begin(self, function: Callable[[], _T]) -> Callable[[], _T] | None:
        """Begin a function; return what waits for its result."""
        if not self._spare or not can_fork():
            return None
        reading, writing = os.pipe()
        answer = partial(_after, self._newest, function, writing)
        try:
            child = begin_child(answer, [*self._children])
        except OSError:
            os.close(reading)
            return None
        finally:
            # Only the copy keeps it open, so that it also ends with a copy that is killed.
            os.close(writing)
        self._close_newest()
        self._newest = reading
        self._children[child.connection] = child
        child.take(0)
        return partial(self._result, child, function)

    def _close_newest(self) -> None:
        if self._newest is not None:
            os.close(self._newest)
            self._newest = None

    def _result(self, child: Child, function: Callable[[], _T]) -> _T:
        answer = received(child)
        del self._children[child.connection]
        # It ends meanwhile: to wait for it takes as long as to begin it.
        child.connection.close()
        self._ended.append(child)
        if answer is None:
            return function()
        found: _T = read(answer)
        return found

    def kill(self) -> None:
        """End what still runs."""
        self._close_newest()
        kill([*self._children.values(), *self._ended])


def _after(
    before: int | None, function: Callable[[], Any], writing: int, _task: int
) -> tuple[bool, bytes]:
    """Run a function, once that of the copy before this one has returned, or the copy has ended."""
    if before is not None:
        # Nothing is ever written: it waits for the end of the pipe.
        os.read(before, 1)
    answer = done(function)
    os.close(writing)
    return answer

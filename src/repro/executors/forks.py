"""Tasks in copies of this process, which have all that it has imported and loaded.

A copy begins in some milliseconds, where a new process imports for more than a second. Only the
thread that makes it goes on in the copy. So it is made where there are no other threads that could
hold a lock or do a part of the work, and anywhere else the processes are joblib's.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pickle
import signal
import sys
import warnings
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.executors.order import LongestFirst
from repro.training.parallel import Joblib, LostTaskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from multiprocessing.context import ForkProcess

    from repro.training.parallel import Box

_THREADS = Path("/proc/self/task")
# jemalloc, which comes with Arrow, prepares for a fork itself: its locks are free in the copy.
_PREPARED = frozenset({"jemalloc_bg_thd"})
# They keep threads or devices of their own, which a copy would lack.
_UNPREPARED = ("jax", "tensorflow", "torch")
# Python's handlers of them are those of the process that trains.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if os.name == "posix" else ()
# PR_SET_PDEATHSIG of prctl(2).
_SIGNAL_AT_PARENTS_DEATH = 1
_PROTOCOL = pickle.HIGHEST_PROTOCOL


def can_fork() -> bool:
    """Return whether a copy of this process would work: this is Linux, and there is one thread."""
    if sys.platform != "linux" or any(name in sys.modules for name in _UNPREPARED):
        return False
    try:
        others = [each for each in _THREADS.iterdir() if each.name != str(os.getpid())]
        return all((each / "comm").read_text("utf-8").strip() in _PREPARED for each in others)
    except OSError:
        return False


@dataclass(frozen=True)
class Forks:
    """Runs tasks in copies of this process, or by joblib where it cannot be copied.

    Attributes
    ----------
    count : int
        Processes, beside this one, which waits.
    """

    count: int

    def results(
        self, work: Callable[[Box], Any], boxes: Iterable[Box], kinds: Sequence[str] = ()
    ) -> Iterator[Any]:
        """Call a function with every box; yield the results in their order.

        Raises
        ------
        LostTaskError
            If two processes of a task were killed.
        """
        if not can_fork():
            return Joblib(self.count).results(work, boxes)
        tasks = list(boxes)
        waiting = LongestFirst(kinds or [""] * len(tasks))
        return _results(partial(_answer, work, tasks), waiting, self.count)


def _results(
    answer: Callable[[int], tuple[bool, bytes]], waiting: LongestFirst, count: int
) -> Iterator[Any]:
    children: dict[Connection, Child] = {}
    lost: set[int] = set()
    # An interrupted caller may keep this generator until the interpreter ends, which would wait.
    end = partial(_end, children)
    atexit.register(end)
    try:
        for _ in range(min(count, len(waiting))):
            child = begin_child(answer, tuple(children))
            children[child.connection] = child
            child.take(waiting.begin())
        answers: dict[int, tuple[bool, bytes]] = {}
        for position in range(len(waiting)):
            while position not in answers:
                busy = [each.connection for each in children.values() if each.task is not None]
                for connection in wait(busy):
                    child = children[connection]  # type: ignore[index]
                    found = received(child)
                    if found is None:
                        _again(answer, child, children, lost)
                        continue
                    answers[_task(child)] = found
                    _note(child, waiting, failed=not found[0])
            yield read(answers.pop(position))
        for connection in children:
            connection.close()
        for child in children.values():
            child.process.join()
    finally:
        end()
        atexit.unregister(end)


@dataclass
class Child:
    """A copy of this process, and what it does."""

    process: ForkProcess
    connection: Connection
    task: int | None = None

    def take(self, task: int | None) -> None:
        """Begin a task, if there is one left."""
        self.task = task
        if task is not None:
            self.connection.send(task)


def begin_child(answer: Callable[[int], tuple[bool, bytes]], others: Sequence[Connection]) -> Child:
    """Make a copy of this process that answers each task that it takes.

    Parameters
    ----------
    answer : callable
        Called in the copy with the number of a task.
    others : sequence of Connection
        Those to other copies, which this one must not keep open.
    """
    context = get_context("fork")
    ours, theirs = context.Pipe()
    # An interruption must find the copy prepared for it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    given = (answer, theirs, (ours, *others), os.getpid(), before)
    process = context.Process(target=_work, args=given)
    try:
        with warnings.catch_warnings():
            # Python 3.12 and later count the threads that are prepared for it.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return Child(process, ours)


def _work(
    answer: Callable[[int], tuple[bool, bytes]],
    connection: Connection,
    inherited: Sequence[Connection],
    parent: int,
    mask: set[int],
) -> None:
    """Do tasks until there are no more; this is the copy."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    # Ctrl-C reaches every process of a terminal: the one that trains decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        return
    for each in inherited:
        each.close()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        done, content = answer(task)
        connection.send(done)
        connection.send_bytes(content)


def _answer(work: Callable[[Box], Any], boxes: Sequence[Box], task: int) -> tuple[bool, bytes]:
    """Do a task; return whether it was done, and its result or its error as bytes."""

    def answer() -> Any:
        # A task may change its arguments, and others of this process have some of the same.
        own = [pickle.loads(pickle.dumps(boxes[task].pop(), _PROTOCOL))]  # noqa: S301 - own bytes
        return work(own)

    return done(answer)


def done(function: Callable[[], Any]) -> tuple[bool, bytes]:
    """Run a function; return whether it returned, and its result or its error as bytes."""
    try:
        return True, pickle.dumps(function(), _PROTOCOL)
    except Exception as error:  # noqa: BLE001 - raised in the process that trains
        try:
            return False, pickle.dumps(error, _PROTOCOL)
        except Exception:  # noqa: BLE001 - an error that cannot be pickled
            instead = RuntimeError(f"{type(error).__name__}: {error}")
            return False, pickle.dumps(instead, _PROTOCOL)


def received(child: Child) -> tuple[bool, bytes] | None:
    """Return what a copy answers; None if it has ended instead."""
    try:
        return child.connection.recv(), child.connection.recv_bytes()
    except (EOFError, OSError):
        child.process.join()
        return None


def _note(child: Child, waiting: LongestFirst, *, failed: bool) -> None:
    """Note that a task is done, and give its process the next one."""
    task = _task(child)
    waiting.end(task)
    if failed:
        waiting.stop(task)
    child.take(waiting.begin())


def _again(
    answer: Callable[[int], tuple[bool, bytes]],
    ended: Child,
    children: dict[Connection, Child],
    lost: set[int],
) -> None:
    """Give the task of a process that has ended to a new one, once."""
    task = _task(ended)
    if task in lost or not can_fork():
        how = _ended(ended.process.exitcode)
        raise LostTaskError(
            task, f"{how}, and the one before it ended too" if task in lost else how
        )
    lost.add(task)
    del children[ended.connection]
    ended.connection.close()
    child = begin_child(answer, tuple(children))
    children[child.connection] = child
    child.take(task)


def _task(child: Child) -> int:
    assert child.task is not None  # noqa: S101 - only those that work are waited for
    return child.task


def read(answer: tuple[bool, bytes]) -> Any:
    """Return the result of what was done in a copy, or raise its error."""
    done, content = answer
    found = pickle.loads(content)  # noqa: S301 - of the own child
    if not done:
        raise found
    return found


def _ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"its process was killed by {signal.Signals(-status).name}"
    return f"its process ended with exit status {status}"


def _end(children: Mapping[Connection, Child]) -> None:
    kill(children.values())


def kill(children: Iterable[Child]) -> None:
    """End copies, whatever they do."""
    for child in children:
        child.process.kill()
        child.process.join()
        child.connection.close()

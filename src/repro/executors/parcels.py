"""Tasks as bytes, so that every task has its own copies of its arguments, which it may change.

What several tasks share is pickled once, and named by its content.
"""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import cloudpickle

from repro.executors.children import in_child

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from repro.training.parallel import Box

# Below it, a name is not much shorter than what it stands for.
_WORTH = 1024


@dataclass(frozen=True)
class Parcel:
    """A task on its way.

    Attributes
    ----------
    work : bytes
        The function that takes the task.
    own : bytes
        The arguments that are the task's own, by position.
    places : tuple of int
        The positions of those that it shares with others.
    shared : tuple of str
        Their names, in the same order.
    """

    work: bytes
    own: bytes
    places: tuple[int, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True)
class _Opened:
    """A parcel that has arrived; it is read when the process is known to be right."""

    parcel: Parcel
    contents: Sequence[bytes]

    def pop(self) -> tuple[Any, ...]:
        """Read the arguments."""
        found = unpacked(self.parcel.own)
        found |= {
            place: unpacked(content)
            for place, content in zip(self.parcel.places, self.contents, strict=True)
        }
        return tuple(found[place] for place in range(len(found)))


def packed(
    work: Callable[[Box], Any], tasks: Sequence[tuple[Any, ...]]
) -> tuple[list[Parcel], dict[str, bytes]]:
    """Turn tasks into parcels, and what they share into bytes by name."""
    written = _recurring(tasks)
    names = {key: hashlib.sha256(content).hexdigest() for key, content in written.items()}
    head = cloudpickle.dumps(work)
    parcels = []
    for task in tasks:
        places = tuple(n for n, value in enumerate(task) if id(value) in names)
        own = {n: value for n, value in enumerate(task) if n not in places}
        shared = tuple(names[id(task[n])] for n in places)
        parcels.append(Parcel(head, cloudpickle.dumps(own), places, shared))
    return parcels, {names[key]: content for key, content in written.items()}


def _recurring(tasks: Sequence[tuple[Any, ...]]) -> dict[int, bytes]:
    """Pickle what occurs in several tasks, by its identity: the tasks keep all of it alive."""
    counts = Counter(key for task in tasks for key in {id(value) for value in task})
    values = {id(value): value for task in tasks for value in task if counts[id(value)] > 1}
    written = {key: cloudpickle.dumps(value) for key, value in values.items()}
    return {key: content for key, content in written.items() if len(content) >= _WORTH}


def carried(token: str, parcel: Parcel, *contents: bytes) -> bytes:
    """Have the child of this worker do a task, and return the result as bytes."""
    found: bytes = in_child(token, pickle.dumps(partial(_worked, parcel, contents)))
    return found


def _worked(parcel: Parcel, contents: Sequence[bytes]) -> bytes:
    work = unpacked(parcel.work)
    return bytes(cloudpickle.dumps(work(_Opened(parcel, contents))))


def unpacked(content: bytes) -> Any:
    """Read what ``packed`` or ``worked`` wrote in a process of this training."""
    return pickle.loads(content)  # noqa: S301 - of this training alone

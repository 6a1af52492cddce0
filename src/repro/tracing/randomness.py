"""Generators of random numbers that a whole process shares: their states, and given seeds."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from contextlib import suppress
from typing import Any

SEEDS = "REPRO_TRACE_SEEDS"
"""Variable with the seeds that a repetition gives to generators; a recording has no such seed."""


def given_seed(generator: str) -> int | None:
    """Return the seed that a generator is given before the program can use it."""
    found: dict[str, int] = json.loads(os.environ.get(SEEDS) or "{}")
    return found.get(generator)


def states() -> dict[str, str]:
    """Return a digest of the state of each global generator whose library is loaded."""
    found = {}
    for name, read in _READERS.items():
        # A library that is still being imported has no state yet.
        with suppress(Exception):
            content = read()
            if content is not None:
                found[name] = f"generator/v1:{hashlib.sha256(content).hexdigest()}"
    return found


def _of_python() -> bytes | None:
    module = sys.modules.get("random")
    return repr(module.getstate()).encode() if module else None


def _of_numpy() -> bytes | None:
    module: Any = sys.modules.get("numpy.random.mtrand")
    if module is None:
        return None
    state = module._rand.get_state(legacy=False)  # noqa: SLF001 - np.random.get_state asks it too
    rest = {key: value for key, value in state.items() if key != "state"}
    inner = {k: getattr(v, "tobytes", v.__repr__)() for k, v in state["state"].items()}
    return repr((sorted(rest.items()), sorted(inner.items()))).encode()


def _of_torch() -> bytes | None:
    module: Any = sys.modules.get("torch")
    return module.get_rng_state().numpy().tobytes() if module else None


class Succession:
    """The states of the generators from one step to the next."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._first: dict[str, str] = {}

    def enter(self) -> tuple[dict[str, str], list[str]]:
        """Return the states, and the generators that moved since the last ones were taken."""
        last, found = self._last, self.take()
        # Libraries draw from Python's own while they are imported, to make up names.
        moved = [n for n, state in found.items() if last.get(n, state) != state and n != "random"]
        return found, moved

    def take(self) -> dict[str, str]:
        """Return the states, after which moves count from now on."""
        self._last = states()
        self._first = {**self._last, **self._first}
        return self._last

    def drawn(self, before: dict[str, str]) -> dict[str, str]:
        """Return the earlier states of the generators that have moved.

        A library that was loaded since had its first state when it was loaded.
        """
        after = self.take()
        earlier = {**self._first, **before}
        return {name: earlier[name] for name, state in after.items() if earlier[name] != state}


_READERS = {"random": _of_python, "numpy.random": _of_numpy, "torch": _of_torch}

"""Collecting garbage seldom while a program starts, and not again what it has loaded.

Python looks for unreachable cycles after every few hundred new objects. While two thousand modules
are imported it finds next to none, and each look costs more the more is loaded. What is collected,
and when, changes no result.
"""

from __future__ import annotations

import gc

# New objects before Python looks for cycles: fewer than a training imports, and a few tens of MB.
_SELDOM = 200_000

_usual: list[tuple[int, int, int]] = []


def collect_seldom() -> None:
    """Look for cycles seldom from now on; for a program's own start, never in somebody else's."""
    if not _usual:
        _usual.append(gc.get_threshold())
        gc.set_threshold(_SELDOM, *_usual[0][1:])


def collect_as_usual() -> None:
    """Look for cycles as often as before ``collect_seldom``, but not in what is already loaded.

    Does nothing in a process that did not call it.
    """
    if _usual:
        gc.set_threshold(*_usual.pop())
        gc.freeze()


def leave_uncollected() -> None:
    """Have the interpreter end without a last look for cycles; all memory is returned at once."""
    gc.freeze()

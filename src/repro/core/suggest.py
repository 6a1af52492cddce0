"""Spelling help for names that people type."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from repro.core.lookalike import lookalike_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# Below it, the nearest of few names is any of them.
_CLOSE, _SHOWN = 0.65, 30


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return advice on a word that is not known: the nearest known one, or all of them.

    Examples
    --------
    >>> did_you_mean("randm_forest", ["knn", "random_forest"])
    "did you mean 'random_forest'?"
    >>> did_you_mean("KNN", ["knn", "ridge"])
    "did you mean 'knn'?"
    >>> did_you_mean("ridge", ["knn", "ridge"])
    'known: knn'
    """
    # What was typed is not what was meant.
    names = sorted(set(known) - {word})
    if same := lookalike_of(word, names):
        return f"{same}; give both one spelling"
    alike = {_plain(name): name for name in reversed(names)}
    near = difflib.get_close_matches(_plain(word), alike, n=1, cutoff=_CLOSE)
    if near:
        return f"did you mean '{alike[near[0]]}'?"
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return "known: " + ", ".join(names[:_SHOWN]) + more if names else "none is known"


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")

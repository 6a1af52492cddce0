"""Spelling help for names that people type."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from repro.core.lookalike import lookalike_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return advice on a word that is not known: the nearest known one, or all of them.

    Examples
    --------
    >>> did_you_mean("randm_forest", ["knn", "random_forest"])
    "did you mean 'random_forest'?"
    >>> did_you_mean("zzz", ["knn", "ridge"])
    'known: knn, ridge'
    """
    names = sorted(known)
    if same := lookalike_of(word, names):
        return f"{same}; give both one spelling"
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return "known: " + ", ".join(names) if names else "none is known here"

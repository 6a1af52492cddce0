"""The global generators of ``random`` and ``numpy.random``: seeded, watched and restored.

An estimator without ``random_state`` may draw from them. Unseeded, it would give a different
result in every process.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def seed_global_generators(seed: int) -> None:
    """Seed both generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the generator that others draw from


def have_drawn(seed: int) -> bool:
    """Check whether a generator is elsewhere than where this seed put it."""
    fresh = np.random.RandomState(seed).get_state()
    found = np.random.get_state()  # noqa: NPY002
    same = all(np.array_equal(*pair) for pair in zip(found, fresh, strict=True))
    return not same or random.getstate() != random.Random(seed).getstate()  # noqa: S311


def state_of_global_generators() -> tuple[object, ...]:
    """Return where both generators are, to compare by equality."""
    parts = np.random.get_state()  # noqa: NPY002
    plain = (part.tobytes() if isinstance(part, np.ndarray) else part for part in parts)
    return random.getstate(), *plain


@contextmanager
def restored_global_generators() -> Iterator[None]:
    """Give the caller's generators back as they were."""
    ours, theirs = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(theirs)  # noqa: NPY002

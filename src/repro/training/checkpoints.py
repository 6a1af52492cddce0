"""The place of checkpoints, for estimators that can continue a fit; this module writes nothing.

An estimator is built by its class and parameters alone, and may be inside of a different one. So
the place is not handed to it: it asks ``current`` while it is fitted.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    Arrays = Mapping[str, npt.NDArray[np.generic]]


class Checkpoints(Protocol):
    """Keeps the last checkpoint of each fit of a training; it is sent to worker processes."""

    @property
    def every(self) -> int:
        """The number of steps from one checkpoint to the next."""

    def load(self, identity: str) -> tuple[Arrays, Mapping[str, Any]] | None:
        """Return the arrays and values of a fit's checkpoint; None without a whole one."""

    def save(self, identity: str, step: int, arrays: Arrays, values: Mapping[str, Any]) -> None:
        """Replace the checkpoint of a fit.

        Parameters
        ----------
        identity : str
            A digest of everything that the fit depends on.
        step : int
            The number of steps that are done.
        values : mapping of str to object
            Of types that JSON has.
        """


_current: ContextVar[Checkpoints | None] = ContextVar("checkpoints", default=None)


def current() -> Checkpoints | None:
    """Return where checkpoints are kept; None where nobody asked for any."""
    return _current.get()


@contextmanager
def checkpointing(checkpoints: Checkpoints | None) -> Iterator[None]:
    """Keep the checkpoints of all fits in one place, or keep none."""
    token = _current.set(checkpoints)
    try:
        yield
    finally:
        _current.reset(token)

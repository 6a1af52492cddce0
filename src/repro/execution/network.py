"""Re-execution of somebody's record where no network can be reached.

Data that is declared at a URL is fetched, and checked by its hash, before the network is shut: what
is trained afterwards comes from the project's cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Network
from repro.launch import isolate, isolation_of_children

if TYPE_CHECKING:
    from pathlib import Path

    from repro.config.data import Dataset
    from repro.launch import Isolation


def shut_network(project: Path, dataset: Dataset) -> Network:
    """Fetch the data, then shut this process off from the network for good.

    Only for a process that ends with the training, such as a command.

    Raises
    ------
    DataError, PreconditionError
        If the data cannot be had, or is not what was declared.
    """
    fetch(project, dataset)
    return _observed(isolate())


def network_of_children() -> Network:
    """Return how far the trainings in children are shut off from the network."""
    return _observed(isolation_of_children())


def fetch(project: Path, dataset: Dataset) -> None:
    """Get data that is at a URL into the project's cache; other data needs no network.

    Raises
    ------
    DataError, PreconditionError
        As ``shut_network``.
    """
    if dataset.source.remote:
        # Imported when used: it imports NumPy, and most data lies in the project.
        from repro.datasets.sources import open_source  # noqa: PLC0415

        open_source(project, dataset.source).obtain(dataset.sha256)


def _observed(isolation: Isolation) -> Network:
    return Network(
        isolated=bool(isolation.mechanism),
        mechanism=isolation.mechanism,
        reason=isolation.reason,
    )

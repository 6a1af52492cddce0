"""Tasks on Ray: processes of this machine, or those of a cluster.

Ray's own functions are used in place of its backend of joblib, which yields no result before the
last one is known.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cloudpickle
import ray
from ray.exceptions import RayTaskError, WorkerCrashedError

from repro.core.errors import PreconditionError
from repro.executors.children import LostChildError, in_child
from repro.executors.parcels import carried, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from repro.training.parallel import Box

_TIMES = 5


class Ray:
    """Runs tasks as those of Ray."""

    def __init__(self) -> None:
        self._token = uuid4().hex
        self._again = {"num_cpus": 1, "max_retries": _TIMES, "retry_exceptions": [LostChildError]}

    def admit(self, check: Callable[[], None], level: str) -> None:  # noqa: ARG002 - as for Dask
        """Check a worker; the others are checked at their first tasks.

        Raises
        ------
        PreconditionError
            If it must not work.
        """
        remote = ray.remote(**self._again)(in_child)
        _found(remote.remote(self._token, cloudpickle.dumps(check)))

    def results(
        self, work: Callable[[Box], Any], boxes: Iterable[Box], _kinds: Sequence[str] = ()
    ) -> Iterator[Any]:
        """Call a function with every box; yield the results in their order.

        Raises
        ------
        PreconditionError
            If a task ends every process that runs it.
        """
        parcels, contents = packed(work, [box.pop() for box in boxes])
        stored = {name: ray.put(content) for name, content in contents.items()}
        remote = ray.remote(**self._again)(carried)
        waiting = [
            remote.remote(self._token, parcel, *(stored[name] for name in parcel.shared))
            for parcel in parcels
        ]
        try:
            while waiting:
                yield unpacked(_found(waiting[0]))
                del waiting[0]
        finally:
            for task in waiting:
                ray.cancel(task)


def _found(task: Any) -> Any:
    try:
        return ray.get(task)
    except RayTaskError as error:
        raise error.cause from error
    except WorkerCrashedError as error:
        raise PreconditionError(
            f"a task ended every worker process that ran it: {error}",
            advice="make more memory available, or train on fewer rows: --set split.limit=1000",
        ) from error


@contextmanager
def on_ray(workers: int) -> Iterator[Ray]:
    """Start Ray on this machine, or join the cluster that ``RAY_ADDRESS`` names; leave it after."""
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if not os.environ.get("RAY_ADDRESS"):
        # A cluster has its own.
        options |= {"num_cpus": workers, "include_dashboard": False}
    ray.init(**options)
    try:
        yield Ray()
    finally:
        ray.shutdown()

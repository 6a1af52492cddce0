"""Tasks on Ray, by its own backend of joblib."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cloudpickle
import ray
from ray.util.joblib import register_ray

from repro.executors.children import in_child
from repro.executors.parcels import carried, packed, unpacked
from repro.training.parallel import Joblib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from repro.training.parallel import Box


class Ray:
    """Runs tasks by Ray's backend of joblib.

    Parameters
    ----------
    workers : int
    """

    def __init__(self, workers: int) -> None:
        self._pool = Joblib(workers, backend="ray")
        self._token = uuid4().hex

    def admit(self, check: Callable[[], None], level: str) -> None:  # noqa: ARG002 - as Dask does
        """Check a worker; the others are checked at their first tasks.

        Raises
        ------
        PreconditionError
            If it must not work.
        """
        job = cloudpickle.dumps(check)
        ray.get(ray.remote(in_child).remote(self._token, job))

    def results(self, work: Callable[[Box], Any], boxes: Iterable[Box]) -> Iterator[Any]:
        """Call a function with every box; yield the results in their order."""
        parcels, contents = packed(work, [box.pop() for box in boxes])
        stored = {name: ray.put(content) for name, content in contents.items()}
        calls: list[Box] = [[(each, [stored[name] for name in each.shared])] for each in parcels]
        yield from map(unpacked, self._pool.results(partial(_carried, self._token), calls))


def _carried(token: str, call: Box) -> bytes:
    parcel, stored = call.pop()
    return carried(token, parcel, *ray.get(stored))


@contextmanager
def on_ray(workers: int) -> Iterator[Ray]:
    """Start Ray on this machine, or join the cluster that ``RAY_ADDRESS`` names; leave it after."""
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    try:
        register_ray()
        yield Ray(workers)
    finally:
        ray.shutdown()

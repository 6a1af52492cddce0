"""Tasks on Dask: processes of this machine, or the workers of a scheduler.

Dask's own client is used in place of joblib's backend for it. That backend gives a task to other
workers once more where an estimator asks for one process, and loses what it has scattered with the
worker that held it.
"""

from __future__ import annotations

import logging
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cloudpickle
import dask
from distributed import Client, LocalCluster, Nanny
from distributed.scheduler import KilledWorker

from repro.core.errors import PreconditionError, ReproError
from repro.executors.children import LostChildError, end_child, in_child_aside
from repro.executors.parcels import Parcel, carried, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from distributed import Future

    from repro.training.parallel import Box

# Seconds; and how often a task is sent that was lost together with its data.
_CONNECTING, _WAITING, _TIMES = 10, 15, 5
_MEMORY = "make more memory available, or train on fewer rows: --set split.limit=1000"
# Without Dask's process beside each worker, which gives it a hash seed of its own.
_PLAIN = "--nthreads 1 --no-nanny"
_LOOPBACK = "127.0.0.1"
_SETTINGS = {
    # Tasks are as large as their data.
    "distributed.admin.large-graph-warning-threshold": "1 TiB",
}


class Dask:
    """Runs tasks on the workers of a client.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._token = uuid4().hex
        self._kept: dict[str, Future] = {}

    def close(self) -> None:
        """End the processes that did the tasks."""
        with suppress(Exception):
            self._client.run(end_child, self._token, on_error="ignore")

    def admit(self, check: Callable[[], None], level: str) -> None:
        """Check every worker; one that comes later is checked at its first task.

        Raises
        ------
        PreconditionError
            That names a worker which must not work, and why.
        """
        if not _workers_of(self._client):
            raise PreconditionError(
                f"the scheduler {self._client.scheduler.address} has no workers",
                advice=f"start some: {_command(self._client, level)}",
            )
        job = cloudpickle.dumps(check)
        try:
            found = self._client.run(in_child_aside, self._token, job, on_error="return")
        except Exception as error:
            raise _unable("a worker", error, self._client, level) from error
        for address, refusal in sorted(found.items()):
            if isinstance(refusal, Exception):
                raise _unable(f"the worker {address}", refusal, self._client, level) from refusal

    def results(
        self, work: Callable[[Box], Any], boxes: Iterable[Box], _kinds: Sequence[str] = ()
    ) -> Iterator[Any]:
        """Call a function with every box; yield the results in their order.

        What several tasks share is sent to each worker once, and kept there for the next call.
        A task whose worker is lost is run by a different one.

        Raises
        ------
        PreconditionError
            If no worker is left, the scheduler is lost, or a task ends every process that runs it.
        """
        parcels, contents = packed(work, [box.pop() for box in boxes])
        self._kept = {name: kept for name, kept in self._kept.items() if name in contents}
        submit = partial(self._submit, contents)
        futures: list[Future | None] = [submit(parcel) for parcel in parcels]
        try:
            for number, parcel in enumerate(parcels):
                found = self._result(futures, number, partial(submit, parcel))
                futures[number] = None
                yield unpacked(found)
        finally:
            self._client.cancel([future for future in futures if future is not None])

    def _submit(self, contents: dict[str, bytes], parcel: Parcel) -> Future:
        shared = [self._scattered(name, contents[name]) for name in parcel.shared]
        return self._client.submit(carried, self._token, parcel, *shared, pure=False)

    def _scattered(self, name: str, content: bytes) -> Future:
        kept = self._kept.get(name)
        if kept is None or kept.status != "finished":
            kept = self._client.scatter(content, broadcast=True, hash=False)
            self._kept[name] = kept
        return kept

    def _result(
        self, futures: list[Future | None], number: int, again: Callable[[], Future]
    ) -> bytes:
        for _ in range(_TIMES):
            future = futures[number]
            assert future is not None  # noqa: S101 - it is dropped once its result is taken
            try:
                return self._waited(future)
            except KilledWorker as error:
                raise PreconditionError(
                    f"a task ended every worker process that ran it: {error}", advice=_MEMORY
                ) from error
            except LostChildError:
                futures[number] = again()
            except CancelledError as error:
                # Lost with the last worker that held the data, or with the scheduler.
                if self._client.status != "running":
                    raise PreconditionError(
                        "the connection to the scheduler was lost",
                        advice="start the scheduler and its workers again, and then the training",
                    ) from error
                futures[number] = again()
        raise PreconditionError(f"a task was lost {_TIMES} times with its worker", advice=_MEMORY)

    def _waited(self, future: Future) -> bytes:
        while True:
            try:
                found: bytes = future.result(timeout=_WAITING)
            except TimeoutError as error:
                if future.done():
                    raise
                if not _workers_of(self._client):
                    raise PreconditionError(
                        "no worker is left", advice="start workers again, and then the training"
                    ) from error
            else:
                return found


class _Nanny(Nanny):  # type: ignore[misc]
    """Starts a worker with the variables of this process, by which the level is fixed.

    Dask's own sets numbers of threads, and a hash seed that is never 0.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.env: dict[str, str] = {}
        self.pre_spawn_env: dict[str, str] = {}


@contextmanager
def on_this_machine(workers: int) -> Iterator[Dask]:
    """Start a scheduler and worker processes of one thread each; end them after."""
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": True}
    with (
        dask.config.set(_SETTINGS),
        LocalCluster(
            **options,
            worker_class=_Nanny,
            host=_LOOPBACK,
            # Any free port: the usual one may be taken.
            dashboard_address=f"{_LOOPBACK}:0",
            # Nothing is paused, spilled to the disk or ended by an estimate of memory.
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        closing(Dask(client)) as executor,
    ):
        yield executor


@contextmanager
def on_scheduler(address: str) -> Iterator[Dask]:
    """Join a scheduler; its workers go on after.

    Raises
    ------
    PreconditionError
        If it cannot be reached.
    """
    with dask.config.set(_SETTINGS):
        try:
            client = Client(address, timeout=_CONNECTING, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise PreconditionError(
                f"execution.executor: {address}: no Dask scheduler answers",
                advice="start one: dask scheduler; or use --set execution.executor=dask for"
                " workers on this machine",
            ) from error
        with client, closing(Dask(client)) as executor:
            yield executor


def _workers_of(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def _command(client: Client, level: str) -> str:
    address = client.scheduler.address
    return f"repro exec --level {level} -- dask worker {address} {_PLAIN}"


def _unable(who: str, error: Exception, client: Client, level: str) -> PreconditionError:
    reason = error.message if isinstance(error, ReproError) else f"{type(error).__name__}: {error}"
    advice = error.advice if isinstance(error, ReproError) else ""
    return PreconditionError(
        f"{who} is refused: {reason}",
        advice=advice or f"start it by: {_command(client, level)}, where repro is installed",
    )

"""Numbers that a script already logs through a tracker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from repro.tracing.recorder import Recorder


# The number of workers changes no result, and differs from machine to machine.
_WORKERS = re.compile(r"(^|[._])(n_jobs|n(um)?_?(threads?|workers)|thread_count)$", re.ASCII)
# MLflow measures the machine in a thread, under these names.
_MACHINE = "system/"


def mlflow(module: Any, recorder: Recorder) -> None:
    """Note every metric, and every parameter that is a number, which goes to a store of MLflow.

    Functions of ``mlflow``, automatic logging and programs of their own all call this client.
    """

    def metric(
        _client: object,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        *_: object,
        **__: object,
    ) -> None:
        """Note one metric."""
        if not key.startswith(_MACHINE):
            recorder.number(key, value, step)

    def parameter(
        _client: object, run_id: str, key: str, value: object, *_: object, **__: object
    ) -> None:
        """Note one parameter, if it is a number."""
        if (number := _as_number(value)) is not None and not _WORKERS.search(key):
            recorder.number(f"parameter {key}", number)

    def batch(
        client: object,
        run_id: str,
        metrics: Iterable[Any] = (),
        params: Iterable[Any] = (),
        *_: object,
        **__: object,
    ) -> None:
        """Note several metrics and parameters."""
        for each in metrics:
            metric(client, run_id, each.key, each.value, each.timestamp, each.step)
        for each in params:
            parameter(client, run_id, each.key, each.value)

    client = module.tracking.client.MlflowClient
    recorder.around(client, "log_metric", metric)
    recorder.around(client, "log_param", parameter)
    recorder.around(client, "log_batch", batch)


def _as_number(value: object) -> object | None:
    """Return a number, also one that is written as text, as MLflow keeps parameters."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return None


def wandb(module: Any, recorder: Recorder) -> None:
    """Note every number passed to ``wandb.log``, by its path in nested dictionaries."""

    def logged(
        _run: object, data: dict[str, Any], step: int | None = None, *_: object, **__: object
    ) -> None:
        """Note the numbers of one call."""
        for key, value in _flat(data, ""):
            recorder.number(key, value, step)

    # `wandb.log` is this method of the current run, and changes with it.
    recorder.around(module.sdk.wandb_run.Run, "log", logged)


def tensorboard(module: Any, recorder: Recorder) -> None:
    """Note every number passed to ``SummaryWriter.add_scalar`` and ``add_scalars``."""

    def one(
        _writer: object,
        tag: str,
        scalar_value: object,
        global_step: int | None = None,
        *_: object,
        **__: object,
    ) -> None:
        """Note one number."""
        recorder.number(tag, scalar_value, global_step)

    def several(
        _writer: object,
        main_tag: str,
        tag_scalar_dict: dict[str, object],
        global_step: int | None = None,
        *_: object,
        **__: object,
    ) -> None:
        """Note several numbers."""
        for tag, value in tag_scalar_dict.items():
            recorder.number(f"{main_tag}/{tag}", value, global_step)

    recorder.around(module.SummaryWriter, "add_scalar", one)
    recorder.around(module.SummaryWriter, "add_scalars", several)


def _flat(data: dict[str, Any], start: str) -> Iterator[tuple[str, object]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{start}{key}.")
        else:
            yield f"{start}{key}", value

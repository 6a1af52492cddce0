"""Numbers that a script already logs through a tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.tracing.recorder import Recorder


def mlflow(module: Any, recorder: Recorder) -> None:
    """Note every number passed to ``mlflow.log_metric`` and ``mlflow.log_metrics``."""

    def one(key: str, value: float, step: int | None = None, *_: object, **__: object) -> None:
        """Note one number."""
        recorder.number(key, value, step)

    def several(
        metrics: dict[str, float], step: int | None = None, *_: object, **__: object
    ) -> None:
        """Note several numbers."""
        for key, value in metrics.items():
            recorder.number(key, value, step)

    recorder.around(module, "log_metric", one)
    recorder.around(module, "log_metrics", several)


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

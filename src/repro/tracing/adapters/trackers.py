"""Numbers that a script already logs through a tracker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

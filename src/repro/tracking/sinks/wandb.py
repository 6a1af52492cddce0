"""The tracker's data in a run of Weights & Biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.tracking.written import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.tracking.config import TrackingConfig


class WandbSink:
    """Logs metrics to a run, whose configuration has everything else."""

    def __init__(self) -> None:
        self._run: Any = None

    def start(self, config: TrackingConfig) -> None:
        """Begin a run; ``WANDB_MODE=offline`` keeps it on this machine."""
        import wandb  # noqa: PLC0415 - an extra

        self._run = wandb.init(
            project=config.wandb_project,
            name=config.experiment_name,
            id=config.experiment_id,
            dir=str(config.output_dir),
            tags=list(config.tags),
            notes=config.notes,
        )

    def update(
        self,
        data: Mapping[str, Any],  # noqa: ARG002 - it goes to the configuration at the end
        versions: Mapping[str, int],  # noqa: ARG002
        metric: Mapping[str, Any] | None,
    ) -> None:
        """Log a metric."""
        if metric is not None:
            self._run.log({metric["name"]: metric["value"]}, step=metric["step"])

    def finish(self, data: Mapping[str, Any]) -> None:
        """Write the rest to the configuration of the run, and end it."""
        rest = {name: value for name, value in data.items() if name != "metrics"}
        self._run.config.update(plain(rest), allow_val_change=True)
        self._run.finish()

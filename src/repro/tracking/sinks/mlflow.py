"""The tracker's data in a run of MLflow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from repro.tracking.written import Document, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.tracking.config import TrackingConfig

_WIDE = 250


class MlflowSink:
    """Logs metrics, checksums and tags to a run of the store that MLflow is set to.

    The run is made by a client, so that a run that the program itself has open stays open.
    """

    def __init__(self) -> None:
        self._client: Any = None
        self._run = ""

    def start(self, config: TrackingConfig) -> None:
        """Begin a run in the experiment of the same name, which is made where it is missing."""
        from mlflow.tracking import MlflowClient  # noqa: PLC0415 - an extra

        self._client = MlflowClient()
        name = config.experiment_name
        found = self._client.get_experiment_by_name(name)
        place = found.experiment_id if found else self._client.create_experiment(name)
        tags = {"repro.experiment_id": config.experiment_id, **dict.fromkeys(config.tags, "true")}
        if config.notes:
            tags["mlflow.note.content"] = config.notes
        self._run = self._client.create_run(place, tags=tags, run_name=name).info.run_id

    def update(
        self,
        data: Mapping[str, Any],  # noqa: ARG002 - it is written at the end
        versions: Mapping[str, int],  # noqa: ARG002
        metric: Mapping[str, Any] | None,
    ) -> None:
        """Log a metric."""
        if metric is not None:
            self._client.log_metric(
                self._run, metric["name"], metric["value"], step=metric["step"] or 0,
                timestamp=int(time.time() * 1000),
            )  # fmt: skip

    def finish(self, data: Mapping[str, Any]) -> None:
        """Log checksums and metadata as parameters, everything as an artefact, and end the run."""
        for kind in ("datasets", "models"):
            for name, info in data.get(kind, {}).items():
                checksum = info.get("checksum") or info.get("weights_checksum") or ""
                self._client.log_param(self._run, _key(f"{kind}.{name}"), checksum)
        for name, value in data.get("metadata", {}).items():
            self._client.log_param(self._run, _key(f"metadata.{name}"), str(plain(value))[:_WIDE])
        self._client.log_text(self._run, Document("json").text(data, {}), "experiment.json")
        self._client.set_terminated(self._run)


def _key(name: str) -> str:
    kept = "".join(each if each.isalnum() or each in "_-. /" else "_" for each in name)
    return kept[:_WIDE]

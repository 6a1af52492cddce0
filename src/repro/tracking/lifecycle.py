"""The beginning and the end of a tracked experiment, and its data in between."""

from __future__ import annotations

import atexit
import os
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from repro.core.errors import TrackingError
from repro.tracking.closing import Closing
from repro.tracking.datasets import DatasetTracker
from repro.tracking.environments import EnvironmentTracker
from repro.tracking.journal import Journal
from repro.tracking.metrics import Metrics
from repro.tracking.models import ModelTracker
from repro.tracking.output import Output
from repro.tracking.repository import GitTracker
from repro.tracking.seeds import SeedTracker
from repro.tracking.times import now
from repro.tracking.warned import Warned

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from repro.tracking.config import TrackingConfig


class Lifecycle:
    """Starts and finishes an experiment, and writes its data after every call.

    Parameters
    ----------
    config : TrackingConfig

    Attributes
    ----------
    tracking_data : dict
        Everything that was tracked, as ``experiment.json`` has it.
    run : Path or None
        The run folder, once the experiment is finished; None where ``repro record`` makes it.
    """

    def __init__(self, config: TrackingConfig) -> None:
        self.config = config
        self.run: Path | None = None
        self._warned = Warned()
        self._lock = threading.RLock()
        self._datasets = DatasetTracker(config.dataset_checksum_algorithm, config)
        self._models = ModelTracker(config.model_fingerprint_algorithm, config)
        self._seeds = SeedTracker(
            track_python=config.track_python_seed,
            track_numpy=config.track_numpy_seed,
            track_torch=config.track_torch_seed,
            track_cuda=config.track_cuda_seed,
        )
        self._process = 0
        self._journal: Journal | None = None
        self._output: Output | None = None
        self._closing: Closing | None = None
        self._summary: dict[str, Any] | None = None
        self.tracking_data: dict[str, Any] = {
            "schema": "repro.tracking/v1",
            "experiment_name": config.experiment_name,
            "experiment_id": config.experiment_id,
            "started": None,
            "finished": None,
            "tags": list(config.tags),
            "notes": config.notes,
            "metadata": dict(config.metadata),
            "environment": None,
            "git": None,
            "seeds": None,
            "datasets": {},
            "models": {},
            "tokenizers": {},
            "predictions": {},
            "metrics": [],
        }
        self._metrics = Metrics(self.tracking_data["metrics"])

    @property
    def experiment_name(self) -> str:
        """The name of the experiment."""
        return self.config.experiment_name

    @property
    def experiment_id(self) -> str:
        """The identifier of the experiment."""
        return self.config.experiment_id

    @property
    def output_dir(self) -> Path:
        """The folder of the runs and of the tracker's files."""
        return self.config.output_dir

    def __enter__(self) -> Self:
        self.start_experiment()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        is_well = kind is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        self._finish(status=0 if is_well else 1)

    def start_experiment(self) -> dict[str, Any]:
        """Begin: capture the environment, git and the generators, as far as these parts are on.

        Returns
        -------
        dict
            ``environment``, ``git``, ``seeds`` and ``experiment_id``; None for a part that is off.

        Raises
        ------
        PreconditionError
            If nothing can be written to the output folder.
        """
        with self._lock:
            if self._journal is None:
                try:
                    self._begin()
                except BaseException:
                    self._undo()
                    raise
            parts = ("environment", "git", "seeds", "experiment_id")
            return {name: self.tracking_data[name] for name in parts}

    def _begin(self) -> None:
        config, data = self.config, self.tracking_data
        self._journal = journal = Journal()
        self._output = Output(config, journal, self._warned)
        data["started"] = now()
        with journal.aside():
            if config.enable_environment_tracking:
                data["environment"] = EnvironmentTracker().capture_environment(
                    config.capture_conda_env, config.capture_pip_freeze, config.capture_system_info
                )
            if config.enable_git_tracking and journal.is_sealed:
                # The record of the command has the state of the repository.
                data["git"] = {"timestamp": now(), "commit": None, "reason": "sealed"}
            elif config.enable_git_tracking:
                data["git"] = GitTracker(config.git_repo_path).capture_git_state(
                    diff=config.capture_git_diff, status=config.capture_git_status
                )
            if config.enable_seed_tracking:
                data["seeds"] = self._seeds.capture_seeds()
            self._closing = Closing(config, journal)
        self._save("started", "environment", "git", "seeds")
        self._process = os.getpid()
        # Writing a run needs it, and it cannot be loaded when Python ends.
        import_module("concurrent.futures.thread")
        atexit.register(self._at_exit)

    def _undo(self) -> None:
        """Forget a beginning that ended in an error, so that the next call meets it again."""
        if self._closing is not None:
            self._closing.cancel()
        elif self._journal is not None:
            self._journal.remove()
        self._journal = self._output = self._closing = None

    def get_tracking_summary(self) -> dict[str, Any]:
        """Return what was tracked so far, in numbers and names."""
        data = self.tracking_data
        return {
            "experiment_name": self.experiment_name,
            "experiment_id": self.experiment_id,
            "datasets_tracked": len(data["datasets"]),
            "models_tracked": len(data["models"]),
            "metrics_logged": len(data["metrics"]),
            "has_environment": data["environment"] is not None,
            "has_git": bool(data["git"] and data["git"].get("commit")),
            "has_seeds": data["seeds"] is not None,
            "tags": list(data["tags"]),
            "metadata_keys": list(data["metadata"]),
            "run": None if self.run is None else str(self.run),
        }

    def finish_experiment(self) -> dict[str, Any]:
        """Write everything, and the record, unless ``repro record`` makes it.

        Returns
        -------
        dict
            As ``get_tracking_summary``; ``run`` is the path of the run folder.

        Raises
        ------
        PreconditionError
            If the run cannot be written.
        """
        return self._finish(status=0)

    def _finish(self, *, status: int) -> dict[str, Any]:
        with self._lock:
            self.start_experiment()
            if self._summary is None and self._closing is not None and self._output is not None:
                self.tracking_data["finished"] = now()
                for name, info in self.tracking_data["datasets"].items():
                    if info["checksum"] is None:
                        sentence = f"the data {name!r} was not read to its end, and has no digest"
                        self._warned.once(f"data {name}", sentence)
                atexit.unregister(self._at_exit)
                self._output.finish(self.tracking_data, "finished")
                self.run = self._closing.close(status)
                self._summary = self.get_tracking_summary()
            return dict(self._summary or {})

    def _at_exit(self) -> None:
        if os.getpid() != self._process:
            # A fork of the program: the experiment is that of its parent.
            return
        # A program that ends without finish_experiment has not reached its end.
        self._warned.once("finish", "finish_experiment was not called: the record says so")
        self._finish(status=1)

    def _active(self) -> Journal:
        self.start_experiment()
        if self._summary is not None:
            raise TrackingError(
                f"the experiment {self.experiment_name!r} is finished",
                advice="make a new ExperimentTracker for the next experiment",
            )
        assert self._journal is not None  # noqa: S101 - start_experiment makes it
        return self._journal

    def _is_on(self, part: str) -> bool:
        is_on = bool(getattr(self.config, f"enable_{part}_tracking"))
        if not is_on:
            self._warned.once(part, f"{part} tracking is off: enable_{part}_tracking=False")
        return is_on

    def _keep(self, kind: str, name: str, found: dict[str, Any]) -> None:
        shown = {key: value for key, value in found.items() if key != "iterable"}
        with self._lock:
            self.tracking_data[kind][name] = shown
            self._save(kind)

    def _save(self, *sections: str, metric: Mapping[str, Any] | None = None) -> None:
        if self._output is not None:
            self._output.changed(self.tracking_data, *sections, metric=metric)

"""The tracker of a whole experiment."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from repro.core.errors import TrackingError
from repro.tracking.closing import Closing
from repro.tracking.datasets import DatasetTracker
from repro.tracking.environments import EnvironmentTracker
from repro.tracking.journal import Journal
from repro.tracking.metrics import Metrics
from repro.tracking.models import ModelTracker
from repro.tracking.output import Output
from repro.tracking.predictions import describe_predictions
from repro.tracking.repository import GitTracker
from repro.tracking.seeds import SeedTracker
from repro.tracking.times import now
from repro.tracking.warned import Warned
from repro.tracking.written import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from repro.tracking.config import TrackingConfig


class ExperimentTracker:
    """Names what a program does, and leaves a record of it.

    A context manager that starts and finishes the experiment; a program that raises an error leaves
    a record that says so.

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
        self._finish(status=0 if kind is None else 1)

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
                self._begin()
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
        atexit.register(self._at_exit)
        self._save("started", "environment", "git", "seeds")

    def track_dataset(
        self, data: Any, name: str, metadata: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Name data, with its digest; see ``DatasetTracker.track_dataset``."""
        journal = self._active()
        if not self._is_on("dataset"):
            return {"name": name, "enabled": False}

        def finished(info: dict[str, Any], digest: str) -> None:
            """Record data that was read to its end."""
            journal.note(f"track_dataset {name}", {"content": digest})
            self._keep("datasets", name, info)

        found = self._datasets.track_dataset(data, name, metadata, finished=finished)
        if found["digest"] is not None:
            if "path" in found:
                journal.read(Path(found["path"]))
            journal.note(f"track_dataset {name}", {"content": found["digest"]})
        self._keep("datasets", name, found)
        return found

    def track_model(
        self, model: Any, name: str, metadata: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Name a model, with digests of architecture and weights; see ``ModelTracker``."""
        journal = self._active()
        if not self._is_on("model"):
            return {"name": name, "enabled": False}
        config = self.config
        with journal.aside():
            found = self._models.track_model(
                model, name, metadata, config.save_model_architecture, config.save_model_weights
            )
        for kind in ("architecture_path", "weights_path"):
            if kind in found:
                journal.own(Path(found[kind]))
        outputs = {
            "architecture": f"architecture/v1:{found['architecture_checksum']}",
            "weights": f"weights/v1:{found['weights_checksum']}",
        }
        journal.note(f"track_model {name}", outputs)
        self._keep("models", name, found)
        return found

    def track_tokenizer(
        self, tokenizer: Any, name: str, metadata: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Name a tokenizer, with a digest of its vocabulary and rules; see ``ModelTracker``."""
        journal = self._active()
        if not self._is_on("model"):
            return {"name": name, "enabled": False}
        found = self._models.track_tokenizer(tokenizer, name, metadata)
        journal.note(f"track_tokenizer {name}", {"content": f"tokenizer/v1:{found['checksum']}"})
        self._keep("tokenizers", name, found)
        return found

    def log_predictions(
        self, ids: Sequence[Any], y_true: Any, y_pred: Any, scores: Any = None,
        name: str = "predictions",
    ) -> dict[str, Any]:  # fmt: skip
        """Name predictions: a digest of all of them, and 256 evenly spaced rows to compare.

        Parameters
        ----------
        ids : sequence of shape (n_rows,)
            What each row is called; each once.
        y_true, y_pred : array-like of shape (n_rows,)
        scores : array-like of shape (n_rows,) or (n_rows, n_classes), optional

        Raises
        ------
        TrackingError
            If the lengths differ, or an id occurs twice.
        """
        journal = self._active()
        found, outputs, sample = describe_predictions(ids, y_true, y_pred, scores, name)
        journal.note(f"log_predictions {name}", outputs, sample=sample)
        self._keep("predictions", name, found)
        return found

    def set_seeds(self, seed: int) -> dict[str, Any]:
        """Seed all generators that are tracked; see ``SeedTracker.set_seeds``."""
        return self._seeded(self._seeds.set_seeds(seed, self.config.track_cuda_seed))

    def create_reproducible_environment(self, seed: int) -> dict[str, Any]:
        """Seed all generators and make libraries deterministic; see ``SeedTracker``."""
        return self._seeded(self._seeds.create_reproducible_environment(seed))

    def add_metadata(self, key: str | Mapping[str, object], value: object = None) -> None:
        """Add one entry of metadata, or those of a mapping."""
        self._active()
        entries = {key: value} if isinstance(key, str) else dict(key)
        with self._lock:
            self.tracking_data["metadata"].update(plain(entries))
            self._save("metadata")

    def add_tag(self, tag: str) -> None:
        """Add a tag, once."""
        self._active()
        with self._lock:
            if tag not in self.tracking_data["tags"]:
                self.tracking_data["tags"].append(str(tag))
            self._save("tags")

    def set_notes(self, notes: str) -> None:
        """Set the notes."""
        self._active()
        with self._lock:
            self.tracking_data["notes"] = notes
            self._save("notes")

    def log_metric(
        self, name: str, value: Any, *, step: int | None = None, timestamp: str | None = None
    ) -> dict[str, Any]:
        """Log a number, which ``verify`` compares within the tolerance.

        Returns
        -------
        dict
            ``name``, ``value``, ``step`` and ``timestamp``.

        Raises
        ------
        TrackingError
            If the value is no number.
        """
        journal = self._active()
        with self._lock:
            entry = self._metrics.add(name, value, step, timestamp)
            number = entry["value"]
            journal.note(f"log_metric {name}", {"value": self._metrics.digest(number)})
            journal.number(name, number, step)
            self._save("metrics", metric=entry)
        return entry

    def log_metrics(
        self, metrics: Mapping[str, Any], *, step: int | None = None, timestamp: str | None = None
    ) -> dict[str, Any]:
        """Log several numbers; returns them as ``metrics``."""
        entries = [
            self.log_metric(name, value, step=step, timestamp=timestamp)
            for name, value in metrics.items()
        ]
        return {"metrics": entries}

    def step(self, name: str) -> AbstractContextManager[None]:
        """Name a part of the program, which is a step of the record.

        Examples
        --------
        ``with tracker.step("augment"): …``
        """
        return self._active().step(f"step {name}")

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
                atexit.unregister(self._at_exit)
                self._output.finish(self.tracking_data, "finished")
                self.run = self._closing.close(status)
                self._summary = self.get_tracking_summary()
            return dict(self._summary or {})

    def _at_exit(self) -> None:
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

    def _seeded(self, found: dict[str, Any]) -> dict[str, Any]:
        journal = self._active()
        journal.seeded(list(found["seeds"]))
        if self._is_on("seed"):
            with self._lock:
                captured = self._seeds.capture_seeds()
                self.tracking_data["seeds"] = {**captured, "set_seed": found["set_seed"]}
                self._save("seeds")
        return found

    def _save(self, *sections: str, metric: Mapping[str, Any] | None = None) -> None:
        if self._output is not None:
            self._output.changed(self.tracking_data, *sections, metric=metric)

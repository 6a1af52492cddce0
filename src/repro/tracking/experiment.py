"""The tracker of a whole experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.tracking.lifecycle import Lifecycle
from repro.tracking.metrics import Metrics
from repro.tracking.predictions import describe_predictions
from repro.tracking.written import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager


class ExperimentTracker(Lifecycle):
    """Names what a program does, and leaves a record of it.

    A context manager that starts and finishes the experiment; a program that raises an error leaves
    a record that says so. Parameters and attributes are those of ``Lifecycle``.
    """

    def track_dataset(
        self, data: Any, name: str, metadata: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Name data, with its digest; see ``DatasetTracker.track_dataset``."""
        journal = self._active()
        if not self._is_on("dataset"):
            return {"name": name, "enabled": False}

        def finished(info: dict[str, Any], digest: str) -> None:
            """Record data that was read to its end, if the experiment has not ended before."""
            if self._summary is not None:
                return
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
        self._active()
        return self._seeded(self._seeds.set_seeds(seed, self.config.track_cuda_seed))

    def create_reproducible_environment(self, seed: int) -> dict[str, Any]:
        """Seed all generators and make libraries deterministic; see ``SeedTracker``."""
        self._active()
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
        """Log several numbers, all of them or none; returns them as ``metrics``."""
        for name, value in metrics.items():
            Metrics([]).add(name, value, step, timestamp)
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

    def _seeded(self, found: dict[str, Any]) -> dict[str, Any]:
        journal = self._active()
        journal.seeded(list(found["seeds"]))
        if self._is_on("seed"):
            with self._lock:
                captured = self._seeds.capture_seeds()
                self.tracking_data["seeds"] = {**captured, "set_seed": found["set_seed"]}
                self._save("seeds")
        return found

"""Settings of a tracker: names, parts that are on, folders."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.core.errors import TrackingError
from repro.tracking.checksums import check_algorithm


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class TrackingConfig:
    """Settings of an ``ExperimentTracker``.

    Attributes
    ----------
    experiment_name : str
    experiment_id : str
    output_dir : Path
        Folder of the runs; the tracker's own files are written to it too. It is made.
    enable_dataset_tracking, enable_model_tracking, enable_environment_tracking : bool
    enable_seed_tracking, enable_git_tracking : bool
        A part that is off does nothing, and its results say so.
    dataset_checksum_algorithm, model_fingerprint_algorithm : str
        Any of ``hashlib.algorithms_guaranteed`` of a fixed length.
    dataset_cache_dir : Path or None
        Accepted, and not used: content is always read in full.
    save_model_architecture, save_model_weights : bool
    capture_conda_env, capture_pip_freeze, capture_system_info : bool
    track_numpy_seed, track_torch_seed, track_python_seed, track_cuda_seed : bool
    git_repo_path : Path or None
        The working folder by default.
    capture_git_diff, capture_git_status : bool
    save_to_json, save_to_yaml, save_to_wandb, save_to_mlflow : bool
    wandb_project : str
    sinks : sequence of str
        Others, by the name of an entry point of the group ``repro.tracking.sinks``.
    tags : list of str
    notes : str or None
    metadata : dict
    """

    experiment_name: str
    experiment_id: str = field(default_factory=_new_id)
    output_dir: Path = Path("runs")
    enable_dataset_tracking: bool = True
    enable_model_tracking: bool = True
    enable_environment_tracking: bool = True
    enable_seed_tracking: bool = True
    enable_git_tracking: bool = True
    dataset_checksum_algorithm: str = "sha256"
    dataset_cache_dir: Path | None = None
    model_fingerprint_algorithm: str = "sha256"
    save_model_architecture: bool = True
    save_model_weights: bool = False
    capture_conda_env: bool = True
    capture_pip_freeze: bool = True
    capture_system_info: bool = True
    track_numpy_seed: bool = True
    track_torch_seed: bool = True
    track_python_seed: bool = True
    track_cuda_seed: bool = True
    git_repo_path: Path | None = None
    capture_git_diff: bool = True
    capture_git_status: bool = True
    save_to_json: bool = True
    save_to_yaml: bool = True
    save_to_wandb: bool = False
    wandb_project: str = "repro"
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    save_to_mlflow: bool = False
    sinks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Turn paths in text into paths, check what can be checked, and make the folders.

        Raises
        ------
        TrackingError
            If the name is empty, an algorithm is unknown, or a folder cannot be made.
        """
        if not isinstance(self.experiment_name, str) or not self.experiment_name.strip():
            raise TrackingError(
                f"experiment_name {self.experiment_name!r}: expected a text that is not empty"
            )
        for name in (self.dataset_checksum_algorithm, self.model_fingerprint_algorithm):
            check_algorithm(name)
        self.output_dir = Path(self.output_dir)
        folders = [self.output_dir]
        if self.dataset_cache_dir is not None:
            self.dataset_cache_dir = Path(self.dataset_cache_dir)
            folders.append(self.dataset_cache_dir)
        if self.git_repo_path is not None:
            self.git_repo_path = Path(self.git_repo_path)
        self.tags, self.metadata = list(self.tags), dict(self.metadata)
        for folder in folders:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise TrackingError(
                    f"{folder}: cannot be made: {error.strerror}",
                    advice="give an output_dir that can be written",
                ) from error

"""Keys: what two trainings must share to be the same experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.canonical import tagged_digest

if TYPE_CHECKING:
    from repro.config.experiment import ExperimentConfig

_SECTIONS: dict[str, bool | set[str]] = {
    "task": True,
    "seeding": True,
    "split": True,
    "features": True,
    "preprocessing": True,
    "models": True,
    "selection": True,
    "decision": True,
    "evaluation": True,
    # The roles of columns are in the content: numbers and text have different digests there.
    "dataset": {"target", "positive"},
}


def replicate_key(config: ExperimentConfig, content: str, stages_version: int) -> str:
    """Return the identity of an experiment without its seed.

    Parameters
    ----------
    config : ExperimentConfig
    content : str
        The digest of the data set's table.
    stages_version : int
        The version of what the training stages mean.
    """
    return tagged_digest("replicate", _identity(config, content, stages_version))


def strict_key(config: ExperimentConfig, content: str, stages_version: int) -> str:
    """Return the identity of an experiment: the replicate key's parts, and the seed."""
    identity = _identity(config, content, stages_version)
    return tagged_digest("strict", identity | {"seed": config.seed})


def _identity(config: ExperimentConfig, content: str, version: int) -> dict[str, object]:
    sections = config.model_dump(mode="json", include=_SECTIONS)
    # The order of candidates decides a tie between them; canonical JSON sorts keys, so it is
    # spelled out.
    order = list(config.models)
    return sections | {"content": content, "stages_version": version, "candidates": order}

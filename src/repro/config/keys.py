"""Keys: what two trainings must share to be the same experiment.

Version 2 keeps the type and the sign of every number: ``max_features: 1`` and ``max_features: 1.0``
are different models. Fields with a type of their own were normalised when the configuration was
read. Version 1 has one key for both, and is computed wherever a record with such keys is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.canonical import tagged_digest, typed_digest

if TYPE_CHECKING:
    from repro.config.experiment import ExperimentConfig
    from repro.core.records import Keys

VERSION = 2
_SECTIONS: dict[str, bool | set[str]] = {
    "task": True,
    "target": True,
    "seeding": True,
    "split": True,
    "features": True,
    "preprocessing": True,
    "models": True,
    "selection": True,
    "decision": True,
    "evaluation": True,
    "metrics": True,
    "weights": True,
    # The roles of columns are in the content: numbers and text have different digests in it.
    "dataset": {"target", "positive"},
}


def replicate_key(
    config: ExperimentConfig, content: str, stages_version: int, *, version: int = VERSION
) -> str:
    """Return the identity of an experiment without its seed.

    Parameters
    ----------
    config : ExperimentConfig
    content : str
        The digest of the data set's table.
    stages_version : int
        The version of what the training stages mean.
    version : {1, 2}
        The version of the key.
    """
    return _digest("replicate", _identity(config, content, stages_version), version)


def strict_key(
    config: ExperimentConfig, content: str, stages_version: int, *, version: int = VERSION
) -> str:
    """Return the identity of an experiment: the replicate key's parts, and the seed."""
    identity = _identity(config, content, stages_version)
    return _digest("strict", identity | {"seed": config.seed}, version)


def identity_parts(config: ExperimentConfig, content: str, stages_version: int) -> dict[str, str]:
    """Digest every part of the strict key separately.

    Returns
    -------
    dict of str to str
        By name of the part: a section of the configuration, ``data``, ``stages``,
        ``order of models`` or ``seed``.
    """
    identity = _identity(config, content, stages_version) | {"seed": config.seed}
    names = {"content": "data", "stages_version": "stages", "candidates": "order of models"}
    return {
        names.get(name, name): typed_digest("part", value, version=1)
        for name, value in identity.items()
    }


def version_of(keys: Keys) -> int:
    """Return the version of a record's keys: 1 where it is not known."""
    both = keys.replicate_key, keys.strict_key
    typed = all(key.partition(":")[0].endswith(f"/v{VERSION}") for key in both)
    return VERSION if typed else 1


def comparison_group(experiment: str, replicate_key: str) -> str:
    """Name the group of runs that differ by seed and environment only."""
    return f"{experiment}-{replicate_key.rpartition(':')[2][:12]}"


def _digest(kind: str, identity: dict[str, object], version: int) -> str:
    if version == 1:
        return tagged_digest(kind, identity)
    return typed_digest(kind, identity, version=version)


def _identity(config: ExperimentConfig, content: str, version: int) -> dict[str, object]:
    sections = config.model_dump(mode="json", include=_SECTIONS)
    # The order of candidates decides a tie between them; canonical JSON sorts keys, so it is
    # spelled out.
    order = list(config.models)
    return sections | {"content": content, "stages_version": version, "candidates": order}

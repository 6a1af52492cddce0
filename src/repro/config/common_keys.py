"""Keys of records: those they have, those they would have, and those of one version for two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.keys import replicate_key, strict_key, version_of
from repro.config.recorded import read_config
from repro.core.once import once

if TYPE_CHECKING:
    from repro.config.experiment import ExperimentConfig
    from repro.core.record import AnyRecord
    from repro.core.records import Keys

_NAMES = ("replicate_key", "strict_key")


def keys_from(config: ExperimentConfig, record: AnyRecord, version: int | None = None) -> Keys:
    """Return the keys of a record, had it been trained by a configuration.

    Parameters
    ----------
    version : int, optional
        The version of the keys; that of the record's own where left out.
    """
    version = version or version_of(record.keys)
    both = _keys(config, record.content or "", record.stages.version, version)
    return record.keys.model_copy(update=dict(zip(_NAMES, both, strict=True)))


@once
def _keys(
    config: ExperimentConfig, content: str, stages_version: int, version: int
) -> tuple[str, str]:
    identity = config, content, stages_version
    return replicate_key(*identity, version=version), strict_key(*identity, version=version)


def with_keys_of(record: AnyRecord, version: int) -> AnyRecord:
    """Return a record with keys of a version: its own, or those that follow from what it holds.

    Raises
    ------
    SchemaError
        If they have to be computed, and its configuration is not one.
    """
    if version_of(record.keys) == version or not record.is_pipeline:
        return record
    config = read_config(record.config, "config.json")
    return record.with_keys(keys_from(config, record, version))


def planned(record: AnyRecord, config: ExperimentConfig) -> AnyRecord:
    """Return a record as a training of its data by a configuration would identify itself."""
    dumped = config.model_dump(mode="json", by_alias=True)
    return record.with_config(dumped).with_keys(keys_from(config, record))


def with_common_keys(expected: AnyRecord, actual: AnyRecord) -> tuple[AnyRecord, AnyRecord]:
    """Return two records with keys of one version, the older of the two."""
    version = min(version_of(expected.keys), version_of(actual.keys))
    return with_keys_of(expected, version), with_keys_of(actual, version)

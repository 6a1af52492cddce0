"""The consistency of a whole record: what it says of itself follows from what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.common_keys import keys_from
from repro.config.recorded import read_config
from repro.core.environment import follows
from repro.core.errors import SchemaError
from repro.core.record import Identity, RunRecord
from repro.core.verdict import Check, Outcome
from repro.digest.plain import digest_plain
from repro.divergence.consistency import Results, find_inconsistency, find_odd_stage
from repro.divergence.outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from repro.core.meaning import Meaning
    from repro.core.record import AnyRecord


def names_itself(record: AnyRecord) -> bool:
    """Return whether name, level and environment key are those of what the record holds."""
    if not follows(record.keys.environment_key, record.environment):
        return False
    if not record.is_pipeline:
        return True
    determinism = record.config.get("determinism")
    level = determinism.get("level") if isinstance(determinism, dict) else None
    named = (record.experiment, record.environment.level) == (
        record.config.get("experiment"),
        level,
    )
    return named and _data_names(record) == {_name_of_data(record.config)}


def _data_names(record: AnyRecord) -> set[JsonValue]:
    if not isinstance(record, RunRecord):
        return {_name_of_data(record.config)}
    return {data.name for data in record.materials.data}


def _name_of_data(config: Mapping[str, JsonValue]) -> JsonValue:
    dataset = config.get("dataset")
    return dataset.get("name") if isinstance(dataset, dict) else None


def find_contradiction(record: AnyRecord, meaning: Meaning) -> Check | None:
    """Return the first thing that a record contradicts itself in; None without one.

    Parameters
    ----------
    meaning : Meaning
        Of the stages of an experiment; steps of other programs copy what the record says they do.

    Raises
    ------
    SchemaError
        If a stage has a version that this program does not know.
    """
    if isinstance(record, RunRecord):
        if not record.is_pipeline:
            return _odd_copy(record) or _odd_identity(record)
        if not copies_as_declared(record, meaning):
            return _flaw("evidence.copied_from", "it is not what the stages of experiments declare")
    results = Results(
        record.stages,
        record.metrics,
        record.threshold,
        record.predictions,
        search=record.search,
    )
    return (
        find_inconsistency(results, meaning)
        or find_odd_stage(record.stages, record.config, meaning)
        or (find_odd_keys(record) if isinstance(record, RunRecord) else None)
    )


def copies_as_declared(record: RunRecord, meaning: Meaning) -> bool:
    """Return whether an experiment names the origins of its results as its stages declare them.

    Stages that a later version adds, and results that it copies, are missing from older records.
    """
    recorded, outputs = record.evidence.copied_from, outputs_of(record.stages)
    names = (*record.evidence.facts, *record.evidence.numbers)
    needed = {
        name: source
        for name, source in meaning.copies.items()
        if source in outputs and any(f"{each}.".startswith(f"{name}.") for each in names)
    }
    return needed.items() <= recorded.items() <= dict(meaning.copies).items()


def find_odd_keys(record: AnyRecord) -> Check | None:
    """Return a key, or a part of one, that does not follow from configuration and data."""
    if not record.is_pipeline:
        return None
    try:
        config = read_config(record.config, "")
    except SchemaError:
        # Whoever needs a configuration of a different version says so.
        return None
    expected = keys_from(config, record)
    for name in ("replicate_key", "strict_key"):
        if getattr(record.keys, name) != getattr(expected, name):
            return _flaw(f"keys.{name}", f"its {name} does not follow from configuration and data")
    if isinstance(record, RunRecord):
        # Imported when used: nothing else needs it.
        from repro.config.keys import identity_parts  # noqa: PLC0415

        parts = identity_parts(config, record.content or "", record.stages.version)
        if record.parts != parts:
            return _flaw("identity.parts", "they do not follow from configuration and data")
    return None


def _odd_identity(record: RunRecord) -> Check | None:
    if record.identity == Identity.of_parts(record.identity.parts):
        return None
    return _flaw("identity", "its keys do not follow from their parts")


def _odd_copy(record: RunRecord) -> Check | None:
    """Compare facts and numbers with the digests of the outputs that they are said to copy."""
    outputs = outputs_of(record.stages)
    values = record.evidence.facts | record.evidence.numbers
    for name, source in record.evidence.copied_from.items():
        if name not in values:
            return _flaw(f"evidence.{name}", "it is declared as a copy, and is missing")
        if digest_plain(values[name]) != outputs.get(source):
            return _flaw(f"evidence.{name}", f"it is not what {source} has the digest of")
    return None


def _flaw(name: str, sentence: str) -> Check:
    return Check(
        name=name,
        expected=None,
        actual=None,
        outcome=Outcome.DIFFERS,
        detail=f"{name}: {sentence}: one of the two was edited",
    )

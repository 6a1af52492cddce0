"""Sections of the configuration, and data, that can be the reason for a divergence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.verdict import Suspect
from repro.divergence.comparable import rows_only_permuted
from repro.divergence.structure import differences

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.meaning import Meaning, Setting
    from repro.core.record import AnyRecord

_PERMUTED = "the rows are the same in a different order, by their digest that ignores the order"


def configured_suspects(
    expected: AnyRecord, actual: AnyRecord, inputs: Iterable[str], meaning: Meaning
) -> tuple[Suspect, ...]:
    """Return the settings, and the data, that make inputs of a stage differ.

    Parameters
    ----------
    inputs : iterable of str
        Names of the inputs that differ and that no stage made.
    """
    names = tuple(inputs)
    found = (
        _suspect(expected, actual, setting)
        for setting in meaning.settings
        if any(setting.makes(name) for name in names)
    )
    return tuple(suspect for suspect in found if suspect is not None)


def _suspect(expected: AnyRecord, actual: AnyRecord, setting: Setting) -> Suspect | None:
    left, right = (side.config.get(setting.section) for side in (expected, actual))
    parts = differences({setting.section: left}, {setting.section: right})
    if setting.data and expected.content != actual.content:
        parts = {"content": (expected.content, actual.content), **parts}
    if not parts:
        return None
    permuted = "content" in parts and rows_only_permuted(expected, actual)
    return Suspect.model_validate(
        {
            "cause": "row order" if permuted else setting.cause,
            "differences": parts,
            "rule": _PERMUTED if permuted else setting.rule,
            "can_act": True,
        }
    )

"""The meaning of the steps of records that do not state it themselves, frozen.

Records of the first version name their steps and say no more. Their pipeline had these steps; this
table is never changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.core.meaning import Mechanism

if TYPE_CHECKING:
    from repro.core.records import Stage

_FITTING = (Mechanism.FITTING, Mechanism.ARITHMETIC, Mechanism.TABLES)
_COLUMNS = (Mechanism.ARITHMETIC, Mechanism.TABLES)

ACTS: dict[str, tuple[Mechanism, ...]] = {
    "split": (Mechanism.SAMPLING,),
    "derive": _COLUMNS,
    "fold": (Mechanism.SAMPLING,),
    "preprocess": _COLUMNS,
    "cross_validate": _FITTING,
    "select": (Mechanism.ARITHMETIC,),
    "decide": (Mechanism.ARITHMETIC,),
    "fit": _FITTING,
    "predict": _FITTING,
    "evaluate": (Mechanism.ARITHMETIC,),
    "constant": (Mechanism.ARITHMETIC,),
    "leakage": _FITTING,
    "drift": _COLUMNS,
    "check": (),
}


def acts_of(stage: Stage) -> tuple[Mechanism, ...] | None:
    """Return the mechanisms that can act in a step; None where every one may."""
    return ACTS.get(stage.name) if stage.acts is None else stage.acts

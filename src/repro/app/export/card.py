"""A run as a model card, as model hubs show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.report import facts_of
from repro.core.errors import PreconditionError
from repro.report import card

if TYPE_CHECKING:
    from repro.app.export.exported import Exported

_PACKAGES = ("scikit-learn", "numpy", "pandas", "scipy", "joblib")


def export_card(exported: Exported, licence: str | None) -> str:
    """Return the model card of a run.

    Parameters
    ----------
    licence : str or None
        Of the model, by its identifier on the hub.

    Raises
    ------
    PreconditionError
        If the run is of a recorded command.
    """
    if exported.run is None:
        raise PreconditionError(
            f"run {exported.run_id} is of a recorded command, and has no model to describe",
            advice="export its files instead: repro export crate",
        )
    environment = exported.environment.environment
    needed = dict.fromkeys([*_PACKAGES, *(environment.used or ())])
    versions = [(n, environment.packages[n]) for n in needed if n in environment.packages]
    packages = [("repro", exported.lineage.version), *versions]
    return card(facts_of(exported.run), licence, packages)

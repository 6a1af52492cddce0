"""The metrics that a record must have: those of its task from the start, and its own ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.metrics import built_in
from repro.config.named_metrics import metrics_in
from repro.core.errors import ConfigError
from repro.core.record_v1 import missing_metrics
from repro.core.suggest import did_you_mean
from repro.core.verdict import Check, Outcome
from repro.divergence.outputs import outputs_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

    from repro.config.tree import Tree
    from repro.config.verification import VerificationSettings
    from repro.core.records import Metrics, Stages


def names_of(declared: object) -> tuple[str, ...]:
    """Return the names of declared metrics as somebody wrote them; others are passed over."""
    found = []
    for each in declared if isinstance(declared, list) else ():
        function, name = (
            (each.get("function"), each.get("name")) if isinstance(each, dict) else (None, None)
        )
        if isinstance(function, str):
            found.append(name if isinstance(name, str) else function.rpartition(":")[2])
        else:
            found += [metric.name for metric in metrics_in([each])]
    return tuple(found)


def find_missing_metric(
    stages: Stages, metrics: Metrics, config: Mapping[str, JsonValue]
) -> Check | None:
    """Return the first metric that every training measures and that a record lacks, or None.

    Parameters
    ----------
    config : mapping
        As recorded.
    """
    if not metrics.test:
        # Nothing compares with such a record.
        return None
    outputs, own = outputs_of(stages), names_of(config.get("metrics"))
    for name in missing_metrics(metrics, own):
        section = f"metrics.{name.partition('.')[0]}"
        if MEANING.copies[section] in outputs:
            detail = (
                f"{section} lacks {name.partition('.')[2]}, which every training of this"
                " configuration measures: it was edited"
            )
            return Check(
                name=f"metrics.{name}",
                expected=None,
                actual=None,
                outcome=Outcome.DIFFERS,
                detail=detail,
            )
    return None


def check_tolerances(settings: VerificationSettings, trees: Iterable[Tree]) -> None:
    """Refuse a tolerance for a metric that is neither built in nor declared.

    Parameters
    ----------
    trees : iterable of Tree
        The project's own files; they are read only where a name is not built in.

    Raises
    ------
    ConfigError
    """
    unknown = [name for name in settings.tolerance.metrics or () if name not in built_in()]
    if not unknown:
        return
    leaves = (tree.get(("metrics",)) for tree in trees)
    known = {*built_in(), *(name for leaf in leaves if leaf for name in names_of(leaf.value))}
    for name in unknown:
        if name not in known:
            raise ConfigError(
                f"verification.tolerance.metrics: unknown metric '{name}'",
                advice=did_you_mean(name, known),
            )

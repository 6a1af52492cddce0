"""The metrics that a record must have: those of its task from the start, and its own ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.config.metrics import built_in
from repro.core.errors import ConfigError
from repro.core.record_v1 import METRICS, WITHOUT_PROBABILITIES
from repro.core.suggest import did_you_mean
from repro.core.verdict import Check, Outcome
from repro.divergence.compare import outputs_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import JsonValue

    from repro.config.tree import Tree
    from repro.config.verification import Verification
    from repro.core.records import Metrics, Stages


def names_of(declared: object) -> tuple[str, ...]:
    """Return the names of own metrics as somebody wrote them; anything else is passed over."""
    found = []
    for each in declared if isinstance(declared, list) else ():
        function, name = (
            (each.get("function"), each.get("name")) if isinstance(each, dict) else (None, None)
        )
        if isinstance(function, str):
            found.append(name if isinstance(name, str) else function.rpartition(":")[2])
    return tuple(found)


def find_missing_metric(
    stages: Stages, metrics: Metrics, config: Mapping[str, JsonValue]
) -> Check | None:
    """Return the first metric that every training measures and that a record lacks, or None.

    A built-in metric that is newer than the record may be missing.

    Parameters
    ----------
    config : mapping
        As recorded.
    """
    outputs, task = outputs_of(stages), str(config.get("task"))
    own = names_of(config.get("metrics"))
    for section in ("test", "constant"):
        if MEANING.copies[f"metrics.{section}"] not in outputs:
            continue
        for name in _missing(metrics, section, (*METRICS.get(task, ()), *own), own):
            detail = (
                f"metrics.{section} lacks {name}, which every training of this configuration"
                " measures: it was edited"
            )
            return Check(
                name=f"metrics.{section}.{name}",
                expected=name,
                actual=None,
                outcome=Outcome.DIFFERS,
                detail=detail,
            )
    return None


def _missing(
    metrics: Metrics, section: str, names: Iterable[str], own: tuple[str, ...]
) -> Iterator[str]:
    known = metrics.test.keys() if section == "test" else metrics.constant.keys()
    # A constant guess has probabilities.
    excused = metrics.undefined.keys() & {*WITHOUT_PROBABILITIES, *own}
    for name in names:
        if name not in known and (section != "test" or name not in excused):
            yield name


def check_tolerances(settings: Verification, trees: Iterable[Tree]) -> None:
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

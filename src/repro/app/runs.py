"""Use cases over the runs of a project."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from repro import store
from repro.app.lines import Line, read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from repro.app.lines import Grouped
    from repro.core.stability import GroupsReport, StabilityReport
    from repro.divergence.stability import Replicate
    from repro.store import RunEntry, plan_prune, read_entry, remove

__all__ = [
    "Line", "RunEntry", "groups", "list_runs", "plan_prune", "read_entry", "remove", "stability",
]  # fmt: skip

# Imported when it is first asked for: a list of runs from its index reads no record.
_OF_STORE = frozenset({"RunEntry", "plan_prune", "read_entry", "remove"})


def __getattr__(name: str) -> Any:
    if name in _OF_STORE:
        return getattr(store, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def list_runs(
    runs: Path, *, names: Sequence[str] = (), models: Sequence[str] = (), last: int | None = None
) -> list[Line]:
    """Return the runs of a folder that are asked for, the newest first.

    Parameters
    ----------
    names, models : sequence of str
        Shell patterns, any of which the experiment or command, and the model, have to match.
    last : int or None
        At most as many.

    Raises
    ------
    PreconditionError
        If it is not a folder or cannot be read.
    """
    found = [
        line
        for line in read_lines(runs)
        if _matches(line.name, names) and _matches(line.model, models)
    ]
    return found[:last]


def _matches(text: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(text, pattern) for pattern in patterns)


def groups(runs: Path) -> GroupsReport:
    """Group the complete runs by replicate key, the newest group first."""
    # Imported when used: a list needs no models.
    from repro.core.stability import GroupsReport  # noqa: PLC0415
    from repro.divergence.stability import spread_of  # noqa: PLC0415

    lines = read_lines(runs)
    return GroupsReport(
        schema_="repro.groups/v1",
        groups=tuple(spread_of(*group) for group in _grouped(lines)),
        damaged=_damaged(lines),
    )


def stability(project: Path, runs: Path) -> StabilityReport:
    """Hold the spread of every metric over replicates against its bootstrap interval.

    Raises
    ------
    ConfigError
        If ``configs/base.yaml`` does not say what is drifting and diverged.
    """
    from repro.app.configuration import stability_settings  # noqa: PLC0415
    from repro.core.stability import Band, StabilityReport  # noqa: PLC0415
    from repro.divergence.stability import Bands, judge_group  # noqa: PLC0415

    settings = stability_settings(project)
    limits = Bands(settings.drifting, settings.diverged)
    lines = read_lines(runs)
    found = tuple(judge_group(*group, limits) for group in _grouped(lines))
    bands = {group.band for group in found}
    return StabilityReport(
        schema_="repro.stability/v1",
        drifting=limits.drifting,
        diverged=limits.diverged,
        holds=bool(bands - {None}) and Band.DIVERGED not in bands,
        groups=found,
        damaged=_damaged(lines),
    )


def _damaged(lines: Sequence[Line]) -> tuple[str, ...]:
    return tuple(line.run_id for line in lines if line.damage)


def _grouped(lines: Sequence[Line]) -> list[tuple[str, str, list[Replicate]]]:
    """Return the name, the key and the runs of every group."""
    found: dict[str, list[Grouped]] = {}
    for grouped in filter(None, (line.replicate for line in lines)):
        found.setdefault(grouped.key, []).append(grouped)
    return [
        (listed[0].name, key, [each.replicate for each in listed]) for key, listed in found.items()
    ]

"""The runs of a folder, each in a line: what a list shows, and what groups are made of.

A list whose runs are all in the index imports nothing that reads records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from repro.store.index import indexed
from repro.store.naming import run_folders

if TYPE_CHECKING:
    from pathlib import Path

    from repro.divergence.stability import Replicate


@dataclass(frozen=True)
class Line:
    """A run in a list.

    Attributes
    ----------
    created : str or None
        When it started, in UTC; None if that is unknown.
    name : str
        Of the experiment, or of the recorded command.
    model : str
        The chosen family; ``command`` for the run of a command.
    metric, value : str and float, or empty and None
        The metric of selection, or the first number of a command.
    damage : str
        The reason if it could not be read.
    group : str or None
        Of the run of an experiment: what it is compared by with runs of other seeds, as JSON,
        which a list does not read.
    """

    run_id: str
    created: str | None
    name: str = ""
    target: str | None = None
    seed: int | None = None
    model: str = ""
    metric: str = ""
    value: float | None = None
    findings: tuple[str, ...] = ()
    damage: str = ""
    group: str | None = None

    @property
    def replicate(self) -> Grouped | None:
        """Its part in its group; None of a recorded command."""
        if self.group is None:
            return None
        # Imported when used: only groups have models, and a list has none.
        from repro.divergence.stability import Measured, Replicate  # noqa: PLC0415

        group = json.loads(self.group)
        replicate = Replicate(
            seed=-1 if self.seed is None else self.seed,
            strict_key=group["strict_key"],
            environment_key=group["environment_key"],
            model=self.model,
            test={name: Measured(*values) for name, values in group["test"].items()},
            bits=(group["bits"],),
            code=group["code"],
        )
        return Grouped(group["name"], group["key"], replicate)


class Grouped(NamedTuple):
    """A run in its group, which has a name and the replicate key of its runs."""

    name: str
    key: str
    replicate: Replicate


def read_lines(runs: Path) -> list[Line]:
    """Return the runs of a folder, the newest first.

    Raises
    ------
    PreconditionError
        If it is not a folder or cannot be read.
    """
    found: list[Any] = indexed(runs, run_folders(runs), _made)
    lines = [Line(**{**each, "findings": tuple(each.get("findings", ()))}) for each in found]
    return sorted(lines, key=_age, reverse=True)


def _age(line: Line) -> tuple[str, str]:
    return line.created or "", line.run_id


def _made(path: Path) -> tuple[Any, tuple[str, ...] | None]:
    # Imported when used, as models are: of thousands of runs, most are in the index.
    from repro.app.read_line import read_line  # noqa: PLC0415

    return read_line(path)

"""The use case ``report``: the page of a run, with pictures; nothing is executed or unpickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.app.subjects.commands import command_facts, is_command
from repro.app.subjects.subject import Subject, check_integrity
from repro.config.recorded import parse_config
from repro.core.errors import PreconditionError
from repro.core.verdict import Outcome
from repro.report import Facts, Request, command_html, html
from repro.report.plots import require
from repro.store import find_run, read_command, read_run

if TYPE_CHECKING:
    from pathlib import Path

    from repro.store import StoredRun


@dataclass(frozen=True)
class RunPage:
    """The page of a run.

    Attributes
    ----------
    run : Path
        The run's folder.
    content : str or None
        The page; None where too little of a damaged run can be believed.
    damage : tuple of str
        In what the run is not what was written; empty where it is intact.
    undrawn : PreconditionError or None
        Why there are no pictures.
    """

    run: Path
    content: str | None
    damage: tuple[str, ...]
    undrawn: PreconditionError | None


def run_page(runs: Path, name: str | None) -> RunPage:
    """Check a run and write its page.

    Raises
    ------
    PreconditionError, SchemaError
        If there is no such run, or one that is intact cannot be read.
    """
    path = find_run(runs, name)
    checks = check_integrity(Subject(path, is_run=True))
    damage = tuple(check.detail for check in checks if check.outcome is not Outcome.SAME)
    try:
        if is_command(path):
            return RunPage(path, _command_page(path, damage), damage, None)
        facts = facts_of(read_run(path), damage)
    except PreconditionError:
        if not damage:
            raise
        return RunPage(path, None, damage, None)
    try:
        require("a picture")
    except PreconditionError as error:
        return RunPage(path, html(facts), damage, error)
    from repro.report.plots.run import draw  # noqa: PLC0415  # an extra, and slow to import

    return RunPage(path, html(facts, draw(facts)), damage, None)


def _command_page(path: Path, damage: tuple[str, ...]) -> str:
    run = read_command(path)
    return command_html(command_facts(path.name, run.record, run.environment, damage))


def facts_of(run: StoredRun, damage: tuple[str, ...] = ()) -> Facts:
    """Return the facts for documents about the run of an experiment."""
    config = parse_config(run.config, "config.json")
    return Facts(
        run_id=run.lineage.run_id,
        config=config.model_dump(mode="json", by_alias=True),
        rows=run.dataset.rows,
        content=run.dataset.content,
        keys=run.snapshot.keys,
        metrics=run.metrics,
        threshold=run.threshold,
        stages=run.stages,
        environment=run.environment,
        predictions=run.predictions,
        search=run.search,
        baseline=run.drift_baseline,
        request=Request.of(run.lineage),
        damage=damage,
    )

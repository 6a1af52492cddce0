"""The run of a recorded command as Markdown and as one HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.report.templating import templates

if TYPE_CHECKING:
    from repro.core.environment_file import EnvironmentFile
    from repro.core.observed import Observed
    from repro.core.record import CommandRecipe, RunRecord

_MARKDOWN = "command.md.j2"


@dataclass(frozen=True)
class CommandFacts:
    """The facts for a report on a recorded command.

    Attributes
    ----------
    damage : tuple of str
        Sentences on files of the run that changed after it was written; empty if it is intact.
    """

    run_id: str
    record: RunRecord
    recipe: CommandRecipe | None
    observed: Observed
    environment: EnvironmentFile
    damage: tuple[str, ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that are results on their own, without cells of tables and samples."""
        return {n: v for n, v in self.record.evidence.numbers.items() if not n.endswith("]")}


def prepare() -> None:
    """Load the templates of the Markdown, so that the next report is written at once."""
    templates().get_template(_MARKDOWN)


def command_markdown(facts: CommandFacts) -> str:
    """Return the run of a command as Markdown."""
    return templates().get_template(_MARKDOWN).render(facts=facts)


def command_html(facts: CommandFacts) -> str:
    """Return the run of a command as an HTML page without scripts and external files."""
    return templates().get_template("command.html.j2").render(facts=facts)

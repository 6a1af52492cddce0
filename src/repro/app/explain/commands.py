"""The use case ``explain`` for a recorded command: run it again until its bits appear.

Levels, code paths and packages are restored as for an experiment. Causes that depend on chance are
fixed instead, as ``chance`` describes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from repro.app.explain.chance import (
    can_be_fixed,
    search_chance,
    sentence_of_chance,
    why_not_fixed,
)
from repro.app.explain.counterfactuals import Counterfactuals, Effort
from repro.app.explain.interventions import Intervention, level_suspect, settings_of
from repro.app.explain.no_divergence import has_same_outputs_at
from repro.app.explain.reporting import report, sentence_of
from repro.app.explain.search import search
from repro.app.explain.tensors import not_taken
from repro.app.repeat import Repetition, compared, obstacles, perform_again
from repro.app.subjects.commands import command_of
from repro.app.subjects.recorded import Named
from repro.core.errors import PreconditionError
from repro.core.record import RunRecord
from repro.core.verdict import Suspect, Verdict
from repro.divergence.aligned import aligned
from repro.divergence.chance import ORDER, STATE
from repro.execution.recording import Changes, interpreter_of
from repro.launch import Level, lacking, pinned

if TYPE_CHECKING:
    from repro.app.explain.debian import Release
    from repro.app.explain.packages import Throwaway
    from repro.core.explanation import Explanation
    from repro.core.verdict import Divergence


@dataclass(frozen=True)
class Command:
    """A recorded command, which runs in a copy of its folder."""

    question: Repetition

    def conflict(self, intervention: Intervention) -> str:  # noqa: ARG002 - protocol
        """Return nothing: variables, seeds and packages go together."""
        return ""

    def train(self, intervention: Intervention, throwaway: Throwaway | None) -> RunRecord:
        """Run the command, and name its steps as the record does.

        Raises
        ------
        PreconditionError
            If it fails, or as ``perform_again``.
        """
        variables = dict(intervention.settings)
        if throwaway and intervention.packages:
            inherited = pinned(self._level, os.environ)
            variables["PYTHONPATH"] = throwaway.path(intervention.packages, inherited)
        changes = Changes(variables, intervention.seeds)
        made = perform_again(replace(self.question, changes=changes), _nothing)
        if made.observed and made.observed.status:
            raise PreconditionError(f"the command failed with status {made.observed.status}")
        if broken := not_taken(variables, made.environment.tensors or {}):
            raise PreconditionError(broken)
        return made.with_stages(aligned(self.question.expected.stages, made.stages).stages)

    def no_packages(self) -> str:
        """Return why other versions cannot be tried: wheels are fetched for the running Python."""
        recipe = command_of(self.question.expected)
        python = interpreter_of(recipe.argv, self.question.folder) if recipe else sys.executable
        if Path(python).resolve() == Path(sys.executable).resolve() or _takes_same_wheels(python):
            return ""
        return f"packages are fetched for {sys.executable}, and the command runs {python}"

    def no_tree(self, release: Release, *, fetch: bool) -> str:  # noqa: ARG002 - protocol
        """Return that no tree can be used: trees have the packages of experiments only."""
        return f"a command is not run in a tree of {release.title}"

    @property
    def _level(self) -> Level:
        return Level(self.question.level or "")


def explain_command(question: Repetition, against: Named | None, effort: Effort) -> Explanation:
    """Find out why the record of a command and a run of it on this machine diverge.

    Parameters
    ----------
    question : Repetition
        The record to explain; its tolerance must be exact.
    against : Named, optional
        A record whose level and differing settings the first run has.

    Raises
    ------
    PreconditionError
        If the command cannot be run again, its data is missing, or the first run fails.
    """
    expected = question.command
    start = Intervention()
    other = None
    if against:
        other = _same_command(question.name, expected, against)
        start = Intervention(settings_of(other, expected))
    level = Level((other or expected).environment.level)
    question = replace(question, level=str(Level.STRICT if lacking(level) else level))
    named = Named(question.name, expected)
    trials = Counterfactuals(Command(question), named, against, effort, start)
    for reason in obstacles(expected, question.folder):
        return report(trials, f"not explained: {reason}", explained=False)
    if against and other and compared(question, other)[0].verdict is Verdict.IDENTICAL:
        sentence = f"nothing to explain: {against.name} has the same bits"
        return report(trials, sentence, explained=True)
    actual = trials.train((), start)
    if actual is None:
        raise PreconditionError(
            f"the run on this machine did not finish: {trials.made[0].failure}",
            advice="see what it prints: repro verify",
        )
    trials.actual = actual
    return _compared_with(trials, question, actual)


def _compared_with(trials: Counterfactuals, question: Repetition, actual: RunRecord) -> Explanation:
    comparison, suspects = compared(question, actual)
    if comparison.verdict is Verdict.IDENTICAL:
        sentence = "nothing to explain: this run has the record's bits"
        if trials.against:
            other = trials.against.name
            sentence = (
                f"not explained: a run with the settings of {other} gives the bits of"
                f" {question.name}, not its own; explain {other} separately"
            )
        return report(trials, sentence, explained=not trials.against)
    refused = actual.observed is not None and actual.observed.refused
    diverged = comparison.divergence
    if refused or diverged is None:
        what = "" if refused else "no step diverges, yet "
        return report(trials, f"not explained: {what}{comparison.reasons[0]}", explained=False)
    trials.divergence = diverged
    level = level_suspect(trials.expected.environment, actual.environment)
    causes = (*([level] if level else []), *(each for each in suspects if each.can_act))
    return _searched(trials, actual, causes, diverged)


def _searched(
    trials: Counterfactuals, actual: RunRecord, causes: tuple[Suspect, ...], diverged: Divergence
) -> Explanation:
    left = tuple(each for each in causes if can_be_fixed(each))
    others = tuple(each for each in causes if each not in left)
    if not any(each.cause == ORDER for each in left):
        left += _unseen_order(trials, actual)
    by_chance: tuple[Suspect, ...] = ()
    confirmed: tuple[str, ...] = ()
    untried: dict[str, str] = {}
    drawn = any(name.startswith(STATE) for name in diverged.inputs)
    if drawn:
        by_chance = search_chance(trials, left)
    if not by_chance:
        confirmed, untried = search(trials, actual, others)
    if not by_chance and not confirmed and not drawn:
        by_chance = search_chance(trials, left)
    confirmed = confirmed or tuple(each.cause for each in by_chance)
    whole = any(trial.confirms and trial.agreeing == trial.outputs for trial in trials.made)
    kept = () if confirmed and whole else causes
    rest = tuple(each for each in kept if each.cause not in confirmed)
    reasons = untried | {e.cause: why for e in rest if (why := why_not_fixed(trials, e))}
    if by_chance:
        sentence = sentence_of_chance(trials, diverged.stage, by_chance)
    else:
        sentence = sentence_of(trials, diverged.stage, confirmed, rest)
    return report(
        trials,
        sentence + _unlike_other(trials, diverged.stage, actual),
        explained=bool(confirmed),
        confirmed=confirmed,
        suspected=rest,
        untried={each.cause: reasons[each.cause] for each in rest if each.cause in reasons},
    )


def _unseen_order(trials: Counterfactuals, actual: RunRecord) -> tuple[Suspect, ...]:
    """Return the order of sets as a cause, if the hash seed is random on a side."""
    seeds = trials.expected.environment.hash_seed, actual.environment.hash_seed
    if seeds != (None, None):
        return ()
    rule = "it depends on the hash seed"
    return (Suspect(cause=ORDER, differences={"hash_seed": seeds}, rule=rule, can_act=True),)


def _unlike_other(trials: Counterfactuals, stage: str, actual: RunRecord) -> str:
    if trials.against is None:
        return ""
    other = trials.against.record
    other = other.with_stages(aligned(trials.expected.stages, other.stages).stages)
    if has_same_outputs_at(stage, actual, other):
        return ""
    return f"; the bits of this run differ from those of {trials.against.name} at that step"


def _same_command(name: str, expected: RunRecord, against: Named) -> RunRecord:
    other = against.record
    if not isinstance(other, RunRecord) or other.identity != expected.identity:
        raise PreconditionError(
            f"{name} and {against.name} are of different commands or inputs",
            advice="see which: repro compare",
        )
    return other


def _takes_same_wheels(python: str) -> bool:
    """Return whether a Python imports the extension modules of the running one."""
    question = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"
    try:
        done = subprocess.run(
            [python, "-I", "-c", question], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.stdout.strip() == str(sysconfig.get_config_var("EXT_SUFFIX"))


def _nothing(_block: bytes) -> None:
    """Discard the output of the command."""

"""Gates: what a candidate must reach in a metric, beside a base, to be accepted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.metrics import METRICS
from repro.config.named_metrics import ALIASES
from repro.core.errors import ConfigError
from repro.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.config.data import Task
    from repro.config.metrics import Metric

BETTER, NO_WORSE = "better", "no-worse"
_FORM = "expected 'METRIC better' or 'METRIC no-worse NUMBER'"
# Below the first an interval leaves out more than it holds. Beyond the second the tails need more
# resamples than a check of a pull request has time for.
_LEAST_LEVEL, _GREATEST_LEVEL = 0.5, 0.999


@dataclass(frozen=True)
class Gate:
    """A requirement of the difference between a candidate and a base in one metric.

    Attributes
    ----------
    metric : str
    requirement : str
        ``better`` or ``no-worse``.
    margin : float
        The loss that ``no-worse`` allows, in the units of the metric; 0 for ``better``.
    text : str
        As it was asked, with single spaces.
    """

    metric: str
    requirement: str
    margin: float
    text: str


def parse_gates(expressions: Iterable[str]) -> tuple[Gate, ...]:
    """Read gates as they are written on the command line.

    Raises
    ------
    ConfigError
        If one has a different form, or occurs twice.

    Examples
    --------
    >>> parse_gates(["roc_auc no-worse 0.002"])[0].margin
    0.002
    """
    found: dict[str, Gate] = {}
    for expression in expressions:
        gate = _parsed(expression)
        if gate.text in found:
            raise ConfigError(f"--gate '{gate.text}': is given twice", advice="give it once")
        found[gate.text] = gate
    return tuple(found.values())


def _parsed(expression: str) -> Gate:
    where, words = f"--gate '{expression}'", expression.split()
    if len(words) < 2:
        raise ConfigError(f"{where}: {_FORM}", advice="such as 'roc_auc no-worse 0.002'")
    metric, requirement, *rest = words
    if requirement not in {BETTER, NO_WORSE}:
        raise ConfigError(
            f"{where}: unknown requirement '{requirement}', {_FORM}",
            advice=did_you_mean(requirement, (BETTER, NO_WORSE)),
        )
    wanted = int(requirement == NO_WORSE)
    if len(rest) != wanted:
        what = "needs one number after it" if wanted else "takes no number"
        raise ConfigError(
            f"{where}: '{requirement}' {what}, found '{' '.join(rest)}'",
            advice=f"write '{metric} {requirement}{' 0.002' if wanted else ''}'",
        )
    margin = _margin(where, rest[0]) if rest else 0.0
    return Gate(metric, requirement, margin, " ".join(words))


def _margin(where: str, text: str) -> float:
    try:
        # Python also reads 1_0, and digits of other scripts.
        margin = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        margin = math.nan
    if not math.isfinite(margin) or margin < 0:
        raise ConfigError(
            f"{where}: expected a number of at least 0 after '{NO_WORSE}', found '{text}'",
            advice="give the loss that you accept, in the units of the metric, such as 0.002",
        )
    return margin


def check_level(level: float, where: str) -> float:
    """Return the level of the intervals if gates can use it.

    Raises
    ------
    ConfigError
    """
    if not _LEAST_LEVEL <= level <= _GREATEST_LEVEL:
        raise ConfigError(
            f"{where}: {level:g}, expected a level from {_LEAST_LEVEL} to {_GREATEST_LEVEL}",
            advice="write --level 0.95",
        )
    return level


def find_metric(gate: Gate, task: Task, known: Sequence[Metric]) -> Metric:
    """Return the metric of a gate.

    Parameters
    ----------
    known : sequence of Metric
        Those of the task.

    Raises
    ------
    ConfigError
        If there is no such metric, with the nearest name.
    """
    for metric in known:
        if metric.name == gate.metric:
            return metric
    start = f"--gate '{gate.text}'"
    other = next((metric for metric in METRICS if metric.name == gate.metric), None)
    names = [metric.name for metric in known]
    if other is not None:
        tasks = " and ".join(sorted(other.tasks))
        raise ConfigError(
            f"{start}: '{gate.metric}' is for {tasks} tasks, and this one is {task}",
            advice=f"known: {', '.join(names)}",
        )
    raise ConfigError(f"{start}: unknown metric '{gate.metric}'", advice=_nearest(gate, known))


def _nearest(gate: Gate, known: Sequence[Metric]) -> str:
    word = gate.metric.lower().replace("-", "_")
    word = ALIASES.get(word, word)
    meant = [m.name for m in known if word in (m.name, *m.synonyms)]
    meant = meant or [m.name for m in known if word in m.shared]
    if meant:
        return f"did you mean '{' or '.join(meant)}'?"
    if word in ALIASES.values():
        return f"declare '{word}' under 'metrics' of the experiment, and train both again"
    return did_you_mean(gate.metric, [metric.name for metric in known])

"""The findings of a comparison, in words that every form of its report shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.core.verdict import Comparison, Divergence


def number(value: float) -> str:
    """Write a number for people: four decimals, or four digits where it is large or tiny.

    Examples
    --------
    >>> number(0.84251), number(55.1234567), number(0.0)
    ('0.8425', '55.12', '0.0000')
    """
    tiny, large = 1e-3, 10
    if value and not tiny <= abs(value) < large:
        return f"{value:.4g}"
    return f"{value:.4f}"


def of_inputs(divergence: Divergence) -> str:
    """Describe whether the inputs of the first divergent stage agree.

    Examples
    --------
    >>> from repro.core.verdict import Divergence
    >>> of_inputs(Divergence(stage="fit", outputs=("estimator",)))
    'its inputs agree'
    >>> of_inputs(Divergence(stage="split", outputs=("train_rows",), inputs=("target", "task")))
    'its inputs target, task differ'
    """
    if not divergence.inputs:
        return "its inputs agree"
    if len(divergence.inputs) == 1:
        return f"its input {divergence.inputs[0]} differs"
    return f"its inputs {', '.join(divergence.inputs)} differ"


def of_part(divergence: Divergence) -> str:
    """Name the first part that differs, where the first divergent stage records no parts.

    Examples
    --------
    >>> from repro.core.verdict import Divergence
    >>> of_part(Divergence(stage="cross_validate", outputs=("out_of_fold",), part="line/scale"))
    'line/scale is the first part that differs in the fit on all training rows'
    """
    rest = "is the first part that differs in the fit on all training rows"
    return f"{divergence.part} {rest}" if divergence.part else ""


def of_tolerance(comparison: Comparison) -> str:
    """Describe what was allowed: its origin, or else its size."""
    if comparison.basis:
        return comparison.basis
    if comparison.absolute == comparison.relative == 0:
        return "none: the same bits"
    return f"absolute {comparison.absolute:g}, relative {comparison.relative:g}"

"""What commands that compare tell a person in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.cli import cells, output

if TYPE_CHECKING:
    from repro.core.verdict import Comparison

line = cells.cell


def tell_measure(comparison: Comparison) -> None:
    """Tell what was to be expected, and what was allowed where something differs."""
    from repro.divergence.sentences import of_tolerance

    if comparison.expectation:
        output.field("bits", line(comparison.expectation))
    if comparison.verdict in {"equivalent", "different"}:
        # Where nothing differs, or nothing was compared, it allowed nothing.
        output.field("tolerance", line(of_tolerance(comparison)))


def tell_divergence(comparison: Comparison) -> None:
    """Tell the first stage that parts, if any does."""
    from repro.divergence.sentences import of_inputs

    parted = comparison.divergence
    if parted is not None:
        outputs = ", ".join(parted.outputs)
        output.field("parts", line(f"at {parted.stage} ({outputs}): {of_inputs(parted)}"))

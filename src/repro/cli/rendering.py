"""Output that all comparing commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.cli import cells, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.core.verdict import Comparison, Suspect

_SHOWN, _WIDE = 3, 60

line = cells.cell


def render_expectation(comparison: Comparison) -> None:
    """Print the expectation, and the tolerance if something differs."""
    from repro.core.sentences import of_tolerance

    if comparison.expectation:
        output.field("bits", line(comparison.expectation))
    if comparison.verdict in {"equivalent", "different"}:
        # Where nothing differs, or nothing was compared, it allowed nothing.
        output.field("tolerance", line(of_tolerance(comparison)))


def render_divergence(comparison: Comparison) -> None:
    """Print the first divergent stage, if there is one."""
    from repro.core.sentences import of_inputs, of_part

    divergence = comparison.divergence
    if divergence is not None:
        outputs = ", ".join(divergence.outputs)
        where = f"at {divergence.stage} ({outputs})"
        output.field("diverges", line(f"{where}: {of_inputs(divergence)}"))
        if part := of_part(divergence):
            output.field("", line(part))


def render_suspects(suspects: Sequence[Suspect]) -> None:
    """Print what can explain a divergence, with the first differences of each, and what cannot."""
    for suspect in suspects:
        pairs = list(suspect.differences.items())
        shown = [difference(key, pair) for key, pair in pairs[:_SHOWN]]
        shown += [f"and {len(pairs) - _SHOWN} more"] if len(pairs) > _SHOWN else []
        if suspect.can_act:
            output.field("suspected", line(f"{suspect.cause}: {suspect.rule}"))
            for each in shown:
                output.field("", line(each))
    cannot = [suspect.cause for suspect in suspects if not suspect.can_act]
    if cannot:
        output.field("cannot act", line(", ".join(cannot)))


def difference(key: str, pair: tuple[object, object]) -> str:
    """Format a value that differs between the reference and this run."""
    there, here = map(_short, pair)
    return f"{key}: reference {there}, this run {here}"


def _short(value: object) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = output.short(words) if ":" in words else words
    if value is None or not text:
        return "none"
    return f"{text[:_WIDE]}…" if len(text) > _WIDE else text

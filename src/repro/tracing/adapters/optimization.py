"""SciPy's optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repro.tracing.recorder import Recorder


def scipy(module: Any, recorder: Recorder) -> None:
    """Make the optimizers steps."""
    names = ("minimize", "minimize_scalar", "least_squares", "curve_fit", "differential_evolution")
    recorder.wrap(module, (*names, "dual_annealing", "basinhopping", "root", "linprog"), "function")

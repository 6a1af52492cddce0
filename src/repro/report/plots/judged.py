"""Pictures of how the held-out rows were judged: ROC curve, calibration and residuals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from repro.core.sentences import number
from repro.report.plots.dots import scatter, thinned
from repro.report.plots.svg import FAR, NEAR, SOFT, picture

if TYPE_CHECKING:
    import numpy.typing as npt
    from markupsafe import Markup
    from matplotlib.figure import Figure

    Array = npt.NDArray[np.float64]
    Hits = npt.NDArray[np.bool_]

_BINS = 10
_STEPS = 400  # how many places along an axis a curve can distinguish


@dataclass(frozen=True)
class Calibration:
    """Rows in bins of equal width by their score.

    Attributes
    ----------
    score, share : ndarray of float64, shape (n_bins,)
        The mean score of the rows of a bin, and the share of them that is positive.
    rows : ndarray of int64, shape (n_bins,)
        How many rows it has; bins without rows are left out.
    """

    score: Array
    share: Array
    rows: npt.NDArray[np.int64]


def roc(positive: Hits, scores: Array) -> tuple[Array, Array]:
    """Return the false and the true positive rate above each score, the highest score first.

    Both begin at 0; equal scores are one threshold.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    found = np.cumsum(positive[order])[last]
    wrong = last + 1 - found
    negative = len(positive) - int(positive.sum())
    rates = wrong / max(negative, 1), found / max(int(positive.sum()), 1)
    return np.append(0.0, rates[0]), np.append(0.0, rates[1])


def calibration(positive: Hits, scores: Array) -> Calibration:
    """Compare predicted probabilities with what happened, in ten bins of equal width."""
    place = np.searchsorted(np.linspace(0, 1, _BINS + 1)[1:-1], scores)
    rows = np.bincount(place, minlength=_BINS)
    kept = rows > 0
    counts = rows[kept]
    score = np.bincount(place, scores, _BINS)[kept] / counts
    share = np.bincount(place, positive, _BINS)[kept] / counts
    return Calibration(score, share, counts)


def draw_roc(positive: Hits, scores: Array) -> Markup:
    """Draw the true positive rate against the false positive rate."""
    wrong, found = roc(positive, scores)
    places = np.rint(_STEPS * wrong) * (_STEPS + 1) + np.rint(_STEPS * found)
    kept = np.flatnonzero(np.diff(places, append=np.nan) != 0)

    def draw(figure: Figure) -> None:
        """Draw the curve and the diagonal."""
        axes = figure.subplots()
        axes.plot(wrong[kept], found[kept], color=NEAR, linewidth=1.6, label="held-out rows")
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--", label="a guess")
        axes.set(
            xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), xlabel="false positive rate",
            ylabel="true positive rate",
        )  # fmt: skip
        axes.grid()
        figure.legend(loc="outside upper left", ncols=2)

    area = float(np.sum(np.diff(wrong) * (found[1:] + found[:-1]) / 2))
    said = f"The area under the curve is {number(area)} of {len(positive)} held-out rows."
    return picture("roc", draw, (5, 4.6), "ROC curve", said)


def draw_calibration(positive: Hits, scores: Array) -> Markup:
    """Draw the share of positive rows against the predicted probability."""
    found = calibration(positive, scores)
    sizes = 20 + 180 * found.rows / found.rows.max()

    def draw(figure: Figure) -> None:
        """Draw the bins and the diagonal."""
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--", label="calibrated")
        axes.plot(found.score, found.share, color=NEAR, linewidth=1)
        axes.scatter(
            found.score, found.share, s=sizes, facecolors="none", edgecolors=FAR,
            label="a bin; the larger, the more rows",
        )  # fmt: skip
        axes.set(
            xlim=(-0.04, 1.04), ylim=(-0.04, 1.06), xlabel="mean predicted probability",
            ylabel="share of positive rows",
        )  # fmt: skip
        axes.grid()
        figure.legend(loc="outside upper left", ncols=1)

    worst = float(np.abs(found.score - found.share).max())
    said = f"The widest gap between probability and share in a bin is {number(worst)}."
    return picture("calibration", draw, (5, 4.6), "Calibration", said)


def draw_residuals(dots: Array) -> Markup:
    """Draw actual less predicted against predicted values."""
    pairs = np.column_stack([dots[:, 1], dots[:, 0] - dots[:, 1]])

    def draw(figure: Figure) -> None:
        """Draw a ring for each row, and the line of no error."""
        axes = figure.subplots()
        axes.axhline(0, color=SOFT, linewidth=1, label="exact", zorder=0)
        scatter(axes, thinned(pairs), "o", NEAR, size=22)
        axes.set(xlabel="predicted", ylabel="actual less predicted")
        axes.grid()
        figure.legend(loc="outside upper left")

    said = f"The mean of actual less predicted is {number(float(pairs[:, 1].mean()))}."
    return picture("residuals", draw, (5, 4.4), "Residuals", said)

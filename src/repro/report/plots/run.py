"""Pictures of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from repro.config.metrics import shares as shares_of_scale
from repro.config.named_metrics import metrics_in
from repro.core.sentences import number
from repro.report.plots.dots import GREATEST, scatter, thinned
from repro.report.plots.judged import draw_calibration, draw_residuals, draw_roc
from repro.report.plots.svg import FAR, NEAR, SOFT, picture
from repro.report.texts import percent, short

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt
    from markupsafe import Markup
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from repro.core.records import Estimate, FoldScores, Metrics, Predictions, Threshold
    from repro.report.run import Facts

    Array = npt.NDArray[np.float64]

_LINES, _NAME = 40, 40
_STEPS = 400  # how many places along an axis a curve can distinguish


@dataclass(frozen=True)
class Curve:
    """Precision and recall over falling scores.

    Attributes
    ----------
    recall, precision : ndarray of float64, shape (n_scores,)
        One point for each distinct score; recall ascends.
    """

    recall: Array
    precision: Array


def draw(facts: Facts) -> dict[str, Markup]:
    """Draw what the task has: metrics and folds always, then curves or scatters.

    Returns
    -------
    dict of str to Markup
        By the picture's name.
    """
    more = {each.name for each in metrics_in(facts.config.get("metrics")) if each.share}
    drawn = {"metrics": _metrics(facts.metrics, more)} if facts.metrics.test else {}
    if facts.metrics.cross_validation:
        drawn["folds"] = _folds(facts.metrics)
    found = _hits(facts.predictions)
    if found is not None:
        drawn["curve"] = _precision_recall(*found, facts)
        drawn["roc"] = draw_roc(*found)
        if "log_loss" in facts.metrics.test:
            drawn["calibration"] = draw_calibration(*found)
    numbers = _numbers(facts.predictions)
    if len(numbers):
        drawn["actual"] = _actual(numbers)
        drawn["residuals"] = draw_residuals(numbers)
    return drawn


def _metrics(metrics: Metrics, declared: Collection[str] = ()) -> Markup:
    names, known = list(metrics.test)[:_LINES], {*shares_of_scale(), *declared}
    # Metrics that lie between 0 and 1 share a scale; every other one has its own.
    shares = [name for name in names if name in known and _is_share(metrics.test[name])]
    panels = [shares] if shares else []
    panels += [[name] for name in names if name not in shares]

    def draw(figure: Figure) -> None:
        """Draw one panel for the shares, and one for each other metric."""
        heights = [len(panel) + 0.6 for panel in panels]
        grid = figure.subplots(
            len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights}
        )
        for axes, panel in zip(grid[:, 0], panels, strict=True):
            _intervals(axes, panel, metrics)
        if shares:
            grid[0, 0].set_xlim(-0.02, 1.02)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=3)

    height = 0.4 + sum(0.42 + 0.24 * len(panel) for panel in panels)
    best = ", ".join(f"{short(name, _NAME)} {number(metrics.test[name].value)}" for name in names)
    said = f"{best}. The table has the intervals and the constant guess."
    return picture("metrics", draw, (6.2, height), "Metrics with their intervals", said)


def _is_share(estimate: Estimate) -> bool:
    return all(0 <= value <= 1 for value in (estimate.value, *_ends(estimate)))


def _ends(estimate: Estimate) -> tuple[float, float]:
    """Return the interval of a metric; without one, a line of no length."""
    return estimate.interval or (estimate.value, estimate.value)


def _intervals(axes: Axes, names: Sequence[str], metrics: Metrics) -> None:
    """Draw a line for each metric; all of them on one scale."""
    places = range(len(names))
    estimates = [metrics.test[name] for name in names]
    if any(estimate.interval for estimate in estimates):
        low, high = zip(*map(_ends, estimates), strict=True)
        axes.hlines(
            places, [_drawable(each) for each in low], [_drawable(each) for each in high],
            color=NEAR, linewidth=2, label="bootstrap interval",
        )  # fmt: skip
    values = [_drawable(estimate.value) for estimate in estimates]
    axes.scatter(values, places, s=36, c=NEAR, label="held-out rows", zorder=3)
    guesses = [
        (metrics.constant[name], place)
        for place, name in enumerate(names)
        if name in metrics.constant
    ]
    if guesses:
        across, up = zip(*guesses, strict=True)
        axes.scatter(
            [_drawable(value) for value in across], up, s=36, marker="D", facecolors="none",
            edgecolors=SOFT, label="constant guess",
        )  # fmt: skip
    axes.set_yticks(places, [short(name, _NAME) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")


def _folds(metrics: Metrics) -> Markup:
    families = list(metrics.cross_validation.items())[:_LINES]

    def draw(figure: Figure) -> None:
        """Draw the fold scores of each family."""
        axes = figure.subplots()
        for place, (family, scores) in enumerate(families):
            _family(axes, place, scores, NEAR if family == metrics.model else SOFT)
        labels = [_labelled(family, metrics.model) for family, _ in families]
        axes.set_yticks(range(len(families)), labels)
        axes.set(ylim=(len(families) - 0.5, -0.5), xlabel=short(metrics.selection_metric, _NAME))
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.grid(axis="x")
        handles, named = axes.get_legend_handles_labels()
        figure.legend(handles[:2], named[:2], loc="outside upper left", ncols=2)

    said = "; ".join(f"{_labelled(f, metrics.model)}: {number(s.mean)}" for f, s in families)
    size = (6.2, 1.1 + 0.34 * len(families))
    return picture(
        "folds", draw, size, f"Mean {short(metrics.selection_metric, _NAME)} over folds", said
    )


def _family(axes: Axes, place: int, scores: FoldScores, colour: str) -> None:
    folds = [_drawable(score) for score in scores.folds]
    axes.scatter(
        folds, [place] * len(folds), s=30, facecolors="none", edgecolors=colour, label="a fold"
    )
    axes.scatter(
        [_drawable(scores.mean)], [place], s=160, marker="|", c=colour, linewidths=2.5, label="mean"
    )


def _labelled(family: str, selected: str) -> str:
    return short(family, _NAME) + (" (selected)" if family == selected else "")


def _hits(predictions: Predictions) -> tuple[npt.NDArray[np.bool_], Array] | None:
    """Return which rows of a binary task are positive, and their scores."""
    rows = [row for row in predictions.rows if isinstance(row.truth, str) and row.scores]
    if len(predictions.scores) != 1 or not rows:
        return None
    positive = np.array([row.truth == predictions.scores[0] for row in rows])
    return (positive, np.array([row.scores[0] for row in rows])) if positive.any() else None


def precision_recall(positive: npt.NDArray[np.bool_], scores: Array) -> Curve:
    """Judge every threshold, the highest score first; equal scores are one threshold."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    found = np.cumsum(positive[order])[last]
    return Curve(found / positive.sum(), found / (last + 1))


def _visible(curve: Curve) -> Curve:
    """Leave out the points that lie on the one before."""
    places = np.rint(_STEPS * curve.recall) * (_STEPS + 1) + np.rint(_STEPS * curve.precision)
    kept = np.flatnonzero(np.diff(places, append=np.nan) != 0)
    return Curve(curve.recall[kept], curve.precision[kept])


def _precision_recall(positive: npt.NDArray[np.bool_], scores: Array, facts: Facts) -> Markup:
    curve = _visible(precision_recall(positive, scores))
    share = float(positive.mean())
    chosen = _at_decision(facts.predictions)

    def draw(figure: Figure) -> None:
        """Draw precision against recall."""
        axes = figure.subplots()
        axes.step(
            [0.0, *curve.recall], [curve.precision[0], *curve.precision], where="pre", color=NEAR,
            linewidth=1.6, label="held-out rows, at every threshold",
        )  # fmt: skip
        axes.axhline(
            share, color=SOFT, linewidth=1, linestyle="--", label=f"positive rows, {percent(share)}"
        )
        _mark_decision(axes, chosen, facts.threshold)
        label = short(facts.predictions.scores[0], _NAME)
        axes.set(
            xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), xlabel=f"recall of {label}",
            ylabel=f"precision of {label}",
        )  # fmt: skip
        axes.grid()
        figure.legend(loc="outside upper left", ncols=1)

    said = f"{percent(share)} of {len(positive)} held-out rows are positive."
    if chosen:
        recall, precision = map(number, chosen)
        said = f"At the decision threshold, recall {recall}, precision {precision}. {said}"
    return picture("curve", draw, (5, 4.6), "Precision against recall", said)


def _at_decision(predictions: Predictions) -> tuple[float, float] | None:
    """Return recall and precision of the labels that the run gave."""
    positive = predictions.scores[0]
    truth = np.array([row.truth == positive for row in predictions.rows])
    label = np.array([row.label == positive for row in predictions.rows])
    hits = int((truth & label).sum())
    return (hits / int(truth.sum()), hits / int(label.sum())) if label.any() else None


def _mark_decision(axes: Axes, chosen: tuple[float, float] | None, threshold: Threshold) -> None:
    limit = "" if threshold.threshold is None else f" {number(threshold.threshold)}"
    if chosen is not None:
        axes.scatter(*chosen, s=70, c=FAR, zorder=4, label=f"decision threshold{limit}")
    if threshold.recall is not None and threshold.precision is not None:
        axes.scatter(
            threshold.recall, threshold.precision, s=70, facecolors="none", edgecolors=FAR,
            linewidths=1.5, zorder=4, label="the same out of fold, in the training rows",
        )  # fmt: skip


def _numbers(predictions: Predictions) -> Array:
    """Return truth and prediction of a regression, of shape (n_rows, 2)."""
    pairs = [(row.truth, row.label) for row in predictions.rows]
    numeric = [pair for pair in pairs if not any(isinstance(value, str) for value in pair)]
    dots = np.array(numeric, dtype=np.float64).reshape(-1, 2)
    return dots[(np.abs(dots) < GREATEST).all(axis=1)]


def _actual(dots: Array) -> Markup:
    def draw(figure: Figure) -> None:
        """Draw predicted against actual values."""
        axes = figure.subplots()
        ends = [dots.min(), dots.max()]
        axes.plot(ends, ends, color=SOFT, linewidth=1, label="exact", zorder=0)
        scatter(axes, thinned(dots), "o", NEAR, size=22)
        axes.set(xlabel="actual", ylabel="predicted")
        axes.grid()
        figure.legend(loc="outside upper left")

    above = int((dots[:, 1] > dots[:, 0]).sum())
    said = f"Of {len(dots)} held-out rows, {above} are predicted too high."
    return picture("actual", draw, (5, 4.8), "Predicted against actual", said)


def _drawable(value: float) -> float:
    return min(max(value, -GREATEST), GREATEST)

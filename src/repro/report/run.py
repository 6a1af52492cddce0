"""A run as Markdown and as one HTML page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repro.report.templating import templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from repro.core.records import (
        DriftBaseline,
        EnvironmentFile,
        Keys,
        Metrics,
        Predictions,
        Stages,
        Threshold,
    )

# How many features of a wide table the page describes.
_FEATURES = 200


@dataclass(frozen=True)
class Facts:
    """What a report tells.

    Attributes
    ----------
    damage : tuple of str
        In what the run is not what was written; empty where it is intact.
    """

    run_id: str
    config: Mapping[str, Any]
    rows: int
    content: str
    keys: Keys
    metrics: Metrics
    threshold: Threshold
    stages: Stages
    environment: EnvironmentFile
    predictions: Predictions
    baseline: DriftBaseline
    damage: tuple[str, ...] = ()


def markdown(facts: Facts) -> str:
    """Write a run as Markdown that a person can hand in."""
    return templates().get_template("run.md.j2").render(facts=facts)


def html(facts: Facts, pictures: Mapping[str, Markup] | None = None) -> str:
    """Write a run as one HTML page that loads nothing.

    Parameters
    ----------
    pictures : mapping of str to Markup, optional
        Of ``repro.report.plots.run.draw``; without them the page says how to have them.
    """
    from repro.report.confusion import confusion  # noqa: PLC0415  # needed by pages alone
    from repro.report.features import describe  # noqa: PLC0415

    features = list(facts.baseline.features.items())
    return (
        templates()
        .get_template("run.html.j2")
        .render(
            facts=facts,
            pictures=pictures or {},
            confusion=confusion(facts.predictions),
            features=[describe(name, baseline) for name, baseline in features[:_FEATURES]],
            left=len(features[_FEATURES:]),
        )
    )

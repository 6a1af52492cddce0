"""A run as Markdown and as one HTML page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repro.config.data import Task
from repro.report.importance import ranked, stability
from repro.report.templating import compiled, templates

if TYPE_CHECKING:
    from markupsafe import Markup

    from repro.core.baseline import DriftBaseline
    from repro.core.environment_file import EnvironmentFile
    from repro.core.records import (
        Keys,
        Lineage,
        Metrics,
        Predictions,
        Stages,
        Threshold,
    )
    from repro.core.searched import SearchRecord, Trial

# How many trials of a search are listed.
_TRIALS = 10
# How many features of a wide table the page describes.
_FEATURES = 200
_MARKDOWN, _PAGE = "run.md.j2", "run.html.j2"
_PROFILE = re.compile(r"(?:repro:)?configs/profiles/(.+)\.yaml")


@dataclass(frozen=True)
class Request:
    """The request that a run was trained by.

    Attributes
    ----------
    command : tuple of str
        The words of the command line.
    profile : str
        Empty where none is recorded.
    overrides : mapping of str to str
        What set a value that is not the experiment's own, by the value's dotted key.
    """

    command: tuple[str, ...] = ()
    profile: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, lineage: Lineage) -> Request:
        """Return what the lineage of a run records."""
        names = [match[1] for name in lineage.configuration if (match := _PROFILE.fullmatch(name))]
        return cls(lineage.command, names[0] if names else "", lineage.overrides or {})


@dataclass(frozen=True)
class Facts:
    """The facts of a report.

    Attributes
    ----------
    rows : int
        Of the data set; a limit may have left some of them out.
    request : Request
    damage : tuple of str
        In what the run is not what was written; empty where it is intact.
    search : SearchRecord or None
        If any candidate has a search.
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
    request: Request = field(default_factory=Request)
    damage: tuple[str, ...] = ()
    search: SearchRecord | None = None

    @property
    def used(self) -> str:
        """The rows that were trained on and held out, of how many, and what left the others out."""
        training, held_out = self.baseline.rows, self.predictions.total
        used = training + held_out
        total = "" if used == self.rows else f" of {self.rows}"
        split = self.config["split"]
        by = " and ".join(f"split.{key}" for key in ("limit", "gap") if split.get(key))
        left = f", {self.rows - used} left out by {by}" if used < self.rows and by else ""
        return f"{used}{total} rows: {training} to train on, {held_out} held out{left}"

    @property
    def held_out(self) -> str:
        """The choice of the held-out rows: only classes can be kept in proportion."""
        split = self.config["split"]
        if "kind" in split:
            return _by_column(split)
        classes = self.metrics.task != Task.REGRESSION
        strata = ", stratified by class" if classes and split["stratify"] else ""
        return f"{split['test_size']}{strata}"

    @property
    def removed(self) -> str:
        """The number of outlier rows that the model did not learn from; empty without a removal."""
        found = (self.metrics.removed or {}).get(self.metrics.model)
        if found is None:
            return ""
        own = self.config["models"].get(self.metrics.model, {}).get("preprocessing")
        settings = own or self.config["preprocessing"]
        return f"{settings['remove_rows']['method']}: {found.train} of {found.rows} training rows"

    @property
    def weighted(self) -> str:
        """The column with the weights of rows, and what they count in; empty without weights."""
        weights = self.config.get("weights")
        if not weights:
            return ""
        return f"{weights['by']}, in {'fits and metrics' if weights['metrics'] else 'fits alone'}"

    @property
    def params(self) -> dict[str, Any]:
        """The hyper-parameters of the selected model, those that a search found among them."""
        model = self.config["models"].get(self.metrics.model, {})
        found = None if self.search is None else self.search.families.get(self.metrics.model)
        params = dict(model.get("params", {}))
        if found is None:
            return params
        space = model.get("search") or {}
        resource = {space["resource"]: space["maximum"]} if space.get("maximum") else {}
        return params | dict(found.best.params) | resource

    @property
    def best_trials(self) -> dict[str, tuple[Trial, ...]]:
        """The best trials of each search, the chosen one first."""
        families = {} if self.search is None else self.search.families
        return {family: search.ranked[:_TRIALS] for family, search in families.items()}

    @property
    def overrides(self) -> list[tuple[str, object, str]]:
        """Each value that is not the experiment's own: its key, itself, and what set it."""
        return [
            (key, _value_at(self.config, key), origin)
            for key, origin in self.request.overrides.items()
        ]


def _by_column(split: Mapping[str, Any]) -> str:
    """Describe a split by a column, with every setting of it."""
    share = f"{split['test_size']}, " if "test_size" in split else ""
    gap = f", {split['gap']} rows before them left out" if split.get("gap") else ""
    folds = f", folds by {split['folds_by']}" if split.get("folds_by") else ""
    return f"{share}{split['kind'].replace('_', ' ')} by {split['by']}{gap}{folds}"


def _value_at(config: Mapping[str, Any], key: str) -> object:
    if key == "families":
        return list(config["models"])
    value: Any = config
    for part in key.split("."):
        # A name in the configuration may hold a dot itself; then only what set it is shown.
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def compile_templates() -> dict[str, bytes]:
    """Compile the templates of both documents, for ``take_compiled`` in a different process."""
    return compiled([_MARKDOWN, _PAGE])


def markdown(facts: Facts) -> str:
    """Write a run as Markdown that a person can hand in."""
    importances = ranked(facts.metrics)
    return (
        templates()
        .get_template(_MARKDOWN)
        .render(facts=facts, importances=importances, stability=stability(importances))
    )


def html(facts: Facts, pictures: Mapping[str, Markup] | None = None) -> str:
    """Write a run as one HTML page that loads nothing.

    Parameters
    ----------
    pictures : mapping of str to Markup, optional
        Of ``repro.report.plots.run.draw``; without them the page says how to have them.
    """
    from repro.report.confusion import confusion  # noqa: PLC0415  # needed by pages alone
    from repro.report.features import describe  # noqa: PLC0415

    split = facts.config["split"]
    by = () if split.get("as_feature") else (split.get("by"), split.get("folds_by"))
    dropped = {*facts.config["features"]["drop"], *by}
    # What is left out of training is nobody's business in a report.
    features = [item for item in facts.baseline.features.items() if item[0] not in dropped]
    return (
        templates()
        .get_template(_PAGE)
        .render(
            facts=facts,
            importances=ranked(facts.metrics),
            stability=stability(ranked(facts.metrics)),
            pictures=pictures or {},
            confusion=confusion(facts.predictions),
            features=[describe(name, baseline) for name, baseline in features[:_FEATURES]],
            left=len(features[_FEATURES:]),
        )
    )

"""The stages of training, and what each of them means: the one place that says so.

A stage is declared in this module and nowhere else: keys, comparisons,
explanations and the checks of a record derive what they need from ``STAGES`` and ``SETTINGS``. The
functions are named, not imported, since records are compared without importing scikit-learn.
"""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repro.core.meaning import Derivation, Meaning, Mechanism, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

FITTING = (Mechanism.FITTING, Mechanism.ARITHMETIC, Mechanism.TABLES)
COLUMNS = (Mechanism.ARITHMETIC, Mechanism.TABLES)
ARITHMETIC = (Mechanism.ARITHMETIC,)
SAMPLING = (Mechanism.SAMPLING,)
# Which prediction is a row's follows from the split.
_SCORED = ("stages.predict.scores", "stages.decide.threshold", "stages.split.test_rows")


@dataclass(frozen=True)
class Stage:
    """A named step of training.

    Attributes
    ----------
    name : str
    target : str
        ``module:function``. The function takes artefacts by the names of its parameters; it returns
        one value for each output, as a tuple where there are several.
    outputs : tuple of str
    acts : tuple of Mechanism
        The ways in which an environment can change the outputs.
    copies : dict of str to str
        Dotted name in a record, and the output that it copies unchanged. Of predictions it is a
        field of every row.
    derives : tuple of Derivation
        Values of a record that follow from outputs of this stage and of earlier ones.
    version : int
        Raised when the same inputs come to mean a different computation.
    diagnostic : bool
        Whether no metric and no prediction follows from the outputs: they only comment on them.
    setting : str
        Dotted key of the configuration without which the stage is left out; empty if it never is.
    unless : str
        Dotted key with which it is left out, since a different stage takes its place.
    details : str
        The stage whose outputs these are the parts of. Records of before may lack it.
    beside : str
        The stage after which it may begin in a copy of this process, while others run in it; empty
        if it never does.
    """

    name: str
    target: str
    outputs: tuple[str, ...]
    acts: tuple[Mechanism, ...]
    copies: Mapping[str, str] = field(default_factory=dict)
    derives: tuple[Derivation, ...] = ()
    version: int = 1
    diagnostic: bool = False
    setting: str = ""
    unless: str = ""
    details: str = ""
    beside: str = ""

    @property
    def run(self) -> Callable[..., Any]:
        """The function; its module is imported on first use."""
        function: Callable[..., Any] = pkgutil.resolve_name(self.target)
        return function

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the artefacts that the stage takes."""
        return tuple(inspect.signature(self.run).parameters)

    def can_run_beside(self, given: Container[str]) -> bool:
        """Return whether the stage may run in a copy of this process, which is not observed.

        Parameters
        ----------
        given : container of str
            The artefacts of the configuration; declared metrics may be functions of the user.
        """
        own = "metrics" in self.inputs and "metrics" in given
        return bool(self.beside) and not own


STAGES = (
    Stage(
        "split", "repro.training.splitting:split_rows", ("train_rows", "test_rows"), SAMPLING,
        copies={"predictions.row": "test_rows"},
        derives=(Derivation("held_out.rows", ("stages.split.test_rows",)),),
    ),
    Stage(
        "derive", "repro.training.stages:derive",
        ("deriver", "features", "numeric", "categorical"), COLUMNS,
    ),
    Stage("fold", "repro.training.splitting:fold_rows", ("fold_of_row",), SAMPLING),
    Stage(
        "remove", "repro.training.removal:remove_rows", ("removals", "removed"), FITTING,
        copies={"metrics.removed": "removed"}, setting="removes_rows",
    ),
    Stage(
        "preprocess", "repro.training.stages:preprocess",
        ("preprocessor", "train_matrix", "test_matrix"), COLUMNS, unless="transformers",
    ),
    Stage(
        "search", "repro.training.searching.stage:search", ("models", "trials"),
        (*FITTING, *SAMPLING), copies={"search": "trials"}, setting="searches",
    ),
    Stage(
        "cross_validate", "repro.training.fitting:cross_validate", ("out_of_fold",), FITTING,
        version=2,
    ),
    Stage(
        "select", "repro.training.selecting:select", ("cross_validation", "selected"), ARITHMETIC,
        copies={
            "metrics.model": "selected",
            "metrics.cross_validation": "cross_validation",
        },
        version=2,
    ),
    Stage(
        "decide", "repro.training.decision:decide", ("threshold",), ARITHMETIC,
        copies={"threshold": "threshold"}, version=2,
    ),
    Stage(
        "transform", "repro.training.stages:transform",
        ("transformed", "preprocessor", "train_matrix", "test_matrix"), FITTING,
        setting="transformers",
    ),
    Stage("fit", "repro.training.fitting:fit_selected", ("estimator", "converged"), FITTING),
    Stage(
        "parts", "repro.training.parts:fitted_parts", ("fitted",), FITTING,
        setting="composed", details="fit",
    ),
    Stage(
        "predict", "repro.training.stages:predict", ("scores", "labels", "margins"), FITTING,
        copies={
            "predictions.scores": "scores",
            "predictions.label": "labels",
            "predictions.margin": "margins",
        },
        derives=(
            Derivation("predictions.", _SCORED, thresholded=True),
            Derivation(
                "predictions.", (*_SCORED, "stages.predict.labels", "stages.predict.margins")
            ),
        ),
        version=2,
    ),
    Stage(
        "stop", "repro.training.stopping:stops", ("early_stopping",), ARITHMETIC,
        copies={"metrics.early_stopping": "early_stopping"}, setting="stops_early",
    ),
    Stage(
        "evaluate", "repro.training.stages:evaluate", ("test_metrics", "undefined"), ARITHMETIC,
        copies={"metrics.test": "test_metrics", "metrics.undefined": "undefined"},
        beside="predict",
    ),
    Stage(
        "constant", "repro.training.safety:guess_constant", ("constant",), ARITHMETIC,
        copies={"metrics.constant": "constant"}, beside="fold",
    ),
    Stage(
        "nested", "repro.training.nested:nested_scores", ("nested",), (*FITTING, *SAMPLING),
        copies={"metrics.nested": "nested"}, setting="evaluation.nested",
    ),
    Stage(
        "keep", "repro.training.keeping:keep", ("kept", "candidates"), FITTING,
        copies={"metrics.candidates": "candidates"}, setting="selection.keeps_all",
    ),
    Stage(
        "importance", "repro.training.importance:permutation_importance", ("importances",),
        (*FITTING, *SAMPLING), copies={"metrics.importance": "importances"},
        setting="evaluation.importance",
    ),
    Stage(
        "importance_by_fold", "repro.training.fold_importance:importance_by_fold",
        ("fold_importances",), (*FITTING, *SAMPLING),
        copies={"metrics.importance_by_fold": "fold_importances"}, setting="importance_of_folds",
    ),
    Stage(
        "differences", "repro.training.differences:paired_differences", ("differences",),
        (*ARITHMETIC, *SAMPLING), copies={"metrics.differences": "differences"},
        setting="evaluation.differences",
    ),
    Stage(
        "leakage", "repro.training.leakage:suspect_features", ("leaking",), FITTING,
        version=3, diagnostic=True, beside="fold",
    ),
    Stage(
        "drift", "repro.training.drift:drift_baseline", ("baseline",), COLUMNS,
        copies={"drift_baseline": "baseline"}, version=2, diagnostic=True, beside="fold",
    ),
    Stage(
        "check", "repro.training.safety:find", ("findings",), ARITHMETIC,
        copies={"metrics.findings": "findings"}, version=3, diagnostic=True, beside="predict",
    ),
)  # fmt: skip

SETTINGS = (
    Setting("seed", "seed", "every stage that draws has a seed derived from it", ("_seeds",)),
    Setting("target", "target", "the seeds of components follow it", ("_seeds",)),
    Setting("seeding", "seed scheme", "the seeds of components follow it", ("_seeds",)),
    Setting(
        "dataset", "data set", "training reads its table",
        (
            "frame", "frame_numeric", "target", "outcome", "split_columns", "fit_weights",
            "metric_weights", "stop_columns",
        ),
        data=True,
    ),
    # What is ignored is in no key: only diagnostic stages look at it.
    Setting("dataset", "ignored columns", "checks look at them", ("aside",), keyed=False),
    Setting("task", "task", "stages follow it", ("task", "outcome")),
    Setting("split", "split", "it decides which rows are held out", ("split",)),
    Setting("features", "features", "columns are derived by it", ("feature_settings",)),
    Setting(
        "preprocessing", "preprocessing", "it transforms the columns", ("preprocessing",)
    ),
    Setting("models", "models or hyper-parameters", "they are fitted", ("models",)),
    Setting("selection", "selection", "it decides how a model is chosen", ("selection",)),
    Setting("decision", "decision rule", "it decides the labels", ("decision",)),
    Setting("evaluation", "evaluation", "intervals are drawn by it", ("evaluation",)),
    Setting("evaluation", "evaluation", "features are shuffled by it", ("importance",)),
    Setting("metrics", "own metrics", "models are measured by them", ("metrics",)),
    Setting(
        "weights", "weights of rows", "models are fitted or measured with them",
        ("fit_weights", "metric_weights"),
    ),
    Setting("drift", "drift settings", "columns are binned by them", ("drift",), keyed=False),
    Setting(
        "safety", "limits of the checks", "findings follow them", ("safety",), keyed=False
    ),
    Setting(
        "security", "modules that are allowed", "they limit which estimators can be built",
        ("allowed_modules",), keyed=False,
    ),
)  # fmt: skip


def meaning_of(stages: Sequence[Stage]) -> Meaning:
    """Derive from the declarations of stages what a comparison needs."""
    return Meaning(
        settings=SETTINGS,
        versions={stage.name: stage.version for stage in stages if stage.version > 1},
        diagnostics=frozenset(stage.name for stage in stages if stage.diagnostic),
        optional=frozenset(stage.name for stage in stages if stage.setting or stage.unless),
        details={stage.details: stage.name for stage in stages if stage.details},
        outputs={stage.name: stage.outputs for stage in stages if not stage.details},
        copies={
            copy: f"stages.{stage.name}.{name}"
            for stage in stages
            for copy, name in stage.copies.items()
        },
        derivations=tuple(derivation for stage in stages for derivation in stage.derives),
        acts={(stage.name, stage.version): stage.acts for stage in stages},
    )


MEANING = meaning_of(STAGES)

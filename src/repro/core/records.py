"""The records of a run: one frozen type for every JSON file, each with its ``schema``."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from repro.core.candidate import Candidate, Removed
from repro.core.encoded import Encoded
from repro.core.meaning import Mechanism
from repro.core.model import Later, Record
from repro.core.stopped import Stopped

# Of the pipeline as a whole. A stage whose meaning changes has a version of its own.
STAGES_VERSION = 1

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Estimate(Record):
    """A metric on the held-out rows, with its bootstrap percentile interval if one was drawn."""

    value: float
    low: float | None = Later
    high: float | None = Later

    @model_validator(mode="after")
    def _has_both_ends(self) -> Self:
        if (self.low is None) != (self.high is None):
            raise PydanticCustomError("half_interval", "an interval needs both 'low' and 'high'")
        return self

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval, if one was drawn."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class FoldScores(Record):
    """The scores of one candidate in each fold, in the metric of selection."""

    mean: float
    std: float
    folds: tuple[float, ...]


# Kinds that say how a result was made and cast no doubt on it: `on_finding: fail` passes them.
NOTES = frozenset({"global_generator", "time_column"})


class Finding(Record):
    """A reason to doubt a result that is otherwise complete, or a note on how it was made."""

    kind: Literal[
        "leakage", "identical_rows", "identifier", "group", "time_column", "suspicious",
        "no_better_than_constant", "never_positive", "unconverged", "global_generator",
    ]  # fmt: skip
    message: str

    @property
    def is_note(self) -> bool:
        """True if it casts no doubt on the result."""
        return self.kind in NOTES


class Nested(Record):
    """An estimate of the whole procedure, the choice of the model included, by outer folds.

    Attributes
    ----------
    selected : tuple of str
        The candidate that was chosen inside each outer fold.
    metrics : dict of str to FoldScores
        Of its predictions for the outer folds; only metrics that every chosen candidate has.
    """

    selected: tuple[str, ...]
    metrics: dict[str, FoldScores]


class Metrics(Record):
    """``metrics.json``: what was measured, and nothing that differs from run to run by nature.

    Attributes
    ----------
    test : dict of str to Estimate
        Metrics of the selected model on the held-out rows.
    constant : dict of str to float
        The same metrics for a guess that ignores the features.
    undefined : dict of str to str
        Metrics of the task that this model has not, each with the reason.
    early_stopping, removed : dict by family, of those that stop early or learn without outlier rows
    differences : dict of str to Estimate, or None
        By how much the selected candidate's mean over the folds differs from each other one's.
    importance, importance_by_fold : dict of str to FoldScores, or None
        The loss in the metric of selection by shuffles of a feature, and by each fold's model.
    features : dict of str to Encoded, or None, of what transformers made of each group of columns
    candidates : dict of str to Candidate, or None, of those not selected if all models are kept
    """

    schema_: Literal["repro.metrics/v1"] = Field(alias="schema")
    task: str
    model: str
    selection_metric: str
    test: dict[str, Estimate]
    constant: dict[str, float]
    undefined: dict[str, str]
    cross_validation: dict[str, FoldScores]
    findings: tuple[Finding, ...]
    nested: Nested | None = Later
    early_stopping: dict[str, Stopped] | None = Later
    differences: dict[str, Estimate] | None = Later
    importance: dict[str, FoldScores] | None = Later
    importance_by_fold: dict[str, FoldScores] | None = Later
    candidates: dict[str, Candidate] | None = Later
    removed: dict[str, Removed] | None = Later
    features: dict[str, Encoded] | None = Later


class Threshold(Record):
    """``threshold.json``: the decision rule as it was learned from out-of-fold scores.

    Attributes
    ----------
    threshold : float or None
        The positive label is predicted at or above it; None where the largest score decides.
    reached : bool
        Whether the out-of-fold scores met the target precision.
    precision, recall : float or None
        Of the rule on the out-of-fold scores of the training rows.
    cost : float or None
        The mean cost of a row by the rule ``cost``, on the same scores.
    matrix : dict or None
        The costs of that rule, by true and by predicted label.
    """

    schema_: Literal["repro.threshold/v1"] = Field(alias="schema")
    rule: str
    threshold: float | None
    target: float | None
    reached: bool
    precision: float | None
    recall: float | None
    cost: float | None = Later
    matrix: dict[str, dict[str, float]] | None = Later


class Step(Record):
    """One named step of training and the content digest of everything in and out of it.

    Attributes
    ----------
    version : int or None
        Raised when the same inputs come to mean a different computation; None in its first version.
    acts : tuple of Mechanism or None
        The ways in which an environment can change the outputs; None where that is not recorded.
    parameters : dict of str to str, or None
        Plain values among the inputs of a call, and inside them, by dotted name: numbers as they
        are written, and digests of texts.
    """

    name: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    version: int | None = Later
    acts: tuple[Mechanism, ...] | None = Later
    parameters: dict[str, str] | None = Later


class Stages(Record):
    """``stages.json``: the steps in order; ``version`` says what they mean."""

    schema_: Literal["repro.stages/v1"] = Field(alias="schema")
    version: int
    stages: tuple[Step, ...]

    @field_validator("version")
    @classmethod
    def _known(cls, version: int) -> int:
        # Nothing says what such stages mean, and nothing that is read from them could be checked.
        if version != STAGES_VERSION:
            raise PydanticCustomError(
                "stages_version",
                "stages of version {found} are not known; this program reads version {known}: use"
                " the version of repro that wrote them",
                {"found": version, "known": STAGES_VERSION},
            )
        return version

    @field_validator("stages")
    @classmethod
    def _each_once(cls, stages: tuple[Step, ...]) -> tuple[Step, ...]:
        # Whoever looks a stage up by its name would see one of the two, and not the other.
        if len({stage.name for stage in stages}) < len(stages):
            names = Counter(stage.name for stage in stages)
            twice = next(name for name, times in names.items() if times > 1)
            raise PydanticCustomError(
                "stage_twice", "the stage '{name}' occurs twice: expected once", {"name": twice}
            )
        return stages


class Keys(Record):
    """The keys of a record: equal ones mean replicates, one training, or one environment."""

    replicate_key: str
    strict_key: str
    environment_key: str


class Snapshot(Record):
    """``snapshot.json``: the keys, and the name under which runs are compared.

    Attributes
    ----------
    parts : dict of str to str, or None
        Digest of each part of the identity that the keys are made of.
    """

    schema_: Literal["repro.snapshot/v1"] = Field(alias="schema")
    comparison_group: str
    keys: Keys
    parts: dict[str, str] | None = Later


class Seeds(Record):
    """``seeds.json``: the seed of every component, by name, and the target that they are for."""

    schema_: Literal["repro.seeds/v1"] = Field(alias="schema")
    scheme: str
    base: int
    seeds: dict[str, int]
    target: str | None = Later


class Prediction(Record):
    """One held-out row.

    Attributes
    ----------
    row : int
        Position of the row in the data set, from 0.
    truth, label : str or float
        Classes are text; targets of a regression are numbers.
    scores : tuple of float
        Probability or decision score, in the order of ``Predictions.scores``.
    margin : float or None
        Distance of the deciding score from the decision boundary; None in a regression.
    weight : float or None
        What the row counts in the metrics; None where they are not weighted.
    """

    row: int
    truth: str | float
    label: str | float
    scores: tuple[float, ...]
    margin: float | None
    weight: Annotated[float, Field(ge=0)] | None = Later


class Predictions(Record):
    """Predictions of a record: all of the held-out rows, or a sample of them, each row once."""

    total: int
    scores: tuple[str, ...]
    rows: tuple[Prediction, ...]

    @model_validator(mode="after")
    def _each_row_once(self) -> Self:
        # A row that counts three times would pass for three that agree.
        numbers = [row.row for row in self.rows]
        if len(set(numbers)) < len(numbers) or min(numbers, default=0) < 0:
            rows = Counter(numbers)
            first = next(row for row, times in rows.items() if times > 1 or row < 0)
            message = "row {row} occurs {times} times: expected rows from 0, each once"
            raise PydanticCustomError("row_twice", message, {"row": first, "times": rows[first]})
        if len(self.rows) > self.total:
            message = "found {found} rows, expected the {total} that were held out"
            context = {"found": len(self.rows), "total": self.total}
            raise PydanticCustomError("too_many_rows", message, context)
        return self


class FileEntry(Record):
    """A file of a run as it was written."""

    sha256: Sha256
    size: int


class DatasetLineage(Record):
    """The data set that a run was trained on; ``unordered`` is as in ``RecordFile``."""

    name: str
    source: str
    sha256: Sha256
    content: str
    rows: int
    unordered: str | None = Later


class Lineage(Record):
    """``lineage.json``: written last, so that its presence means a complete run.

    Attributes
    ----------
    dataset : DatasetLineage or None
        None of a recorded command, whose data is in its record.
    files : dict of str to FileEntry
        Every other file of the run folder.
    configuration : dict of str to str
        SHA-256 of every configuration file that was read.
    overrides : dict of str to str
        What set each value that the profile, an overlay or a flag set, by dotted key.
    code : dict of str to str
        SHA-256 of every file that differs from the commit, and of every loaded file of code that
        no installed package provides.
    digest : str
        Binds the rest of this file.
    loaded : tuple of str, or None
        The names in ``code`` of the files that training loaded; the others can have no effect.
    """

    schema_: Literal["repro.lineage/v1"] = Field(alias="schema")
    run_id: str
    experiment: str
    created: str
    version: str
    command: tuple[str, ...]
    dataset: DatasetLineage | None = Later
    configuration: dict[str, Sha256]
    code: dict[str, Sha256]
    commit: str | None
    dirty: bool | None
    files: dict[str, FileEntry]
    digest: str
    loaded: tuple[str, ...] | None = Later
    overrides: dict[str, str] | None = Later

    @model_validator(mode="after")
    def _loaded_has_hashes(self) -> Self:
        if not self.code.keys() >= set(self.loaded or ()):
            unknown = next(name for name in self.loaded or () if name not in self.code)
            message = "loaded: '{name}' has no hash under 'code'"
            raise PydanticCustomError("loaded_without_hash", message, {"name": unknown})
        return self

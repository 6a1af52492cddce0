"""The JSON that commands print with ``--json``, where it is no record or report of its own.

Each type is a contract with other programs. The types that use cases return may change with the
code; these change only together with the version in their ``schema``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue

from repro.config.data import DatasetEntry
from repro.config.experiment import ExperimentConfig
from repro.core.environment import Environment
from repro.core.fingerprint import Fingerprint
from repro.core.model import Later, Record
from repro.core.records import Keys, Lineage, Metrics, Threshold


def _readable(value: object) -> object:
    # The name of a file may be bytes that are no text, and JSON is text.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_readable)]


class TrainAnswer(Record):
    """``repro train``: the run that was written."""

    schema_: Literal["repro.train/v1"] = Field(alias="schema")
    run_id: str
    path: Text
    seconds: float
    keys: Keys
    metrics: Metrics
    threshold: Threshold
    target: str | None = Later


class TargetResult(Record):
    """A target of several that were trained, in the metric of selection.

    Attributes
    ----------
    value : float or None
        On the held-out rows; None of a model without the metric.
    baseline : float or None
        The same metric of a constant guess.
    verdict : str
        Whether the training found a reason to doubt the result.
    """

    target: str
    task: str
    metric: str
    value: float | None
    baseline: float | None
    verdict: str
    run: TrainAnswer


class TargetsAnswer(Record):
    """``repro train`` of several targets: a run for each, in their order."""

    schema_: Literal["repro.train-targets/v1"] = Field(alias="schema")
    targets: tuple[TargetResult, ...]


class ListedRun(Record):
    """A run of a list; ``target`` is only of a data set with several."""

    run_id: Text
    created: str
    experiment: str
    seed: JsonValue
    keys: Keys
    metrics: Metrics
    target: str | None = Later


class ListedCommand(Record):
    """A run of a recorded command in a list of runs.

    Attributes
    ----------
    status : int
        Exit status of the command.
    """

    run_id: Text
    created: str
    name: str
    command: tuple[str, ...]
    status: int
    keys: Keys
    numbers: dict[str, float]


class DamagedRun(Record):
    """A run of a list that could not be read, and the reason."""

    run_id: Text
    damage: Text


class RunsAnswer(Record):
    """``repro runs list``: the complete runs, newest first."""

    schema_: Literal["repro.runs/v1"] = Field(alias="schema")
    runs: tuple[ListedRun | ListedCommand | DamagedRun, ...]


class RunAnswer(Record):
    """``repro runs show``."""

    schema_: Literal["repro.run/v1"] = Field(alias="schema")
    lineage: Lineage
    keys: Keys
    metrics: Metrics
    threshold: Threshold


class OriginsAnswer(Record):
    """``repro config show --origins``: what set each value, by dotted key."""

    schema_: Literal["repro.config-origins/v1"] = Field(alias="schema")
    config: ExperimentConfig
    origins: dict[Text, Text]


class ConfigDifference(Record):
    """``repro config diff``: the values on the left and on the right, by dotted key."""

    schema_: Literal["repro.config-difference/v1"] = Field(alias="schema")
    differences: dict[Text, tuple[JsonValue, JsonValue]]


class Datasets(Record):
    """``configs/datasets.yaml``, and ``repro data list``."""

    schema_: Literal["repro.datasets/v1"] = Field(alias="schema")
    datasets: dict[str, DatasetEntry]


class DataCheck(Record):
    """One question about a data set, and its answer."""

    dataset: str
    name: str
    outcome: Literal["holds", "fails", "skipped"]
    text: Text


class DataVerification(Record):
    """``repro data verify``; it holds if no check fails and none was skipped."""

    schema_: Literal["repro.data-verification/v1"] = Field(alias="schema")
    holds: bool
    checks: tuple[DataCheck, ...]


class DataHash(Record):
    """``repro data hash``: of a file, and of a data set the digest of its content too."""

    schema_: Literal["repro.data-hash/v1"] = Field(alias="schema")
    sha256: str
    content: str | None = Later


class Init(Record):
    """``repro init``: the project that was made.

    Attributes
    ----------
    folder : str
        As it was given.
    name : str
        Of the experiment or the script.
    placed, kept : tuple of str
        Files that were written, and files that were there and are not changed.
    roles : tuple of str
        What was guessed of each column, and why.
    warnings : tuple of str
        What would stop a script in this project, and what to do.
    """

    schema_: Literal["repro.init/v1"] = Field(alias="schema")
    folder: str
    name: str
    placed: tuple[str, ...]
    kept: tuple[str, ...]
    roles: tuple[str, ...]
    warnings: tuple[str, ...] = ()


class PredictionAnswer(Record):
    """``repro predict``: a summary of the predicted rows.

    Attributes
    ----------
    labels : dict of str to int
        How many rows got each label; empty in a regression.
    output : str or None
        The file that has every row, if one was asked for.
    model : str or None
        The candidate, if it is not the selected one.
    target : str or None
        The target of the model, if its data set has several.
    """

    schema_: Literal["repro.prediction/v1"] = Field(alias="schema")
    run: Text
    rows: int
    scores: tuple[Text, ...]
    labels: dict[Text, int]
    output: Text | None
    warnings: tuple[Text, ...]
    model: Text | None = Later
    target: Text | None = Later


class MovedFeature(Record):
    """The population stability index of a feature, and what it reaches by chance."""

    feature: str
    psi: float
    level: Literal["stable", "warning", "alarm"]
    chance: float


class DriftAnswer(Record):
    """``repro drift``: every feature, the most moved first; it holds without an alarm."""

    schema_: Literal["repro.drift-report/v1"] = Field(alias="schema")
    holds: bool
    features: tuple[MovedFeature, ...]


class EnvironmentAnswer(Environment):
    """``repro env show``."""

    schema_: Literal["repro.env/v1"] = Field(alias="schema")


class FingerprintAnswer(Record):
    """``repro env fingerprint``.

    Attributes
    ----------
    kernels : dict of str to dict, or None
        The digest of each kernel by group and name; only with ``--kernels``.
    expected, holds, differing : str, bool, tuple of str, or None
        What was expected, whether it was found, and the groups that differ; only with ``--expect``.
    """

    schema_: Literal["repro.fingerprint/v1"] = Field(alias="schema")
    level: str
    bits: str | None
    fingerprint: Fingerprint
    seconds: float
    kernels: dict[str, dict[str, str]] | None = Later
    expected: Text | None = Later
    holds: bool | None = Later
    differing: tuple[str, ...] | None = Later


class Status(StrEnum):
    """The result of a check, the worst first."""

    PROBLEM = "problem"
    WARNING = "warning"
    CONTROLLED = "controlled"
    OK = "ok"


class DiagnosisCheck(Record):
    """One thing that the doctor examined; the last two texts are empty if nothing is wrong."""

    name: Text
    status: Status
    found: Text
    why: Text
    advice: Text


class DiagnosisAnswer(Record):
    """``repro doctor``: the checks, the worst first; it holds if none is a problem."""

    schema_: Literal["repro.diagnosis/v2"] = Field(alias="schema")
    level: str
    holds: bool
    checks: tuple[DiagnosisCheck, ...]


class MatrixCell(Record):
    """The result of a cell; the fields are those of ``app.matrix.result.CellResult``."""

    name: str
    verdict: str
    way: str
    python: str
    bits: str
    seconds: float | None
    reason: Text
    holds: bool
    counted: dict[str, str]


class MatrixAnswer(Record):
    """``repro matrix``: the cells, and records compared beside them, in the order of the matrix."""

    schema_: Literal["repro.matrix-result/v1"] = Field(alias="schema")
    cells: tuple[MatrixCell, ...]

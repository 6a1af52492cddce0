"""JSON Schema of every kind of file and output, for editors and for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from repro.app import answers
from repro.app.matrix.cells import Matrix
from repro.config import splits
from repro.config.experiment import ExperimentConfig
from repro.config.named_metrics import METRIC_MODELS
from repro.config.search import Search
from repro.config.training import AnyDecision, EarlyStopping, Model
from repro.core import records
from repro.core.baseline import DriftBaseline
from repro.core.comparison import ComparisonReport
from repro.core.environment_file import EnvironmentFile
from repro.core.errors import ConfigError
from repro.core.explanation import Explanation
from repro.core.gate import GateReport
from repro.core.linting import LintReport
from repro.core.noise import Noise
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.core.searched import SearchRecord
from repro.core.stability import GroupsReport, StabilityReport
from repro.core.suggest import did_you_mean
from repro.core.swept import Sweep, Verifications
from repro.core.verdict import Verification

if TYPE_CHECKING:
    from repro.core.model import Record

_WHOLE: dict[str, type[Record]] = {
    "config": ExperimentConfig,
    "metrics": records.Metrics,
    "threshold": records.Threshold,
    "stages": records.Stages,
    "snapshot": records.Snapshot,
    "seeds": records.Seeds,
    "drift": DriftBaseline,
    "environment": EnvironmentFile,
    "lineage": records.Lineage,
    "search": SearchRecord,
    "record": RunRecord,
    "record-v1": RecordFile,
    "verification": Verification,
    "comparison": ComparisonReport,
    "gate": GateReport,
    "explanation": Explanation,
    "noise": Noise,
    "stability": StabilityReport,
    "groups": GroupsReport,
    "train": answers.TrainAnswer,
    "train-targets": answers.TargetsAnswer,
    "runs": answers.RunsAnswer,
    "run": answers.RunAnswer,
    "config-origins": answers.OriginsAnswer,
    "config-difference": answers.ConfigDifference,
    "datasets": answers.Datasets,
    "data-verification": answers.DataVerification,
    "data-hash": answers.DataHash,
    "init": answers.Init,
    "prediction": answers.PredictionAnswer,
    "drift-report": answers.DriftAnswer,
    "env": answers.EnvironmentAnswer,
    "fingerprint": answers.FingerprintAnswer,
    "diagnosis": answers.DiagnosisAnswer,
    "matrix": Matrix,
    "matrix-result": answers.MatrixAnswer,
    "lint": LintReport,
    "sweep": Sweep,
    "verifications": Verifications,
}
_PARTIAL = ("base", "experiment", "profile", "overlay")
KINDS = (*_PARTIAL, "model", *_WHOLE)
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file.

    Raises
    ------
    ConfigError
        If there is no such kind.
    """
    if kind in _WHOLE:
        return {"$schema": _DIALECT} | _WHOLE[kind].model_json_schema(by_alias=True)
    if kind in _PARTIAL:
        return _partial(kind)
    if kind == "model":
        return _model()
    raise ConfigError(f"unknown kind of file '{kind}'", advice=did_you_mean(kind, KINDS))


def _partial(kind: str) -> dict[str, Any]:
    """Return the schema of a file that sets some values and leaves the others to other files."""
    schema = ExperimentConfig.model_json_schema(by_alias=True)
    properties = schema["properties"]
    for name in ("schema", "experiment", "dataset", "models"):
        properties.pop(name)
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    properties |= {
        "schema": {"const": f"repro.{kind}/v1"},
        "default_experiment": {"type": "string"},
        "dataset": {"type": "string"},
        "decision": _decision(),
        "split": _split(),
        "families": names,
        "variants": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
        "models": {"type": "object", "additionalProperties": _family()},
    }
    common = {"schema", "dataset", "default_experiment", "determinism", "description", "target"}
    own = {name: each for name, each in properties.items() if name not in common}
    of_a_target = {"type": "object", "additionalProperties": False, "properties": own}
    properties["targets"] = {"type": "object", "additionalProperties": of_a_target}
    partial: dict[str, Any] = _without_required(schema)
    # Lists are replaced as a whole, and the two forms of a metric differ in what they need.
    metrics = {kind.__name__: schema["$defs"][kind.__name__] for kind in METRIC_MODELS}
    partial["$defs"] |= metrics
    return {"$schema": _DIALECT} | partial | {"required": ["schema"]}


def _decision() -> dict[str, Any]:
    """Return the schema of the rule and the settings of every rule, which stand side by side."""
    settings = [rule.model_json_schema()["properties"] for rule in get_args(AnyDecision)]
    names = [properties["rule"]["const"] for properties in settings]
    merged = {name: schema for properties in settings for name, schema in properties.items()}
    properties = merged | {"rule": {"enum": names}}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _split() -> dict[str, Any]:
    """Return the schema of the settings of every kind of split, which stand side by side."""
    kinds = (splits.Split, *get_args(splits.ColumnSplit))
    merged = {
        name: schema
        for kind in kinds
        for name, schema in kind.model_json_schema()["properties"].items()
    }
    properties = merged | {"kind": {"enum": [*splits.KINDS, None]}}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _without_required(schema: Any) -> Any:  # any JSON value
    if isinstance(schema, dict):
        # A discriminator distinguishes the members of a union, and so stays required in them.
        return {key: _without_required(v) for key, v in schema.items() if key != "required"}
    if isinstance(schema, list):
        return [_without_required(value) for value in schema]
    return schema


def _family() -> dict[str, Any]:
    params = {"type": "object"}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "estimators": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    kind: Model.model_json_schema()["properties"]["estimator"]
                    for kind in ("classification", "regression")
                },
            },
            "params": params,
            "labels": {"enum": ["codes", None]},
            "early_stopping": _early_stopping(),
            "search": _search(),
            "variants": {"type": "object", "additionalProperties": params},
        },
    }


def _early_stopping() -> dict[str, Any]:
    """Return the schema of the settings; null turns them off."""
    return {"anyOf": [EarlyStopping.model_json_schema(), {"type": "null"}]}


def _search() -> dict[str, Any]:
    """Return the schema of the settings of every kind of search, which stand side by side."""
    kinds = [kind.model_json_schema() for kind in get_args(get_args(Search)[0])]
    names = [kind["properties"]["kind"]["const"] for kind in kinds]
    merged = {name: schema for kind in kinds for name, schema in kind["properties"].items()}
    # A range is a mapping. The definition of it is not in this schema, where a reference leads to.
    point = {"type": ["object", "array"]}
    properties = merged | {
        "kind": {"enum": names},
        "space": {"type": "object", "additionalProperties": point},
    }
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": properties,
    }


def _model() -> dict[str, Any]:
    family = _family()
    family["properties"] |= {
        "schema": {"const": "repro.model/v1"},
        "description": {"type": "string"},
    }
    return {"$schema": _DIALECT} | family | {"required": ["schema", "estimators"]}

"""The record of a training of the built-in pipeline; importing the module imports no NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.config.keys import identity_parts
from repro.core.evidence import evidence_of
from repro.core.jsonfile import bound
from repro.core.record import DataMaterial, Identity, Materials, PipelineRecipe, RunRecord
from repro.divergence.outputs import outputs_of
from repro.training.declarations import MEANING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.config.experiment import ExperimentConfig
    from repro.core.environment import Environment
    from repro.core.records import Keys, Metrics, Predictions, Stages, Threshold
    from repro.core.searched import SearchRecord
    from repro.execution.pipeline import Execution


@dataclass(frozen=True)
class Results:
    """The results of a training, and its materials beside the configuration.

    Attributes
    ----------
    content : str
        Digest of the data set's table; ``unordered`` is that whatever the order of the rows.
    code : mapping of str to str
        SHA-256 of the loaded files that nothing else identifies.
    """

    content: str
    unordered: str | None
    rows: int | None
    keys: Keys
    stages: Stages
    metrics: Metrics
    threshold: Threshold
    predictions: Predictions | None
    environment: Environment
    code: Mapping[str, str]
    search: SearchRecord | None = None


def pipeline_record(config: ExperimentConfig, results: Results) -> RunRecord:
    """Make the record of an experiment.

    Raises
    ------
    ValueError
        If a value is one that no record can hold.
    """
    keys, stages = results.keys, results.stages
    return bound(
        RunRecord(
            schema_="repro.record/v2",
            name=config.experiment,
            identity=Identity(
                replicate_key=keys.replicate_key,
                strict_key=keys.strict_key,
                parts=identity_parts(config, results.content, stages.version),
            ),
            steps=stages.stages,
            series=(),
            evidence=evidence_of(
                results.metrics,
                results.threshold,
                results.predictions,
                _copies(stages),
                results.search,
            ),
            recipe=PipelineRecipe(
                kind="pipeline", config=config.model_dump(mode="json", by_alias=True)
            ),
            environment=results.environment,
            environment_key=keys.environment_key,
            materials=Materials(
                data=(
                    DataMaterial(
                        name=config.dataset.name,
                        content=results.content,
                        unordered=results.unordered,
                        rows=results.rows,
                    ),
                ),
                code=dict(results.code),
            ),
            digest="",
        )
    )


def _copies(stages: Stages) -> dict[str, str]:
    """Return what the record copies from the stages that it has; some are optional."""
    outputs = outputs_of(stages)
    return {name: source for name, source in MEANING.copies.items() if source in outputs}


def record_of_execution(execution: Execution, predictions: Predictions | None) -> RunRecord:
    """Make the record of a training that was just done.

    Parameters
    ----------
    predictions : Predictions, optional
        None leaves them out, as ``record.json`` in a run folder does.
    """
    training = execution.training
    results = Results(
        content=execution.table.content,
        unordered=execution.table.unordered,
        rows=execution.table.rows,
        keys=execution.keys,
        stages=training.stages,
        metrics=training.metrics,
        threshold=training.threshold,
        predictions=predictions,
        environment=execution.environment,
        code=execution.code.hashes_of_loaded,
        search=training.search,
    )
    return pipeline_record(execution.config, results)

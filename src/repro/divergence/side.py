"""The parts of a record that a comparison uses, from a whole record or only a file of metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.evidence import Evidence
    from repro.core.record import AnyRecord, Series
    from repro.core.records import Keys, Stages


@dataclass(frozen=True)
class Side:
    """One side of a comparison; what a source lacks is None.

    Attributes
    ----------
    is_pipeline : bool
        Whether it is of an experiment, which always has metrics, stages and predictions.
    is_command : bool
        Whether it is of a recorded command, whose calls, numbers and files are its own to choose.
    """

    evidence: Evidence
    config: Mapping[str, Any] | None = None
    content: str | None = None
    keys: Keys | None = None
    parts: Mapping[str, str] | None = None
    stages: Stages | None = None
    series: tuple[Series, ...] = ()
    unordered: str | None = None
    is_pipeline: bool = True
    is_command: bool = False

    @staticmethod
    def of(record: AnyRecord) -> Side:
        """Take everything that a record has."""
        return Side(
            evidence=record.evidence,
            config=record.config,
            content=record.content,
            keys=record.keys,
            parts=record.parts,
            stages=record.stages,
            series=record.series,
            unordered=record.unordered,
            is_pipeline=record.is_pipeline,
            is_command=record.is_command,
        )

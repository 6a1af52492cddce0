"""The outputs of the stages of a record, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.core.records import Stages


def outputs_of(stages: Stages) -> dict[str, str]:
    """Give the digest of every output its dotted name, such as ``stages.fit.estimator``."""
    return {
        f"stages.{stage.name}.{output}": digest
        for stage in stages.stages
        for output, digest in stage.outputs.items()
    }

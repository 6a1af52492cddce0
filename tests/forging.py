"""Records forged as well as they can be: as of a training that came out otherwise."""

from __future__ import annotations

from repro.core.jsonfile import bound
from repro.digest.plain import digest_plain
from repro.training.declarations import MEANING

SOURCES = MEANING.copies


def well_forged(record, **digests):
    """Give every stage the digests of the record's numbers, along the chain, and bind it anew.

    Other outputs get these digests, by their names, such as ``scores="other/v1:0"``: those of
    predictions do not follow from a record.
    """
    copies = {f"metrics.{name}": value for name, value in record.metrics}
    copies["threshold"] = record.threshold
    digests |= {
        SOURCES[name].rpartition(".")[2]: digest_plain(value)
        for name, value in copies.items()
        if name in SOURCES
    }
    made, stages = {}, []
    for stage in record.stages.stages:
        inputs = {name: made.get(name, digest) for name, digest in stage.inputs.items()}
        outputs = {name: digests.get(name, digest) for name, digest in stage.outputs.items()}
        stages.append(stage.model_copy(update={"inputs": inputs, "outputs": outputs}))
        made |= outputs
    stages = record.stages.model_copy(update={"stages": tuple(stages)})
    return bound(record.model_copy(update={"stages": stages}))

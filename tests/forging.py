"""Records forged as well as they can be: as of a training that came out otherwise."""

from __future__ import annotations

from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.records import FileEntry, Lineage
from repro.digest.files import sha256_bytes
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


def rewritten(run, facts=None, **contents):
    """Write files of a run, their hashes, and what binds those: nothing shows that it was done.

    Parameters
    ----------
    facts : dict, optional
        Fields of the lineage to change.
    **contents : bytes
        By the name of a file without its ending.
    """
    path = run / "lineage.json"
    lineage = load_record(path.read_bytes(), path.name, Lineage)
    files = dict(lineage.files)
    for name, content in contents.items():
        file = next(file for file in files if file.partition(".")[0] == name)
        (run / file).write_bytes(content)
        files[file] = FileEntry(sha256=sha256_bytes(content), size=len(content))
    update = {"files": files} | (facts or {})
    path.write_bytes(dump_record(bound(lineage.model_copy(update=update))))

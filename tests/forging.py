"""Records forged as well as they can be: as of a training that came out otherwise."""

from __future__ import annotations

from repro.core.evidence import evidence_of
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.core.records import FileEntry, Lineage
from repro.digest.files import sha256_bytes
from repro.digest.plain import digest_plain
from repro.training.declarations import MEANING

SOURCES = MEANING.copies


def read_record(content, name="record"):
    """Read the bytes of a record of any version."""
    return load_record(content, name, RunRecord, RecordFile)


def altered(record, **changes):
    """Return a record with other metrics, stages, predictions and so on, whatever its version."""
    if isinstance(record, RecordFile):
        return record.model_copy(update=changes)
    results = {"metrics", "threshold", "predictions"}
    if results & changes.keys():
        given = {name: getattr(record, name) for name in results} | changes
        evidence = evidence_of(
            given["metrics"], given["threshold"], given["predictions"], record.evidence.copied_from
        )
        record = record.model_copy(update={"evidence": evidence})
    for name, value in changes.items():
        if name in {"stages", "keys", "config"}:
            record = getattr(record, f"with_{name}")(value)
        elif name in {"content", "unordered"}:
            (data,) = record.materials.data
            data = data.model_copy(update={name: value})
            materials = record.materials.model_copy(update={"data": (data,)})
            record = record.model_copy(update={"materials": materials})
        elif name == "code":
            materials = record.materials.model_copy(update={"code": value or {}})
            record = record.model_copy(update={"materials": materials})
        elif name not in results:
            record = record.model_copy(update={name: value})
    return record


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
    return bound(altered(record, stages=stages))


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

"""Makes the record of a command from everything that was observed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from repro.core.canonical import typed_digest
from repro.core.environment import environment_key
from repro.core.evidence import Evidence
from repro.core.jsonfile import bound
from repro.core.observed import Observed, Suspect
from repro.core.record import DataMaterial, Identity, Materials, RunRecord
from repro.core.records import Step
from repro.core.redaction import redacted_text
from repro.core.verdict import COMMAND_STATUS
from repro.digest.files import sha256_file
from repro.execution.recording.contents import Content, content_of
from repro.execution.recording.inputs import Files, Selection, files_of
from repro.execution.recording.lines import lines_of
from repro.execution.recording.remarks import moved_before, remarks_of, unobserved
from repro.execution.recording.seeds import seeds_of
from repro.execution.recording.sources import PYTHON, Chance, chances
from repro.execution.recording.steps import Calls, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from repro.core.environment import Environment
    from repro.core.record import CommandRecipe
    from repro.execution.recording.folders import State
    from repro.execution.recording.running import CommandRun
    from repro.execution.recording.traces import Traces


@dataclass(frozen=True)
class Recording:
    """Everything that was observed while a command ran.

    Attributes
    ----------
    root : Path
        The working folder.
    states : pair of State
        Of the working folder, before and after.
    sealed : str
        ``sealed``, or the reason why what was observed may be incomplete.
    refused : tuple of (str, str)
        Kind and name of everything that the seal refused.
    strays : mapping of str to Path
        Modules in folders of packages that no distribution provides.
    own : bool
        Whether the program recorded itself, so that only what it named is known.
    """

    name: str
    recipe: CommandRecipe | None
    root: Path
    run: CommandRun
    traces: Traces
    states: tuple[State, State]
    environment: Environment
    selection: Selection
    sealed: str
    refused: tuple[tuple[str, str], ...] = ()
    strays: Mapping[str, Path] = field(default_factory=dict)
    own: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The command line, if what is recorded is a command and not a program itself."""
        return () if self.own or self.recipe is None else self.recipe.argv


def record_of(recording: Recording) -> RunRecord:
    """Make the record of a finished command.

    Raises
    ------
    ValueError
        If a record cannot hold one of the values.
    """
    traces = recording.traces
    calls = calls_of(traces)
    files = files_of(traces, recording.root, recording.states, recording.selection, recording.words)
    files.code |= {name: sha256_file(path) for name, path in recording.strays.items()}
    contents = {
        name: Content(files.dumps[name], files.dumps[name].partition(":")[0])
        if name in files.dumps
        else content_of(path)
        for name, path in files.outputs.items()
    }
    parts = {"command": typed_digest("command", list(recording.words), version=1)}
    if recording.own:
        parts = {"experiment": typed_digest("experiment", recording.name, version=1)}
    parts |= {f"input {name}": f"file/v1:{sha256}" for name, sha256 in files.inputs.items()}
    environment = recording.environment
    return bound(
        RunRecord(
            schema_="repro.record/v2",
            name=recording.name,
            identity=Identity.of_parts(parts),
            steps=(*calls.steps, *_written(contents)),
            series=tuple(calls.series),
            evidence=_evidence(recording, calls, contents),
            recipe=recording.recipe,
            environment=environment,
            environment_key=environment_key(environment),
            materials=Materials(
                data=tuple(
                    DataMaterial(name=name, content=f"file/v1:{sha256}")
                    for name, sha256 in files.inputs.items()
                ),
                code=files.code,
            ),
            digest="",
            observed=_observed(recording, calls, files),
        )
    )


def _written(contents: dict[str, Content]) -> list[Step]:
    return [
        Step(name=f"write {name}", inputs={}, outputs={"content": content.whole})
        for name, content in contents.items()
    ]


def _evidence(recording: Recording, calls: Calls, contents: dict[str, Content]) -> Evidence:
    numbers = dict(calls.numbers)
    for name, content in contents.items():
        numbers |= {f"{name} {place}": value for place, value in content.numbers.items()}
    return Evidence(
        facts={COMMAND_STATUS: recording.run.status, **calls.facts},
        numbers=numbers,
        predictions=None,
        files={name: content.structure for name, content in contents.items()},
        copied_from={},
        notes={},
    )


def _observed(recording: Recording, calls: Calls, files: Files) -> Observed:
    traces = recording.traces
    suspects = list(_suspects(traces, files))
    output = redacted_text(recording.run.output.decode("utf-8", "replace"))
    return Observed(
        status=recording.run.status,
        remarks=remarks_of(traces, files, suspects, recording),
        suspects=tuple(
            Suspect.model_validate({"site": each.site, "kind": each.kind, "call": each.what})
            for each in (*suspects, *moved_before(traces))
        ),
        skipped=tuple(calls.skipped),
        programs=unobserved(traces),
        started=tuple(dict.fromkeys(event["program"] for event in traces.of("started"))),
        refused=tuple(f"{kind} {name}" for kind, name in recording.refused),
        created=tuple(files.created),
        results=tuple(recording.selection.outputs),
        outside=tuple(files.outside),
        listed=files.listed,
        stdout=output,
        sealed=recording.sealed,
        own=recording.own or None,
        lines={name: lines for name, path in files.sources.items() if (lines := lines_of(path))}
        or None,
        seeds=seeds_of(traces) or None,
    )


def _suspects(traces: Traces, files: Files) -> Iterator[Chance]:
    seeded = any(e["generator"] == "random" and e["given"] for e in traces.of("seed"))
    for name, path in files.sources.items():
        for each in chances(path, name):
            if not (seeded and each.what.startswith(PYTHON)):
                yield each

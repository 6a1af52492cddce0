"""The files of a recorded command: data that it read, code that it loaded, files that it wrote."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from repro.digest.files import sha256_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.execution.recording.folders import State
    from repro.execution.recording.traces import Event, Traces


NOTHING = ""
"""The pattern of results that no file matches."""

_OF_TRACKERS = (
    "mlruns/*", "mlartifacts/*", "mlflow.db", "wandb/*", "*.tfevents.*", "*/events.out.tfevents.*",
    "catboost_info/*",
)  # fmt: skip
# Settings and caches that programs keep in the user's home, and the exceptions, which are data.
_OF_PROGRAMS = "~/."
_DATA_AT_HOME = ("~/.cache/huggingface/", "~/.cache/torch/", "~/.keras/")


@dataclass
class Files:
    """The files of a command by name, relative to the working folder if they are in it.

    Attributes
    ----------
    inputs, code : dict of str to str
        SHA-256 by name.
    outputs : dict of str to Path
    dumps : dict of str to str
        Digest of the object that was written to each file.
    created : list of str
        Files and folders that did not exist before.
    outside : list of str
        Outputs outside the working folder.
    absolute, changed : list of str
        Inputs that were opened by absolute paths, or that changed while the command ran.
    listed : dict of str to str
    """

    inputs: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)
    outputs: dict[str, Path] = field(default_factory=dict)
    dumps: dict[str, str] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    absolute: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    listed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """The files that the user declared.

    Attributes
    ----------
    inputs : sequence of Path
        Files, or folders with all their files, that the command reads without being observed.
    outputs : sequence of str
        Patterns of the files that are results; without patterns, all written files are.
    """

    inputs: Sequence[Path] = ()
    outputs: Sequence[str] = ()

    def is_result(self, name: str) -> bool:
        """Return whether a written file is a result.

        The stores of trackers are not: they name files by random ids and by the time.
        """
        if _is_of_tracker(name):
            return False
        return not self.outputs or any(fnmatchcase(name, pattern) for pattern in self.outputs)


def files_of(
    traces: Traces,
    root: Path,
    states: tuple[State, State],
    selection: Selection,
    words: Sequence[str] = (),
) -> Files:
    """Sort the files that a command touched.

    Parameters
    ----------
    states : pair of State
        Of the working folder, before and after.
    words : sequence of str
        The command. A program that is not Python is not observed, but files among its arguments are
        known.
    """
    found, (before, after) = Files(), states
    own = {name_of(event["path"], root) for event in traces.of("own")}
    written = _written(traces, root, states) - own
    made = {name_of(e["path"], root) for e in traces.of("write") if not e["existed"]}
    made |= {name for name in written if not name.startswith(("/", "~")) and name not in before}
    folders = {name for name in after if name.endswith("/") and name not in before}
    found.created = sorted(name for name in made | folders | (own - before.keys()) if name in after)
    _sort_reads(found, traces, root, written, made)
    for path in _declared(selection.inputs):
        found.inputs.setdefault(name_of(str(path), root), sha256_file(path))
    for event in traces.of("code"):
        path, name = Path(event["path"]), name_of(event["path"], root)
        if name not in made and path.is_file():
            found.code[name], found.sources[name] = sha256_file(path), path
    _note_given(found, words, root, states)
    for name in sorted(written):
        path = _path(name, root)
        if path.is_file() and name not in found.code and selection.is_result(name):
            _note_output(found, name, path)
    for event in traces.of("dump"):
        found.dumps.setdefault(name_of(event["path"], root), event["digest"])
    for event in traces.of("listed"):
        name = name_of(event["path"], root) or "."
        if not _is_of_tracker(f"{name}/") and not _is_of_program(f"{name}/"):
            found.listed.setdefault(name, event["digest"])
    return found


def _note_given(
    found: Files, words: Sequence[str], root: Path, states: tuple[State, State]
) -> None:
    """Note the files in the working folder that a command names and does not change."""
    before, after = states
    for word in words:
        name = name_of(os.path.normpath(root / word), root)
        if name in before and before[name] == after.get(name):
            path = root / name
            program = path.suffix == ".sh" or os.access(path, os.X_OK)
            kind = found.code if program else found.inputs
            if name not in found.inputs and name not in found.code:
                kind[name] = sha256_file(path)


def _written(traces: Traces, root: Path, states: tuple[State, State]) -> set[str]:
    before, after = states
    changed = (name for name, state in after.items() if before.get(name) != state)
    written = {name for name in changed if not name.endswith("/")}
    written |= {name_of(event["path"], root) for event in traces.of("write")}
    for event in traces.of("moved"):
        if name_of(event["source"], root) in written:
            written.add(name_of(event["target"], root))
    return written


def _note_output(found: Files, name: str, path: Path) -> None:
    outside = name.startswith(("/", "~"))
    if _is_of_program(name) or (outside and _is_temporary(path)):
        return
    found.outputs[name] = path
    if outside:
        found.outside.append(name)


def _sort_reads(
    found: Files, traces: Traces, root: Path, written: set[str], made: set[str]
) -> None:
    replaced = {name_of(e["path"], root): e["before"] for e in traces.of("write") if e["before"]}
    emptied: dict[str, int] = {}
    for event in traces.of("write"):
        if event["emptied"]:
            emptied.setdefault(name_of(event["path"], root), event["at"])
    # This package finds a project by its absolute path, which no program has to know.
    absolute = {event["path"] for event in traces.of_program("read") if event["absolute"]}
    for event in traces.of("read"):
        name, path = name_of(event["path"], root), Path(event["path"])
        if name in made or name in found.inputs or _is_of_program(name) or _is_of_tracker(name):
            continue
        # A file of an earlier run that the command overwrote first is as much its own as a new one.
        if name not in replaced and emptied.get(name, event["at"]) < event["at"]:
            continue
        if name in replaced:
            found.inputs[name] = replaced[name]
        elif path.is_file():
            found.inputs[name] = sha256_file(path)
            if name not in written and _has_changed(path, event):
                found.changed.append(name)
        else:
            continue
        if event["path"] in absolute:
            found.absolute.append(name)


def _is_of_tracker(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _OF_TRACKERS)


def _is_of_program(name: str) -> bool:
    return name.startswith(_OF_PROGRAMS) and not name.startswith(_DATA_AT_HOME)


def _has_changed(path: Path, event: Event) -> bool:
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) != (event["size"], event["time"])


def _declared(paths: Sequence[Path]) -> list[Path]:
    found = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [each.absolute() for each in inside if each.is_file()]
    return found


def _is_temporary(path: Path) -> bool:
    import tempfile  # noqa: PLC0415 - needed for a file outside of the folder alone

    return path.is_relative_to(tempfile.gettempdir())


def name_of(path: str, root: Path) -> str:
    """Name a file relative to the working folder or to the user's home, or else by its path."""
    home = os.path.expanduser("~")  # noqa: PTH111 - names, as they stand in a trace
    for folder, start in ((str(root), ""), (home, "~/")):
        if folder != os.sep and (path == folder or path.startswith(folder + os.sep)):
            return start + path[len(folder) :].lstrip(os.sep).replace(os.sep, "/")
    return path.replace(os.sep, "/")


def _path(name: str, root: Path) -> Path:
    return Path(name).expanduser() if name.startswith(("/", "~")) else root / name

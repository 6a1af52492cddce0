"""Use cases of the data set registry."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from repro.config.data import OutsideSource
from repro.config.project import DATASETS, names_in, read_named
from repro.core.errors import ConfigError, PreconditionError
from repro.core.suggest import did_you_mean
from repro.datasets.registry import registry
from repro.digest.files import sha256_file
from repro.store import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.config.data import DatasetEntry, Task
    from repro.datasets.drafting import Proposal
    from repro.datasets.replacing import Replacement
    from repro.datasets.verifying import EntryCheck

__all__ = ["add", "hashes", "locate", "registry", "remove", "replace", "verify"]


def verify(project: Path, names: tuple[str, ...]) -> tuple[EntryCheck, ...]:
    """Ask of data sets, all of them where none is named, whether they are what is declared.

    Raises
    ------
    ConfigError
        If a name is not registered.
    """
    from repro.datasets.verifying import verify_entry  # noqa: PLC0415 - imports pandas

    entries = registry(project)
    for name in names:
        _check_known(name, list(entries))
    chosen = names or tuple(entries)
    return tuple(check for name in chosen for check in verify_entry(project, name, entries[name]))


def hashes(project: Path, name: str) -> dict[str, str]:
    """Hash a registered data set, or a file.

    Raises
    ------
    ConfigError
        If it is neither.
    PreconditionError, DataError
        If it cannot be read.
    """
    entries = registry(project)
    if name in entries:
        from repro.datasets.loading import hash_source  # noqa: PLC0415 - imports pandas

        found = hash_source(project, entries[name])
        return {"sha256": found.sha256, "content": found.content}
    # Not by Path, which raises where a name is too long to be one.
    if not os.path.lexists(name):
        _check_known(name, list(entries))
    try:
        return {"sha256": sha256_file(Path(name))}
    except OSError as error:
        raise PreconditionError(
            f"{name}: cannot be read: {error.strerror}", advice="give the path of a readable file"
        ) from error


def add(project: Path, proposal: Proposal) -> tuple[str, Task]:
    """Append a draft of a new entry to the registry.

    Any number of processes may add entries at the same time.

    Returns
    -------
    text : str
        The entry.
    task : Task
        What its target suggests.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        If the entry is not valid; nothing is written then.
    """
    from repro.datasets.adding import append_entry  # noqa: PLC0415 - imports pandas
    from repro.datasets.drafting import draft_entry  # noqa: PLC0415 - imports pandas
    from repro.datasets.proposing import proposed_task  # noqa: PLC0415 - imports NumPy

    _check_files(project, proposal)
    text = draft_entry(project, proposal)
    # Where the file is, not where a link to it is: two projects may share one.
    with exclusive((project / DATASETS).resolve()):
        entries = append_entry(project, text)
    return text, proposed_task(project, entries[proposal.name])


def replace(project: Path, change: Replacement) -> tuple[str, tuple[str, ...]]:
    """Draft a registered data set again, from its own file or a different one.

    What is declared stays, wherever the new file has such a column; what a person says now, wins.
    No file of data is changed or removed.

    Returns
    -------
    text : str
        The entry.
    changes : tuple of str
        A line for everything that differs from the entry before, for each experiment whose task
        is a different one now, and for each comment whose line is gone.

    Raises
    ------
    ConfigError, DataError, PreconditionError
        If no such data set is registered, or the entry is not valid; nothing is written then.
    """
    from repro.datasets.adding import entry_text, replace_entry  # noqa: PLC0415 - imports pandas
    from repro.datasets.changes import changes  # noqa: PLC0415 - imports pandas
    from repro.datasets.comments import keep_comments  # noqa: PLC0415
    from repro.datasets.drafting import draft_entry  # noqa: PLC0415 - imports pandas
    from repro.datasets.replacing import proposal_of  # noqa: PLC0415 - imports pandas

    entries = registry(project)
    _check_known(change.name, list(entries))
    before = entries[change.name]
    proposal = proposal_of(project, before, change)
    _check_files(project, proposal)
    text = draft_entry(project, proposal)
    with exclusive((project / DATASETS).resolve()):
        text, lost = keep_comments(entry_text(project, change.name), text)
        after = replace_entry(project, change.name, text)[change.name]
    found = (*changes(project, before, after), *_other_tasks(project, change.name, before, after))
    return text, (*found, *(f"comment  its line is gone or different: {each}" for each in lost))


def remove(project: Path, name: str) -> None:
    """Take a data set out of the registry; its file stays.

    Raises
    ------
    ConfigError
        If no such data set is registered, or an experiment uses it.
    """
    from repro.datasets.adding import remove_entry  # noqa: PLC0415 - imports pandas

    _check_known(name, list(registry(project)))
    users = [f"configs/{kind}/{each}.yaml" for kind, each in _naming(project, name)]
    if users:
        verb = "uses" if len(users) == 1 else "use"
        raise ConfigError(
            f"{', '.join(users)} {verb} the data set '{name}'",
            advice="remove the experiment first, or name a different data set in it",
        )
    with exclusive((project / DATASETS).resolve()):
        remove_entry(project, name)


def locate(project: Path, name: str, file: Path) -> None:
    """Remember where this machine has the file of a data set that lies outside the project.

    Raises
    ------
    ConfigError
        If no such data set is registered, or it is not one outside the project.
    DataError, PreconditionError
        If the file is not the declared one, or cannot be read.
    """
    from repro.datasets.hashing import check_sha256  # noqa: PLC0415 - imports what reads tables
    from repro.datasets.sources.outside import locate as remember  # noqa: PLC0415

    entries = registry(project)
    _check_known(name, list(entries))
    entry = entries[name]
    if not isinstance(entry.source, OutsideSource):
        raise ConfigError(
            f"the data set '{name}' is {entry.source.place}: {entry.source.label}",
            advice="only a data set of kind 'outside' has a place of its own on each machine",
        )
    try:
        found = sha256_file(file)
    except OSError as error:
        raise PreconditionError(
            f"{file.name}: cannot be read: {error.strerror}", advice="check the path"
        ) from error
    check_sha256(file.name, found, entry.sha256)
    remember(project, entry.source.name, file.resolve())


def _naming(project: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the files of the configuration that name a data set."""
    for kind in ("experiments", "profiles"):
        for each in names_in(project, kind):
            leaf = read_named(project, kind, each).tree.get(("dataset",))
            if leaf is not None and leaf.value == name:
                yield kind, each


def _other_tasks(
    project: Path, name: str, before: DatasetEntry, after: DatasetEntry
) -> Iterator[str]:
    """Yield a line for every experiment that has the task of the old target."""
    if (before.target, before.positive is None) == (after.target, after.positive is None):
        return
    from repro.datasets.proposing import proposed_task  # noqa: PLC0415 - imports NumPy

    task = proposed_task(project, after)
    for kind, each in _naming(project, name):
        leaf = read_named(project, kind, each).tree.get(("task",))
        if leaf is not None and leaf.value != task:
            file = f"configs/{kind}/{each}.yaml"
            yield f"task     {leaf.value} -> {task}: correct task and selection.metric in {file}"


def _check_files(project: Path, proposal: Proposal) -> None:
    for path in (proposal.path, *proposal.given.more):
        # What DVC keeps is pulled when the entry is drafted.
        pulled = proposal.given.dvc and path is not None and not os.path.lexists(project / path)
        if path is not None and not pulled:
            _check_file(project / path)


def _check_file(path: Path) -> None:
    """Refuse what cannot be read as a file under this name before anything resolves its links."""
    try:
        name = path.name.encode("utf-8", "backslashreplace").decode()
        if name != path.name:
            raise ConfigError(
                f"{name}: the name of the file is not UTF-8, so YAML cannot contain it",
                advice="rename the file",
            )
        # Not by Path, which raises where a name is too long to be one.
        if os.path.islink(path):  # noqa: PTH114
            path.stat()
    except OSError as error:
        raise PreconditionError(
            f"{path.name}: cannot be read: {error.strerror}", advice="check the target of the link"
        ) from error


def _check_known(name: str, known: list[str]) -> None:
    if name not in known:
        raise ConfigError(f"unknown data set '{name}'", advice=did_you_mean(name, known))

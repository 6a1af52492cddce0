"""Finding the run that a person means."""

from __future__ import annotations

import os
from pathlib import Path

from repro.core.errors import PreconditionError
from repro.core.suggest import did_you_mean
from repro.store.naming import is_leftover, looks_like_run, run_folders

LATEST = "latest"
_SHOWN = 5


def find_run(runs: Path, ref: str | None) -> Path:
    """Find a run, be it a damaged one.

    Parameters
    ----------
    ref : str or None
        The path of a run folder, a run's name, or a beginning or end that only one name has; None
        or ``latest`` for the newest run.

    Raises
    ------
    PreconditionError
        If there is no such run, or more than one; the advice says which there are.
    """
    if ref in {None, LATEST}:
        return _latest(runs)
    for path in (Path(str(ref)), runs / str(ref)):
        if ref and looks_like_run(path):
            return path if path.name not in {"", ".."} else path.resolve()
        if is_leftover(path) and path.is_dir():
            raise PreconditionError(
                f"{ref} is not a complete run: its training was interrupted",
                advice="train again: repro train",
            )
    return _by_part(runs, str(ref))


def _latest(runs: Path) -> Path:
    # Imported when used: a run that is named is found without reading any.
    from repro.store.listing import newest  # noqa: PLC0415

    found = newest(runs)
    if found is None:
        raise PreconditionError(f"no runs yet in {runs}", advice="make one: repro train")
    return found


def _by_part(runs: Path, part: str) -> Path:
    folders = {path.name: path for path in run_folders(runs)}
    if not folders:
        _refuse_folder(part)
        raise PreconditionError(f"no run {part!r}: no runs yet in {runs}", advice="repro train")
    matches = [name for name in folders if part and name.startswith(part)]
    matches = matches or [name for name in folders if part and name.endswith(part)]
    if len(matches) == 1:
        return folders[matches[0]]
    if matches:
        shown = ", ".join(matches[-_SHOWN:])
        raise PreconditionError(
            f"{part} matches {len(matches)} runs",
            advice=f"give more of the name: {shown}",
        )
    _refuse_folder(part)
    raise PreconditionError(f"no run {part!r} in {runs}", advice=_nearest(part, list(folders)))


def _refuse_folder(name: str) -> None:
    # Not by Path, which raises where a name is too long to be one.
    if os.path.isdir(name):  # noqa: PTH112
        raise PreconditionError(
            f"{name} is a folder but not a run: it has no lineage.json",
            advice="name a run; repro runs list shows them",
        )


def _nearest(part: str, names: list[str]) -> str:
    advice = did_you_mean(part, names)
    if not advice.startswith("known:"):
        return advice
    return f"the newest are: {', '.join(reversed(names[-_SHOWN:]))}"

"""The project: whether its packages and its code are those that others will have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.answers import Status
from repro.app.doctor.case import Observation
from repro.capture.environment import LOCK
from repro.core.environment import NoRepository
from repro.core.pins import Line, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from repro.app.doctor.case import Case

EXTRAS = "requirements-dev.txt"
_KEEP = "keep the project in git"
_MAKE = "make one with hashes: pip-compile --generate-hashes"
_SHOWN = 5


def lock(case: Case) -> Iterator[Observation]:
    """Observation that the packages are locked by hash, and installed as locked."""
    if case.project is None:
        return
    path = case.project / LOCK
    if not path.is_file():
        why = "nothing records the packages behind a result, so nobody can install the same ones"
        yield Observation("lock", Status.WARNING, f"there is no {LOCK}", why, _MAKE)
        return
    lines = _requirements(path)
    loose = [line for line in lines if not line.hashes or line.version is None]
    if loose or not lines:
        yield Observation(
            "lock",
            Status.WARNING,
            f"{LOCK}: {len(loose)} of {len(lines)} lines have no version and hash: "
            + _listed([line.text.partition(";")[0].strip() for line in loose]),
            "a later day or a different index can give different packages",
            _MAKE,
        )
    else:
        yield Observation("lock", Status.OK, f"{LOCK}: {len(lines)} packages, each with its hash")
    yield from _installed(case, lines)


def _installed(case: Case, lines: Sequence[Line]) -> Iterator[Observation]:
    if not case.alive:
        return
    locked: dict[str, set[str]] = {}
    # Extras are for those who want them; where they are locked, it is beside the development tools.
    extras = case.project / EXTRAS if case.project else None
    more = _requirements(extras) if extras and extras.is_file() else []
    for line in (*lines, *more):
        if line.version is not None:
            locked.setdefault(line.name, set()).add(line.version)
    environment = case.alive[0].environment
    # One that is locked for a different system may be installed, and take part in nothing.
    named = {line.name for line in lines if line.version is not None}
    taking_part = environment.foreign_packages.keys() | named
    packages = {n: v for n, v in environment.packages.items() if n in taking_part}
    # A line may be for a different system, or for an extra that is not installed.
    other = [
        f"{name} {packages[name]} (locked: {' or '.join(sorted(versions))})"
        for name, versions in locked.items()
        if name in packages and packages[name] not in versions
    ]
    absent = [f"{name} {version} (not locked)" for name, version in packages.items()
              if name not in locked]  # fmt: skip
    if other or absent:
        yield Observation(
            "installed packages",
            Status.WARNING,
            _listed([*other, *absent]),
            "a different version of a library may give different results",
            f"install the locked versions: pip install --require-hashes -r {LOCK}"
            if other
            else "add them to the lock",
        )
    else:
        yield Observation("installed packages", Status.OK, f"as locked: {len(packages)}")


def git(case: Case) -> Iterator[Observation]:
    """Observation that a commit identifies this code."""
    if case.project is None or not case.alive:
        return
    state = case.alive[0].environment.git
    why = "no commit identifies the code behind a result"
    if isinstance(state, NoRepository):
        absent = state.reason == "git is missing"
        advice = "install git, or build the image from a commit" if absent else _KEEP
        yield Observation("git", Status.WARNING, state.reason, why, advice)
    elif state.commit is None or state.dirty:
        found = "there is no commit yet"
        if state.commit is not None:
            # An image records that files had changed, and not which.
            named = f": {_listed(state.dirty_files)}" if state.dirty_files else ""
            found = f"changed since {state.commit[:12]}{named}"
        yield Observation("git", Status.WARNING, found, why, "commit before any run that matters")
    else:
        yield Observation("git", Status.OK, f"clean at {state.commit[:12]}")


def _requirements(path: Path) -> list[Line]:
    return list(lines_of(path.read_text(encoding="utf-8", errors="replace")))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

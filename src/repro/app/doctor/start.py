"""The start of a process: the processor, whether it starts at all, and Python's own settings."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from repro.app.answers import Status
from repro.app.doctor.case import Death, Observation
from repro.core.errors import PreconditionError
from repro.execution.enforcement import find_violations
from repro.launch import cannot_run, check_processor
from repro.processor import architecture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.app.doctor.case import Case
    from repro.execution.probe import Probe

_UTC = {"UTC", "Etc/UTC", "UCT", "Etc/UCT", "Zulu", "Etc/Zulu", "GMT", "Etc/GMT"}


def processor(case: Case) -> Iterator[Observation]:
    """Observation that the processor can run what the level pins."""
    model = case.alive[0].environment.cpu.model if case.alive else ""
    found = f"{model or 'a processor'} ({architecture()})"
    try:
        check_processor(case.level)
    except PreconditionError as error:
        yield Observation(
            "processor",
            Status.PROBLEM,
            f"{found}: {error.message}",
            "code for a newer processor crashes with an illegal instruction",
            error.advice,
        )
        return
    if architecture() == "x86_64":
        yield Observation(
            "processor", Status.OK, f"{found}: can run the code paths of level '{case.level}'"
        )
        return
    yield Observation(
        "processor",
        Status.WARNING,
        f"{found}: no level pins code paths on it",
        "its bits form a class of their own and never match those of x86-64",
        "compare within a tolerance, or verify on the architecture of the training",
    )


def processes(case: Case) -> Iterator[Observation]:
    """Observation that Python starts as the caller starts it, and at the level."""
    if isinstance(case.own, Death):
        asked = "; ".join(cannot_run(case.environ))
        yield Observation(
            "Python in this shell",
            Status.PROBLEM,
            f"a process that loads NumPy, SciPy and scikit-learn {case.own.cause}",
            asked or "nothing that uses these libraries can run from this shell",
            "unset these variables"
            if asked
            else f"{shlex.quote(sys.executable)} -P -m repro.execution.probe . seeded shows it;"
            " see the inherited variables",
        )
    else:
        yield Observation("Python in this shell", Status.OK, "loads NumPy, SciPy and scikit-learn")
    if case.pinned is not None:
        yield _promise(case, case.pinned)


def _promise(case: Case, pinned: Probe | Death) -> Observation:
    name = f"level {case.level}"
    if isinstance(pinned, Death):
        return Observation(
            name,
            Status.PROBLEM,
            f"a process started at the level {pinned.cause}",
            "nothing can be trained or verified at this level",
            f"repro exec --level {case.level} -- {shlex.quote(sys.executable)} -P -m"
            f" repro.execution.probe . {case.level} shows it",
        )
    broken = (*pinned.reasons, *find_violations(case.level, pinned.environment))
    if broken:
        return Observation(
            name,
            Status.PROBLEM,
            "; ".join(broken),
            "these libraries do not do what the level promises",
            "find what resets it (a sitecustomize, a conda hook, a second build of a library)",
        )
    return Observation(name, Status.OK, "in force: every library reports what the level promises")


def hash_seed(case: Case) -> Iterator[Observation]:
    """Observation that the order of sets and of hashes is the same in every process."""
    if isinstance(case.own, Death):
        return
    seed = case.own.environment.hash_seed
    if seed in {None, "random"}:
        yield Observation(
            "hash seed",
            case.fixed,
            "random in every process",
            "the order of sets, and everything that depends on it, differs from run to run",
            "export PYTHONHASHSEED=0, or run: repro exec -- COMMAND",
        )
    elif seed != "0" and case.level.keeps_out:
        yield Observation(
            "hash seed",
            Status.CONTROLLED,
            f"PYTHONHASHSEED={seed}, and the level sets 0",
            "a different seed gives sets a different order",
            "export PYTHONHASHSEED=0",
        )
    else:
        yield Observation("hash seed", Status.OK, f"fixed: {seed}")


def language(case: Case) -> Iterator[Observation]:
    """Report the time zone and the encoding of text; neither may change a result."""
    if not case.alive:
        return
    locale = case.alive[-1].environment.locale
    set_here = case.environ.get("TZ", "").removeprefix(":")
    if set_here and set_here not in _UTC:
        yield Observation(
            "time zone",
            Status.WARNING,
            f"TZ={set_here}",
            "code that reads the local time gives different results elsewhere; repro reads none",
            "export TZ=UTC",
        )
    else:
        yield Observation("time zone", Status.OK, locale.timezone)
    if locale.encoding.lower().replace("-", "") == "utf8":
        yield Observation("locale", Status.OK, f"{locale.name}, {locale.encoding}")
        return
    yield Observation(
        "locale",
        Status.WARNING,
        f"{locale.name}, {locale.encoding}",
        "files opened without an encoding may be read differently elsewhere; repro names one",
        "export PYTHONUTF8=1, or LC_ALL=C.UTF-8",
    )

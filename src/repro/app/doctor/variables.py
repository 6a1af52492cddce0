"""The caller's own variables: what they ask for, and their effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repro.app.answers import Status
from repro.app.doctor.case import Death, Observation
from repro.core.suggest import did_you_mean
from repro.core.variables import CORETYPE, DISABLE, ENABLE, TUNABLES
from repro.execution.probe import Probe
from repro.launch import KNOWN, cannot_run, leaking, misspelt, overruled
from repro.launch.requests import kernel_named, switches_in
from repro.processor import architecture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.app.doctor.case import Case

# The names that the GNU C library takes for x86 (sysdeps/x86/cpu-tunables.c), by case. The first
# can only be switched off; others are those of any version, since an unknown one is ignored.
_FEATURES = frozenset({
    "AVX", "AVX2", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512ER", "AVX512F", "AVX512PF",
    "AVX512VL", "BMI1", "BMI2", "CMOV", "CX8", "ERMS", "FMA", "FMA4", "HTT", "I586", "I686",
    "IBT", "LZCNT", "MOVBE", "OSXSAVE", "POPCNT", "RTM", "SHSTK", "SSE2", "SSE4_1", "SSE4_2",
    "SSSE3", "XSAVE", "XSAVEC",
})  # fmt: skip
_PREFERENCES = frozenset({
    "AVX_Fast_Unaligned_Load", "Avoid_Non_Temporal_Memset", "Avoid_STOSB", "Fast_Copy_Backward",
    "Fast_Rep_String", "Fast_Unaligned_Copy", "Fast_Unaligned_Load", "MathVec_Prefer_No_AVX512",
    "Prefer_AVX2_STRCMP", "Prefer_ERMS", "Prefer_FSRM", "Prefer_MAP_32BIT_EXEC",
    "Prefer_No_AVX512", "Prefer_No_VZEROUPPER", "Prefer_PMINUB_for_stringop", "Slow_BSF",
    "Slow_SSE4_2",
})  # fmt: skip

_WHY = {
    CORETYPE: "the kernel that OpenBLAS chooses decides the last bits of all linear algebra",
    ENABLE: "NumPy's dispatched functions decide the last bits of exp, log, sums and sorts",
    DISABLE: "NumPy's dispatched functions decide the last bits of exp, log, sums and sorts",
    TUNABLES: "the C library's maths functions round differently with FMA and without",
}

# A level keeps out what loads a library into every process, and not where libraries are found.
_LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# Variables of Python itself that can change what code runs.
_PYTHON = {
    "PYTHONPATH": (
        "modules in these folders shadow installed ones, and no lock lists them",
        "unset it, and install what it points to",
    ),
    "PYTHONOPTIMIZE": (
        "assert statements do not run, so checks that code relies on are skipped",
        "unset it",
    ),
}


def requests(case: Case) -> Iterator[Observation]:
    """Give a problem for each variable that does not do what it says."""
    for variable, sentences in _in_vain(case).items():
        yield Observation(
            variable,
            Status.PROBLEM,
            "; ".join(sentences),
            _WHY.get(variable, "the computation does not use what was requested"),
            f"correct it, or unset {variable}: a level sets what it needs",
        )
    yield from _substituted(case)


def _substituted(case: Case) -> Iterator[Observation]:
    """Warn of a kernel that the build of OpenBLAS left out and replaced."""
    asked = kernel_named(case.environ.get(CORETYPE, ""))
    if asked is None or isinstance(case.own, Death):
        return
    native = [each for each in case.own.environment.native if each.internal_api == "openblas"]
    running = sorted({str(each.architecture) for each in native} - {asked})
    if running:
        yield Observation(
            CORETYPE,
            Status.WARNING,
            f"{CORETYPE}={case.environ[CORETYPE]}, and OpenBLAS runs {' and '.join(running)}",
            "this build has no kernel of that name and silently uses the nearest",
            f"request the kernel that it runs, or unset {CORETYPE}",
        )


def inherited(case: Case) -> Iterator[Observation]:
    """Report the other variables that can change results, known and unknown."""
    given = overruled if case.level.keeps_out else (lambda _, environ: leaking(environ))
    named = _in_vain(case)
    found = {n: v for n, v in given(case.level, case.environ).items() if n not in named}
    known = {name: value for name, value in found.items() if name in KNOWN}
    if known:
        yield Observation(
            "inherited variables",
            case.fixed,
            ", ".join(f"{name}={value}" for name, value in known.items()),
            "they set threads or code paths for every program that this shell starts",
            f"unset {' '.join(known)}, or run programs by: repro exec -- COMMAND",
        )
    for name in found.keys() - known.keys():
        kept = "; repro removes it" if case.level.keeps_out else ""
        yield Observation(
            name,
            Status.WARNING,
            f"{name}={found[name]} belongs to a numeric library and is not known to repro{kept}",
            "a misspelling silently has no effect; a new option may change results",
            f"correct it, or unset {name}",
        )
    if not found:
        rest = "none that can change a result" if not named else "none besides those above"
        yield Observation("inherited variables", Status.OK, rest)


def python(case: Case) -> Iterator[Observation]:
    """Warn of variables of Python that change what code runs, and of what it ran at its start."""
    for name, (why, advice) in _PYTHON.items():
        if case.environ.get(name):
            yield Observation(name, Status.WARNING, f"{name}={case.environ[name]}", why, advice)
    started = case.own.started if isinstance(case.own, Probe) else ()
    if started:
        yield Observation(
            "start of Python",
            Status.WARNING,
            f"{', '.join(started)} runs before every program, and no package provides it",
            "it can change what any library computes; no level disables it, and a run records its"
            " hash",
            "remove it, or unset PYTHONPATH if that is how it is found",
        )


def loader(case: Case) -> Iterator[Observation]:
    """Warn of native libraries that variables of the loader bring, and no level keeps out."""
    named = {name: case.environ[name] for name in _LOADER if case.environ.get(name)}
    # The process of the level, since a level keeps some of these variables out.
    environment = case.alive[0].environment if case.alive else None
    libraries = (environment.libraries if environment else None) or {}
    if not named:
        return
    loaded = f", and {', '.join(libraries)} were loaded by it" if libraries else ""
    yield Observation(
        "native libraries",
        Status.WARNING,
        f"{', '.join(f'{name}={value}' for name, value in named.items())} is set{loaded}",
        "a different build of the C library's maths functions or of OpenMP gives different bits;"
        " no level disables it, and a run records the content of what was loaded",
        f"unset {' '.join(named)} if programs start without it",
    )


def _in_vain(case: Case) -> dict[str, list[str]]:
    """Collect the sentences by variable; those from the text come before those read back."""
    environ = case.environ
    text = [each for each in misspelt(environ) if not each.startswith(TUNABLES)]
    read_back = () if isinstance(case.own, Death) else case.own.ignored_requests
    found = _by_variable([*cannot_run(environ), *text, *_switches(environ)])
    return _by_variable(read_back) | found


def _by_variable(sentences: list[str] | tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for sentence in sentences:
        variable = re.match(r"[A-Z_]+", sentence)
        found.setdefault(variable[0] if variable else "", []).append(sentence)
    return found


def _switches(environ: Mapping[str, str]) -> Iterator[str]:
    if architecture() != "x86_64":
        return
    for name, switch in switches_in(environ.get(TUNABLES, "")):
        off = switch.startswith("-")
        if name in _PREFERENCES or (name in _FEATURES and off):
            continue
        if name in _FEATURES:
            yield f"{TUNABLES} has {switch}, which can only be switched off, as -{name}"
            continue
        # Before version 2.33 there were names such as AVX2_Usable.
        names = {known.lower(): known for known in _FEATURES | _PREFERENCES}
        nearest = names.get(name.lower().removesuffix("_usable"))
        hint = f"did you mean '{nearest}'?" if nearest else did_you_mean(name, _FEATURES)
        yield (
            f"{TUNABLES} has {switch}, a name that the C library does not know and ignores: {hint}"
        )

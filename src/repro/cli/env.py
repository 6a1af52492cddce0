"""``repro env``."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.cli import output
from repro.cli.options import LEVELS, debug_option, enter, find, json_option, project_option
from repro.core.errors import ExitCode, PreconditionError
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.core.environment import Environment, NativeLibrary
    from repro.core.fingerprint import Fingerprint

_DIGEST = re.compile(r"(?:fingerprint/v(?P<version>\d+):)?(?P<hex>[0-9a-f]{12,64})")
# What computes numbers; versions of the others are in the JSON.
_COMPUTE = (
    "numpy", "scipy", "scikit-learn", "pandas", "joblib", "lightgbm", "xgboost", "xgboost-cpu",
    "catboost", "threadpoolctl",
)  # fmt: skip

_level_option = click.option(
    "--level",
    type=click.Choice(LEVELS),
    default=str(Level.PORTABLE),
    show_default=True,
    help="How much is fixed before Python starts.",
)


@click.group()
def command() -> None:
    """Show this environment and its numeric fingerprint."""


@command.command()
@_level_option
@json_option("env")
@project_option
def show(project_folder: Path | None, level: str, *, as_json: bool) -> int:
    """Show what a run records about this environment, read back at a level."""
    project = _project(project_folder)
    enter(level)
    from repro.app.environment import find_violations, observe  # imports NumPy: level is fixed

    environment = observe(project, level)
    if as_json:
        from repro.app.answers import EnvironmentAnswer

        output.say_record(EnvironmentAnswer(schema_="repro.env/v1", **dict(environment)))
    else:
        _render(environment)
        for broken in find_violations(Level(level), environment):
            output.warn(broken)
    return ExitCode.HOLDS


@command.command()
@_level_option
@click.option(
    "--kernels", "each_kernel", is_flag=True, help="Also print the digest of each kernel."
)
@click.option(
    "--expect",
    metavar="DIGEST|FILE",
    help="Exit with status 1 unless the fingerprint is this digest, or the one in this record.",
)
@json_option("fingerprint")
@debug_option
def fingerprint(level: str, expect: str | None, *, each_kernel: bool, as_json: bool) -> int:
    """Digest what small numeric kernels compute on this machine.

    Two environments with equal fingerprints agree in every code path that is known to differ
    between processors. It takes a second or two and needs no project.

    \b
    repro env fingerprint                   at the level that pins code paths
    repro env fingerprint --level strict    as this processor computes without pins
    repro env fingerprint --expect runs/RUN/environment.json
    """
    expected = None if expect is None else _expected(expect)
    enter(level)
    from repro.app.environment import observe_at_level, observe_fingerprint, observe_kernels

    environment = observe_at_level(Path.cwd(), level)
    clock = time.perf_counter()
    found = observe_fingerprint()
    seconds = round(time.perf_counter() - clock, 3)
    kernels = observe_kernels() if each_kernel else {}
    differing = None if expected is None else _differing(expected, found)
    if as_json:
        from repro.app.answers import FingerprintAnswer

        answer = FingerprintAnswer(
            schema_="repro.fingerprint/v1",
            level=level,
            bits=environment.bits,
            fingerprint=found,
            seconds=seconds,
            kernels=kernels if each_kernel else None,
            expected=expect,
            holds=None if differing is None else not differing,
            differing=None if differing is None else tuple(differing),
        )
        output.say_record(answer)
    else:
        output.field("bits", str(environment.bits))
        _render_fingerprint(found, kernels)
        output.field("seconds", f"{seconds:.2f}")
        if differing is not None:
            _render_differing(differing)
    return ExitCode.FINDING if differing else ExitCode.HOLDS


def _project(folder: Path | None) -> Path:
    """Return the project, or the current folder without one."""
    try:
        return find(folder)
    except PreconditionError:
        return folder or Path.cwd()


def _expected(text: str) -> Fingerprint | str:
    """Return the fingerprint that a file holds, or the digits of one that was given.

    Raises
    ------
    PreconditionError
        If there is neither, or it has a different scheme.
    """
    given = _DIGEST.fullmatch(text)
    if given is None:
        from repro.app.known import recorded_fingerprint

        return recorded_fingerprint(Path(text))
    if given["version"] not in {None, "1"}:
        raise PreconditionError(
            f"{text} has a different scheme and cannot be compared with this fingerprint",
            advice="take the fingerprint again with this version of repro",
        )
    return given["hex"]


def _differing(expected: Fingerprint | str, found: Fingerprint) -> list[str]:
    """Return the names of the groups that differ, or one entry if they are unknown."""
    if isinstance(expected, str):
        same = found.digest.rpartition(":")[2].startswith(expected)
        return [] if same else ["unknown groups: only a digest was given"]
    if expected.scheme != found.scheme:
        raise PreconditionError(
            f"the expected fingerprint has the scheme {expected.scheme}, this one {found.scheme}",
            advice="take the fingerprint again with this version of repro",
        )
    names = sorted(expected.groups.keys() | found.groups.keys())
    differ = [name for name in names if expected.groups.get(name) != found.groups.get(name)]
    if not differ and expected.digest != found.digest:
        return ["the digest over all groups: the file was edited"]
    return differ


def _render_fingerprint(found: Fingerprint, kernels: Mapping[str, Mapping[str, str]]) -> None:
    rows = []
    for group, digest in found.groups.items():
        rows.append((output.bold(group), output.short(digest)))
        rows += [(f"  {name}", output.short(d)) for name, d in kernels.get(group, {}).items()]
    output.table(("group", "digest"), rows)
    output.field("fingerprint", output.bold(found.digest))


def _render_differing(differing: list[str]) -> None:
    if differing:
        output.field("expected", output.toned("different") + ": " + ", ".join(differing))
    else:
        output.field("expected", output.toned("identical", "the same"))


def _render(environment: Environment) -> None:
    python, system, paths = environment.interpreter, environment.platform, environment.code_paths
    output.field("bits", output.bold(str(environment.bits)))
    output.field("level", environment.level)
    output.field("python", f"{python.implementation} {python.version} ({python.compiler})")
    libc = f"{system.libc} {system.libc_version}".strip() or "an unknown C library"
    output.field("platform", f"{system.system} {system.machine}, {libc}")
    packages = environment.packages
    output.field("packages", ", ".join(f"{n} {packages[n]}" for n in _COMPUTE if n in packages))
    for label, library in _labelled("libraries", environment.native):
        output.field(label, _formatted(library))
    groups = [name for name in paths.enabled if name not in paths.baseline]
    output.field("NumPy groups", f"{' '.join(paths.baseline)}; beyond: {' '.join(groups) or '-'}")
    output.field("libm", paths.libm or "one variant only, or unknown")
    output.field("hash seed", environment.hash_seed or "random")
    cpu, locale = environment.cpu, environment.locale
    model = cpu.model or cpu.vendor or "unknown"
    output.field("cpu", output.plain(f"{model}, {cpu.logical} logical processors"))
    output.field("locale", f"{locale.name}, {locale.encoding}, {locale.timezone}")
    container = environment.container
    output.field("container", " ".join(filter(None, (container.kind, container.image_digest))))
    output.field("lock", environment.lock or "none")
    _render_git(environment)
    kept_out = (environment.dropped or {}).items()
    text = ", ".join(f"{name}={value}" for name, value in kept_out)
    output.field("kept out", output.plain(text) or "nothing")


def _labelled(label: str, native: tuple[NativeLibrary, ...]) -> list[tuple[str, NativeLibrary]]:
    return [("" if index else label, library) for index, library in enumerate(native)]


def _formatted(library: NativeLibrary) -> str:
    named = " ".join(filter(None, (library.name, library.version, library.architecture)))
    plural = "" if library.num_threads == 1 else "s"
    return f"{named}, {library.num_threads} thread{plural}"


def _render_git(environment: Environment) -> None:
    from repro.core.environment import NoRepository

    state = environment.git
    if isinstance(state, NoRepository):
        output.field("git", state.reason)
        return
    commit = state.commit[:12] if state.commit else "no commit yet"
    changed = f", {len(state.dirty_files)} files changed" if state.dirty else ""
    branch = f" on {state.branch}" if state.branch else ""
    output.field("git", output.plain(f"{commit}{branch}{changed}"))

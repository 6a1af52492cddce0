"""Build the image, check that it can be built again to the last bit, or fetch the wheels for it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from oci import other_clock
from oci.builders import BUILDERS, TAG, Build, choose, load, scratch
from oci.layouts import Layout, differences, read_layout
from oci.sources import assemble, find_base, python_version, read_commit
from oci.wheels import download
from repro import __version__
from repro.cli import guarded, output
from repro.core.errors import ConfigError, ExitCode, PreconditionError

ROOT = Path(__file__).resolve().parent.parent
SHOWN = 50
debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
base_option = click.option(
    "--base", metavar="NAME@sha256:…", help="Another base than the Dockerfile's, or a mirror of it."
)
builder_option = click.option(
    "--builder", type=click.Choice([each.name for each in BUILDERS]),
    help="The best that is here by default.",
)  # fmt: skip
wheelhouse_option = click.option(
    "--wheelhouse", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of wheels instead of the index; 'wheelhouse' by default, where it is there.",
)  # fmt: skip
project_option = click.option(
    "--project", type=click.Path(exists=True, file_okay=False, path_type=Path), default=ROOT,
    help="Folder with the Dockerfile.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Build the image, check it, or fetch the wheels for it."""


@command.command()
@base_option
@builder_option
@wheelhouse_option
@project_option
@click.option(
    "--output",
    "target",
    default="oci:build/image",
    show_default=True,
    metavar="oci:FOLDER",
    help="Where the image goes; one that is there is replaced.",
)
@click.option("--source", help="Address of the repository, for the labels.")
@click.option(
    "--load/--no-load", "loading", default=True, help="Load it into Docker, where a daemon is."
)
@debug_option
def build(
    base: str | None,
    builder: str | None,
    wheelhouse: Path | None,
    project: Path,
    target: str,
    source: str | None,
    *,
    loading: bool,
) -> int:  # fmt: skip
    """Build the image, and print the digest of its manifest."""
    chosen, layout = choose(builder), _layout(target)
    log = layout.with_suffix(".log")
    log.unlink(missing_ok=True)
    started = time.monotonic()
    with scratch() as folder:
        made = _prepare(folder / "context", log, base, wheelhouse, project, source)
        _tell(made)
        # Beside its place, then there: what is there is whole.
        fresh = layout.with_name(f".{layout.name}-{os.getpid()}")
        try:
            chosen.build(made, fresh)
            shutil.rmtree(layout, ignore_errors=True)
            fresh.rename(layout)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    image = read_layout(layout)
    output.field("image", f"{layout}, {image.size / 1e6:.0f} MB")
    output.field("built", f"by {chosen.name} in {time.monotonic() - started:.0f} s")
    output.field("manifest", image.digest)
    if not chosen.repeatable:
        output.warn(
            "this builder gives every build another digest; for one that can be checked, install"
            " buildah, or a Docker with BuildKit 0.13 or later"
        )
    if loading:
        _load(layout, log)
    return ExitCode.HOLDS


@command.command()
@base_option
@builder_option
@wheelhouse_option
@project_option
@click.option(
    "--clock",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Build the second one on this date, by buildah.",
)
@debug_option
def check(
    base: str | None,
    builder: str | None,
    wheelhouse: Path | None,
    project: Path,
    clock: datetime | None,
) -> int:  # fmt: skip
    """Build the image twice, apart from each other, and compare; exit 1 where they differ.

    The two builds have nothing in common but the sources, the base and the wheels: stores, folders,
    locale, time zone, umask, and the times of files differ. With --clock, so do the date and the
    kernel: the second build runs in a Linux of its own, and this machine's clock is left alone.
    """
    if clock:
        other_clock.need()
        if builder not in {None, "buildah"}:
            raise ConfigError(
                f"--builder {builder}: on another date only buildah builds",
                advice="leave out --builder",
            )
    chosen = choose("buildah" if clock else builder)
    if not chosen.repeatable:
        raise PreconditionError(
            "the only builder here gives every build another digest",
            advice="install buildah and skopeo, or a Docker with BuildKit 0.13 or later",
        )
    circumstances = (
        ("first", {"LC_ALL": "C", "TZ": "UTC"}, 0o022),
        ("the second", {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"}, 0o077),
    )
    log = project / "build" / "image-check.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    with scratch() as folder:
        made = _prepare(folder / "once", log, base, wheelhouse, project, None)
        _tell(made)
        images: list[Layout] = []
        for name, variables, umask in circumstances:
            context = folder / name / "context"
            _copy_in_another_way(made.context, context, umask)
            again = Build(context, made.base, made.arguments, made.time, log, variables, umask)
            settings = " ".join("=".join(pair) for pair in variables.items())
            if clock and images:
                noon = clock.replace(hour=12, tzinfo=UTC)
                where = other_clock.build(again, folder / name / "image", noon, folder)
            else:
                chosen.build(again, folder / name / "image")
                where = f"{datetime.now(UTC):%Y-%m-%d} Linux {platform.release()}"
            images.append(read_layout(folder / name / "image"))
            output.field(
                f"build {len(images)}", f"{images[-1].digest}  umask {umask:03o} {settings} {where}"
            )
        if images[0].digest == images[1].digest:
            output.field("verdict", "identical: the same manifest from two builds")
            if not clock:
                output.field("not tried", "another date and kernel: make image-clock-check")
            return ExitCode.HOLDS
        found = list(differences(*images))
    for line in islice(found, SHOWN):
        output.say(output.plain(line))
    if len(found) > SHOWN:
        output.say(f"and {len(found) - SHOWN} more")
    output.field("verdict", f"different: {len(found)} differences")
    return ExitCode.FINDING


@command.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--python", help="Version of Python; that of the Dockerfile's base by default.")
@click.option("--machine", default=platform.machine(), show_default=True, help="Processor.")
@project_option
@debug_option
def wheelhouse(folder: Path | None, python: str | None, machine: str, project: Path) -> int:
    """Fetch the wheels of the locks into FOLDER, 'wheelhouse' by default."""
    version = python or python_version((project / "Dockerfile").read_text(encoding="utf-8"))
    target = folder or project / "wheelhouse"
    names = download(project, target, python=version, machine=machine)
    output.say(f"{target}: {len(names)} wheels for Python {version} on Linux, {machine}")
    return ExitCode.HOLDS


def _prepare(
    context: Path,
    log: Path,
    base: str | None,
    wheelhouse: Path | None,
    project: Path,
    source: str | None,
) -> Build:
    default = project / "wheelhouse"
    if wheelhouse is None and any(default.glob("*.whl")):
        wheelhouse = default
    context.mkdir(parents=True)
    assemble(project, context, wheelhouse)
    found = find_base((context / "Dockerfile").read_text(encoding="utf-8"), base)
    commit = read_commit(project)
    lock = hashlib.sha256((context / "requirements.txt").read_bytes()).hexdigest()
    arguments = {
        "BASE_NAME": found.name,
        "BASE_DIGEST": found.digest,
        "LOCK_DIGEST": f"sha256:{lock}",
        "REVISION": commit.revision,
        "SOURCE": commit.source if source is None else source,
        "VERSION": __version__,
    }
    index = os.environ.get("PIP_INDEX_URL")
    if index:
        arguments["PIP_INDEX_URL"] = index
    return Build(context, found, arguments, commit.time, log)


def _tell(made: Build) -> None:
    output.field("base", str(made.base))
    output.field("lock", made.arguments["LOCK_DIGEST"])
    output.field("revision", made.arguments["REVISION"] or "none: there is no commit")
    packages = "a wheelhouse" if (made.context / "wheelhouse").is_dir() else "the index"
    output.field("packages", f"from {packages}")


def _load(layout: Path, log: Path) -> None:
    reason = load(layout, log)
    if reason:
        later = f"skopeo copy oci:{layout} docker-daemon:{TAG}:latest"
        output.warn(f"not loaded into Docker: {reason}; later: {later}")
    else:
        output.field("loaded", "docker run --rm repro --help")


def _copy_in_another_way(source: Path, target: Path, umask: int) -> None:
    # As a checkout does that another person made: in another order, at another time.
    names = sorted(source.rglob("*"), reverse=bool(umask & 0o007))
    for path in (each for each in names if each.is_file()):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for path in (target, *target.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        moment = 1_000_000_000 + umask * 86400
        os.utime(path, (moment, moment))


def _layout(target: str) -> Path:
    kind, colon, folder = target.partition(":")
    if kind != "oci" or not colon or not folder:
        raise ConfigError(
            f"--output {target}: expected oci:FOLDER", advice="--output oci:build/image"
        )
    path = Path(folder).absolute()
    if path.exists() and not (path / "oci-layout").is_file():
        raise ConfigError(
            f"--output {target}: the folder holds something else than an image",
            advice="remove it, or name another folder",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


if __name__ == "__main__":
    sys.exit(guarded(command, sys.argv[1:], name="scripts/image.py"))

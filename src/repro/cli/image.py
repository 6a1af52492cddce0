"""``repro image``."""

from __future__ import annotations

import platform
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from repro.cli import output
from repro.cli.options import PathName, find, project_option
from repro.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from repro.app.image.build import Built
    from repro.app.image.builders import Build
    from repro.app.image.check import Checked
    from repro.app.image.layouts import Layout
    from repro.app.image.prepare import Request

_F = TypeVar("_F", bound="Callable[..., Any]")
_SHOWN = 50
_FOLDER = PathName(path_type=Path, file_okay=False)
_BUILDERS = ("buildkit", "buildah", "docker")


def _build_options(function: _F) -> _F:
    options = (
        click.option(
            "--base",
            metavar="NAME@sha256:…",
            help="A different base than the Dockerfile's, or a mirror of it.",
        ),
        click.option(
            "--builder", type=click.Choice(_BUILDERS), help="The best one available by default."
        ),
        click.option(
            "--wheelhouse",
            type=PathName(exists=True, file_okay=False, path_type=Path),
            help="Folder of wheels instead of the index; 'wheelhouse' of the project by default,"
            " if it has wheels.",
        ),
        project_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Build the container image of a project, twice to check every bit."""


@command.command()
@_build_options
@click.option(
    "--output",
    "target",
    metavar="oci:FOLDER",
    help="Where to write the image, replacing an older one; build/image of the project by default.",
)
@click.option("--source", help="Address of the repository, for the labels.")
@click.option(
    "--load/--no-load",
    "loading",
    default=True,
    help="Load it into Docker, if its daemon is running.",
)
def build(
    base: str | None,
    builder: str | None,
    wheelhouse: Path | None,
    project_folder: Path | None,
    target: str | None,
    source: str | None,
    *,
    loading: bool,
) -> int:
    """Build the image, and print the digest of its manifest.

    The project needs a Dockerfile that names its base by BASE_NAME and BASE_DIGEST, a
    .dockerignore that lists the files of the image, and a lock with hashes, requirements.txt.
    """
    from repro.app.image.build import build as build_image
    from repro.app.image.build import layout_of, log_of

    request = _request(project_folder, base, wheelhouse, source)
    layout = layout_of(target or f"oci:{request.project / 'build' / 'image'}")
    built = build_image(request, builder, layout, _show)
    _report(built)
    if loading:
        _load(layout, log_of(layout))
    return ExitCode.HOLDS


@command.command()
@_build_options
@click.option(
    "--clock",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Build the second one on this date, with buildah.",
)
def check(
    base: str | None,
    builder: str | None,
    wheelhouse: Path | None,
    project_folder: Path | None,
    clock: datetime | None,
) -> int:
    """Build the image twice, independently, and compare; exit 1 if they differ.

    The two builds share only the sources, the base and the wheels: stores, folders, locale, time
    zone, umask, and the times of files differ. With --clock, so do the date and the kernel: the
    second build runs in a Linux of its own, and this machine's clock is left alone.
    """
    from repro.app.image.check import check as check_image

    request = _request(project_folder, base, wheelhouse)
    found = check_image(request, builder, clock, _Shown())
    _conclude(found, clock)
    return ExitCode.HOLDS if found.holds else ExitCode.FINDING


@command.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--python", help="Version of Python; that of the Dockerfile's base by default.")
@click.option("--machine", default=platform.machine(), show_default=True, help="Processor.")
@project_option
def wheelhouse(
    folder: Path | None, python: str | None, machine: str, project_folder: Path | None
) -> int:
    """Fetch the wheels of the locks into FOLDER, to build without a network.

    FOLDER is 'wheelhouse' of the project by default. The folder then has these wheels only.
    """
    from repro.app.image.sources import python_version
    from repro.app.image.wheelhouse import download

    project = find(project_folder)
    version = python or python_version(project)
    target = folder or project / "wheelhouse"
    names = download(project, target, python=version, machine=machine)
    output.say(f"{target}: {len(names)} wheels for Python {version} on Linux, {machine}")
    return ExitCode.HOLDS


def _request(
    project_folder: Path | None,
    base: str | None,
    wheels: Path | None,
    source: str | None = None,
) -> Request:
    from repro.app.image.prepare import Request

    return Request(find(project_folder), base, wheels, source)


class _Shown:
    """The progress of a check, printed."""

    def began(self, made: Build) -> None:
        """Print the inputs of both builds."""
        _show(made)

    def built(self, number: int, image: Layout, circumstances: str) -> None:
        """Print the digest of an image."""
        output.field(f"build {number}", f"{image.digest}  {circumstances}")


def _show(made: Build) -> None:
    output.field("base", str(made.base))
    output.field("lock", made.arguments["LOCK_DIGEST"])
    output.field("revision", made.arguments["REVISION"] or "unknown: the project has no commit")
    packages = "a wheelhouse" if (made.context / "wheelhouse").is_dir() else "the index"
    output.field("packages", f"from {packages}")


def _report(built: Built) -> None:
    image = built.image
    output.field("image", f"{image.path}, {image.size / 1e6:.0f} MB")
    output.field("built", f"by {built.builder} in {built.seconds:.0f} s")
    output.field("manifest", image.digest)
    if not built.repeatable:
        output.warn(
            "this builder gives every build a different digest; for one that can be checked,"
            " install buildah, or a Docker with BuildKit 0.13 or later"
        )


def _load(layout: Path, log: Path) -> None:
    from repro.app.image.builders import TAG
    from repro.app.image.loading import load

    reason = load(layout, log)
    if reason:
        later = f"skopeo copy oci:{layout} docker-daemon:{TAG}:latest"
        output.warn(f"not loaded into Docker: {reason}; later: {later}")
    else:
        output.field("loaded", "docker run --rm repro --help")


def _conclude(found: Checked, clock: datetime | None) -> None:
    if found.holds:
        output.field("verdict", "identical: the same manifest from two builds")
        if not clock:
            output.field("not tried", "a different date and kernel: --clock 2028-02-29")
        return
    for line in islice(found.differences, _SHOWN):
        output.say(output.plain(line))
    if len(found.differences) > _SHOWN:
        output.say(f"and {len(found.differences) - _SHOWN} more")
    output.field("verdict", f"different: {len(found.differences)} differences")

"""The use case ``image check``: build the image twice, independently, and compare every bit."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from repro.app.image import other_clock
from repro.app.image.builders import Build, Builder, choose, scratch
from repro.app.image.layouts import Layout, differences, read_layout
from repro.app.image.prepare import Request, check_project, prepare
from repro.core.errors import ConfigError, PreconditionError

if TYPE_CHECKING:
    from pathlib import Path


class Circumstances(NamedTuple):
    """Settings that must not change an image."""

    folder: str
    variables: dict[str, str]
    umask: int


_TWO = (
    Circumstances("first", {"LC_ALL": "C", "TZ": "UTC"}, 0o022),
    Circumstances("the second", {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"}, 0o077),
)


class Observer(Protocol):
    """A receiver of the progress of a check."""

    def began(self, made: Build) -> None:
        """Receive the inputs of both builds."""

    def built(self, number: int, image: Layout, circumstances: str) -> None:
        """Receive an image as soon as it is built."""


@dataclass(frozen=True)
class Checked:
    """Two builds of one image.

    Attributes
    ----------
    differences : tuple of str
        One line for each path and setting; empty if the manifests are identical.
    """

    digests: tuple[str, str]
    differences: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """True if both builds have the same manifest."""
        return self.digests[0] == self.digests[1]


def check(
    request: Request, builder: str | None, clock: datetime | None, observer: Observer
) -> Checked:
    """Build an image twice, and compare.

    The builds share only the sources, the base and the wheels: stores, folders, locale, time zone,
    umask and the times of files differ.

    Parameters
    ----------
    clock : datetime or None
        A date for the second build, which then runs in a Linux of its own.

    Raises
    ------
    ConfigError, PreconditionError
    """
    check_project(request.project)
    chosen = _chosen(builder, clock)
    log = request.project / "build" / "image-check.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    images: list[Layout] = []
    with scratch() as folder:
        made = prepare(request, folder / "once", log)
        observer.began(made)
        for number, settings in enumerate(_TWO, 1):
            again = _copied(made, folder / settings.folder / "context", settings)
            layout, date = folder / settings.folder / "image", clock if images else None
            place = _built(chosen, again, layout, date, folder)
            images.append(read_layout(layout))
            observer.built(number, images[-1], f"{_described(settings)} {place}")
        first, second = images
        found = () if first.digest == second.digest else tuple(differences(first, second))
    return Checked((first.digest, second.digest), found)


def _chosen(builder: str | None, clock: datetime | None) -> Builder:
    if clock:
        other_clock.need()
        if builder not in {None, "buildah"}:
            raise ConfigError(
                f"--builder {builder}: only buildah builds on a different date",
                advice="leave out --builder",
            )
    chosen = choose("buildah" if clock else builder)
    if not chosen.repeatable:
        raise PreconditionError(
            "the only builder on this machine gives every build a different digest",
            advice="install buildah and skopeo, or a Docker with BuildKit 0.13 or later",
        )
    return chosen


def _built(chosen: Builder, made: Build, layout: Path, clock: datetime | None, folder: Path) -> str:
    """Build, and return the date and kernel."""
    if clock is not None:
        return other_clock.build(made, layout, clock.replace(hour=12, tzinfo=UTC), folder)
    chosen.build(made, layout)
    return f"{datetime.now(UTC):%Y-%m-%d} Linux {platform.release()}"


def _described(settings: Circumstances) -> str:
    variables = " ".join("=".join(pair) for pair in settings.variables.items())
    return f"umask {settings.umask:03o} {variables}"


def _copied(made: Build, context: Path, settings: Circumstances) -> Build:
    _copy(made.context, context, settings.umask)
    return replace(made, context=context, variables=settings.variables, umask=settings.umask)


def _copy(source: Path, target: Path, umask: int) -> None:
    # A checkout by a different person has its files in a different order and of a different time.
    names = sorted(source.rglob("*"), reverse=bool(umask & 0o007))
    for path in (each for each in names if each.is_file()):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for path in (target, *target.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~umask)
        moment = 1_000_000_000 + umask * 86400
        os.utime(path, (moment, moment))

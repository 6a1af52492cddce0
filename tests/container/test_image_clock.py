"""A build on another date sees that date, and everything that does not keep it is the same."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from repro.app.image import other_clock
from repro.app.image.builders import Build, Buildah
from repro.app.image.layouts import differences, read_layout
from repro.app.image.sources import Base
from repro.core.errors import PreconditionError

LEAP_DAY = datetime(2028, 2, 29, 12, tzinfo=UTC)
DOCKERFILE = """
ARG BASE
FROM ${BASE}
RUN mkdir /made && date -u +%F >/made/date && uname -r >/made/kernel && echo same >/made/same
"""


def settings():
    """The names of the machine's own settings, in which netavark would keep its locks."""
    return sorted(Path("/etc/containers").rglob("*"))


def test_only_what_keeps_the_date_or_the_kernel_differs(bench, monkeypatch):
    """And this machine's clock and its settings of containers are left alone."""
    try:
        other_clock.need()
    except PreconditionError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("TMPDIR", str(bench.folder))
    folder = bench.folder / "clock"
    (folder / "context").mkdir(parents=True)
    (folder / "context" / "Dockerfile").write_text(DOCKERFILE)
    source, _, digest = bench.base.partition("@")
    made = Build(
        folder / "context", Base("localhost/python", source, digest),
        {"BASE": f"localhost/python@{digest}"}, 1767225600, folder / "log",
    )  # fmt: skip
    before = settings()

    told = other_clock.build(made, folder / "there", LEAP_DAY, folder)
    Buildah().build(made, folder / "here")

    there, here = read_layout(folder / "there"), read_layout(folder / "here")
    paths = [line.split(": ")[1] for line in differences(there, here) if line[:5] == "layer"]
    assert told.startswith("2028-02-29 Linux "), told
    assert settings() == before
    assert datetime.now(UTC).date() != LEAP_DAY.date()
    assert paths == ["made/date", "made/kernel"]

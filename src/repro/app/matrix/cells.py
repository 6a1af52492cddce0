"""The cells of ``matrix.yaml``, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from repro.config.project import read_tree
from repro.config.resolve import validate
from repro.core.errors import ConfigError
from repro.core.model import Record
from repro.core.suggest import did_you_mean
from repro.launch import Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Runner = Literal["ubuntu-24.04", "ubuntu-26.04", "ubuntu-26.04-arm", "macos-15", "windows-2025"]
PLATFORMS: dict[Runner, tuple[str, str]] = {
    "ubuntu-24.04": ("Linux", "x86_64"),
    "ubuntu-26.04": ("Linux", "x86_64"),
    "ubuntu-26.04-arm": ("Linux", "aarch64"),
    "macos-15": ("Darwin", "arm64"),
    "windows-2025": ("Windows", "AMD64"),
}
"""System and machine of a runner, in the words of Python's ``platform``."""

# Enough to begin with: the machine at hand.
_EXAMPLE = (
    "write one, or name one with --matrix, such as:\nschema: repro.matrix/v1\ncells:\n"
    '  linux: {runner: ubuntu-24.04, python: "3.13"}'
)
# The name of a cell names files too.
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
_Image = Annotated[str, Field(pattern=r"^(own|[a-z0-9][a-z0-9./:_-]*@sha256:[0-9a-f]{64})$")]
_Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]*$")]


class Cell(Record):
    """One place to train in; the comments in ``matrix.yaml`` explain each key."""

    runner: Runner
    python: Annotated[str, Field(pattern=r"^3\.[0-9]+$")]
    image: _Image | None = None
    packages: tuple[_Word, ...] = ()
    stand_in: Literal["interpreter", "chroot", "emulation"] | None = None
    suite: _Word | None = None
    lock: Literal["requirements.txt", "requirements-oldest.txt"] = "requirements.txt"
    level: Level | None = None

    @model_validator(mode="after")
    def _keys_go_together(self) -> Cell:
        brings_python = self.image not in {None, "own"}
        if self.packages and not brings_python and self.suite is None:
            raise ValueError("packages: allowed only with an image other than the project's own")
        if self.lock != "requirements.txt" and not brings_python:
            raise ValueError("lock: allowed only with an image other than the project's own")
        if (self.suite is None) == (self.stand_in == "chroot"):
            raise ValueError("suite and 'stand_in: chroot': each needs the other")
        if self.stand_in == "emulation" and self.platform != ("Linux", "aarch64"):
            raise ValueError("stand_in: only Linux on arm64 can be emulated; name such a runner")
        return self

    @property
    def platform(self) -> tuple[str, str]:
        """System and machine, in the words of Python's ``platform``."""
        return PLATFORMS[self.runner]


class Matrix(Record):
    """All cells, by name, in their order: the first one trained is the reference."""

    schema_: Literal["repro.matrix/v1"] = Field(alias="schema")
    cells: Annotated[dict[_Name, Cell], Field(min_length=1)]

    def chosen(self, names: Iterable[str]) -> dict[str, Cell]:
        """Return the cells of these names in the matrix's order; without names, all.

        Raises
        ------
        ConfigError
            If there is no such cell.
        """
        wanted = set(names)
        for name in wanted - set(self.cells):
            raise ConfigError(
                f"there is no cell '{name}'; {did_you_mean(name, self.cells)}",
                advice="see all of them: repro matrix --list",
            )
        return {name: cell for name, cell in self.cells.items() if not wanted or name in wanted}


def read_matrix(file: Path) -> Matrix:
    """Read the cells.

    Raises
    ------
    ConfigError
        One error that lists every problem by file, line and key.
    """
    if not file.exists():
        raise ConfigError(
            f"{file}: no such file; it lists the cells of the matrix",
            advice=_EXAMPLE,
        )
    return validate(read_tree(file, file.name)[1], Matrix)

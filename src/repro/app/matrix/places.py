"""The places that train a cell: in its image, on a machine of its kind, or in a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repro.app.image.sources import read_commit
from repro.execution.places.containers import Image, OwnImage
from repro.execution.places.debian import DebianTree
from repro.execution.places.emulation import EmulatedArm
from repro.execution.places.machine import Interpreter, SameMachine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from repro.app.matrix.cells import Cell
    from repro.execution.places import Place
    from repro.execution.places.workspace import Workspace


def places_of(cell: Cell, workspace: Workspace, *, exact: bool) -> Iterator[Place]:
    """Yield the places that train a cell, the truest first.

    Parameters
    ----------
    exact : bool
        Whether nothing may stand in for it.
    """
    machine = cell.platform[1]
    if cell.image == "own":
        yield OwnImage(workspace, _revision)
    elif cell.image is not None:
        yield Image(workspace, cell.image, cell.python, cell.packages, machine)
    else:
        yield SameMachine(workspace, *cell.platform, cell.python)
    if exact:
        return
    if cell.stand_in == "interpreter":
        yield Interpreter(workspace, *cell.platform, cell.python)
    elif cell.stand_in == "chroot":
        yield DebianTree(workspace, cell.suite or "", cell.python, cell.packages, machine)
    elif cell.stand_in == "emulation":
        yield EmulatedArm(workspace)


def _revision(project: Path) -> str:
    return read_commit(project).revision

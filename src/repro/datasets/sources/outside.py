"""A table outside of the project, at a place that only this machine knows.

The registry and records have its name and its hash. Its path is kept in the project's cache, which
nobody else is given: it would mean nothing on a different machine, and may say more than is meant.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repro.core.errors import PreconditionError
from repro.datasets.sources.file import read_bytes
from repro.datasets.sources.interface import Payload, payload_of
from repro.datasets.sources.url import CACHE

if TYPE_CHECKING:
    from repro.config.data import OutsideSource

LOCATIONS = f"{CACHE}/locations.json"


@dataclass(frozen=True)
class Outside:
    """A file by the name that the registry gives it."""

    project: Path
    source: OutsideSource

    @property
    def label(self) -> str:
        """The name, without a folder."""
        return self.source.label

    def obtain(self, expected: str | None) -> Payload:
        """Read the file where this machine has it; see ``Source.obtain``."""
        path = known_locations(self.project).get(self.source.name)
        if path is None:
            raise PreconditionError(
                f"{self.label}: lies outside the project, and {LOCATIONS} does not say where",
                advice="get a copy of the file, and say where it is: repro data locate NAME FILE",
            )
        content = read_bytes(Path(path), self.label)
        return payload_of(self.source, self.label, content, expected)


def known_locations(project: Path) -> dict[str, str]:
    """Return the paths of this machine, by the name of the file in the registry.

    A file that cannot be read as such counts as empty: it can be written again.
    """
    try:
        found: Any = json.loads((project / LOCATIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    paths = found.get("locations") if isinstance(found, dict) else None
    if not isinstance(paths, dict):
        return {}
    return {name: path for name, path in paths.items() if isinstance(path, str)}


def locate(project: Path, name: str, path: Path) -> None:
    """Remember where this machine has a file.

    Raises
    ------
    PreconditionError
        If the folder of the cache cannot be written.
    """
    locations = known_locations(project) | {name: str(path)}
    value = {"schema": "repro.locations/v1", "locations": dict(sorted(locations.items()))}
    file = project / LOCATIONS
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}-new")
        new.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        new.replace(file)
        ignore = file.parent / ".gitignore"
        if not ignore.exists():
            # What only this machine knows is not committed by mistake.
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise PreconditionError(
            f"{LOCATIONS}: cannot be written: {error.strerror}", advice="make data/cache writable"
        ) from error

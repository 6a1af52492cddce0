"""Installed distributions that a recorded command used, and code that none of them provides."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from repro.capture.distributions import owners_of_top_levels
from repro.capture.packages import normalised
from repro.core.fingerprint import TENSORS, Fingerprint
from repro.core.redaction import is_secret
from repro.execution.reading import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.core.environment import Environment
    from repro.execution.recording.traces import Traces

# A sealed command has a home of its own.
_OF_SEAL = {"HOME", "PYTHONUSERBASE"}
_SITE = ("site-packages", "dist-packages")


class Installed:
    """The distributions of the running Python, read while the command runs."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], str] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def used(self, traces: Traces, environment: Environment) -> tuple[str, ...]:
        """Return the names of the distributions that provide a loaded module.

        For a different Python, only the names of modules are matched.
        """
        modules = _modules(traces)
        found = {self._owner(file) for name, file in modules.items()}
        found |= {normalised(name) for name in modules}
        return tuple(sorted(name for name in found if name in environment.packages))

    def strays(self, traces: Traces) -> dict[str, Path]:
        """Return top-level modules in folders of packages that no distribution provides."""
        return {
            f"site-packages/{_below_site(Path(file))}": Path(file)
            for name, file in _modules(traces).items()
            if any(part in Path(file).parts for part in _SITE)
            and file.startswith(tuple(sys.path))
            and self._owner(file) is None
        }

    def _read(self) -> None:
        self._owners = owners_of_top_levels()

    def _owner(self, file: str) -> str | None:
        self._thread.join()
        path = Path(file)
        # A package is known by its folder, and a module by its file. Some packages add one of their
        # own folders to the places where modules are found.
        place = path.parent if path.stem == "__init__" else path
        while place.parent.name not in _SITE and place != place.parent:
            place = place.parent
        return self._owners.get((str(place.parent), place.name.partition(".")[0]))


def completed(environment: Environment, used: tuple[str, ...], traces: Traces) -> Environment:
    """Return an environment with what the traces know of distributions, variables, PyTorch."""
    variables: dict[str, str] = {}
    for event in traces.of("variable"):
        if event["name"] not in _OF_SEAL:
            digest = HIDDEN if is_secret(event["name"]) else event["digest"]
            variables.setdefault(event["name"], digest)
    known = dict(sorted(variables.items())) or None
    tensors = _chosen(event.get("tensors", {}) for event in traces.of("end"))
    results = _chosen(
        event["groups"] for event in traces.of("tensor results") if event["scheme"] == TENSORS
    )
    return environment.model_copy(
        update={
            "used": used or None,
            "variables": known,
            "tensors": tensors or None,
            "tensor_fingerprint": Fingerprint.of_tensors(results) if results else None,
        }
    )


def _chosen(processes: Iterable[dict[str, str]]) -> dict[str, str]:
    """Return what each process found, by name; those that differ are each recorded."""
    found: dict[str, set[str]] = {}
    for values in processes:
        for name, value in values.items():
            found.setdefault(name, set()).add(value)
    return {name: " and ".join(sorted(values)) for name, values in found.items()}


def _modules(traces: Traces) -> dict[str, str]:
    ends: Iterable[dict[str, str]] = (event["modules"] for event in traces.of("end"))
    return {name: file for modules in ends for name, file in modules.items()}


def _below_site(path: Path) -> str:
    parts = path.parts
    site = next(place for place, part in enumerate(parts) if part in _SITE)
    return "/".join(parts[site + 1 :])

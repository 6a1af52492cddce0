"""The files of a new project, and their content."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repro import __version__
from repro.app.init.templates import render, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.app.init.wheel import Wheel

# Where each system's packages come from is of no concern to a project: its name is what counts.
_ACTIONS = ("checkout", "setup-python")
_PIP_TOOLS = "7.6.2"
_REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9._-]*)==", re.MULTILINE)
_NIX = ("package", "wheels", "image", "checks", "shell", "source")


@dataclass(frozen=True)
class Subject:
    """The subject of a project.

    Attributes
    ----------
    name : str
        Of the experiment, or the script without its ending.
    title : str
        Of the project: the name of its folder.
    description : str
        One sentence.
    script : str
        Path of the script inside the project; empty for an experiment.
    parts : tuple of str
        Names at the top of the project that its results are made from.
    dvc : bool
        Whether it gets a pipeline of DVC.
    """

    name: str
    title: str
    description: str
    script: str
    parts: tuple[str, ...]
    dvc: bool = False

    @property
    def reference(self) -> str:
        """The file of the reference."""
        return f"reference/{self.name}.json"

    @property
    def image(self) -> tuple[str, ...]:
        """The files that an image is made from, beside its own description."""
        packages = ("requirements-repro.txt", "requirements.txt", "vendor")
        return tuple(sorted({*self.parts, *packages, "reference"}))


def surroundings(subject: Subject, wheel: Wheel) -> dict[str, bytes]:
    """Return the files of a project that are the same whatever it trains on, by path."""
    return {name: text.encode() for name, text in _texts(subject, wheel)} | {
        f"vendor/{wheel.name}": wheel.content
    }


def values_of(subject: Subject, wheel: Wheel) -> dict[str, Any]:
    """Return what templates name."""
    workflow = render("reproduce.yml")
    actions = {
        name.replace("-", "_"): re.findall(rf"uses: (actions/{name}@.*)", workflow)[0]
        for name in _ACTIONS
    }
    return {
        "own": False,
        "name": re.sub(r"[^a-z0-9]+", "-", subject.title.lower()).strip("-") or "project",
        "title": subject.title,
        "description": subject.description,
        "script": subject.script,
        # As a shell reads it, by way of make.
        "quoted": shlex.quote(subject.script).replace("$", "$$"),
        "experiment": subject.name,
        "reference": subject.reference,
        "parts": subject.image,
        "image": subject.image,
        "inputs": [*subject.parts, "requirements.txt"],
        "needed": _direct(),
        "pip_tools": _PIP_TOOLS,
        "version": __version__,
        "wheel": wheel.name,
        "sha256": wheel.sha256,
        **actions,
    }


def _texts(subject: Subject, wheel: Wheel) -> Iterator[tuple[str, str]]:
    values = values_of(subject, wheel)
    for name in ("Makefile", "Dockerfile", "README.md", "flake.nix", "requirements.in"):
        yield name, render(name, **values)
    yield ".dockerignore", render("dockerignore", **values)
    yield ".gitignore", render("gitignore", **values)
    yield "requirements-repro.txt", render("requirements-repro.txt", **values)
    yield "requirements.txt", shipped("requirements.txt")
    yield "flake.lock", shipped("flake.lock")
    for name in _NIX:
        yield f"nix/{name}.nix", render(f"nix/{name}.nix", **values)
    yield "nix/environment.json", shipped("environment.json")
    yield "nix/wheels.json", _wheels()
    if subject.dvc:
        yield "dvc.yaml", render("dvc.yaml", **values)
    workflow = "verify.yml" if subject.script else "reproduce.yml"
    yield ".github/workflows/reproduce.yml", render(workflow, **values)
    if not subject.script:
        yield "matrix.yaml", render("matrix.yaml", **values)
        yield "configs/base.yaml", render("configs/base.yaml", **values)


def _direct() -> list[str]:
    """Return what the package itself imports, as ``requirements.in`` has it."""
    lines = shipped("requirements.in").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _wheels() -> str:
    """Return the index of wheels, without those that only building this package needs."""
    index = json.loads(shipped("wheels.json"))
    locked = set(_REQUIREMENT.findall(shipped("requirements.txt")))
    index["wheels"] = [each for each in index["wheels"] if each["name"] in locked]
    index["locks"] = {"requirements.txt": index["locks"]["requirements.txt"]}
    return json.dumps(index, indent=2) + "\n"

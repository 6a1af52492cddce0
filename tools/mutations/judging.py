"""Judges whether a comparison names what a mutant changed, and nothing else."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tools.mutations.operators import PIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.mutations.operators import Mutant

_LINE = re.compile(r"^code\.(.+:\d+)$")
_NAMED, _WRONG, _EQUIVALENT = "named", "NOT NAMED", "identical"


@dataclass(frozen=True)
class Found:
    """What one comparison says: by ``compare`` or by ``verify``.

    Attributes
    ----------
    step : str
        The first divergent step; empty without one.
    causes : dict of str to (before, after)
        Every difference of a suspect that can act.
    reasons : tuple of str
        Of the verdict.
    """

    verdict: str
    step: str
    causes: dict[str, Any]
    reasons: tuple[str, ...] = ()

    @staticmethod
    def of(answer: Mapping[str, Any]) -> Found:
        """Read the JSON of a candidate of ``compare``, or of ``verify``."""
        comparison = answer["comparison"]
        divergence = comparison["divergence"] or {}
        acting = (each for each in answer["suspects"] if each["can_act"])
        causes = {key: pair for each in acting for key, pair in each["differences"].items()}
        reasons = tuple(comparison["reasons"])
        return Found(comparison["verdict"], divergence.get("stage", ""), causes, reasons)

    @property
    def lines(self) -> list[str]:
        """The lines of code that are named, as ``file:line``."""
        return [match[1] for key in self.causes if (match := _LINE.match(key))]


@dataclass(frozen=True)
class Judged:
    """A mutant, and whether each door names it.

    Attributes
    ----------
    changes : bool or None
        Whether bytes of the results differ, by running both without ``repro``; None without files.
    expected : str
        The step that a person expects.
    doors : dict of str to Found
        By the name of the command that compared.
    wrong : tuple of str
        What is not as expected; empty if the mutant is named rightly.
    """

    program: str
    mutant: Mutant
    changes: bool | None
    expected: str
    doors: dict[str, Found]
    wrong: tuple[str, ...]

    @property
    def result(self) -> str:
        """``named``, ``identical`` for an equivalent mutant, or ``NOT NAMED``."""
        if self.wrong:
            return _WRONG
        same = all(found.verdict == "identical" for found in self.doors.values())
        return _EQUIVALENT if same else _NAMED

    def to_json(self) -> dict[str, Any]:
        """Return everything but the text of the mutant."""
        mutant = {name: value for name, value in asdict(self.mutant).items() if name != "text"}
        doors = {name: asdict(found) for name, found in self.doors.items()}
        return {
            "program": self.program, "mutant": mutant, "changes": self.changes,
            "expected": self.expected, "doors": doors, "result": self.result,
            "wrong": list(self.wrong),
        }  # fmt: skip


def judge_script(
    mutant: Mutant, expected: tuple[str, str], found: Found, *, changes: bool | None
) -> list[str]:
    """Return what is wrong with what one door says of a mutant of a script."""
    if found.verdict == "identical":
        # The bytes of the results are the judge, and they were made without any part of `repro`.
        return ["identical, but bytes of the results differ"] if changes else []
    step, parameter = expected
    if any(each.startswith(f"input {mutant.file} differs: ") for each in found.reasons):
        # A verification runs nothing if an input changed, and a notebook is an input: of `jupyter`.
        return []
    wrong = []
    if found.step != step:
        wrong.append(f"diverges at {found.step or 'no step'}, expected {step or 'none'}")
    if mutant.operator == PIN:
        return wrong + _package(mutant, found)
    in_a_notebook = mutant.file.endswith(".ipynb")
    if found.lines != ([] if in_a_notebook else [mutant.place]):
        wrong.append(f"names the lines {found.lines}, expected {mutant.place}")
    packages = [key for key in found.causes if key.startswith("packages.")]
    if packages:
        wrong.append(f"names packages that are the same: {packages}")
    return wrong + (_parameter(mutant, f"{step} {parameter}", found) if parameter else [])


def _parameter(mutant: Mutant, name: str, found: Found) -> list[str]:
    """Check that a parameter is named with both values, and that no other one is."""
    prefix = name.rpartition(" ")[0]
    named = {key: pair for key, pair in found.causes.items() if key.startswith(f"{prefix} ")}
    wanted = [mutant.before, mutant.after]
    fitting = [key for key, pair in named.items() if key.startswith(name) and pair == wanted]
    if len(fitting) == 1 and (fitting[0] == name or fitting[0].endswith(f".{mutant.key}")):
        return [] if len(named) == 1 else [f"names more parameters: {sorted(named)}"]
    return [f"names the parameters {named}, expected {name} {wanted}"]


def _package(mutant: Mutant, found: Found) -> list[str]:
    pins = {key: pair for key, pair in found.causes.items() if key.startswith("packages.")}
    wanted = f"packages.{mutant.key}"
    if list(pins) != [wanted] or len(set(pins[wanted])) == 1:
        return [f"names the packages {pins}, expected {wanted}"]
    return [f"names the lines {found.lines}, expected none"] if found.lines else []


def judge_experiment(
    mutant: Mutant, stage: str, found: Found, settings: Mapping[str, object], *, changes: bool
) -> list[str]:
    """Return what is wrong with what ``compare`` says of a mutant of a configuration.

    Parameters
    ----------
    settings : mapping
        The settings that the comparison reports as different.
    """
    if found.verdict == "identical":
        return ["identical, but bytes of the results differ"] if changes else []
    wrong = [] if found.step == stage else [f"diverges at {found.step}, expected {stage}"]
    if mutant.operator == PIN:
        return wrong + _package(mutant, found) + ([f"names {settings}"] if settings else [])
    if list(settings) != [mutant.key]:
        wrong.append(f"names the settings {list(settings)}, expected {mutant.key}")
    if list(found.causes) != [mutant.key]:
        wrong.append(f"names the causes {list(found.causes)}, expected {mutant.key}")
    return wrong

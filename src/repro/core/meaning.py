"""The meaning of a pipeline's steps, as far as a comparison needs it.

The values are declared once, beside the steps themselves, and handed to whoever compares: a
comparison knows no step, no setting and no output by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mechanism(StrEnum):
    """A way in which an environment can change the outputs of a step."""

    FITTING = "fitting"
    ARITHMETIC = "arithmetic"
    SAMPLING = "sampling"
    TABLES = "tables"


@dataclass(frozen=True)
class Setting:
    """A section of the configuration, and the inputs of steps that are made from it.

    Attributes
    ----------
    section : str
        Top-level key of the configuration.
    cause : str
        The noun for it in a sentence, such as ``split``.
    rule : str
        Why it can act.
    inputs : tuple of str
        Names of inputs; one that starts with ``_`` is the end of a name.
    keyed : bool
        Whether the keys of a record hold it. What they do not hold may differ between two records
        of one experiment, and changes no metric and no prediction.
    data : bool
        Whether the content of the data set goes into the inputs too.
    """

    section: str
    cause: str
    rule: str
    inputs: tuple[str, ...]
    keyed: bool = True
    data: bool = False

    def makes(self, name: str) -> bool:
        """Return whether an input of this name is made from the section."""
        return any(
            name.endswith(end) if end.startswith("_") else name == end for end in self.inputs
        )


@dataclass(frozen=True)
class Derivation:
    """Values of a record that follow from outputs without any arithmetic.

    Attributes
    ----------
    prefix : str
        How the dotted names of the values begin.
    outputs : tuple of str
        Outputs of steps, ``stages.<step>.<output>``.
    thresholded : bool
        Whether this holds only where a threshold decides the labels, and not the estimator.
    """

    prefix: str
    outputs: tuple[str, ...]
    thresholded: bool = False


@dataclass(frozen=True)
class Meaning:
    """The meaning of all steps of a pipeline together.

    Attributes
    ----------
    settings : tuple of Setting
    versions : dict of str to int
        Version of the meaning of each step that is not in its first.
    diagnostics : frozenset of str
        Steps whose outputs no metric and no prediction follows from: they only comment on them.
    copies : dict of str to str
        Dotted name in a record, and the step output (``stages.<step>.<output>``) that it copies.
    derivations : tuple of Derivation
    optional : frozenset of str
        Steps that only some configurations have. What they give is in a record if they are.
    acts : dict of (str, int) to tuple of Mechanism
        What acts in each step, by its name and version.
    details : dict of str to str
        Step, and the step whose outputs are the parts of its own.
    outputs : dict of str to tuple of str
        Step, and its outputs. All others that a record has of the step are parts of one of them.
    closed : bool
        Whether every input that no step makes follows from data, configuration and seed. Those of
        a command may come from anywhere.
    """

    settings: tuple[Setting, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)
    diagnostics: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    copies: Mapping[str, str] = field(default_factory=dict)
    derivations: tuple[Derivation, ...] = ()
    acts: Mapping[tuple[str, int], tuple[Mechanism, ...]] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    closed: bool = True

    @property
    def sections(self) -> frozenset[str]:
        """Sections of the configuration that steps take as they are, under the section's name."""
        return frozenset(s.section for s in self.settings if s.inputs == (s.section,))

    def made_by(self, name: str, outputs: Mapping[str, str]) -> Mapping[str, str]:
        """Return the outputs of a step that later steps take; a step that names parts has none.

        Parts have names that users give them, such as ``estimator``.
        """
        return {} if name in self.details.values() else outputs

    def is_keyed(self, name: str) -> bool:
        """Return whether the keys of a record hold what an input of this name is made from."""
        return all(setting.keyed for setting in self.settings if setting.makes(name))

    def is_diagnostic(self, output: str) -> bool:
        """Return whether ``stages.<step>.<output>`` is an output of a diagnostic step."""
        return output.split(".")[1] in self.diagnostics


OF_COMMANDS = Meaning(closed=False)

"""Records of a comparison, put together where they look the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from repro.core.sentences import of_tolerance
from repro.core.verdict import Verdict
from repro.report.texts import short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from repro.core.comparison import Candidate
    from repro.core.verdict import Divergence
    from repro.report.comparison_page.shown import Shown

NAME = 60  # how much of a name is shown
_NAMES = 200
# From what a person must look at to what is as it should be.
_SEVERITY = (Verdict.INCOMPARABLE, Verdict.DIFFERENT, Verdict.EQUIVALENT, Verdict.IDENTICAL)


@dataclass(frozen=True)
class Member:
    """A record of the comparison; the reference has no candidate."""

    name: str
    record: Shown
    candidate: Candidate | None


@dataclass(frozen=True)
class Bunch:
    """Records that look the same where they are shown together.

    Attributes
    ----------
    letter : str
        Of the group whose stage outputs all have the same bits.
    """

    letter: str
    members: tuple[Member, ...]

    @property
    def first(self) -> Member:
        """One that stands for all."""
        return self.members[0]

    @property
    def names(self) -> list[str]:
        """As many names as are shown."""
        return [short(member.name, NAME) for member in self.members[:_NAMES]]


@dataclass(frozen=True)
class Cell:
    """A stage output of a group, compared with the reference's.

    Attributes
    ----------
    state : str
        ``same``, ``within``, ``differs`` or ``missing``.
    parts : bool
        Whether the stage is the first divergent one.
    """

    output: str
    state: str
    parts: bool


def capped(items: Sequence[Any], most: int) -> dict[str, Any]:
    """Part what is shown from what is only counted."""
    return {"shown": items[:most], "left": items[most:]}


def groups_of(members: Iterable[Member]) -> list[Bunch]:
    """Group records by the bits of their stage outputs, the reference's group first."""
    found: dict[tuple[tuple[str, str], ...], list[Member]] = {}
    for member in members:
        found.setdefault(tuple(member.record.outputs.items()), []).append(member)
    first, *others = [Bunch("", tuple(found)) for found in found.values()]
    # The others by size: of many, the small ones are left out.
    others.sort(key=lambda bunch: (-len(bunch.members), _urgency(bunch)))
    return [Bunch(_letter(place), b.members) for place, b in enumerate([first, *others])]


def _letter(place: int) -> str:
    """Name a group: A to Z, then AA."""
    head, last = divmod(place, 26)
    return (_letter(head - 1) if head else "") + chr(ord("A") + last)


def rows_of(groups: Iterable[Bunch]) -> list[Bunch]:
    """Put records together that have one line of the table."""
    return _bunches(groups, _looks)


def _bunches(groups: Iterable[Bunch], look: Callable[[Candidate], object]) -> list[Bunch]:
    """Divide groups into records that look the same; those that do not hold come first."""
    found: dict[tuple[str, str], list[Member]] = {}
    for group in groups:
        for member in group.members:
            if member.candidate is not None:
                found.setdefault((group.letter, repr(look(member.candidate))), []).append(member)
    bunches = [Bunch(letter, tuple(members)) for (letter, _), members in found.items()]
    return sorted(bunches, key=_urgency)


def _urgency(bunch: Bunch) -> tuple[bool, int, float]:
    if bunch.first.candidate is None:
        return True, len(_SEVERITY), 0.0
    comparison = bunch.first.candidate.comparison
    furthest = comparison.worst.excess if comparison.worst else 0.0
    return comparison.holds, _SEVERITY.index(comparison.verdict), -furthest


def _looks(candidate: Candidate) -> object:
    comparison = candidate.comparison
    return (
        candidate.bits, candidate.level, comparison.verdict, comparison.holds, candidate.tallies,
        comparison.worst, comparison.divergence,
    )  # fmt: skip


def stories_of(groups: Iterable[Bunch]) -> list[Bunch]:
    """Keep the records of which there is more to say than that they are the same."""
    return [
        bunch
        for bunch in _bunches(groups, _story)
        if bunch.first.candidate
        and bunch.first.candidate.comparison.verdict is not Verdict.IDENTICAL
    ]


def _story(candidate: Candidate) -> object:
    found = candidate.comparison
    causes = [(s.cause, s.can_act, s.differences) for s in candidate.suspects]
    measure = of_tolerance(found)
    return (
        found.verdict,
        found.finding,
        found.reasons,
        found.divergence,
        measure,
        candidate.config,
        causes,
    )


def cells_of(expected: Mapping[str, str], group: Bunch) -> list[Cell]:
    """Compare every stage output of a group with the reference's."""
    actual = group.first.record.outputs
    candidates = [member.candidate for member in group.members if member.candidate]
    other = "within" if all(c.comparison.verdict.holds for c in candidates) else "differs"
    parted = candidates[0].comparison.divergence if candidates else None
    return [
        Cell(output, _state(actual.get(output), digest, other), _parts(output, parted))
        for output, digest in expected.items()
    ]


def _state(actual: str | None, expected: str, other: str) -> str:
    if actual is None:
        return "missing"
    return "same" if actual == expected else other


def _parts(output: str, parted: Divergence | None) -> bool:
    stage, _, name = output.partition(".")
    return parted is not None and stage == parted.stage and name in parted.outputs

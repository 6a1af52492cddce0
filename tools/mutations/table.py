"""The result of the benchmark as JSON and as tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.mutations.operators import FOLDS, PIN, SEED, SPLIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.mutations.judging import Judged

_OPERATORS = (SEED, SPLIT, FOLDS, PIN)
_COLUMNS = ("named", "identical", "NOT NAMED")


@dataclass(frozen=True)
class Result:
    """Everything that one run of the benchmark found.

    Attributes
    ----------
    seed : int
        Decides the order of the mutants.
    judged : tuple of Judged
    verdicts : dict of str to dict of str to int
        How often each unchanged program had each verdict.
    missing : tuple of str
        Programs that were not run, since a library is not installed.
    """

    seed: int
    judged: tuple[Judged, ...]
    verdicts: dict[str, dict[str, int]]
    missing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every mutant is named, and every unchanged program is identical."""
        verdicts = {verdict for counts in self.verdicts.values() for verdict in counts}
        return not any(each.wrong for each in self.judged) and verdicts <= {"identical"}

    def to_json(self) -> dict[str, Any]:
        """Return the whole result."""
        return {
            "seed": self.seed,
            "holds": self.holds,
            "missing": list(self.missing),
            "mutants": [each.to_json() for each in self.judged],
            "reruns": self.verdicts,
        }

    def to_markdown(self) -> str:
        """Return the tables of operators, of mutants and of unchanged programs."""
        return "\n".join([*self._operators(), "", *self._mutants(), "", *self._reruns(), ""])

    def _operators(self) -> Iterator[str]:
        titles = ("operator", "form", "planted", "named", "equivalent: identical", "not named")
        yield from _row(*titles)
        yield "|---|---|---|---|---|---|"
        groups = Counter((each.mutant.operator, each.mutant.form) for each in self.judged)
        for operator, form in sorted(groups, key=lambda pair: (_OPERATORS.index(pair[0]), pair[1])):
            wanted = operator, form
            results = Counter(
                e.result for e in self.judged if (e.mutant.operator, e.mutant.form) == wanted
            )
            yield from _row(operator, form, groups[wanted], *(results[name] for name in _COLUMNS))
        total = Counter(each.result for each in self.judged)
        yield from _row("all", "", len(self.judged), *(total[name] for name in _COLUMNS))

    def _mutants(self) -> Iterator[str]:
        yield from _row("program", "mutant", "change", "bytes of results", "diverges at", "result")
        yield "|---|---|---|---|---|---|"
        for each in self.judged:
            mutant, found = each.mutant, each.doors["compare"]
            change = f"{mutant.before} → {mutant.after}"
            place = f"{mutant.place} {mutant.key}".strip()
            changes = {True: "differ", False: "same", None: "no file"}[each.changes]
            yield from _row(each.program, place, change, changes, found.step or "-", each.result)

    def _reruns(self) -> Iterator[str]:
        yield from _row("unchanged program", "verified", "identical")
        yield "|---|---|---|"
        for name, counts in self.verdicts.items():
            yield from _row(name, sum(counts.values()), counts.get("identical", 0))
        everything = sum(sum(counts.values()) for counts in self.verdicts.values())
        same = sum(counts.get("identical", 0) for counts in self.verdicts.values())
        yield from _row("all", everything, same)
        if self.missing:
            yield f"\nNot run, since a library is not installed: {', '.join(self.missing)}."


def _row(*cells: object) -> Iterable[str]:
    return [f"| {' | '.join(str(cell) for cell in cells)} |"]

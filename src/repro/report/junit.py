"""Comparisons and gates as JUnit test reports, which CI systems show."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from repro.core.comparison import KINDS
from repro.core.gate import GateOutcome
from repro.core.sentences import of_tolerance
from repro.core.verdict import Outcome
from repro.report.gate import measured

if TYPE_CHECKING:
    from repro.core.comparison import Candidate, ComparisonReport
    from repro.core.gate import GateReport
    from repro.core.verdict import Check


def comparison_junit(report: ComparisonReport) -> str:
    """Write a comparison as a JUnit test report.

    A candidate is a suite; that it holds is a case, and so is each kind of value. A case that
    compared nothing is skipped.
    """
    root = JUnitXml("repro compare")
    for candidate in report.candidates:
        # Not by add_testsuite, which makes one of two suites that have the same name.
        root.append(_suite(candidate))
    return _written(root)


def gate_junit(report: GateReport) -> str:
    """Write a gate as a JUnit test report.

    The candidate is a suite, and each gate a case, which fails if it cannot be decided.
    """
    root, name = JUnitXml("repro compare --gate"), _line(report.candidate)
    suite = TestSuite(name)
    suite.add_property("base", _line(report.base))
    suite.add_property("level", f"{report.level:g}")
    for result in report.results:
        case = TestCase(_line(result.gate), name)
        if result.outcome is not GateOutcome.PASSED:
            failure = Failure(_line(result.sentence))
            failure.text = _printable(measured(result))
            case.result = [failure]
        suite.append(case)
    root.append(suite)
    return _written(root)


def _written(root: JUnitXml) -> str:
    root.update_statistics()
    content = BytesIO()
    # Laid out by the standard library, whichever library has built the tree.
    root.write(content, pretty=True)
    # It lays out by tabs, which are control characters to whoever prints the report.
    return content.getvalue().decode().replace("\t", "  ")


def _suite(candidate: Candidate) -> TestSuite:
    name, comparison = _line(candidate.name), candidate.comparison
    suite = TestSuite(name)
    suite.add_property("tolerance", _line(of_tolerance(comparison)))
    if comparison.worst is not None:
        suite.add_property("worst", _line(_measured(comparison.worst)))
    for what, problems in _cases(candidate).items():
        case = TestCase(what, name)
        if what in candidate.tallies and not candidate.tallies[what].total:
            case.result = [Skipped("nothing was compared")]
        elif problems:
            failure = Failure(_line(problems[0]))
            failure.text = _printable("\n".join(problems))
            case.result = [failure]
        suite.append(case)
    return suite


def _cases(candidate: Candidate) -> dict[str, list[str]]:
    """Return the problems of each case, by its name."""
    comparison = candidate.comparison
    reasons = [*filter(None, [comparison.finding]), *comparison.reasons]
    failed = [f"{comparison.verdict}: {reasons[0]}", *reasons[1:]]
    cases = {"verdict": [] if comparison.holds else failed}
    wrong = [c for c in comparison.checks if c.outcome in {Outcome.DIFFERS, Outcome.MISSING}]
    for kind, tally in candidate.tallies.items():
        cases[kind] = [
            _measured(check)
            for check in wrong
            if check.name.startswith(KINDS[kind]) and check.difference is not None
        ]
        if tally.differing and kind != "stage outputs":
            cases[kind].insert(0, f"{tally.differing} differ beyond the tolerance")
    return cases


def _measured(check: Check) -> str:
    difference, allowed = check.difference or 0.0, check.allowed or 0.0
    return f"{check.name}: differs by {difference:.6g}, {allowed:.6g} allowed"


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


def _line(text: str) -> str:
    """Return a text for an attribute, in which readers of XML make spaces of line breaks."""
    return _printable(text).replace("\n", " ").replace("\t", " ")

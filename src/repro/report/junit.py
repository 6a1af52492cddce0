"""A comparison of records as a JUnit test report, which CI systems show."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from repro.core.comparison import KINDS
from repro.core.sentences import of_tolerance
from repro.core.verdict import Outcome

if TYPE_CHECKING:
    from repro.core.comparison import Candidate, ComparisonReport
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
    root.update_statistics()
    content = BytesIO()
    # Laid out by the standard library, whichever library has built the tree.
    root.write(content, pretty=True)
    return content.getvalue().decode()


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

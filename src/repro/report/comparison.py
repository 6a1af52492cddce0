"""A comparison of records in the forms that other programs show: Markdown and JUnit XML."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

from repro.core.comparison import KINDS
from repro.core.verdict import Outcome
from repro.divergence.sentences import of_inputs, of_tolerance
from repro.report.templating import templates

if TYPE_CHECKING:
    from repro.core.comparison import Candidate, ComparisonReport
    from repro.core.verdict import Check


def comparison_markdown(report: ComparisonReport) -> str:
    """Write a comparison as Markdown, such as for the summary of a job."""
    return (
        templates()
        .get_template("comparison.md.j2")
        .render(
            report=report,
            of_inputs=of_inputs,
            of_tolerance=of_tolerance,
            tolerances=tolerances_of(report),
        )
    )


def tolerances_of(report: ComparisonReport) -> list[str]:
    """Return what was allowed, in words: one of each kind."""
    return list(dict.fromkeys(of_tolerance(c.comparison) for c in report.candidates))


def comparison_junit(report: ComparisonReport) -> str:
    """Write a comparison as a JUnit test report.

    A candidate is a suite; that it holds is a case, and so is each kind of value. The form is the
    one that Jenkins, GitLab and GitHub's reporters read: ``testsuites`` > ``testsuite`` >
    ``testcase``, and in it ``failure``, or ``skipped`` where nothing was compared.
    """
    root = Xml.Element("testsuites", name="repro compare")
    for candidate in report.candidates:
        _suite(root, candidate)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: Xml.Element, candidate: Candidate) -> None:
    name, comparison = _printable(candidate.name), candidate.comparison
    suite = Xml.SubElement(root, "testsuite", name=name)
    worst = comparison.worst
    properties = {"tolerance": of_tolerance(comparison)}
    if worst is not None:
        properties["worst"] = _measured(worst)
    group = Xml.SubElement(suite, "properties")
    for key, value in properties.items():
        Xml.SubElement(group, "property", name=key, value=_printable(value))
    reasons = [*filter(None, [comparison.finding]), *comparison.reasons]
    told = [f"{comparison.verdict}: {reasons[0]}", *reasons[1:]]
    cases = {"verdict": [] if comparison.holds else told}
    for kind, tally in candidate.tallies.items():
        wrong = [c for c in comparison.checks if c.outcome in {Outcome.DIFFERS, Outcome.MISSING}]
        cases[kind] = [
            _measured(check)
            for check in wrong
            if check.name.startswith(KINDS[kind]) and check.difference is not None
        ]
        if tally.differing and kind != "stage outputs":
            cases[kind].insert(0, f"{tally.differing} differ beyond the tolerance")
    for what, problems in cases.items():
        case = Xml.SubElement(suite, "testcase", classname=name, name=what)
        if what in candidate.tallies and not candidate.tallies[what].total:
            Xml.SubElement(case, "skipped", message="nothing was compared")
        elif problems:
            failure = Xml.SubElement(case, "failure", message=_printable(problems[0]))
            failure.text = _printable("\n".join(problems))
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _measured(check: Check) -> str:
    difference, allowed = check.difference or 0.0, check.allowed or 0.0
    return f"{check.name}: differs by {difference:.6g}, {allowed:.6g} allowed"


def _printable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)

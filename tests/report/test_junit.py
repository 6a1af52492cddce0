"""JUnit reports: what a reader counts is what was compared, whatever the records are called."""

import xml.etree.ElementTree as Xml

import pytest
from tests.conftest import ROOT

from repro.app.compare import compare_all, read_entry
from repro.divergence.tolerance import ToleranceRequest
from repro.report.junit import comparison_junit


@pytest.fixture(scope="module")
def report():
    """The committed reference, compared with itself."""
    entry = read_entry(ROOT, ROOT, str(ROOT / "reference" / "credit.json"))
    return compare_all(None, entry, [entry], ToleranceRequest())


def with_candidates(report, names, *, finding=""):
    """The same candidate under several names, each of them a finding or not."""
    (candidate,) = report.candidates
    comparison = candidate.comparison.model_copy(update={"finding": finding})
    update = {"comparison": comparison} if finding else {}
    copies = tuple(candidate.model_copy(update={"name": name, **update}) for name in names)
    return report.model_copy(update={"candidates": copies})


@pytest.mark.parametrize(
    "names",
    [("a",), ("a", "b"), ("a", "a"), ("a", "b", "a"), ("same",) * 5],
    ids=" ".join,
)
def test_every_candidate_is_a_suite_of_its_own(report, names):
    """Also those that have one name, and the totals are those of all suites."""
    root = Xml.fromstring(comparison_junit(with_candidates(report, names)))
    counts = [len(suite.findall("testcase")) for suite in root]

    assert [suite.get("name") for suite in root] == list(names)
    assert [int(suite.get("tests")) for suite in root] == counts
    assert (int(root.get("tests")), root.get("failures")) == (sum(counts), "0")
    assert min(counts) > 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a b"), ("a\tb", "a b"), ("a\x00b", "a?b"), ("<&\"'>", "<&\"'>"),
        ("a\ud800b", "a?b"), ("\u202eabc", "?abc"), ("ä€", "ä€"),
    ],
)  # fmt: skip
def test_a_name_of_any_kind_comes_through_in_one_line(report, text, shown):
    """With what XML cannot hold as question marks, the same for every reader of attributes."""
    root = Xml.fromstring(comparison_junit(with_candidates(report, [text])))

    assert [suite.get("name") for suite in root] == [shown]
    assert {case.get("classname") for case in root.iter("testcase")} == {shown}


@pytest.mark.parametrize("finding", ["one", "one\ntwo", "<b>", "a & b", "x" * 2000])
def test_a_finding_is_a_failure_with_its_text(report, finding):
    """One for each candidate, counted in its suite and in the whole."""
    root = Xml.fromstring(comparison_junit(with_candidates(report, "ab", finding=finding)))
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]

    assert [case.get("name") for case in failed] == ["verdict", "verdict"]
    assert all(case.find("failure").text.startswith(f"identical: {finding}") for case in failed)
    assert (root.get("failures"), {suite.get("failures") for suite in root}) == ("2", {"1"})


def test_what_is_printed_has_no_character_that_a_terminal_does_not_show(report):
    """Or else the command line prints a question mark in its place."""
    text = comparison_junit(report)

    assert "\n  <testsuite " in text
    assert {c for c in text if not c.isprintable()} == {"\n"}

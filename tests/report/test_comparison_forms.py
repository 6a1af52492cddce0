"""A comparison as Markdown, JUnit XML and text: the measure is told, and records make no markup."""

import re
import xml.etree.ElementTree as Xml

import pytest
from tests.conftest import ROOT
from tests.forging import altered

from repro.app.compare import Entry, compare_all, read_entry
from repro.cli.compare import keeping, render
from repro.cli.verify import render_comparison
from repro.core.comparison import ComparisonReport
from repro.core.jsonfile import bound
from repro.divergence.tolerance import Tolerance, ToleranceRequest
from repro.report.comparison import comparison_markdown
from repro.report.comparison_page import comparison_html
from repro.report.junit import comparison_junit

EVIL = "a|b`c\n# heading <script>alert(1)</script> [x](y) *z*"


@pytest.fixture(scope="module")
def first():
    return read_entry(ROOT, ROOT, str(ROOT / "tests" / "data" / "record_v1.json"))


def changed(entry, name="changed.json", **changes):
    return Entry(name, bound(altered(entry.record, **changes)), entry.code, "")


def stage_changed(entry, place, name="changed.json", inputs=(), **changes):
    """Give a stage another digest of its first output, and of these inputs."""
    stages = list(entry.record.stages.stages)
    stage = stages[place]
    output = next(iter(stage.outputs))
    values = {
        "inputs": stage.inputs | dict.fromkeys(inputs, "planted"),
        "outputs": stage.outputs | {output: "planted"},
    }
    stages[place] = stage.model_copy(update=values | changes)
    update = {"stages": tuple(stages)}
    return changed(entry, name, stages=entry.record.stages.model_copy(update=update))


def moved(entry, by):
    """Move every test metric, and a stage with them."""
    entry = stage_changed(entry, -1)
    test = {
        name: estimate.model_copy(update={"value": estimate.value - by})
        for name, estimate in entry.record.metrics.test.items()
    }
    return changed(entry, metrics=entry.record.metrics.model_copy(update={"test": test}))


def rekeyed(entry):
    keys = entry.record.keys.model_copy(update={"strict_key": "strict/v1:other"})
    return changed(entry, keys=keys)


def forms(first, other, asked=None, capsys=None):
    report = compare_all(None, first, [other], asked or ToleranceRequest())
    render(report)
    return {
        "text": capsys.readouterr().out,
        "markdown": comparison_markdown(report),
        "junit": comparison_junit(report),
        "html": comparison_html(report, first.record, [other.record]),
    }


def test_every_form_tells_the_tolerance_and_what_was_allowed(first, capsys):
    """As it was given, where nothing else set it."""
    told = forms(
        first, moved(first, 2.0**-12), ToleranceRequest(tolerance=Tolerance(0.125, 0.0)), capsys
    )

    for form, text in told.items():
        assert "absolute 0.125, relative 0" in text, form
        assert re.search(r"0\.00024\d* ?.*0\.12", text), form
    (suite,) = Xml.fromstring(told["junit"])
    properties = {p.get("name"): p.get("value") for p in suite.find("properties")}
    assert properties["worst"].endswith("differs by 0.000244141, 0.125 allowed")


def test_every_form_tells_where_the_tolerance_comes_from(first, capsys):
    """In place of numbers that no value has been held against."""
    report = compare_all(None, first, [moved(first, 1e-9)], ToleranceRequest())
    basis = "10 times the <spread> over 3 classes"
    candidate = report.candidates[0]
    comparison = candidate.comparison.model_copy(update={"basis": basis})
    based = candidate.model_copy(update={"comparison": comparison})
    report = report.model_copy(update={"candidates": (based,)})
    render(report)

    assert basis in capsys.readouterr().out
    assert "10 times the &#60;spread&#62; over 3 classes" in comparison_markdown(report)
    (suite,) = Xml.fromstring(comparison_junit(report))
    assert suite.find("properties/property[@name='tolerance']").get("value") == basis
    page = comparison_html(report, first.record, [first.record])
    assert page.count("10 times the &lt;spread&gt; over 3 classes") == 2


def test_the_same_bits_are_asked_for_in_words(first, capsys):
    """A tolerance of 0."""
    told = forms(
        first, moved(first, 2.0**-12), ToleranceRequest(tolerance=Tolerance(0.0, 0.0)), capsys
    )

    assert all("none: the same bits" in text for text in told.values())


def test_what_a_record_says_is_no_markup(first, capsys):
    """Names of records, stages, outputs, inputs and metrics, in a table and in a list."""
    stage = first.record.stages.stages[0]
    evil = stage.model_copy(update={"name": EVIL, "inputs": {EVIL: "1"}, "outputs": {EVIL: "1"}})
    there = changed(
        first,
        "reference\n" + EVIL,
        stages=first.record.stages.model_copy(update={"stages": (evil,)}),
        metrics=first.record.metrics.model_copy(
            update={
                "test": first.record.metrics.test
                | {EVIL: next(iter(first.record.metrics.test.values()))}
            }
        ),
    )
    here = stage_changed(moved_metric(there), 0, "candidate\n" + EVIL, inputs=[EVIL])
    told = forms(there, here, ToleranceRequest(tolerance=Tolerance(0.0, 0.0)), capsys)

    markdown = told["markdown"].splitlines()
    assert not {"`", "*z*", "[x]", "<"} & {
        sign for sign in ("`", "*z*", "[x]", "<") if any(sign in line for line in markdown)
    }
    assert {line.count("|") for line in markdown if line.startswith("|")} == {10}
    assert not any(line.startswith(("# heading", "- heading")) for line in markdown)
    assert "its input a&#124;b&#96;c" in told["markdown"]
    assert not any(line.startswith("# heading") for line in told["text"].splitlines())
    assert Xml.fromstring(told["junit"]) is not None
    assert "<script>alert" not in told["html"]


def moved_metric(entry):
    """Move the metric of that name alone, so that it is the worst."""
    test = dict(entry.record.metrics.test)
    test[EVIL] = test[EVIL].model_copy(update={"value": test[EVIL].value - 0.25})
    metrics = entry.record.metrics.model_copy(update={"test": test})
    return changed(entry, entry.name, metrics=metrics)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([], "its inputs agree"),
        (["target"], "its input target differs"),
        (["target", "task", "selection"], "its inputs target, task, selection differ"),
    ],
)
def test_compare_and_verify_tell_of_inputs_alike(first, capsys, inputs, sentence):
    """None, one and several that differ, in every form."""
    other = stage_changed(first, 0, inputs=inputs)
    report = compare_all(None, first, [other], ToleranceRequest())
    assert report.candidates[0].comparison.divergence.inputs == tuple(inputs)
    render_comparison(report.candidates[0].comparison)
    verified = capsys.readouterr().out

    told = forms(first, other, capsys=capsys)
    del told["junit"]
    for form, text in (told | {"verify": verified}).items():
        assert re.search(re.escape(sentence) + r"(\n|$| already|, so)", text), form


def test_a_finding_is_a_failure_whatever_the_verdict_is(first):
    """The verdict would be a pass by itself."""
    report = compare_all(None, first, [moved(first, 1e-9)], ToleranceRequest())
    candidate = report.candidates[0]
    assert candidate.comparison.verdict == "equivalent"
    comparison = candidate.comparison.model_copy(update={"finding": "the same bits are due"})
    found = candidate.model_copy(update={"comparison": comparison})

    def failures(candidate) -> list[str]:
        whole = ComparisonReport.model_validate(
            report.model_dump(by_alias=True) | {"candidates": (candidate,)}
        )
        (suite,) = Xml.fromstring(comparison_junit(whole))
        told = [failure.get("message") for failure in suite.iter("failure")]
        assert suite.get("failures") == str(len(told))
        return told

    plain = candidate.model_copy(
        update={"comparison": candidate.comparison.model_copy(update={"finding": ""})}
    )
    assert failures(found) == ["equivalent: the same bits are due"]
    assert failures(plain) == []


def test_what_was_not_compared_is_skipped_and_never_a_pass(first):
    """Of two experiments nothing is compared but what they are."""
    reseeded = changed(first, config=first.record.config | {"seed": 7})
    whole = compare_all(None, first, [rekeyed(reseeded)], ToleranceRequest())
    (suite,) = Xml.fromstring(comparison_junit(whole))
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}

    assert cases.pop("verdict") == ["failure"]
    assert set(map(tuple, cases.values())) == {("skipped",)}
    assert (suite.get("failures"), suite.get("skipped")) == ("1", str(len(cases)))
    (row,) = [line for line in comparison_markdown(whole).splitlines() if "incomparable |" in line]
    assert "0 of 0" not in row


def test_a_page_needs_no_more_of_a_record_than_is_kept(first):
    """The rest is gone by the time that the page of many records is written."""
    others = [moved(first, 1e-9), moved(first, 1e-3)]
    kept = []
    report = compare_all(None, first, keeping(others, kept), ToleranceRequest())

    assert [len(each.rows) for each in kept] == [len(first.record.rows)] * 2
    assert [(row.row, row.label, row.scores, row.margin) for row in others[1].record.rows] == [
        *kept[1].rows
    ]
    assert kept[0].environment is kept[1].environment
    records = [other.record for other in others]
    assert comparison_html(report, first.record, kept) == comparison_html(
        report, first.record, records
    )


def test_each_record_is_read_after_the_last_was_compared(first):
    """So that one record at a time is in memory."""
    order, kept = [], []

    def reading():
        """Say when a record is asked for, and how many are kept by then."""
        for number in range(3):
            order.append(len(kept))
            yield moved(first, 1e-9 * (number + 1))

    compare_all(None, first, keeping(reading(), kept), ToleranceRequest())

    assert order == [0, 1, 2]

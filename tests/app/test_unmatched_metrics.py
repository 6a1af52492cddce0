"""Metrics that only one of two records has: reported, and never a way to delete what was found."""

import json
from dataclasses import replace

import pytest
from tests.app.test_one_place import RECORD, SETTINGS_OF_TOLERANCE
from tests.forging import altered

from repro.app.explain import no_divergence as agreement
from repro.app.own_metrics import check_tolerances, names_of
from repro.app.subjects.subject import check_record
from repro.config.yaml import Leaf
from repro.core.canonical import tagged_digest
from repro.core.errors import ConfigError
from repro.core.jsonfile import bound
from repro.core.record_v1 import METRICS
from repro.core.records import Estimate
from repro.core.verdict import Outcome, Verdict
from repro.digest.plain import digest_plain
from repro.divergence.assess import assess, assess_metrics, obstacles_of_metrics
from repro.divergence.comparable import obstacles
from repro.divergence.compare import first_divergence
from repro.divergence.side import Side
from repro.divergence.tolerance import ToleranceRequest
from repro.divergence.unmatched import explained_outputs, unmatched
from repro.report.comparison_page import metrics as page
from repro.training.declarations import MEANING

TASK = RECORD.metrics.task
COPIES = {"test": "test_metrics", "constant": "constant", "undefined": "undefined"}
LATER = Estimate(value=0.5, low=0.25, high=0.75)


def with_metrics(record, **sections):
    """Write sections of the metrics as a training would: with the digests of its stages."""
    outputs = {COPIES[name]: digest_plain(value) for name, value in sections.items()}
    stages = tuple(
        stage.model_copy(
            update={
                side: {name: outputs.get(name, d) for name, d in getattr(stage, side).items()}
                for side in ("inputs", "outputs")
            }
        )
        for stage in record.stages.stages
    )
    return bound(
        altered(
            record,
            metrics=record.metrics.model_copy(update=sections),
            stages=record.stages.model_copy(update={"stages": stages}),
        )
    )


def without(record, *names):
    kept = {
        section: {k: v for k, v in getattr(record.metrics, section).items() if k not in names}
        for section in COPIES
    }
    return with_metrics(record, **kept)


def grown(record, *names):
    """Write a record of a later version, which measures more."""
    return with_metrics(
        record,
        test=record.metrics.test | dict.fromkeys(names, LATER),
        constant=record.metrics.constant | dict.fromkeys(names, 0.25),
    )


def judged(expected, actual):
    return assess(SETTINGS_OF_TOLERANCE, expected, actual, ToleranceRequest(), MEANING)


@pytest.mark.parametrize("names", [("f2",), ("f2", "kappa"), ("a", "z", "m"), ("low",), ("test",)])
@pytest.mark.parametrize("older", ["reference", "run"])
def test_an_older_record_compares_with_one_that_measures_more(names, older):
    """Everything else has the same bits; the sentence names the metrics and their side."""
    pair = (RECORD, grown(RECORD, *names))
    found = judged(*(pair if older == "reference" else reversed(pair)))
    side = "this run" if older == "reference" else "the reference"
    reported = [check for check in found.checks if check.outcome is Outcome.EXPLAINED]

    assert (found.verdict, found.finding, found.divergence) == (Verdict.IDENTICAL, "", None)
    assert found.reasons[1:] == (f"only in {side}: {', '.join(names)}",)
    assert {check.name for check in reported if check.name.startswith("metrics.")} == {
        f"metrics.test.{name}" for name in names
    }


def test_each_side_may_have_metrics_of_its_own():
    """Both are named."""
    found = judged(grown(RECORD, "old"), grown(RECORD, "new"))

    assert found.verdict is Verdict.IDENTICAL
    assert set(found.reasons[1:]) == {"only in the reference: old", "only in this run: new"}


@pytest.mark.parametrize("metric", METRICS[TASK])
def test_a_difference_beside_a_lonely_metric_is_still_one(metric):
    """Any number of a shared metric counts as before."""
    estimate = RECORD.metrics.test[metric]
    moved = estimate.model_copy(update={"low": estimate.low - 0.01})
    other = with_metrics(RECORD, test=grown(RECORD, "f2").metrics.test | {metric: moved})
    found = judged(RECORD, other)
    wrong = [check.name for check in found.checks if check.outcome is Outcome.DIFFERS]

    assert found.verdict is Verdict.DIFFERENT
    assert {f"metrics.test.{metric}.low", "stages.evaluate.test_metrics"} <= set(wrong)
    assert found.divergence.stage == "evaluate"


@pytest.mark.parametrize("section", ["test", "undefined"])
def test_a_metric_that_one_side_has_undefined_is_no_lonely_one(section):
    """Then the two sides differ in it."""
    odd = with_metrics(
        RECORD, **({"test": {}} if section == "test" else {}),
        undefined={"accuracy": "no reason"} if section == "undefined" else {},
    )  # fmt: skip
    found = judged(RECORD, odd)

    assert not found.verdict.holds
    assert unmatched(RECORD.evidence, odd.evidence) == {}


@pytest.mark.parametrize("shared", [(), ("f2",)])
def test_records_that_share_no_metric_are_incomparable(shared):
    """A check that compares nothing passes nothing."""
    test = dict.fromkeys(("x", "y"), LATER)
    other = with_metrics(RECORD, test=test, constant=dict.fromkeys(test, 0.1))
    expected = grown(RECORD, *shared)
    for pair in ((expected, other), (other, expected)):
        found = judged(*pair)

        assert found.verdict is Verdict.INCOMPARABLE
        assert any("is missing from" in reason for reason in found.reasons)


@pytest.mark.parametrize("metric", METRICS[TASK])
@pytest.mark.parametrize("section", ["test", "constant"])
def test_a_record_from_which_a_metric_was_deleted_was_edited(metric, section):
    """Even where the digest of the stage was written again; every training measures it."""
    kept = {k: v for k, v in getattr(RECORD.metrics, section).items() if k != metric}
    found = check_record(with_metrics(RECORD, **{section: kept}), "it.json")

    assert found.outcome is Outcome.DIFFERS
    assert f"metrics.{section} lacks {metric}" in found.detail


def test_only_what_needs_probabilities_may_be_undefined():
    """The ROC AUC of a model with decision scores is defined."""
    for metric in METRICS[TASK]:
        record = without(RECORD, metric)
        reason = {metric: "needs probabilities; this model gives decision scores"}
        constant = RECORD.metrics.constant
        record = with_metrics(record, constant=constant, undefined=reason)
        found = check_record(record, "it.json")

        # The predictions of this record are a sample, from which nothing is recomputed.
        assert (found.outcome is Outcome.SAME) == (metric in {"log_loss", "brier"}), metric


def test_a_record_without_a_declared_own_metric_was_edited():
    """What the configuration declares, every training of it measures."""
    own = [{"function": "costs:total", "greater_is_better": False, "needs": "labels"}]
    config = RECORD.config | {"metrics": own}
    lacking = bound(altered(RECORD, config=config))
    having = bound(altered(grown(RECORD, "total"), config=config))

    assert "metrics.test lacks total" in check_record(lacking, "it.json").detail
    assert check_record(having, "it.json").outcome is Outcome.SAME


def test_own_metrics_that_are_no_inputs_of_the_stages_were_edited():
    """The section of the configuration has the digest that the stages took."""
    own = [{"function": "costs:total", "greater_is_better": False, "needs": "labels"}]
    record = grown(RECORD, "total")
    taken = tuple(
        stage.model_copy(update={"inputs": stage.inputs | {"metrics": tagged_digest("json", own)}})
        if stage.name in {"select", "evaluate", "constant"}
        else stage
        for stage in record.stages.stages
    )
    stages = record.stages.model_copy(update={"stages": taken})
    edited = [own[0] | {"greater_is_better": True}]
    outcomes = [
        check_record(
            bound(altered(record, stages=stages, config=record.config | {"metrics": section})),
            "it.json",
        ).outcome
        for section in (own, edited)
    ]

    assert outcomes == [Outcome.SAME, Outcome.DIFFERS]


def test_metrics_alone_compare_where_one_side_measures_more():
    """In the mode legacy, where nothing but metrics is compared."""
    older, newer = RECORD.metrics, grown(RECORD, "f2")
    asked = ToleranceRequest(mode="legacy")
    found = assess_metrics(SETTINGS_OF_TOLERANCE, older, newer, asked)

    assert found.verdict is Verdict.EQUIVALENT
    assert "only in this run: f2" in found.reasons
    assert obstacles_of_metrics(SETTINGS_OF_TOLERANCE, older, TASK, asked) == ()


@pytest.mark.parametrize("metric", METRICS[TASK])
def test_metrics_alone_may_not_lack_what_every_training_measures(metric):
    """No digest of a stage is beside them that would show it."""
    lacking = without(RECORD, metric).metrics
    found = obstacles_of_metrics(
        SETTINGS_OF_TOLERANCE, lacking, TASK, ToleranceRequest(mode="legacy")
    )

    assert len(found) == 1
    assert f"test.{metric}" in found[0]


def test_outputs_are_explained_by_lonely_metrics_alone():
    """The first divergence passes over them, and explain has nothing to explain."""
    later = grown(RECORD, "f2")
    only = explained_outputs(RECORD.evidence, later.evidence, MEANING)

    assert set(only) == {"stages.evaluate.test_metrics", "stages.constant.constant"}
    assert first_divergence(RECORD.stages, later.stages, only) is None
    assert agreement.is_whole(RECORD, later)
    assert agreement.compare_with_rerun(RECORD, later)[1]
    assert not agreement.compare_with_rerun(RECORD, replace_metrics(later))[1]


def replace_metrics(record):
    """Delete a metric and leave the digests, as an editor would."""
    test = {k: v for k, v in record.metrics.test.items() if k != "f2"}
    changed = record.metrics.model_copy(update={"test": test})
    return altered(record, metrics=changed)


def test_sections_of_own_metrics_differ_by_name():
    """They are in the keys, and the sentence says what differs."""
    own = [{"function": "costs:total", "greater_is_better": False, "needs": "labels"}]
    keys = RECORD.keys.model_copy(update={"strict_key": "strict/v2:1"})
    other = replace(Side.of(RECORD), config=RECORD.config | {"metrics": own}, keys=keys)
    (found,) = obstacles(Side.of(RECORD), other, "strict", 1)

    assert found.startswith("own metrics differ: metrics: reference none, this run [")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (None, ()),
        ("text", ()),
        ([1, None, {}], ()),
        ([{"function": "a.b:c"}], ("c",)),
        ([{"function": "a:c", "name": "d"}, {"function": 3, "name": "e"}], ("d",)),
        ({"function": "a:c"}, ()),
    ],
)
def test_names_are_read_from_anything(written, names):
    """A record is somebody else's text."""
    assert names_of(json.loads(json.dumps(written))) == names


@pytest.mark.parametrize("name", ["accuracy", "log_loss", "total", "late"])
def test_tolerances_may_be_for_own_metrics_of_the_project(name):
    """Of any of its files; every other name is refused with a suggestion."""
    tolerance = SETTINGS_OF_TOLERANCE.tolerance.model_copy(update={"metrics": {name: 1e-5}})
    asked = SETTINGS_OF_TOLERANCE.model_copy(update={"tolerance": tolerance})
    trees = [
        {("seed",): Leaf(1, "a.yaml:1")},
        {("metrics",): Leaf([{"function": "costs:total"}], "a.yaml:2")},
        {("metrics",): Leaf([{"function": "costs:f", "name": "late"}], "b.yaml:2")},
    ]
    check_tolerances(asked, trees)
    if name in {"total", "late"}:
        with pytest.raises(ConfigError, match=f"unknown metric '{name}'"):
            check_tolerances(asked, trees[:1])


def test_a_page_counts_no_record_that_lacks_a_metric(monkeypatch):
    """As having the same bits of it."""
    comparison = judged(grown(RECORD, "f2"), RECORD)

    class Member:
        candidate = type("C", (), {
            "comparison": comparison,
            "tallies": {"metrics": type("T", (), {"total": 1})()},
        })  # fmt: skip

    group = type("G", (), {
        "letter": "A", "members": [Member],
    })  # fmt: skip
    names = [line.name for line in page.lines_of([group], grown(RECORD, "f2").evidence)]

    assert ("test.f2" in names, "test.accuracy" in names) == (False, True)

"""What two environments lead one to expect."""

import pytest
from tests.conftest import ROOT

from repro.core.environment import Environment
from repro.core.fingerprint import Fingerprint
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.divergence.expectation import expect

PATH = ROOT / "tests" / "data" / "record_v1.json"
FIRST = load_record(PATH.read_bytes(), PATH.name, RecordFile).environment


def environment(digest="a", groups=None, scheme="s", bits="x86-64-v3", **changes) -> Environment:
    fingerprint = Fingerprint(scheme=scheme, digest=digest, groups=groups or {"libm": digest})
    return FIRST.model_copy(update={"fingerprint": fingerprint, "bits": bits, **changes})


def packages(**versions):
    return {"packages": FIRST.packages | versions}


def test_one_fingerprint_makes_the_same_bits_due():
    """Whatever else differs by name: the model of the processor, the commit, the kernel."""
    other = environment(cpu=FIRST.cpu.model_copy(update={"model": "another"}))
    found = expect(environment(), other)

    assert (found.bits_expected, found.sentence) == (
        True,
        "both x86-64-v3 with equal fingerprints: bit-identical results are expected",
    )


@pytest.mark.parametrize(
    ("theirs", "ours", "told"),
    [
        (FIRST, environment(), "the record has no comparable fingerprint"),
        (environment(), FIRST, "the record has no comparable fingerprint"),
        (environment(scheme="t"), environment(), "the record has no comparable fingerprint"),
        (
            environment("b", {"libm": "b", "sorting": "x"}, bits="x86-64-v4"),
            environment("a", {"libm": "a", "sorting": "x"}),
            "reference x86-64-v4, this run x86-64-v3; the fingerprints differ in 1 of 2 groups",
        ),
        (environment("b"), environment("a"), "both x86-64-v3; the fingerprints differ"),
        (environment(level="seeded"), environment(), "the level seeded fixes little"),
        (
            environment(**packages(numpy="1.0")),
            environment(**packages(numpy="2.0")),
            "numpy differs: reference 1.0, this run 2.0",
        ),
    ],
)
def test_nothing_is_due_otherwise(theirs, ours, told):
    """And the reason is said."""
    found = expect(theirs, ours)

    assert (found.bits_expected, told in found.sentence) == (False, True), found.sentence


def test_an_extra_on_one_side_changes_nothing():
    """What training needs is there on both sides, or it would not have come to an end."""
    extra = environment(
        **packages(lightgbm="4.0"), runtime=tuple(sorted({*FIRST.runtime, "lightgbm"}))
    )
    without = {name: v for name, v in FIRST.packages.items() if name != "lightgbm"}

    assert expect(environment(packages=without), extra).bits_expected

"""What two environments lead one to expect."""

import pytest
from tests.conftest import ROOT

from repro.core.environment import Environment, environment_key, follows
from repro.core.fingerprint import TENSORS, Fingerprint
from repro.core.jsonfile import load_record
from repro.core.record_v1 import RecordFile
from repro.divergence.environments import differing_fields
from repro.divergence.expectation import expect, parted_groups
from repro.tracing.tensor_probes import SCHEME

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


def with_torch(**groups) -> Environment:
    return environment(
        tensors={"aten": "AVX2"},
        tensor_fingerprint=Fingerprint.of_tensors({"random": "x", **groups}),
    )


def test_results_of_pytorch_that_differ_are_named():
    """Nothing else shows which code oneDNN computes by."""
    found = expect(with_torch(gemm="a", lstm="b"), with_torch(gemm="a", lstm="c"))

    assert (found.bits_expected, found.sentence) == (
        False,
        "PyTorch's results differ (lstm): the last bits may differ",
    )
    assert parted_groups(with_torch(gemm="a"), with_torch(gemm="b")) == ("PyTorch gemm",)
    assert expect(with_torch(gemm="a"), with_torch(gemm="a")).bits_expected


def test_results_of_pytorch_that_one_side_lacks_allow_no_expectation():
    """A record of before has its code paths, and no results."""
    before = environment(tensors={"aten": "AVX2"})
    found = expect(before, with_torch(gemm="a"))

    assert not found.bits_expected
    assert "not known of both" in found.sentence
    assert parted_groups(before, with_torch(gemm="a")) is None
    assert differing_fields(before, with_torch(gemm="a")) == {}


def test_results_of_pytorch_with_a_wrong_digest_excuse_nothing():
    edited = with_torch(gemm="a").tensor_fingerprint.model_copy(update={"groups": {"gemm": "b"}})
    side = environment(tensor_fingerprint=edited)

    assert expect(side, with_torch(gemm="a")).sentence.startswith(
        "recorded results of PyTorch do not match"
    )


def test_an_environment_without_pytorch_is_written_and_keyed_as_before():
    """And with it, the key follows what it computes."""
    plain, one, other = environment(), with_torch(gemm="a"), with_torch(gemm="b")
    fields = {*plain.model_dump(mode="json")}

    assert "tensor_fingerprint" not in fields
    assert len({environment_key(each) for each in (plain, one, other)}) == 3
    assert follows(environment_key(one), one)
    assert not follows(environment_key(one), other)
    assert not follows(environment_key(one, 1), one)


def test_the_scheme_of_the_probes_is_that_of_records():
    """Probes run where records cannot be imported."""
    assert SCHEME == TENSORS
    assert Fingerprint.of_tensors({"gemm": "a"}).digest.startswith("tensor-fingerprint/v1:")

"""Records of programs that no configuration describes: steps, a loss, and nothing else."""

from __future__ import annotations

import json
import struct
from hashlib import sha256

import pytest
from tests.conftest import ROOT, command
from tests.forging import read_record

from repro.app.compare import compare_all, read_entry
from repro.app.subjects.record_file import parse_record, read_record_file
from repro.app.subjects.subject import check_record
from repro.core.environment import environment_key
from repro.core.errors import SchemaError
from repro.core.evidence import Evidence
from repro.core.fingerprint import Fingerprint
from repro.core.jsonfile import bound, dump_record
from repro.core.meaning import Mechanism
from repro.core.record import (
    CommandRecipe,
    DataMaterial,
    FunctionRecipe,
    Identity,
    Materials,
    RunRecord,
    Series,
)
from repro.core.records import Step
from repro.digest.plain import digest_plain
from repro.divergence.tolerance import Tolerance, ToleranceRequest

HERE = read_record((ROOT / "reference" / "credit.json").read_bytes()).environment
PARTS = {"seed": digest_plain(7), "data.train": "array/v1:1", "arguments": digest_plain(["a"])}


def elsewhere():
    """The same machine with another kernel of linear algebra, and what follows for its bits."""
    native = tuple(
        library.model_copy(update={"architecture": "SkylakeX"}) if library.architecture else library
        for library in HERE.native
    )
    groups = HERE.fingerprint.groups | {"numpy.linalg": "fingerprint-group/v1:0"}
    fingerprint = Fingerprint.over(groups)
    return HERE.model_copy(update={"native": native, "fingerprint": fingerprint, "bits": "v4"})


def steps(diverging=6, acts=None):
    """Five epochs, each made of the one before; from one of them on with other bits."""
    states = {n: f"array/v1:{n}{'x' if n >= diverging else ''}" for n in range(6)}
    return tuple(
        Step(
            name=f"epoch_{n}",
            inputs={"state": states[n - 1]},
            outputs={"state": states[n]},
            acts=acts,
        )
        for n in range(1, 6)
    )


def evidence(loss=0.125, **changes):
    found = {"loss": loss} if loss is not None else {}
    return Evidence(
        facts={}, numbers=found, predictions=None, files={}, copied_from={}, notes={}
    ).model_copy(update=changes)


def record(**changes):
    """Steps named ``epoch_1`` and so on, and a loss."""
    values = {
        "schema": "repro.record/v2",
        "name": "mine",
        "identity": Identity.of_parts(PARTS),
        "steps": steps(),
        "series": (),
        "evidence": evidence(),
        "recipe": None,
        "environment": HERE,
        "environment_key": environment_key(changes.get("environment", HERE)),
        "materials": Materials(data=(DataMaterial(name="train", content="array/v1:1"),), code={}),
        "digest": "",
    }
    return bound(RunRecord(**(values | changes)))


@pytest.fixture
def compared(tmp_path):
    """Write two records, read them, and compare them where no project is."""

    def compare(expected, actual, **request):
        paths = [tmp_path / "expected.json", tmp_path / "actual.json"]
        for path, each in zip(paths, (expected, actual), strict=True):
            path.write_bytes(dump_record(each))
        entries = [read_entry(tmp_path, tmp_path, str(path)) for path in paths]
        report = compare_all(None, entries[0], entries[1:], ToleranceRequest(**request))
        return report.candidates[0]

    return compare


def test_it_is_written_and_read_and_intact(tmp_path):
    """The same record comes back, and says nothing that it does not hold."""
    path = tmp_path / "it.json"
    path.write_bytes(dump_record(record()))

    assert read_record_file(path) == record()
    assert check_record(read_record_file(path), path.name).outcome == "same"
    assert (record().config, record().predictions, record().content) == ({}, None, "array/v1:1")


def test_equal_ones_are_identical(compared):
    found = compared(record(), record())

    assert (found.comparison.verdict, found.suspects) == ("identical", ())
    assert found.tallies["stage outputs"].same == 5
    assert found.tallies["metrics"].same == 1


@pytest.mark.parametrize("acts", [None, (Mechanism.FITTING,)])
@pytest.mark.parametrize(("loss", "verdict"), [(0.125 + 1e-12, "equivalent"), (0.25, "different")])
def test_the_first_divergent_step_and_a_kernel_that_can_act_are_named(
    compared, acts, loss, verdict
):
    """Nothing says what an epoch does, or that it fits: linear algebra can act in it."""
    there = record(steps=steps(3, acts), evidence=evidence(loss), environment=elsewhere())
    found = compared(record(steps=steps(acts=acts)), there)

    assert found.comparison.verdict == verdict
    assert found.comparison.divergence.stage == "epoch_3"
    kernel = next(each for each in found.suspects if each.cause == "BLAS kernel")
    assert kernel.can_act
    assert set(kernel.differences) == {
        f"native.{n}.{'architecture'}"
        for n, library in enumerate(HERE.native)
        if library.architecture
    }


def test_a_step_in_which_nothing_can_act_makes_a_kernel_harmless(compared):
    """What a record says of its own steps counts."""
    there = record(steps=steps(3, (Mechanism.SAMPLING,)), environment=elsewhere())
    found = compared(record(steps=steps(acts=(Mechanism.SAMPLING,))), there)

    kernel = next(each for each in found.suspects if each.cause == "BLAS kernel")
    assert not kernel.can_act


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"evidence": evidence(None)}, "no numbers, predictions or files"),
        ({"identity": Identity.of_parts(PARTS | {"seed": digest_plain(8)})}, "seed differs"),
        ({"identity": Identity.of_parts(PARTS | {"data.train": "array/v1:2"})}, "data.train"),
        ({"identity": Identity.of_parts(PARTS | {"more": "json/v1:2"})}, "more differs"),
        ({"steps": steps()[:-1]}, "stages.epoch_5.state is missing"),
        ({"evidence": evidence(None, files={"model.bin": "file/v1:1"})}, "loss is missing"),
    ],
)
def test_what_cannot_be_compared_is_incomparable(compared, changes, reason):
    """Whichever of the two it is, and never a pass."""
    both = record(**changes), record()
    if "evidence" in changes and not changes["evidence"].files:
        pairs = [both, (both[0], both[0])]
    else:
        pairs = [both, both[::-1]]
    for pair in pairs:
        found = compared(*pair).comparison

        assert found.verdict == "incomparable"
        assert any(reason in each for each in found.reasons), found.reasons


def test_an_experiment_is_none_of_them(compared):
    credit = read_record((ROOT / "reference" / "credit.json").read_bytes())

    assert compared(record(), credit).comparison.verdict == "incomparable"
    assert compared(credit, record()).comparison.verdict == "incomparable"


def test_files_are_compared_by_content(compared):
    """A tolerance allows no other bytes."""
    files = {"out/model.bin": "file/v1:1", "b.txt": "file/v1:2"}
    other = files | {"b.txt": "file/v1:3"}
    pair = record(evidence=evidence(files=files)), record(evidence=evidence(files=other))
    found = compared(*pair, tolerance=Tolerance(0.1, 0.1)).comparison

    assert found.verdict == "different"
    assert "1 of 2 files differ beyond the tolerance" in found.reasons
    assert compared(pair[0], pair[0]).comparison.verdict == "identical"


@pytest.mark.parametrize("length", [0, 1, 2, 3, 1000, 1024, 1025])
def test_a_series_is_a_chain_of_digests(length):
    """As hashlib and struct have it, at every power of two and at the end."""
    values = [1 / (n + 3) for n in range(length)]
    chain, expected = sha256(b"repro.series/v1").digest(), {}
    for n, value in enumerate(values, start=1):
        chain = sha256(chain + struct.pack(">d", value)).digest()
        if n in {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, length}:
            expected[str(n)] = chain.hex()

    assert Series.of("loss", iter(values)).marks == expected
    assert Series.of("loss", iter(values)).length == length


@pytest.mark.parametrize(
    ("position", "sentence"),
    [
        (0, "between values 1 and 1"),
        (2, "between values 3 and 4"),
        (99, "between values 65 and 100"),
    ],
)
def test_where_a_series_diverges_is_named(compared, position, sentence):
    """Between the last mark that agrees and the first that does not; the loss still holds."""
    values = [float(n) for n in range(100)]
    other = [v + (n == position) * 1e-9 for n, v in enumerate(values)]
    pair = (record(series=(Series.of("loss", each),)) for each in (values, other))
    found = compared(*pair, tolerance=Tolerance(1e-6, 1e-6)).comparison

    assert found.verdict == "equivalent"
    assert any(sentence in reason for reason in found.reasons)


def test_a_longer_series_is_no_equal_one(compared):
    values = [float(n) for n in range(100)]
    pair = [record(series=(Series.of("loss", values[:n]),)) for n in (100, 64)]

    assert compared(pair[0], pair[0]).comparison.verdict == "identical"
    assert compared(*pair, tolerance=Tolerance(0, 0)).comparison.verdict != "identical"
    assert compared(pair[0], record()).comparison.verdict == "incomparable"


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda r: r.model_copy(update={"evidence": evidence(0.5)}), "was edited since"),
        (
            lambda r: bound(r.model_copy(update={"identity": Identity(
                replicate_key=r.identity.replicate_key, strict_key="strict-parts/v1:0", parts=PARTS
            )})),
            "keys do not follow from their parts",
        ),
        (
            lambda r: bound(r.model_copy(update={"evidence": evidence(
                copied_from={"loss": "stages.epoch_5.loss"}
            )})),
            "is not what stages.epoch_5.loss",
        ),
        (
            lambda r: bound(r.model_copy(update={"evidence": evidence(
                copied_from={"accuracy": "stages.epoch_5.state"}
            )})),
            "is missing",
        ),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_tampered(edit, sentence):
    """Bound again or not."""
    assert sentence in check_record(edit(record()), "it.json").detail


def test_a_number_that_copies_an_output_has_its_digest():
    last = steps()[-1].model_copy(update={"outputs": {"loss": digest_plain(0.125)}})
    copied = evidence(copied_from={"loss": "stages.epoch_5.loss"})
    sound = record(steps=(*steps()[:-1], last), evidence=copied)

    assert check_record(sound, "it.json").outcome == "same"


@pytest.mark.parametrize(
    "recipe",
    [
        None,
        CommandRecipe(
            kind="command", argv=("python", "t.py"), workdir=".", environ={}, level="portable"
        ),
        FunctionRecipe(kind="function", target="mine:train"),
    ],
)
def test_the_commands_take_it_and_execute_nothing(tmp_path, recipe):
    """Integrity and comparison work; a command in a record is not run."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_bytes(dump_record(record(recipe=recipe)))
    second.write_bytes(dump_record(record(recipe=recipe, steps=steps(4))))
    intact = command("-m", "repro", "verify", "--integrity", first, cwd=tmp_path)
    verified = command("-m", "repro", "verify", first, "--project", ROOT, cwd=tmp_path)
    found = command("-m", "repro", "compare", first, second, "--format", "json", cwd=tmp_path)
    shown = command("-m", "repro", "compare", first, second, cwd=tmp_path)

    assert (intact.status, verified.status) == (0, 3), intact.err + verified.err
    refusal = (
        "not recorded on this machine" if recipe and recipe.kind == "command" else "no command"
    )
    assert refusal in verified.err
    (candidate,) = json.loads(found.out)["candidates"]
    assert candidate["comparison"]["divergence"]["stage"] == "epoch_4"
    assert "epoch_4" in shown.out


def test_nothing_is_harmless_because_a_pipeline_does_not_use_it(compared):
    """A program may read its files, its locale, and any package."""
    packages = HERE.packages | {"click": "0.0.1"}
    locale = HERE.locale.model_copy(update={"timezone": "Asia/Tokyo"})
    there = HERE.model_copy(update={"packages": packages, "locale": locale})
    found = compared(record(), record(steps=steps(2), environment=there))
    able = {key for each in found.suspects if each.can_act for key in each.differences}

    assert able == {"packages.click", "locale.timezone"}


@pytest.mark.parametrize(
    "edit",
    [
        {"marks": {"x": "0" * 64}},
        {"marks": {"9" * 5000: "0" * 64}},
        {"marks": {}},
        {"length": -1},
        {"length": 5},
        {"length": 2**40},
    ],
)
def test_marks_that_no_series_has_are_refused(edit):
    """A position that is no number is no crash."""
    value = json.loads(dump_record(record(series=(Series.of("loss", [1.0, 2.0]),))))
    value["series"][0] |= edit
    with pytest.raises(SchemaError, match=r"it\.json: series\.0"):
        parse_record(json.dumps(value).encode(), "it.json")

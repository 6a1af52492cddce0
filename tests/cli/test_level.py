"""Determinism levels from end to end: kept out, pinned, read back, and told."""

import json
import os

import pytest
from tests.cli.test_verify import edited, reference  # noqa: F401 - a fixture
from tests.conftest import ROOT
from tests.forging import altered, well_forged

from repro.launch import Level, lacking, leaking
from repro.processor import X86_64_V3, in_use, libm_variant, present

COMPARED = ("metrics.json", "predictions.csv", "stages.json", "threshold.json")
HOSTILE = {
    "OMP_NUM_THREADS": "8",
    "OPENBLAS_CORETYPE": "Prescott",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "PYTHONHASHSEED": "random",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "SKLEARN_WORKING_MEMORY": "1",
    "OPENBLAS_OF_THE_FUTURE": "1",
}
portable = pytest.mark.skipif(
    not X86_64_V3 <= (present() or set()),
    reason="this processor is no x86-64-v3, whose code paths the level pins",
)
glibc = pytest.mark.skipif(libm_variant() != "FMA", reason="no choice of maths functions here")


def environment(run):
    return json.loads((run / "environment.json").read_text())["environment"]


@portable
def test_a_run_records_its_class_of_bits(trained):
    """Read back from the libraries, beside the fingerprint of what they compute."""
    found = environment(trained[1])

    assert (found["level"], found["bits"]) == ("portable", "x86-64-v3")
    assert {library["architecture"] for library in found["native"]} >= {"Haswell"}
    assert found["fingerprint"]["scheme"] == "fingerprint/v1"
    assert len(found["fingerprint"]["groups"]) > 10


@pytest.mark.parametrize("level", ["strict", "portable", "portable-v2"])
def test_a_hostile_environment_changes_no_byte(project, level):
    """The same bytes as in a clean one; what was kept out is recorded, and told if not known."""
    if lacking(Level(level)):
        pytest.skip("this processor is below the level")
    options = ("credit", "--profile", "debug", "--level", level)
    hostile = project.repro("train", *options, "--json", env=HOSTILE)
    run = project.path / hostile.json["path"]
    plain = project.train(*options, env=clean({}))

    assert [(run / name).read_bytes() for name in COMPARED] == [
        (plain / name).read_bytes() for name in COMPARED
    ]
    dropped = environment(run)["dropped"]
    assert set(leaking(HOSTILE)) <= set(dropped)
    assert dropped["OPENBLAS_CORETYPE"] == "Prescott"
    assert environment(run)["fingerprint"] == environment(plain)["fingerprint"]
    assert "OPENBLAS_OF_THE_FUTURE can change results" in hostile.err
    assert "SKLEARN_WORKING_MEMORY" not in hostile.err


# Code that runs when Python starts, sets a variable, lets a library read it, and covers its tracks:
# the text of the environment is then right, and what is in force is not.
SPOILT = {
    "kernel": (
        "portable",
        "os.environ['OPENBLAS_CORETYPE'] = 'Nehalem'; import numpy",
        "runs the kernel Nehalem, not Haswell",
    ),
    "groups": (
        "portable",
        "os.environ['NPY_ENABLE_CPU_FEATURES'] = 'X86_V2'; import numpy",
        "NumPy uses the groups of its baseline only, not X86_V3",
    ),
    "threads": (
        "strict",
        "os.environ['OPENBLAS_NUM_THREADS'] = '2'; import numpy",
        "has 2 threads, not 1",
    ),
}


def spoil(folder, code):
    (folder / "sitecustomize.py").write_text(
        "import os\n"
        "if 'REPRO_LAUNCHED' in os.environ:\n"
        "    kept = dict(os.environ)\n"
        f"    {code}\n"
        "    os.environ.clear()\n"
        "    os.environ.update(kept)\n"
    )
    return {"PYTHONPATH": str(folder)}


@portable
@pytest.mark.parametrize("what", SPOILT)
def test_a_pin_that_did_not_take_is_an_error_that_names_it(project, tmp_path, what):
    """Nothing is believed that was set."""
    level, code, told = SPOILT[what]
    result = project.repro(
        "train", "--profile", "debug", "--level", level, env=spoil(tmp_path, code)
    )

    assert (result.status, told in result.err) == (3, True), result.err
    assert not list((project.path / "runs").glob("*"))


@portable
def test_a_worker_where_a_pin_did_not_take_is_an_error(project, tmp_path):
    """Worker processes start on their own, and are asked too."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'popen_loky' in ' '.join(sys.orig_argv):\n"
        "    os.environ['OPENBLAS_CORETYPE'] = 'Nehalem'\n"
    )
    train = ("train", "--profile", "debug", "--workers", "2", "--executor", "loky")
    spoilt = project.repro(*train, env={"PYTHONPATH": str(tmp_path)})

    assert (spoilt.status, "in a worker process" in spoilt.err) == (3, True), spoilt.err
    assert "runs the kernel Nehalem, not Haswell" in spoilt.err
    assert project.repro(*train).status == 0


def test_what_was_kept_out_is_recorded_as_text_without_folders(project):
    """Bytes that are no text, and paths of this machine, are not for others to read."""
    hostile = {"OMP_FOO": os.fsdecode(b"a\xffb"), "OMP_TOOL_LIBRARIES": "/home/somebody/x.so"}
    run = project.train("--profile", "debug", env=hostile)

    dropped = environment(run)["dropped"]
    assert dropped["OMP_FOO"] == "a\\udcffb"
    assert dropped["OMP_TOOL_LIBRARIES"] == "x.so"


@glibc
def test_a_tunable_that_came_too_late_is_an_error(project, tmp_path):
    """The C library reads it before any code runs: to set it then is to set nothing."""
    pins = Level.PORTABLE_V2.variables
    late = {k: v for k, v in pins.items() if k != "GLIBC_TUNABLES"}
    text = f"import os\nos.environ['GLIBC_TUNABLES'] = {pins['GLIBC_TUNABLES']!r}\n"
    (tmp_path / "sitecustomize.py").write_text(text)
    result = project.repro(
        "train", "--profile", "debug", "--level", "portable-v2",
        env=clean({**late, "PYTHONPATH": str(tmp_path)}),
    )  # fmt: skip

    assert (result.status, "libm runs its FMA functions, not baseline" in result.err) == (3, True)


@pytest.mark.skipif(in_use() is None, reason="names of x86-64 and the GNU C library")
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"}, "NPY_DISABLE_CPU_FEATURES names AVX2"),
        ({"NPY_ENABLE_CPU_FEATURES": "AVX2"}, "NPY_ENABLE_CPU_FEATURES names AVX2"),
        ({"OPENBLAS_CORETYPE": "Haswel"}, "did you mean 'Haswell'?"),
        ({"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-avx2"}, "GLIBC_TUNABLES"),
        (
            {"NPY_ENABLE_CPU_FEATURES": "X86_V2", "NPY_DISABLE_CPU_FEATURES": "X86_V3"},
            "are both set",
        ),
    ],
)
def test_what_the_caller_asks_in_vain_is_an_error_at_the_level_that_lets_it_in(
    project, variables, told
):
    """The libraries pass over it in silence; here it has a name and a next step."""
    result = project.repro("train", "--profile", "debug", "--level", "seeded", env=clean(variables))

    assert (result.status, told in result.err) == (3, True), result.err
    assert ("Traceback" in result.err, "next: " in result.err) == (False, True)


def clean(variables):
    """Set variables and nothing beside them that could lead the libraries."""
    return {**dict.fromkeys(leaking(os.environ)), **variables}


@portable
def test_another_level_gives_other_bits_and_the_verdict_says_why(trained):
    """Equivalent, with both classes of bits named: no false alarm, no false `identical`."""
    project, run = trained
    result = project.repro("verify", run.name, "--level", "portable-v2")

    assert (result.status, "verdict        equivalent" in result.out) == (0, True), result.out
    assert (
        "bits           reference x86-64-v3, this run x86-64-v2; the fingerprints differ"
        in result.out
    )


def test_a_difference_under_one_fingerprint_is_a_finding(trained, reference, tmp_path):  # noqa: F811
    """However small; who accepts it says so by a tolerance."""

    def nudge(record):
        metrics = dict(record.metrics.test)
        name, estimate = next(iter(metrics.items()))
        metrics[name] = estimate.model_copy(update={"value": estimate.value + 1e-9})
        changed = record.metrics.model_copy(update={"test": metrics})
        return well_forged(altered(record, metrics=changed))

    path = edited(reference, tmp_path, nudge)
    strict = trained[0].repro("verify", path)
    accepted = trained[0].repro("verify", path, "--tolerance", "1e-6", "--json")

    assert (strict.status, "within the tolerance only, although bit-identical" in strict.out) == (
        1,
        True,
    ), strict.out
    assert (accepted.status, accepted.json["comparison"]["verdict"]) == (0, "equivalent")


@pytest.mark.parametrize(
    "forged",
    [
        {"fingerprint": None},
        {"digest": "fingerprint/v1:" + "0" * 64},
        {"digest": "x", "groups": {}},
    ],
    ids=["taken out", "another digest", "no groups"],
)
def test_a_record_cannot_excuse_a_difference_by_contradicting_itself(
    trained,
    reference,  # noqa: F811
    tmp_path,
    forged,
):
    """A fingerprint that no training writes makes the same bits due."""

    def change(record):
        known = record.environment.fingerprint
        other = None if "fingerprint" in forged else known.model_copy(update=forged)
        changed = record.environment.model_copy(update={"fingerprint": other})
        name, estimate = next(iter(record.metrics.test.items()))
        moved = estimate.model_copy(update={"value": estimate.value + 1e-9})
        metrics = record.metrics.model_copy(update={"test": record.metrics.test | {name: moved}})
        return well_forged(altered(record, environment=changed, metrics=metrics))

    result = trained[0].repro("verify", edited(reference, tmp_path, change))

    assert (result.status, "bit-identical results are expected" in result.out) == (1, True), (
        result.out
    )


def test_a_level_that_is_not_the_configured_one_is_an_edit(trained, reference, tmp_path):  # noqa: F811
    """`seeded` in the environment alone would make nothing due."""

    def change(record):
        changed = record.environment.model_copy(update={"level": "seeded"})
        return record.model_copy(update={"environment": changed})

    result = trained[0].repro("verify", edited(reference, tmp_path, change))

    assert (result.status, "was edited" in result.out) == (1, True), result.out


def test_a_record_of_the_first_version_is_read_and_holds(trained):
    """It has no fingerprint and no class of bits, keeps its digest, and nothing is due."""
    record = ROOT / "tests" / "data" / "record_v1.json"
    result = trained[0].repro("verify", record)

    assert result.status == 0, result.out + result.err
    assert "integrity      intact: 1 file, every value as recorded" in result.out
    assert "the record has no comparable fingerprint" in result.out

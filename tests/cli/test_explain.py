"""`repro explain`: what was planted elsewhere is confirmed by training here."""

import pytest
from tests.cli.test_comparing import CLEAN, TRAIN, planted, v3
from tests.cli.test_verify import edited
from tests.conftest import make_project

from repro.launch import Level
from repro.processor import libm_variant

KERNEL = {"OPENBLAS_CORETYPE": "Nehalem"}
LIBM = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"}
glibc = pytest.mark.skipif(libm_variant() != "FMA", reason="no choice of maths functions here")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("explain") / "project")


@pytest.fixture(scope="module")
def elsewhere(project):
    """A run as another processor would have made it, in part: another kernel, other functions."""
    return planted(project, **KERNEL, **(LIBM if libm_variant() == "FMA" else {}))


def explained(project, subject, *options):
    # Threads and hash seed as the planted runs have them.
    result = project.repro(
        "explain", subject, "--json", *options, env=CLEAN | dict(Level.STRICT.variables)
    )
    return result, result.json


def test_nothing_is_explained_where_nothing_differs(project):
    """One training, and no suspect."""
    run = project.train(*TRAIN, "--level", "strict", env=CLEAN)
    result, found = explained(project, run)

    assert (result.status, found["explained"], len(found["trials"])) == (0, True, 1)
    assert found["sentence"].startswith("nothing to explain")
    assert found["trials"][0]["agreeing"] == found["trials"][0]["outputs"] > 20


@v3
@pytest.mark.parametrize(
    ("variables", "cause"),
    [
        (KERNEL, "BLAS kernel"),
        pytest.param(LIBM, "maths functions of the C library", marks=glibc),
    ],
)
def test_one_cause_is_confirmed_by_its_own_bits(project, variables, cause):
    """The training under the recorded setting has every digest of the record."""
    result, found = explained(project, planted(project, **variables))

    assert (result.status, found["confirmed"], found["suspected"]) == (0, [cause], [])
    last = found["trials"][-1]
    assert (last["agreeing"], last["confirms"]) == (last["outputs"], True)
    assert found["trials"][0]["agreeing"] < last["outputs"]
    assert last["settings"] == variables


@v3
@glibc
def test_two_causes_are_confirmed_together_where_neither_suffices(project, elsewhere):
    """Each alone does not bring the bits; both do, and neither can be left out."""
    result, found = explained(project, elsewhere)

    assert result.status == 0, result.err
    kernel, libm = "BLAS kernel", "maths functions of the C library"
    assert found["confirmed"] in ([kernel], [kernel, libm])
    confirming = [set(t["causes"]) for t in found["trials"] if t["confirms"]]
    assert set(found["confirmed"]) in confirming
    refuted = [set(t["causes"]) for t in found["trials"] if not t["confirms"]]
    assert all(set(found["confirmed"]) - {cause} in [set(), *refuted] for cause in confirming[-1])


@v3
def test_what_could_not_be_tried_stays_suspected(project, elsewhere, tmp_path):
    """A record whose outputs nothing here can bring: no claim is made, and the status says so."""
    path = tmp_path / "reference.json"
    assert project.repro("reference", elsewhere, "-o", path).status == 0

    def other_digests(record):
        stages = tuple(
            stage.model_copy(update={"outputs": {"out_of_fold": "other/v1:0"}})
            if stage.name == "cross_validate"
            else stage
            for stage in record.stages.stages
        )
        return record.model_copy(
            update={"stages": record.stages.model_copy(update={"stages": stages})}
        )

    result, found = explained(project, edited(path, tmp_path, other_digests))

    assert (result.status, found["explained"], found["confirmed"]) == (1, False, [])
    assert "BLAS kernel" in [suspect["cause"] for suspect in found["suspected"]]
    assert found["sentence"].startswith("not confirmed: 'cross_validate' parts; suspected: ")
    assert not any(trial["confirms"] for trial in found["trials"])


@v3
def test_no_more_trainings_than_allowed(project, elsewhere):
    """Beside the one as it is here."""
    _, found = explained(project, elsewhere, "--max-runs", "1")

    assert len(found["trials"]) <= 2


def test_a_damaged_run_is_not_explained(project, elsewhere, tmp_path):
    """What was edited has no cause here."""
    damaged = tmp_path / elsewhere.name
    damaged.mkdir()
    for file in elsewhere.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "metrics.json").write_text("{}")
    result = project.repro("explain", damaged)

    assert (result.status, "tampered or damaged" in result.err) == (3, True)

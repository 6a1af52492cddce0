"""`repro explain`: what was planted elsewhere is confirmed by training here."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from tests.alive import children_of, is_running
from tests.cli.test_comparing import (
    CHANGES,
    CLEAN,
    ROWS,
    TRAIN,
    aged,
    made_of,
    of_tangents,
    older,  # noqa: F401 - a fixture
    planted,
    v3,
)
from tests.cli.test_verify import edited
from tests.conftest import make_project
from tests.forging import altered, well_forged
from tests.schemas import kind_of_valid

from repro.core.environment import environment_key
from repro.launch import Level
from repro.processor import libm_variant
from repro.training.declarations import MEANING

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
    assert kind_of_valid(result.json) == "explanation"
    return result, result.json


def test_nothing_is_explained_where_nothing_differs(project):
    """One training, and no suspect."""
    run = project.train(*TRAIN, "--level", "strict", env=CLEAN)
    result, found = explained(project, run)

    assert (result.status, found["explained"], len(found["trials"])) == (0, True, 1)
    assert found["sentence"].startswith("nothing to explain")
    assert found["trials"][0]["agreeing"] == found["trials"][0]["outputs"] > 20


def with_stages(change):
    def changed(record):
        stages = tuple(change(stage) for stage in record.stages.stages)
        return altered(record, stages=record.stages.model_copy(update={"stages": stages}))

    return changed


def before_a_redefinition(record):
    """Give the stages that comment on the result the version and the outputs that they had."""

    def first(stage):
        diagnostic = stage.name in MEANING.diagnostics
        return stage.model_copy(update={"version": None}) if diagnostic else stage

    return well_forged(with_stages(first)(record), leaking="other/v1:0", baseline="other/v1:0")


def test_a_stage_that_was_redefined_is_not_explained(project, tmp_path):
    """No training of this version can give what it said in the last one."""
    run = project.train(*TRAIN, "--level", "strict", env=CLEAN)
    project.repro("reference", run, "-o", tmp_path / "new.json")
    before = edited(tmp_path / "new.json", tmp_path, before_a_redefinition)
    result, found = explained(project, before)

    assert (result.status, found["explained"]) == (0, True)
    assert found["sentence"].startswith("nothing to explain")


def without_stages(record):
    return altered(record, stages=record.stages.model_copy(update={"stages": ()}))


def made_up(stage):
    """Claim that the last fit was of another matrix, which nothing made, and came out otherwise."""
    if stage.name != "fit":
        return stage
    inputs = stage.inputs | {"train_matrix": "other/v1:0"}
    assert inputs.keys() == stage.inputs.keys()
    changes = {"inputs": inputs, "outputs": stage.outputs | {"estimator": "other/v1:0"}}
    return stage.model_copy(update=changes)


def another_metric(record):
    metrics = record.metrics.model_copy(update={"model": "other"})
    return altered(record, metrics=metrics)


def of_another_version(change):
    """Make a change to a record whose stages mean something that is not known here."""

    def changed(record):
        later = with_stages(lambda stage: stage.model_copy(update={"version": 99}))
        return change(later(record))

    return changed


def another_prediction(record):
    first, *others = record.predictions.rows
    rows = (first.model_copy(update={"row": 10**6}), *others)
    predictions = record.predictions.model_copy(update={"rows": rows})
    return altered(record, predictions=predictions)


@pytest.fixture(scope="module")
def reference(project, native):
    path = project.path / "explained.json"
    assert project.repro("reference", native, "-o", path).status == 0
    return path


EMPTY = {
    "no stages": without_stages,
    "no outputs": with_stages(lambda stage: stage.model_copy(update={"outputs": {}})),
}
FORGED = {
    "another metric": (of_another_version(another_metric), "version 99 is not known"),
    "renamed stages": (
        with_stages(lambda stage: stage.model_copy(update={"name": f"x_{stage.name}"})),
        "version 2 is not known",
    ),
    "another row": (another_prediction, "one of the two was edited"),
    "another input": (of_another_version(with_stages(made_up)),
                      "version 99 is not known"),
} | {name: (change, "which the stages do not have") for name, change in EMPTY.items()}  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("swapped", [False, True], ids=["subject", "against"])
def test_a_record_that_contradicts_itself_is_refused(
    project, native, reference, tmp_path, change, sentence, swapped
):
    """No training is needed to see it."""
    forged = edited(reference, tmp_path, change)
    sides = (native, "--against", forged) if swapped else (forged,)
    result = project.repro("explain", *sides)

    assert (result.status, sentence in result.err) == (3, True), result.err
    assert "the first training" not in result.err


@pytest.mark.parametrize("change", [with_stages(made_up), another_metric])
@pytest.mark.parametrize("swapped", [False, True], ids=["subject", "against"])
def test_what_a_record_alone_shows_to_be_edited_is_not_explained(
    project, native, reference, tmp_path, change, swapped
):
    """Nothing is trained to tell."""
    forged = edited(reference, tmp_path, change)
    sides = (native, "--against", forged) if swapped else (forged,)
    result = project.repro("explain", *sides)

    assert (result.status, "one of the two was edited" in result.err) == (3, True), result.err
    assert "the first training" not in result.err


def test_another_input_that_nothing_recorded_makes_explains_nothing(project, reference, tmp_path):
    """That an input differs is no reason, where the configuration and the data are the same."""

    def other_seeds(stage):
        if stage.name != "split":
            return stage
        inputs = stage.inputs | {"split_seeds": "other/v1:0"}
        return stage.model_copy(update={"inputs": inputs})

    def change(record):
        return well_forged(with_stages(other_seeds)(record), train_rows="other/v1:0")

    result, found = explained(project, edited(reference, tmp_path, change))

    assert (result.status, found["explained"], found["confirmed"]) == (1, False, [])
    assert found["divergence"]["inputs"] == ["split_seeds"]
    assert found["sentence"].startswith("not explained: 'split' diverges because its input differs")


def test_a_run_and_its_reference_have_nothing_to_explain(project, native, reference):
    """Whichever is held against the other: a reference has a part of the predictions."""
    for sides in ((native, reference), (reference, native)):
        result, found = explained(project, sides[0], "--against", sides[1])
        assert (result.status, found["explained"]) == (0, True), found["sentence"]


def test_what_an_estimator_prints_does_not_stand_before_the_record(project):
    """Some families can be told to print on standard output while they are fitted."""
    options = ("-p", "debug", "-m", "hist_gradient_boosting", "--level", "strict")
    setting = "models.hist_gradient_boosting.params.verbose=1"
    before = set(project.path.glob("runs/*"))
    trained = project.repro("train", "breast_cancer", *options, "-s", setting, env=CLEAN)
    assert trained.status == 0, trained.err
    (run,) = {path for path in project.path.glob("runs/*") if path.is_dir()} - before
    result, found = explained(project, run)

    assert (result.status, found["explained"]) == (0, True), result.err


@pytest.fixture(scope="module")
def regression(project):
    train = ("diabetes", "--profile", "debug", "-m", "knn", "--level", "strict")
    return project.train(*train, env=CLEAN)


def test_sections_that_do_not_go_together_cost_no_training(project, native, regression):
    """The reason is one line; what is allowed is left for those that can be trained."""
    result, found = explained(project, native, "--against", regression, "--max-runs", "1")
    refused = [t for t in found["trials"] if t["failure"].startswith("cannot be configured")]

    assert result.status in {0, 1}
    assert len(refused) >= 1
    assert all("\n" not in t["failure"] and "pydantic" not in t["failure"] for t in refused)
    trained = [t for t in found["trials"][1:] if t not in refused]
    assert len(trained) == 1
    for cause, reason in found["untried"].items():
        assert "pydantic" not in reason, cause


@v3
def test_the_first_training_is_told_by_what_it_is(project, native):
    """It does not count, and under --against it is not as this machine is."""
    run = planted(project, **KERNEL)
    alone = project.repro("explain", native, env=CLEAN | dict(Level.STRICT.variables))
    result = project.repro(
        "explain", native, "--against", run, env=CLEAN | dict(Level.STRICT.variables)
    )

    assert "as it is" in alone.out
    assert (f"as run {run.name} was: " in result.out, "as it is" in result.out) == (True, False)
    first, second, *_ = result.err.splitlines()
    assert first == "the first training"
    assert second.startswith("training 1 of at most 8: ")


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
        return well_forged(record, out_of_fold="other/v1:0")

    result, found = explained(project, edited(path, tmp_path, other_digests))

    assert (result.status, found["explained"], found["confirmed"]) == (1, False, [])
    assert "BLAS kernel" in [suspect["cause"] for suspect in found["suspected"]]
    assert found["sentence"].startswith("not confirmed: 'cross_validate' diverges; suspected: ")
    assert not any(trial["confirms"] for trial in found["trials"])


def test_a_damaged_run_is_not_explained(project, elsewhere, tmp_path):
    """What was edited has no cause here."""
    damaged = tmp_path / elsewhere.name
    damaged.mkdir()
    for file in elsewhere.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "metrics.json").write_text("{}")
    result = project.repro("explain", damaged)

    assert (result.status, "tampered or damaged" in result.err) == (3, True)


@v3
def test_a_code_path_of_numpy_is_confirmed(project):
    """Only linear algebra of the record was computed as it is here."""
    run = planted(project, *of_tangents(project), NPY_ENABLE_CPU_FEATURES="X86_V2")
    result, found = explained(project, run)

    assert (result.status, found["confirmed"]) == (0, ["NumPy's code paths"])
    assert found["divergence"]["stage"] == "cross_validate"
    assert found["trials"][-1]["agreeing"] == found["trials"][-1]["outputs"]


@pytest.fixture(scope="module")
def native(project):
    return project.train(*TRAIN, "--level", "strict", env=CLEAN)


@pytest.mark.parametrize(
    ("options", "causes"),
    [
        (("--seed", "7"), ["seed"]),
        (("--set", "seeding.scheme=constant"), ["seed scheme"]),
        (("--seed", "7", "--set", "seeding.scheme=constant"), ["seed", "seed scheme"]),
        (("--set", "selection.folds=3"), ["selection"]),
    ],
)
def test_another_configuration_is_confirmed_against_a_record(project, native, options, causes):
    """A training with the other side's value, and nothing else of it, has its bits."""
    run = project.train(*TRAIN, "--level", "strict", *options, env=CLEAN)
    result, found = explained(project, native, "--against", run)

    assert (result.status, found["confirmed"], found["suspected"]) == (0, causes, [])
    assert (found["subject"], found["against"]) == (f"run {native.name}", f"run {run.name}")
    last = found["trials"][-1]
    assert (last["agreeing"], last["confirms"]) == (last["outputs"], True)
    assert set(last["sections"]) <= {"seed", "seeding", "selection"}
    assert not any(trial["confirms"] for trial in found["trials"][:-1])


def test_a_difference_that_does_nothing_is_put_back(project, native):
    """Of three differences two are needed; a limit beyond all rows goes in, and changes nothing."""
    settings = ("seeding.scheme=constant", "split.limit=700")
    options = [word for setting in settings for word in ("--set", setting)]
    run = project.train(*TRAIN, "--level", "strict", "--seed", "7", *options, env=CLEAN)
    result, found = explained(project, native, "--against", run)

    assert (result.status, found["confirmed"]) == (0, ["seed", "seed scheme"]), result.err
    assert found["suspected"] == []
    confirming = [trial["causes"] for trial in found["trials"] if trial["confirms"]]
    assert confirming == [["seed", "seed scheme", "split"], ["seed", "seed scheme"]]


@v3
def test_a_record_is_held_against_another_under_its_settings(project, native):
    """Both were made here; one of them with another kernel, which the first training has too."""
    run = planted(project, **KERNEL)
    result, found = explained(project, native, "--against", run)

    assert (result.status, found["confirmed"]) == (0, ["BLAS kernel"])
    assert found["trials"][0]["settings"]["OPENBLAS_CORETYPE"] == "Nehalem"
    assert found["trials"][1]["settings"]["OPENBLAS_CORETYPE"] != "Nehalem"
    assert "does not have the bits" not in found["sentence"]


def test_records_of_the_same_bits_need_no_training(project, native):
    """There is nothing that a training could tell."""
    again = project.train(*TRAIN, "--level", "strict", env=CLEAN)
    result, found = explained(project, native, "--against", again)

    assert (result.status, found["trials"]) == (0, [])
    assert found["sentence"].startswith("nothing to explain")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A project with runs on three data sets, of which one is there no more."""
    made = make_project(tmp_path_factory.mktemp("own") / "project")
    rows = {"before": ROWS, "gone": ROWS[1:] + ROWS[:1], "after": CHANGES["permuted rows"]}
    runs = {name: made_of(made, name, rows[name]) for name in rows}
    runs["changed"] = made_of(made, "changed", CHANGES["a changed row"])
    made.write("data/gone.csv", "a,b,label\n")
    return made, runs


@pytest.mark.parametrize(("other", "cause"), [("after", "row order"), ("changed", "data set")])
def test_another_data_set_is_confirmed_where_it_is_here(own, other, cause):
    """The training on the record's own table has its bits."""
    project, runs = own
    result, found = explained(project, runs["before"], "--against", runs[other])

    assert (result.status, found["confirmed"], found["suspected"]) == (0, [cause], [])
    assert found["trials"][-1]["agreeing"] == found["trials"][-1]["outputs"]


def test_a_row_order_that_is_lost_is_suspected_and_not_confirmed(own):
    """That rows are permuted is proven by their digest; the order itself is not recorded."""
    project, runs = own
    result, found = explained(project, runs["gone"], "--against", runs["before"])

    assert (result.status, found["explained"], found["confirmed"]) == (1, False, [])
    (suspect,) = found["suspected"]
    assert (suspect["cause"], "in a different order" in suspect["rule"]) == ("row order", True)
    assert "gone.csv: expected sha256" in found["untried"]["row order"]


def test_a_version_of_a_package_is_confirmed_from_its_wheel(project, older):  # noqa: F811
    """Of two packages the one that suffices; the other one is back to what is installed here."""
    run = aged(project, *TRAIN, folders=older.values())
    result, found = explained(project, run, "--packages")

    assert (result.status, found["confirmed"]) == (0, ["scikit-learn"]), found["sentence"]
    together, alone = found["trials"][1:]
    assert together["packages"] == {"scikit-learn": "1.7.2", "numpy": "2.3.5"}
    assert (alone["packages"], alone["confirms"]) == ({"scikit-learn": "1.7.2"}, True)


def test_a_record_that_a_training_here_does_not_have_is_told_as_such(project, native, older):  # noqa: F811
    """What sets it apart is not in its configuration or its settings."""
    run = aged(project, *TRAIN, folders=[older["scikit-learn"]])
    result, found = explained(project, native, "--against", run)

    assert (result.status, found["explained"]) == (1, False)
    assert found["sentence"].endswith(f"explain run {run.name} separately")


def with_version(record, name, version):
    environment = record.environment
    if name == "Python":
        interpreter = environment.interpreter.model_copy(update={"version": version})
        changed = {"interpreter": interpreter}
    else:
        changed = {"packages": environment.packages | {name: version}}
    environment = environment.model_copy(update=changed)
    key = environment_key(environment)
    keys = record.keys.model_copy(update={"environment_key": key})
    changed = altered(record, environment=environment, keys=keys)
    return well_forged(changed, estimator="other/v1:0")


@pytest.fixture
def claimed(project, native, tmp_path):
    """A reference that claims another version of something, and has other bits."""
    path = tmp_path / "reference.json"
    assert project.repro("reference", native, "-o", path).status == 0

    def make(version, name="scikit-learn"):
        return edited(path, tmp_path, lambda record: with_version(record, name, version))

    return make


@pytest.mark.parametrize(
    ("version", "options", "index", "reason"),
    [
        ("1.7.2", (), None, "add --packages to try the recorded version"),
        ("0.0.1", ("--packages",), None, "has no wheel of scikit-learn 0.0.1"),
        ("-r x", ("--packages",), None, "'-r x' is not a version of scikit-learn"),
        ("1.7.2", ("--packages",), "http://127.0.0.1:9/simple", "no package index can be reached"),
    ],
    ids=["not asked for", "no wheel", "no version", "no index"],
)
def test_a_version_that_cannot_be_tried_stays_suspected(
    project, claimed, tmp_path, version, options, index, reason
):
    """With the reason; nothing was trained with it."""
    if "no wheel" in reason and not reachable():
        pytest.skip("no package index can be reached")
    offline = {"PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": None}
    environ = CLEAN | dict(Level.STRICT.variables) | (offline if index else {})
    reference = claimed(version)
    result = project.repro("explain", reference, "--json", *options, env=environ)
    found = result.json

    assert (result.status, found["confirmed"], len(found["trials"])) == (1, [], 1)
    assert [suspect["cause"] for suspect in found["suspected"]] == ["scikit-learn"]
    assert reason in found["untried"]["scikit-learn"]


def test_another_python_stays_suspected(project, claimed):
    """It is not fetched, and the reason says which one it takes."""
    result, found = explained(project, claimed("3.99.1", "Python"), "--packages")

    assert (result.status, [s["cause"] for s in found["suspected"]]) == (1, ["Python"])
    assert "needs CPython 3.99.1" in found["untried"]["Python"]


@v3
def test_no_cause_is_tried_beyond_what_is_allowed(project, elsewhere):
    """What was left over is told with the reason."""
    result, found = explained(project, elsewhere, "--max-runs", "1")

    assert len(found["trials"]) == 2
    assert result.status == (0 if found["confirmed"] else 1)
    left = {s["cause"] for s in found["suspected"]} - {
        c for t in found["trials"] for c in t["causes"]
    }
    assert all(cause in found["untried"] for cause in left)


def reachable():
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "--retries", "0", "-d",
         os.devnull, "six==0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "from versions: none" not in done.stderr


def started(project, folder, *arguments):
    """Start explain with a folder of its own for whatever is temporary."""
    environ = {k: v for k, v in os.environ.items() if k not in CLEAN}
    environ |= Level.STRICT.variables | {"TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-m", "repro", "explain", *arguments, "--project", project.path],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def await_that(happened, process):
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)


SIGNALS = [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@posix
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("to", [os.kill, os.killpg], ids=["process", "group"])
def test_nothing_of_a_throw_away_environment_is_left_behind(project, claimed, tmp_path, number, to):
    """Whenever it is interrupted, alone or with its children: pip's own folders go as well."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = started(project, folder, claimed("1.7.2"), "--packages")
    await_that(lambda: list(folder.rglob("pip-*")), process)
    to(process.pid, number)
    process.communicate(timeout=300)

    assert process.returncode == 130
    assert list(folder.iterdir()) == []


@posix
@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps, which tells of children")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_training_ends_with_the_process_that_waits_for_it(project, native, tmp_path, number):
    """A signal to the one process alone is enough."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    process = started(project, folder, native)
    await_that(lambda: children_of(process.pid), process)
    (child,) = children_of(process.pid)
    os.kill(process.pid, number)
    process.communicate(timeout=300)

    assert (process.returncode, is_running(child)) == (130, False)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no hang-ups here")
@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps, which tells of children")
def test_a_process_that_shall_outlive_its_terminal_does(project, native, tmp_path):
    """As nohup asks for it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = started(project, tmp_path, native)
    finally:
        signal.signal(signal.SIGHUP, before)
    await_that(lambda: children_of(process.pid), process)
    os.kill(process.pid, signal.SIGHUP)
    process.communicate(timeout=300)

    assert process.returncode == 0

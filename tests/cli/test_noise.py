"""`repro noise` and `--tolerance auto`: how far numbers may move is measured, not guessed."""

import json
import os

import pytest
from tests.conftest import make_project
from tests.forging import altered, well_forged
from tests.schemas import kind_of_valid

from repro.app.files import write_whole
from repro.core.environment import environment_key
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.known import KnownFingerprints
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.divergence.held_out import digests_of_columns
from repro.launch import leaking
from repro.processor import X86_64_V3, present
from repro.training.declarations import MEANING

TRAIN = ("breast_cancer", "--profile", "debug", "-m", "logistic_regression", "-m", "knn")
# Where this solver stops on unscaled features depends on the last bits.
UNSTABLE = (
    *TRAIN[:-2],
    *("--set", "preprocessing.numeric.scale=none", "--set", "preprocessing.numeric.clip_iqr=null"),
    *("--set", "models.logistic_regression.params.solver=lbfgs"),
    *("--set", "models.logistic_regression.params.tol=1e-4"),
)
CLEAN = dict.fromkeys(leaking(os.environ))
pytestmark = pytest.mark.skipif(
    not X86_64_V3 <= (present() or set()), reason="fewer than two classes of code paths"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("noise") / "project")


@pytest.fixture(scope="module")
def references(project, tmp_path_factory):
    """One experiment on two classes of code paths."""
    made = {}
    for level in ("portable", "portable-v2"):
        run = project.train(*TRAIN, "--level", level, env=CLEAN)
        made[level] = tmp_path_factory.mktemp("records") / f"{level}.json"
        assert project.repro("reference", run.name, "-o", made[level]).status == 0
    return made


@pytest.fixture(scope="module")
def noise(project, references, tmp_path_factory):
    file = tmp_path_factory.mktemp("noise-file") / "noise.json"
    result = project.repro("noise", references["portable"], "-o", file, env=CLEAN)
    assert (result.status, "stable: the widest spread" in result.out) == (0, True), result
    return file


def compared(project, references, *options):
    names = references["portable"], references["portable-v2"]
    result = project.repro("compare", *names, *options, "--format", "json")
    return result, result.json["candidates"][0]["comparison"] if result.out else None


def edited(path, target, change):
    record = load_record(path.read_bytes(), path.name, RunRecord, RecordFile)
    write_whole(target, dump_record(bound(change(record))))
    return target


def shifted(size):
    """Move one score of a record, as a training does: margin and digests move with it."""

    def change(record):
        first, *others = record.predictions.rows
        (score,) = (each + size for each in first.scores)
        margin = abs(score - record.threshold.threshold)
        moved = first.model_copy(update={"scores": (score,), "margin": margin})
        predictions = record.predictions.model_copy(update={"rows": (moved, *others)})
        changed = altered(record, predictions=predictions)
        columns = digests_of_columns(predictions)
        digests = {
            MEANING.copies[name].rpartition(".")[2]: found[0] for name, found in columns.items()
        }
        return well_forged(changed, **digests)

    return change


def without_fingerprint(record):
    """As a record of the first version has none."""
    gone = {"fingerprint": None, "bits": None}
    return record.model_copy(update={"environment": record.environment.model_copy(update=gone)})


def on_arm(record):
    """What a record from another architecture looks like: it cannot be made on this processor."""
    environment = record.environment
    print_ = environment.fingerprint
    groups = {name: f"kernels/v1:{position}" for position, name in enumerate(print_.groups)}
    changed = {
        "platform": environment.platform.model_copy(update={"machine": "aarch64"}),
        "fingerprint": print_.over(groups),
        "bits": "armv8-a",
    }
    there = environment.model_copy(update=changed)
    keys = record.keys.model_copy(update={"environment_key": environment_key(there)})
    return altered(record, environment=there, keys=keys)


def test_the_ensemble_has_the_bits_of_other_processors(noise):
    """Three levels, as many classes as there are; every number of the record has a spread."""
    value = json.loads(noise.read_text())
    bits = {training["level"]: training["bits"] for training in value["trainings"]}

    assert (bits["portable"], bits["portable-v2"]) == ("x86-64-v3", "x86-64-v2")
    prints = {training["fingerprint"] for training in value["trainings"]}
    assert len(prints) == len(set(bits.values())) >= 2
    assert 0 < value["spreads"]["predictions"] < 1e-9
    assert value["spreads"]["metrics.test.accuracy"] == 0
    assert (value["unstable"], value["flips"]) == ([], 0)


def test_auto_takes_ten_times_the_measured_spread(project, references, noise):
    """Between code paths of one architecture, and it says so."""
    result, found = compared(project, references, "--tolerance", "auto", "--noise", noise)

    assert (result.status, found["verdict"]) == (0, "equivalent")
    assert found["basis"].startswith("10 times the spread over")
    assert found["worst"]["allowed"] < 1e-9


def test_auto_sees_what_a_fixed_tolerance_passes_over(project, references, noise, tmp_path):
    """A shift of 1e-8 is far below 1e-6 and far above what another processor does."""
    target = tmp_path / "shifted.json"
    edited(references["portable-v2"], target, shifted(1e-8))
    names = references["portable"], target
    fixed = project.repro("compare", *names)
    auto = project.repro("compare", *names, "--tolerance", "auto", "--noise", noise)

    assert (fixed.status, auto.status) == (0, 1), auto.out
    assert "1 of " in auto.out
    assert "predictions differ beyond the tolerance" in auto.out


def test_auto_needs_no_noise_where_the_bits_agree(project, references):
    """There is nothing to allow."""
    result = project.repro(
        "compare", references["portable"], references["portable"], "--tolerance", "auto"
    )

    assert result.status == 0, result.err


def test_auto_without_a_measured_spread_says_how_to_measure_it(project, references):
    """Exit status 3: the question could not be asked."""
    result, _ = compared(project, references, "--tolerance", "auto")

    assert result.status == 3
    assert "the noise between the two machines was not measured" in result.err
    assert "repro noise" in result.err


def test_one_fingerprint_asks_for_the_same_bits(project, references, noise, tmp_path):
    """However wide the measured spread is."""
    target = edited(references["portable"], tmp_path / "shifted.json", shifted(2**-52))
    names = references["portable"], target
    result = project.repro("compare", *names, "--tolerance", "auto", "--noise", noise)

    told = "equal fingerprints: bit-identical results are expected"
    assert (result.status, told in result.out) == (1, True), result


def test_another_architecture_is_allowed_more_and_told(project, references, noise, tmp_path):
    """No less than is configured for the family; beyond it a difference is one.

    If the project knows the fingerprint: a claim alone allows nothing.
    """
    record = load_record(references["portable"].read_bytes(), "record", RunRecord, RecordFile)
    here, there = (each.environment for each in (record, on_arm(record)))
    known = project.path / "reference" / "fingerprints.json"
    statuses = {}
    for size in (1e-10, 1e-7):

        def change(record, size=size):
            return on_arm(shifted(size)(record))

        target = edited(references["portable"], tmp_path / f"arm{size}.json", change)
        names = references["portable"], target
        known.write_bytes(dump_record(KnownFingerprints.of([here])))
        claimed = project.repro("compare", *names, "--tolerance", "auto")
        assert (claimed.status, "does not have the fingerprint" in claimed.err) == (3, True)
        known.write_bytes(dump_record(KnownFingerprints.of([here, there])))
        result = project.repro("compare", *names, "--tolerance", "auto")
        statuses[size] = result.status
        assert "different architectures: at least 1e-09 for" in result.out, result

    assert statuses == {1e-10: 0, 1e-7: 1}


def test_a_record_of_the_first_version_is_another_code_path(project, references, noise, tmp_path):
    """Without a fingerprint nothing is known of its bits."""
    target = edited(references["portable-v2"], tmp_path / "old.json", without_fingerprint)
    names = references["portable"], target
    result = project.repro("compare", *names, "--tolerance", "auto", "--noise", noise)

    assert (result.status, "10 times the spread" in result.out) == (0, True), result


def test_an_unstable_model_is_named_and_its_tolerance_stays(project, tmp_path):
    """A finding with what to do; the spread never becomes a tolerance."""
    runs = [
        project.train(*UNSTABLE, "--level", level, env=CLEAN)
        for level in ("portable", "portable-v2")
    ]
    file = tmp_path / "noise.json"
    measured = project.repro("noise", runs[0].name, "-o", file, "--json", env=CLEAN)
    names = [run.name for run in runs]
    result = project.repro("compare", *names, "--tolerance", "auto", "--noise", file)

    assert (measured.status, measured.json == json.loads(file.read_text())) == (1, True)
    assert measured.json["sentence"].startswith("numerically unstable: a spread of")
    assert "predictions" in measured.json["unstable"]
    assert kind_of_valid(measured.json) == "noise"
    assert result.status == 1
    assert "as configured, since the model is numerically unstable" in result.out
    assert "1e-06 allowed" in result.out or "e-06 allowed" in result.out


def test_noise_of_another_experiment_is_refused(project, noise):
    """It says nothing of this one."""
    other = project.train("wine", "--profile", "debug", "--level", "portable", env=CLEAN)
    second = project.train("wine", "--profile", "debug", "--level", "portable-v2", env=CLEAN)
    result = project.repro(
        "compare", other.name, second.name, "--tolerance", "auto", "--noise", noise
    )

    assert (result.status, "a different experiment or seed" in result.err) == (3, True), result


def test_verify_takes_auto(project, references, noise):
    """With the same tolerance as compare."""
    result = project.repro(
        *("verify", references["portable"], "--level", "portable-v2", "--tolerance", "auto"),
        *("--noise", noise, "--json"),
        env=CLEAN,
    )

    assert (result.status, result.json["comparison"]["verdict"]) == (0, "equivalent"), result.err
    assert result.json["comparison"]["basis"].startswith("10 times the spread")


def test_a_record_with_another_configuration_is_not_measured_under_its_keys(
    project, references, tmp_path
):
    """A spread of another experiment would be taken for this one's."""

    def reseeded(record):
        return altered(record, config=record.config | {"seed": 43})

    target = edited(references["portable"], tmp_path / "reseeded.json", reseeded)
    result = project.repro("noise", target, "-o", tmp_path / "noise.json", env=CLEAN)

    assert (result.status, "does not follow from configuration" in result.err) == (3, True), result
    assert not (tmp_path / "noise.json").exists()


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--noise", "noise.json"), 2, "--noise needs --tolerance auto"),
        (("--tolerance", "auto", "--noise", "nowhere.json"), 3, "repro noise RECORD"),
        (("--tolerance", "automatic"), 2, "expected a number or auto, found 'automatic'"),
    ],
)
def test_options_that_mean_nothing_are_refused(project, references, options, status, words):
    """With the next step."""
    names = references["portable"], references["portable-v2"]
    result = project.repro("compare", *names, *options)

    assert (result.status, words in result.err) == (status, True), result


def test_a_tolerance_of_a_metric_and_of_a_family(project, references, tmp_path):
    """A metric's own counts before its family's, and a family's before the one for all."""
    own = make_project(tmp_path / "own")
    own.replace("configs/base.yaml", "    absolute: 1e-6\n", "    absolute: 0.0\n")
    own.replace("configs/base.yaml", "    relative: 1e-6\n", "    relative: 0.0\n")
    strict = own.repro("compare", references["portable"], references["portable-v2"])
    record = load_record(references["portable"].read_bytes(), "record", RunRecord, RecordFile)
    own.replace(
        "configs/base.yaml",
        "    families: {} ",
        f"    families: {{{record.metrics.model}: 1e-9}} ",
    )
    family = own.repro("compare", references["portable"], references["portable-v2"])
    own.replace("configs/base.yaml", "    metrics: {} ", "    metrics: {log_loss: 0.0} ")
    metric = own.repro("compare", references["portable"], references["portable-v2"])

    assert (strict.status, family.status, metric.status) == (1, 0, 1)
    assert "metrics.test.log_loss" in metric.out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    metrics: {} ", "    metrics: {log_los: 1e-5} ", "log_loss"),
        (
            "    metrics: {} ",
            "    metrics: {log_loss: 2.0} ",
            "log_loss: input should be less than 1",
        ),
        ("      default: 1e-9\n", "", "default"),
    ],
)
def test_a_mistake_in_the_tolerances_is_named(tmp_path, references, old, new, words):
    """By key, with what was expected."""
    own = make_project(tmp_path / "own")
    own.replace("configs/base.yaml", old, new)
    result = own.repro("compare", references["portable"], references["portable-v2"])

    assert (result.status, words in result.err) == (2, True), result.err


def test_a_tolerance_for_no_family_is_warned_of(tmp_path):
    """A project may drop a family; the check says that the tolerance has no effect."""
    own = make_project(tmp_path / "own")
    own.replace("configs/base.yaml", "    families: {} ", "    families: {smv: 1e-4} ")
    result = own.repro("config", "check", "wine")

    assert (result.status, "did you mean 'svm'?" in result.err) == (0, True), result.err

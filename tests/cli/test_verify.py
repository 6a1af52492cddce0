"""`repro verify` and `repro reference`: what holds, what does not, and what is said of it."""

import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.test_train import FILES
from tests.conftest import ROOT, command
from tests.forging import altered, well_forged

from repro.app.subjects.records import assembled
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record import RunRecord
from repro.core.record_v1 import RecordFile
from repro.core.records import Estimate, FileEntry, Lineage
from repro.digest.files import sha256_bytes
from repro.store import read_run

ALL = sorted(FILES)


def tree(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_an_untouched_run_holds_and_is_only_read(trained):
    """Integrity, re-execution, verdict; the run's own folder does not change."""
    project, run = trained
    before = tree(run)

    result = project.repro("verify", run.name)

    assert (result.status, "verdict        identical" in result.out) == (0, True)
    assert tree(run) == before


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(path):
    path.unlink()


def rename(path):
    path.rename(path.with_name(path.name + ".old"))


@pytest.mark.parametrize("damage", [flip, remove, rename])
@pytest.mark.parametrize("name", ALL)
def test_damage_to_any_file_is_found_and_the_file_named(copied, name, damage):
    """One byte flipped, the file removed, or renamed."""
    project, run = copied
    damage(run / name)

    result = project.repro("verify", run, "--integrity")

    assert (result.status, f"  {name}: " in result.out) == (1, True), result.out + result.err


def test_an_added_file_is_found_and_named(copied):
    """What the lineage does not list does not belong."""
    project, run = copied
    (run / "notes.txt").write_text("mine")

    result = project.repro("verify", run, "--integrity")

    assert (result.status, "notes.txt" in result.out) == (1, True)


class Bomb:
    def __reduce__(self):
        return os.mkdir, (str(self.path),)

    def __init__(self, path):
        self.path = path


def test_nothing_is_unpickled_on_the_way(copied, tmp_path):
    """A model file that acts when it is opened stays shut, damaged or not."""
    project, run = copied
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    (run / "model.joblib").write_bytes(bomb)
    forge(run, "model.joblib", bomb)

    result = project.repro("verify", run)

    assert (result.status, (tmp_path / "exploded").exists()) == (0, False), result.out


def forge(run, name, content):
    """Write the hash of a changed file into the lineage, and bind the lineage anew."""
    lineage = load_record((run / "lineage.json").read_bytes(), "lineage.json", Lineage)
    entry = FileEntry(sha256=sha256_bytes(content), size=len(content))
    forged = lineage.model_copy(update={"files": lineage.files | {name: entry}})
    (run / name).write_bytes(content)
    (run / "lineage.json").write_bytes(dump_record(bound(forged)))


def better(run, part="value"):
    """Say that the training came out better."""
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["test"]["roc_auc"][part] = 0.99
    forge(run, "metrics.json", (json.dumps(metrics, indent=2) + "\n").encode())


def test_editing_a_file_its_hash_and_its_digest_does_not_survive_the_re_execution(copied):
    """Of what does not follow from predictions integrity can be forged; the training cannot."""
    project, run = copied
    better(run, "low")
    record = well_forged(assembled(read_run(run)))
    forge(run, "stages.json", dump_record(record.stages))
    forge(run, "record.json", dump_record(record))

    integrity = project.repro("verify", run, "--integrity")
    verified = project.repro("verify", run)

    assert (integrity.status, verified.status) == (0, 1)
    assert "metrics.test.roc_auc" in verified.out
    assert "different: 1 of" in verified.out


def test_editing_a_file_and_its_hash_is_seen_in_the_run_itself(copied):
    """By every command that takes a run, and nothing is trained to see it."""
    project, run = copied
    better(run)
    told = (
        "metrics.json: metrics.test is not what stages.evaluate.test_metrics has the digest of:"
        " one of the two was edited"
    )

    verified = project.repro("verify", run)
    as_json = project.repro("verify", run, "--integrity", "--json")
    compared = project.repro("compare", run, run)
    explained = project.repro("explain", run)
    exported = project.repro("reference", run, "-o", run.parent / "reference.json")

    assert (verified.status, f"tampered: 1 of 14 files\n  {told}" in verified.out) == (1, True)
    assert "cross_validate" not in verified.err
    broken = [check for check in as_json.json["integrity"] if check["outcome"] != "same"]
    assert (as_json.status, [check["detail"] for check in broken]) == (1, [told])
    for refused in (compared, explained, exported):
        assert (refused.status, told in refused.err) == (3, True), refused


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (str(2**53 + 1), "9007199254740993 is not a number that a record may hold"),
        ("1e999", "1e999 is not a number that a record may hold"),
        (r'"\ud800"', r"\ud800 is half of a character, expected the whole"),
    ],
)
def test_a_value_that_no_record_holds_is_named_by_every_command(copied, value, told):
    """In a run whose hashes were all made anew."""
    project, run = copied
    config = json.loads((run / "config.json").read_text()) | {"experiment": "@"}
    text = json.dumps(config, indent=2).replace('"@"', value)
    forge(run, "config.json", f"{text}\n".encode())

    for arguments in (
        ("verify", run),
        ("compare", run, run),
        ("reference", run, "-o", run.parent / "reference.json"),
    ):
        result = project.repro(*arguments)
        assert (result.status, result.out) == (3, "")
        # Verify says first what it does.
        assert result.err.endswith(
            f"error: config.json: {told}\n  next: get a fresh copy of the file\n"
        )


def test_a_row_that_no_record_holds_is_refused(copied):
    """Each file is well-formed, and the record of them would not be."""
    project, run = copied
    head, first, *rest = (run / "predictions.csv").read_text().splitlines(keepends=True)
    position, comma, cells = first.partition(",")
    assert position.isdigit()
    rows = [head, *rest, f"{2**53 + 1}{comma}{cells}"]
    forge(run, "predictions.csv", "".join(rows).encode())

    result = project.repro("compare", run, run)

    assert (result.status, "unexpected" in result.err) == (3, False), result.err
    assert (
        f"run {run.name}: a file has content that no record can have: 9007199254740993"
        in result.err
    )
    assert "next: get a fresh copy of the run" in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no text")
def test_a_name_that_is_no_text_is_told_as_json(reference, tmp_path):
    """As text too, on a terminal that takes nothing but UTF-8."""
    copy = shutil.copy(reference, tmp_path / "\udcff.json")
    strict = {"PYTHONIOENCODING": "utf-8:strict"}

    for form in ([], ["--json"]):
        result = command("-m", "repro", "verify", copy, "--integrity", *form, env=strict)
        assert (result.status, "?.json" in result.out) == (0, True), result.err


@pytest.fixture(scope="session")
def reference(trained):
    project, run = trained
    path = project.path / "reference.json"
    assert project.repro("reference", run, "-o", path).status == 0
    return path


def edited(reference, tmp_path, change):
    """Change a reference's record and bind it anew, as somebody would who wants it to pass."""
    record = load_record(reference.read_bytes(), reference.name, RunRecord, RecordFile)
    path = tmp_path / "edited.json"
    path.write_bytes(dump_record(bound(change(record))))
    return path


def test_a_reference_holds_and_carries_the_rows_nearest_to_the_boundary(trained, reference):
    """At most 256 predictions, the uncertain ones always among them."""
    project, run = trained
    record = load_record(reference.read_bytes(), reference.name, RunRecord, RecordFile)
    rows = record.predictions.rows
    nearest = sorted(row.margin for row in rows)[:128]

    result = project.repro("verify", reference)

    lines = (run / "predictions.csv").read_text().splitlines()[1:]
    margins = sorted(float(line.rpartition(",")[2]) for line in lines)
    assert (result.status, len(rows) <= 256, nearest) == (0, True, margins[:128])


def test_a_reference_names_no_machine_and_no_folder(trained, reference):
    """It is made to be handed over."""
    project, run = trained
    text = reference.read_text()
    host = json.loads((run / "environment.json").read_text())["host"]

    private = (str(project.path), str(Path.home()), host["executable"], host["cwd"])
    assert [word for word in private if word in text] == []
    assert "host" not in json.loads(text)["environment"]


def test_a_reference_is_not_written_over_anything_else(trained, tmp_path):
    """Neither over a note nor over the reference of another experiment."""
    project, run = trained
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")

    result = project.repro("reference", run, "-o", notes)

    assert (result.status, notes.read_text()) == (3, "mine")


def test_a_reference_is_not_written_into_a_run(copied):
    """Which would no longer be what was written."""
    project, run = copied

    result = project.repro("reference", run.name, "-o", run / "reference.json")

    assert (result.status, f"is inside the run {run.name}" in result.err) == (2, True), result
    assert not (run / "reference.json").exists()


def test_files_are_checked_without_a_project(trained, tmp_path):
    """A run may be handed over alone."""
    _, run = trained
    shutil.copytree(run, tmp_path / "handed over")

    result = command("-m", "repro", "verify", "--integrity", "handed over", cwd=tmp_path)

    assert (result.status, "intact: 14 files" in result.out) == (0, True)


def test_exporting_twice_gives_the_same_bytes(trained, reference, tmp_path):
    """The sample is drawn by the predictions alone."""
    project, run = trained

    project.repro("reference", run, "-o", tmp_path / "again.json")

    assert (tmp_path / "again.json").read_bytes() == reference.read_bytes()


def with_metric(record, **changes):
    test = {name: value for name, value in (record.metrics.test | changes).items() if value}
    return altered(record, metrics=record.metrics.model_copy(update={"test": test}))


def moved(record):
    # The end of an interval is drawn: nothing else in a record says what it is.
    estimate = record.metrics.test["accuracy"]
    return with_metric(record, accuracy=estimate.model_copy(update={"low": estimate.low + 1e-5}))


def well(change, **digests):
    """Make a change as a training does: what it came to has other digests too."""

    def changed(record):
        return well_forged(change(record), **digests)

    return changed


moved_as_elsewhere = well(moved)


def old(record):
    """As a record of the first version has no fingerprint, so that nothing is due."""
    gone = {"fingerprint": None, "bits": None}
    return record.model_copy(update={"environment": record.environment.model_copy(update=gone)})


def nudged_margin(record):
    first, *others = record.predictions.rows
    first = first.model_copy(update={"margin": first.margin + 1e-9})
    predictions = record.predictions.model_copy(update={"rows": (first, *others)})
    return altered(old(record), predictions=predictions)


def without_accuracy(record):
    return with_metric(record, accuracy=None)


def with_wide_tolerance(record):
    """Move a metric, and let the record allow it."""

    def widen(config):
        config["verification"]["tolerance"] = {"absolute": 1e9, "relative": 1e9}
        config["verification"]["mode"] = "legacy"

    return with_config(moved_as_elsewhere(record), widen)


def without_stages(record):
    return altered(record, stages=record.stages.model_copy(update={"stages": ()}))


def with_new_metric(record):
    return with_metric(record, lift=Estimate(value=1.0, low=1.0, high=1.0))


def without_sample(record):
    empty = record.predictions.model_copy(update={"rows": ()})
    return altered(record, predictions=empty)


def without_metrics(record):
    metrics = record.metrics.model_copy(update={"test": {}})
    return altered(record, metrics=metrics)


def with_config(record, change):
    config = json.loads(json.dumps(record.config))
    change(config)
    return altered(record, config=config)


def another_seed(record):
    return with_config(record, lambda config: config.update(seed=43))


def another_model(record):
    def change(config):
        config["models"]["knn"]["params"]["n_neighbors"] = 3

    return with_config(record, change)


def declared_ties(record):
    """Flip every label and declare every margin zero."""

    def flip(row):
        other = "good" if row.label == "bad" else "bad"
        return row.model_copy(update={"label": other, "margin": 0.0})

    rows = tuple(flip(row) for row in record.predictions.rows)
    return altered(record, predictions=record.predictions.model_copy(update={"rows": rows}))


def one_row(record):
    rows = record.predictions.rows[:1]
    return altered(record, predictions=record.predictions.model_copy(update={"rows": rows}))


def another_threshold(record):
    threshold = record.threshold.model_copy(update={"precision": 1.0})
    return altered(record, threshold=threshold)


def another_environment(record):
    environment = record.environment.model_copy(update={"hash_seed": None, "packages": {}})
    return record.model_copy(update={"environment": environment})


def another_data_set(record):
    return with_config(record, lambda config: config["dataset"].update(sha256="0" * 64))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (moved_as_elsewhere, "different: 1 of"),
        (with_wide_tolerance, "different: 1 of"),
        (without_stages, "edited.json: predictions.row is a copy of stages.split.test_rows, which"),
        (
            well(declared_ties, labels="array/v1:0", scores="array/v1:1"),
            "edited.json: predictions.scores is not what stages.predict.scores has the digest of",
        ),
        (declared_ties, "edited.json: predictions.label is not what stages.predict.labels has the"),
        (one_row, "incomparable: the reference has predictions of 1 rows; 150 are required"),
        (well(another_threshold), "different: 1 of"),
        (
            nudged_margin,
            "edited.json: predictions.margin is not what stages.predict.margins has the",
        ),
        (another_environment, "edited.json was edited since it was written"),
        (well(without_accuracy), "edited.json: metrics.test lacks accuracy, which every training"),
        (without_sample, "incomparable: the reference has no sampled predictions"),
        (well(without_metrics), "incomparable: the reference has no metrics"),
        (another_seed, "edited.json: keys.strict_key: its strict_key does not follow from"),
        (another_model, "edited.json: keys.replicate_key: its replicate_key does not follow"),
        (another_data_set, "incomparable: data set differs: data/credit.csv: expected sha256 0000"),
    ],
)
def test_an_edited_reference_never_passes(trained, reference, tmp_path, change, sentence):
    """Even when it was bound anew; each has its own sentence."""
    project, _ = trained

    result = project.repro("verify", edited(reference, tmp_path, change))

    assert (result.status, sentence in result.out) == (1, True), result.out


def test_a_metric_that_only_a_reference_has_is_reported(trained, reference, tmp_path):
    """A later version may measure more; nothing was compared with the number."""
    project, _ = trained

    result = project.repro("verify", edited(reference, tmp_path, well(with_new_metric)))

    assert (result.status, "only in the reference: lift" in result.out) == (0, True), result.out
    assert "claimed, not checked: metrics.test.lift, " in result.out


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        (moved, "metrics.test is not what stages.evaluate.test_metrics has the digest of"),
        (without_accuracy, "metrics.test is not what stages.evaluate.test_metrics has the digest"),
        (without_metrics, "metrics.test is not what stages.evaluate.test_metrics has the digest"),
        (another_threshold, "threshold is not what stages.decide.threshold has the digest of"),
    ],
)
def test_an_edited_number_is_seen_in_the_reference_itself(
    trained, reference, tmp_path, change, flaw
):
    """However it was bound; nothing is trained to see it, and no tolerance lets it pass."""
    project, _ = trained
    path = edited(reference, tmp_path, change)

    verified = project.repro("verify", path, "--tolerance", "0.3")
    compared = project.repro("compare", reference, path, "--tolerance", "0.3")

    assert (verified.status, "tampered: 1 of 1 file" in verified.out) == (1, True), verified.out
    assert f"edited.json: {flaw}" in verified.out
    assert "cross_validate" not in verified.err
    assert (compared.status, f"tampered or damaged: edited.json: {flaw}" in compared.out) == (
        1,
        True,
    ), compared.out


def test_an_edited_prediction_is_told_without_a_tolerance_to_let_it_pass(
    trained, reference, tmp_path
):
    """The way out is another record, even where the difference is a tiny one."""
    project, _ = trained

    result = project.repro("verify", edited(reference, tmp_path, nudged_margin))

    assert (result.status, "one of the two was edited" in result.out) == (1, True)
    assert "--tolerance" not in result.out


def test_a_reference_that_was_not_bound_anew_is_refused_before_training(
    trained, reference, tmp_path
):
    """A changed digit no longer fits the digest."""
    project, _ = trained
    text = reference.read_text()
    path = tmp_path / "edited.json"
    path.write_text(text.replace('"seed": 42', '"seed": 43'))

    result = project.repro("verify", path)

    assert (result.status, "edited.json was edited since it was written" in result.out) == (1, True)
    assert "cross_validate" not in result.err


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('test.accuracy": 0.', 'test.accuracy": NaN, "x": 0.', "NaN is not"),
        ("repro.record/v2", "repro.record/v7", "schema repro.record/v7 is not supported"),
        ('"name": "fold"', '"name": "split"', "the step 'split' occurs twice: expected once"),
        ('"seed": 42', '"seed": 42, "seed": 43', "duplicate key 'seed'"),
        ("{", "", "not valid JSON"),
    ],
)
def test_a_malformed_reference_is_a_question_that_cannot_be_asked(
    trained, reference, tmp_path, old, new, sentence
):
    """Exit status 3, the file named, no traceback."""
    project, _ = trained
    text = reference.read_text()
    assert old in text
    path = tmp_path / "bad.json"
    path.write_text(text.replace(old, new, 1))

    result = project.repro("verify", path)

    assert (result.status, sentence in result.err, "Traceback" in result.err) == (3, True, False)


def test_a_reference_cannot_widen_what_may_be_imported(trained, reference, tmp_path):
    """A record from somebody else does not choose which modules run here."""
    project, _ = trained

    def widen(record):
        return with_config(
            record, lambda c: c["security"].update(allowed_modules=["sklearn", "os"])
        )

    result = project.repro("verify", edited(reference, tmp_path, widen))

    assert (result.status, "allows estimators from 'os'" in result.err) == (3, True)


def test_every_check_is_written_with_what_was_expected_and_found(trained, reference, tmp_path):
    """The report is for machines: names, values, outcomes."""
    project, _ = trained
    report = tmp_path / "out" / "report.json"

    path = edited(reference, tmp_path, moved_as_elsewhere)
    result = project.repro("verify", path, "--output", report)

    checks = {c["name"]: c for c in json.loads(report.read_text())["comparison"]["checks"]}
    accuracy = checks["metrics.test.accuracy.low"]
    assert (result.status, accuracy["outcome"]) == (1, "differs")
    assert accuracy["difference"] == pytest.approx(1e-5) != accuracy["allowed"]
    assert len([name for name in checks if name.startswith("predictions.")]) > 100


@pytest.mark.parametrize(
    ("tolerance", "status"), [("0", 1), ("1e-6", 1), ("1e-4", 0), ("-1", 2), ("nan", 2), ("x", 2)]
)
def test_the_tolerance_decides_and_nonsense_is_refused(
    trained, reference, tmp_path, tolerance, status
):
    """Absolute and relative together; a tolerance that means nothing is a usage error."""
    project, _ = trained
    path = edited(reference, tmp_path, moved_as_elsewhere)

    assert project.repro("verify", path, "--tolerance", tolerance).status == status


def test_changed_data_is_another_data_set(copied):
    """The training does not even start."""
    project, run = copied
    project.replace("data/credit.csv", "good,9,rent,60", "good,8,rent,60")

    result = project.repro("verify", run)

    assert (result.status, "incomparable: data set differs: data/credit.csv" in result.out) == (
        1,
        True,
    )


def test_changed_configuration_does_not_change_the_verdict_on_an_old_run(copied):
    """Re-execution is from the recorded configuration, not from today's."""
    project, run = copied
    project.replace("configs/models/knn.yaml", "n_neighbors: 15", "n_neighbors: 3")
    shutil.rmtree(project.path / "configs/experiments")

    assert project.repro("verify", run).status == 0


SCRIPTS = {"check": "reproducibility_check.py", "validate": "validate_reproducibility.py"}


def script(project, name, *arguments):
    path = ROOT / "scripts" / SCRIPTS[name]
    return command(path, *arguments, "--project", project.path, cwd=project.path)


def test_the_integrity_script_is_the_same_door(copied):
    """Intact is 0, damaged is 1."""
    project, run = copied
    before = script(project, "check", run).status
    flip(run / "report.md")

    assert (before, script(project, "check", run).status) == (0, 1)


def test_the_validation_script_saves_and_compares(project, tmp_path):
    """Same seed passes, another seed or model is incomparable, and each is said."""
    file = tmp_path / "ref.json"
    common = ("--experiment", "wine", "--profile", "debug")
    saved = script(project, "validate", *common, "--model-type", "knn", "--save-reference", file)
    against = (*common, "--reference-metrics-file", file)

    same = script(project, "validate", *against, "--model-type", "knn")
    seed = script(project, "validate", *against, "--model-type", "knn", "--seed", "7")
    model = script(project, "validate", *against, "--model-type", "decision_tree")

    assert [r.status for r in (saved, same, seed, model)] == [0, 0, 1, 1], saved.err + same.err
    assert "seed differs: reference 42, this run 7" in seed.out
    assert "models or hyper-parameters differ: models.knn" in model.out


def test_the_validation_script_trains_twice_without_a_reference(project):
    """The simplest question: does it reproduce here at all?"""
    result = script(
        project, "validate", "--experiment", "wine", "--profile", "debug", "--model-type", "knn"
    )

    assert (result.status, "identical" in result.out) == (0, True)


def test_metrics_alone_need_the_legacy_mode(copied):
    """A bare metrics.json says nothing of what it was trained on."""
    project, run = copied
    asked = ("--profile", "debug", "--reference-metrics-file", run / "metrics.json")

    strict = script(project, "validate", *asked)
    legacy = script(project, "validate", *asked, "--mode", "legacy")

    assert (strict.status, "has no keys" in strict.out, legacy.status) == (1, True, 0)

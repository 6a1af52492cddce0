"""Stored predictions have the digests of the arrays that they came from, and give the metrics."""

import functools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT
from tests.forging import altered, rewritten
from tests.training import in_process as bench

from repro.app.reference import export
from repro.app.subjects.subject import Subject, check_integrity
from repro.config.data import Task
from repro.core.errors import PreconditionError
from repro.core.jsonfile import bound, dump_record, load_record
from repro.core.record_v1 import RecordFile
from repro.core.records import Prediction, Predictions
from repro.core.verdict import Outcome
from repro.digest.arrays import digest_array
from repro.digest.columns import digest_floats, digest_integers, digest_texts
from repro.digest.plain import digest_plain
from repro.divergence.consistency import Results, find_inconsistency
from repro.divergence.held_out import digests_of_columns, find_odd_row
from repro.divergence.outputs import outputs_of
from repro.divergence.recount import agrees, recount
from repro.execution.pipeline import predictions_of
from repro.store import read_run, write_predictions
from repro.store.predictions import read_predictions
from repro.training.declarations import MEANING
from repro.training.metrics import evaluate
from repro.training.scoring import Outcome as Classes
from repro.training.scoring import Scores

COLUMNS = {name: source for name, source in MEANING.copies.items() if "predictions." in name}
FINITE = st.floats(allow_nan=False, allow_infinity=False)
# NumPy takes NUL at the end of a text for padding, and half a character is no text.
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=9)


@given(st.lists(st.lists(FINITE, min_size=3, max_size=3), min_size=1))
def test_a_column_of_floats_has_the_digest_of_its_array(rows):
    """In two dimensions and in one; either sign of zero counts."""
    matrix = np.array(rows)

    assert digest_floats((v for row in rows for v in row), matrix.shape) == digest_array(matrix)
    assert digest_floats(rows[0], (3,)) == digest_array(matrix[0])


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_a_column_of_integers_has_the_digest_of_its_array(values):
    assert digest_integers(values) == digest_array(np.array(values, dtype=np.int64))


@given(st.lists(TEXT, min_size=1), st.integers(1, 12))
def test_a_column_of_text_has_the_digest_of_its_array(values, more):
    """At any width that holds it, which counts."""
    width = max(map(len, values)) + more

    assert digest_texts(values, width) == digest_array(np.array(values, dtype=f"<U{width}"))


def table(rows, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame({f"c{n}": random.normal(size=rows) for n in range(4)}), random


def labelled(names, rows=240, seed=3):
    features, random = table(rows, seed)
    noisy = features["c0"] + random.normal(scale=0.8, size=rows)
    cut = np.searchsorted(np.quantile(noisy, np.linspace(0, 1, len(names) + 1)[1:-1]), noisy)
    return features, np.array(names)[cut]


def numbers(rows=200, seed=4):
    features, random = table(rows, seed)
    return features, features["c1"].to_numpy() * 3e4 + random.normal(size=rows)


LOGISTIC = {"logistic": bench.family("sklearn.linear_model:LogisticRegression")}
SVM = {"svm": bench.family("sklearn.svm:SVC")}
TREE = {"tree": bench.family("sklearn.tree:DecisionTreeClassifier", max_depth=2)}
LINEAR = {"linear": bench.family("sklearn.linear_model:LinearRegression")}
TRAININGS = {
    "binary, probabilities": (Task.BINARY, LOGISTIC, ("no", "yes"), "yes", {}),
    "binary, decision scores": (Task.BINARY, SVM, ("no", "yes"), "no", {}),
    "binary, ties": (Task.BINARY, TREE, ("a", "ab"), "a", {}),
    "binary, a threshold": (
        Task.BINARY, LOGISTIC, ("è", "日本語 "), "è",
        {"decision": {"rule": "fixed", "threshold": 0.3}},
    ),
    "binary, a precision": (
        Task.BINARY, SVM, ("x,y", 'x"y'), "x,y",
        {"decision": {"rule": "target_precision", "precision": 0.8}},
    ),
    "three classes": (Task.MULTICLASS, LOGISTIC, ("b", "c", "longer than others"), None, {}),
    "three classes, decision scores": (Task.MULTICLASS, SVM, ("0", "1", "10"), None, {}),
    "three classes, ties": (Task.MULTICLASS, TREE, ("🙂", "b", "c"), None, {}),
    "a regression": (Task.REGRESSION, LINEAR, None, None, {}),
}  # fmt: skip


@functools.cache
def training(name):
    """Train, and read the predictions back from their file."""
    task, models, names, positive, sections = TRAININGS[name]
    features, target = labelled(sorted(names)) if names else numbers()
    metric = {"selection": {"metric": "rmse" if task is Task.REGRESSION else "accuracy"}}
    settings = bench.config(task, positive, models, **metric, **sections)
    made = bench.run(settings, features, target)
    content = write_predictions(predictions_of(made))
    return made, read_predictions(content, "predictions.csv")


@pytest.fixture(params=list(TRAININGS))
def trained_here(request):
    return training(request.param)


def flaw_of(made, predictions):
    return find_inconsistency(
        Results(made.stages, made.metrics, made.threshold, predictions, made.baseline), MEANING
    )


def test_what_is_read_back_has_the_digests_of_the_stages(trained_here):
    """Rows, scores, labels and margins of every task, kind of scores and rule of decision."""
    made, predictions = trained_here
    outputs, found = outputs_of(made.stages), digests_of_columns(predictions)

    assert found.keys() == COLUMNS.keys()
    for name, source in COLUMNS.items():
        assert outputs[source] in found[name], name
    assert flaw_of(made, predictions) is None


def test_the_metrics_are_those_of_scikit_learn(trained_here):
    """To the last bits or nearly, and all of them."""
    made, predictions = trained_here
    found = recount(predictions)

    for name, estimate in made.metrics.test.items():
        assert found[name] == pytest.approx(estimate.value, rel=1e-12, abs=1e-12), name
        assert agrees(estimate.value, found[name])


def with_row(predictions, position, **changes):
    rows = list(predictions.rows)
    rows[position] = rows[position].model_copy(update=changes)
    return predictions.model_copy(update={"rows": tuple(rows)})


def other_label(predictions, row):
    if not isinstance(row.label, str):
        return row.label + 1e-9
    return next(
        each
        for each in (*predictions.scores, *(row.label for row in predictions.rows))
        if each != row.label
    )


EDITS = {
    "label": lambda all_, row: {"label": other_label(all_, row)},
    "row": lambda _, row: {"row": row.row + 10_000},
    "truth": lambda all_, row: {
        "truth": row.truth + 1.0 if not all_.scores else other_truth(all_, row)
    },
    "margin": lambda _, row: {"margin": None if row.margin is None else row.margin + 1e-9},
    "scores": lambda _, row: {"scores": tuple(np.nextafter(each, 9) for each in row.scores)},
}


def other_truth(predictions, row):
    return next(each.truth for each in predictions.rows if each.truth != row.truth)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("position", [0, 17, -1])
def test_an_edit_of_one_prediction_is_a_flaw(trained_here, edit, position):
    """In its last bit, of any row."""
    made, predictions = trained_here
    changes = EDITS[edit](predictions, predictions.rows[position])
    edited = with_row(predictions, position, **changes)
    if edited == predictions:
        pytest.skip("a regression has neither scores nor margins")

    assert flaw_of(made, edited).name.startswith("predictions")


def forged(stages, predictions):
    """Give the stages the digests of edited columns, along the chain."""
    found = digests_of_columns(predictions)
    digests = {source.rpartition(".")[2]: found[name][0] for name, source in COLUMNS.items()}
    changed = tuple(
        stage.model_copy(
            update={
                "inputs": {n: digests.get(n, d) for n, d in stage.inputs.items()},
                "outputs": {n: digests.get(n, d) for n, d in stage.outputs.items()},
            }
        )
        for stage in stages.stages
    )
    return stages.model_copy(update={"stages": changed})


def test_all_labels_made_right_do_not_give_the_metrics(trained_here):
    """Even where every digest was forged as well."""
    made, predictions = trained_here
    right = tuple(row.model_copy(update={"label": row.truth}) for row in predictions.rows)
    edited = predictions.model_copy(update={"rows": right})
    stages = forged(made.stages, edited)
    flaw = flaw_of(replace(made, ending=lambda: (made.metrics, stages)), edited)

    assert flaw.name == "predictions"
    assert flaw.detail.endswith("one of the two was edited")


@pytest.mark.parametrize("name", list(TRAININGS))
@pytest.mark.parametrize("edit", ["margin", "scores"])
def test_a_row_of_a_sample_follows_from_its_scores(name, edit):
    """No digest is of a sample, and a margin still is that of the scores."""
    made, predictions = training(name)
    if not predictions.scores:
        pytest.skip("a regression has neither")
    rows = predictions.rows[:20]
    sample = predictions.model_copy(update={"rows": rows})
    moved = {"scores": tuple(each + 0.01 * n for n, each in enumerate(rows[3].scores, start=1))}
    changes = moved if edit == "scores" else EDITS[edit](predictions, rows[3])

    assert flaw_of(made, sample) is None
    assert f"row {rows[3].row}" in flaw_of(made, with_row(sample, 3, **changes)).detail


@pytest.mark.parametrize("name", ["binary, a threshold", "binary, a precision"])
def test_a_label_of_a_sample_follows_from_the_threshold(name):
    made, predictions = training(name)
    sample = predictions.model_copy(update={"rows": predictions.rows[:20]})
    for position, row in enumerate(sample.rows):
        edited = with_row(sample, position, label=other_label(predictions, row))

        assert "does not follow from its score" in find_odd_row(edited, made.threshold)


def test_a_row_that_is_there_twice_is_refused():
    """A record with one row three times agrees three times with whatever it says."""
    row = {"row": 3, "truth": "a", "label": "a", "scores": [0.5], "margin": 0.0}
    other = row | {"row": 4}
    for rows, total in (([row] * 2, 9), ([row] * 3, 3), ([row, other, row], 9), ([row, other], 1),
                        ([row | {"row": -1}], 9)):  # fmt: skip
        with pytest.raises(ValueError, match="row"):
            Predictions.model_validate({"total": total, "scores": ("a",), "rows": tuple(
                Prediction.model_validate(each | {"scores": tuple(each["scores"])}) for each in rows
            )})  # fmt: skip


def test_a_reference_with_a_row_three_times_is_no_record():
    text = (ROOT / "reference" / "credit.json").read_bytes()
    record = load_record(text, "credit.json", RecordFile)
    rows = (record.predictions.rows[0],) * 3
    edited = record.predictions.model_copy(update={"rows": rows})
    content = dump_record(bound(altered(record, predictions=edited)))
    with pytest.raises(PreconditionError, match="occurs 3 times"):
        load_record(content, "credit.json", RecordFile)


def test_wrong_predictions_made_right_are_found_wherever_a_run_is_read(copied):
    """The file's hash and the lineage are those of the edit."""
    project, run = copied
    stored = read_run(run)
    wrong = [n for n, row in enumerate(stored.predictions.rows) if row.label != row.truth]
    assert len(wrong) > 10
    rows = [row.model_copy(update={"label": row.truth}) for row in stored.predictions.rows]
    edited = stored.predictions.model_copy(update={"rows": tuple(rows)})
    rewritten(run, predictions=write_predictions(edited))
    sentence = (
        "predictions.csv: predictions.label is not what stages.predict.labels has the digest of:"
        " one of the two was edited"
    )

    (found,) = [
        c for c in check_integrity(Subject(run, is_run=True)) if c.outcome is not Outcome.SAME
    ]
    assert (found.name, found.detail) == ("predictions.csv", sentence)
    with pytest.raises(PreconditionError, match=r"predictions\.label is not what"):
        export(project.path, project.path / "runs", run.name)
    shown = project.repro("runs", "show", run.name)
    assert (shown.status, sentence in shown.err) == (3, True), shown


def test_a_class_without_a_held_out_row_leaves_the_width_open():
    """Older runs could hold out one class: the width of the text is then not known."""
    row = Prediction(row=0, truth="yes", label="yes", scores=(0.9,), margin=0.4)
    found = digests_of_columns(Predictions(total=1, scores=("yes",), rows=(row,)))

    assert found["predictions.label"] == ()


def test_the_digest_of_scores_is_that_of_their_dataclass():
    """Of either kind of scores, since a record does not say which it was."""
    rows = tuple(
        Prediction(row=n, truth="a", label="b", scores=(n / 3, -0.0), margin=0.0) for n in range(3)
    )
    found = digests_of_columns(Predictions(total=3, scores=("a", "b"), rows=rows))
    values = np.array([row.scores for row in rows])
    due = {
        digest_plain(
            Scores(values, kind),
            lambda part: digest_array(part) if isinstance(part, np.ndarray) else digest_plain(part),
        )
        for kind in ("probability", "decision")
    }

    assert set(found["predictions.scores"]) == due


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=6))
def test_counts_of_labels_give_the_metrics_of_scikit_learn(pairs):
    """For any labels; those of scores need every class, and are left out here."""
    truth, label = (np.array(side) for side in zip(*pairs, strict=True))
    if set(truth) != set("abc"):
        return
    scores = np.tile([0.2, 0.3, 0.5], (len(pairs), 1))
    outcome = Classes(Task.MULTICLASS, ("a", "b", "c"), None)
    expected, _ = evaluate(truth, label, Scores(scores, "probability"), outcome)
    rows = tuple(
        Prediction(row=n, truth=t, label=p, scores=(0.2, 0.3, 0.5), margin=0.2)
        for n, (t, p) in enumerate(pairs)
    )
    found = recount(Predictions(total=len(rows), scores=("a", "b", "c"), rows=rows))

    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)

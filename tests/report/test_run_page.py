"""The page of a run: what it tells is what was recorded, and it is harmless and whole."""

import hashlib
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_curve
from tests.conftest import command
from tests.report.conftest import TASKS
from tests.report.pages import (
    EVIL,
    browser,
    check_harmless,
    check_layout,
    check_pictures,
    pictures,
    words,
)

from repro import report
from repro.app.report import run_page
from repro.core.baseline import CategoricalBaseline, NumericBaseline
from repro.core.records import Prediction
from repro.report import Facts, html
from repro.report.confusion import confusion
from repro.report.features import describe
from repro.report.plots.run import draw, precision_recall
from repro.report.templating import templates
from repro.store import read_run

DRAWN = {
    "binary": {"metrics", "folds", "curve", "roc", "calibration"},
    "multiclass": {"metrics", "folds"},
    "regression": {"metrics", "folds", "actual", "residuals"},
}


def facts_of(path, **changes):
    run = read_run(path)
    found = Facts(
        run_id=run.lineage.run_id,
        config=run.config,
        rows=run.lineage.dataset.rows,
        content=run.lineage.dataset.content,
        keys=run.snapshot.keys,
        metrics=run.metrics,
        threshold=run.threshold,
        stages=run.stages,
        environment=run.environment,
        predictions=run.predictions,
        baseline=run.drift_baseline,
    )
    return replace(found, **changes)


def page(path):
    return run_page(path.parent, path.name).content


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_pictures_each_told_in_words(runs, task):
    """And ids that meet their targets, and nothing that loads or runs."""
    text = page(runs[1][task])

    assert check_pictures(text) == DRAWN[task]
    check_harmless(text)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("width", [360, 1300])
@browser
def test_a_browser_shows_a_run_without_a_complaint(runs, tmp_path, task, width):
    """No message on its console, every section laid out, and nothing wider than the window."""
    check_layout(page(runs[1][task]), tmp_path, width)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_the_confusion_matrix_is_that_of_the_recorded_predictions(runs, task):
    """As scikit-learn counts them, on the page too; the shares are recall and precision."""
    run = read_run(runs[1][task])
    truth, label = zip(*((row.truth, row.label) for row in run.predictions.rows), strict=True)
    expected = confusion_matrix(truth, label)
    found = confusion(run.predictions)
    shown = re.findall(r'<td class="n (?:right|wrong)"[^>]*>(\d+)</td>', page(runs[1][task]))

    assert np.array(found.counts).tolist() == expected.tolist()
    assert [int(count) for count in shown] == expected.ravel().tolist()
    recalls = [found.recall(place) for place in range(len(expected))]
    assert np.mean(recalls) == pytest.approx(run.metrics.test["recall_macro"].value)


def test_of_many_classes_those_are_shown_that_are_confused(runs):
    """And no share is told that would leave rows out."""
    predictions = read_run(runs[1]["multiclass"]).predictions
    rows = [
        Prediction(row=n, truth=f"c{n:02}", label=f"c{n:02}", scores=(), margin=None)
        for n in range(40)
    ]
    rows += [Prediction(row=40, truth="c07", label="c31", scores=(), margin=None)]
    found = confusion(predictions.model_copy(update={"rows": tuple(rows)}))

    assert {"c07", "c31"} <= set(found.labels)
    assert (len(found.labels), found.left, found.recall(0)) == (20, 20, None)


def test_the_marked_threshold_is_the_recorded_decision(runs):
    """Its recall and precision are the metrics of the run, in the words of the picture."""
    run = read_run(runs[1]["binary"])
    picture = pictures(page(runs[1]["binary"]))["curve"]
    test = run.metrics.test

    assert f"recall {test['recall'].value:.4f}, precision {test['precision'].value:.4f}" in picture
    assert f"decision threshold {run.threshold.threshold:.4f}" in picture


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=1).filter(
    lambda rows: any(positive for positive, _ in rows)
))  # fmt: skip
def test_the_curve_is_that_of_scikit_learn(rows):
    """For every choice of labels and scores, with ties."""
    positive = np.array([label for label, _ in rows])
    scores = np.array([score for _, score in rows], dtype=float)
    curve = precision_recall(positive, scores)
    precision, recall, _ = precision_recall_curve(positive, scores)

    # Its last point has no threshold.
    assert curve.precision[::-1] == pytest.approx(precision[:-1])
    assert curve.recall[::-1] == pytest.approx(recall[:-1])


def test_the_outline_of_a_feature_has_its_distribution():
    """Even bins give an even outline; a value that most rows have is one high column."""
    even = NumericBaseline(
        kind="numeric", edges=(-5e-324, 6.0, 12.0, 24.0), shares=(0.0, 0.25, 0.25, 0.5, 0.0),
        missing=0.0,
    )  # fmt: skip
    tied = NumericBaseline(
        kind="numeric", edges=(-5e-324, 0.0, 24.0), shares=(0.0, 0.76, 0.24, 0.0), missing=0.1
    )
    told = describe("even", even)

    assert set(re.findall(r"V([\d.]+)h", told.outline)) == {"0.0"}
    assert (told.values, told.summary) == (
        ("0", "12", "24"),
        "half of the values lie from 6 to 18",
    )
    tops = [20 - float(top) for top in re.findall(r"V([\d.]+)h", describe("t", tied).outline)]
    assert tops[0] == 20
    assert max(tops[1:]) == pytest.approx(20 * 0.01 / 0.77, abs=0.05)
    assert describe("tied", tied).values == ("0", "0", "24")
    assert describe("tied", tied).missing == "10 %"


@pytest.mark.parametrize(
    "baseline",
    [
        NumericBaseline(kind="numeric", edges=(), shares=(0.0,), missing=1.0),
        NumericBaseline(kind="numeric", edges=(1.0,), shares=(0.5, 0.5), missing=0.0),
        NumericBaseline(kind="numeric", edges=(3.0, 1.0), shares=(0.0, 1.0, 0.0), missing=0.0),
        NumericBaseline(
            kind="numeric", edges=(-1.7e308, 1.7e308), shares=(0.0, 1.0, 0.0), missing=0.0
        ),
        CategoricalBaseline(kind="categorical", shares={}, missing=1.0),
        CategoricalBaseline(
            kind="categorical", shares={str(n): 0.01 for n in range(100)}, missing=0.0
        ),
    ],
)  # fmt: skip
def test_any_baseline_can_be_described(baseline):
    """Nothing known, one edge, the wrong order, the edge of floats, many categories."""
    feature = describe(EVIL, baseline)

    assert len(feature.name) <= 41
    assert "nan" not in feature.outline
    assert "inf" not in feature.outline


def test_the_same_run_gives_the_same_bytes(runs):
    """In processes with another order of sets."""
    script = (
        "import sys; from pathlib import Path; from repro.app.report import run_page;"
        "sys.stdout.buffer.write(run_page(Path(sys.argv[1]), None).content.encode())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script, runs[0].path / "runs"], capture_output=True, check=True,
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": "/nowhere"},
        ).stdout
        for seed in ("0", "5")
    }  # fmt: skip

    assert told == {run_page(runs[0].path / "runs", None).content.encode()}


def test_templates_that_a_copy_has_compiled_give_the_same_bytes(runs):
    """And are used: what is compiled stands in for the template."""
    _, found = runs
    facts = facts_of(found["binary"])
    program = (
        "import pickle, sys; from repro import report;"
        "sys.stdout.buffer.write(pickle.dumps(report.compile_templates()))"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    compiled = pickle.loads(made.stdout)
    before = report.markdown(facts), report.html(facts)
    templates.cache_clear()
    report.take_compiled(compiled)

    assert len(compiled) == 2
    with patch("jinja2.Environment.compile", side_effect=AssertionError("it was compiled")):
        assert (report.markdown(facts), report.html(facts)) == before


def test_what_a_run_says_is_harmless_and_bounded(runs):
    """Markup, control characters and endless names, wherever a run may hold a text."""
    for path in runs[1].values():
        facts = facts_of(path)
        metrics, environment = facts.metrics, facts.environment.environment
        first, *rest = facts.predictions.rows
        label = EVIL if isinstance(first.label, str) else first.label
        stage = facts.stages.stages[0].model_copy(update={"name": EVIL, "outputs": {EVIL: EVIL}})
        evil = replace(
            facts,
            run_id=EVIL,
            config=facts.config | {"description": EVIL, "experiment": EVIL},
            content=EVIL,
            damage=(EVIL,) * 30,
            metrics=metrics.model_copy(
                update={
                    "model": EVIL, "selection_metric": EVIL, "undefined": {EVIL: EVIL},
                    "test": metrics.test | {EVIL: next(iter(metrics.test.values()))},
                    "cross_validation": {EVIL: next(iter(metrics.cross_validation.values()))},
                }
            ),
            threshold=facts.threshold.model_copy(update={"rule": EVIL}),
            stages=facts.stages.model_copy(update={"stages": (stage,)}),
            environment=facts.environment.model_copy(
                update={
                    "started": EVIL,
                    "environment": environment.model_copy(
                        update={"bits": EVIL, "level": EVIL, "packages": {"numpy": EVIL}}
                    ),
                }
            ),
            predictions=facts.predictions.model_copy(
                update={
                    "rows": (first.model_copy(update={"label": label}), *rest),
                    "scores": (EVIL, *facts.predictions.scores[1:]),
                }
            ),
            baseline=facts.baseline.model_copy(
                update={"features": {EVIL: next(iter(facts.baseline.features.values()))}}
            ),
        )  # fmt: skip
        text = html(evil, draw(evil))
        check_harmless(text)
        assert "`49" not in text
        assert set(re.findall(r"[\x00-\x08\x0b-\x1f\u202e]", text)) == set()
        assert len(text) < 200_000


@pytest.mark.parametrize("value", [0.0, 5e-324, -1e300, 1.7e308])
def test_numbers_at_the_edge_of_floats_can_be_drawn_in_a_run(runs, value):
    """Metrics, folds, scores and predictions."""
    for path in runs[1].values():
        facts = facts_of(path)
        rows = tuple(
            row.model_copy(
                update={"scores": (value,) * len(row.scores)}
                if isinstance(row.label, str)
                else {"label": value}
            )
            for row in facts.predictions.rows[:9]
        )
        test = {
            name: estimate.model_copy(update={"value": value, "low": value})
            for name, estimate in facts.metrics.test.items()
        }
        extreme = replace(
            facts,
            metrics=facts.metrics.model_copy(update={"test": test}),
            predictions=facts.predictions.model_copy(
                update={"rows": (*rows, *facts.predictions.rows[9:])}
            ),
        )
        text = html(extreme, draw(extreme))
        assert re.findall(r'(?: [xyd]|viewBox)="[^"]*(?:nan|inf)', text) == []


def planted(folder):
    """A matplotlib that cannot be imported, and that leaves a trace where somebody tries."""
    package = folder / "planted" / "matplotlib"
    package.mkdir(parents=True)
    trace = folder / "tried"
    package.joinpath("__init__.py").write_text(
        f"open({str(trace)!r}, 'w').close()\nraise ImportError('planted')\n"
    )
    return {"PYTHONPATH": str(package.parent)}, trace


def test_without_matplotlib_the_page_is_whole_and_says_what_brings_pictures(runs, tmp_path):
    """On the page and beside it; nothing fails."""
    project, found = runs
    environ, _ = planted(tmp_path)
    file = tmp_path / "page.html"
    result = project.repro("report", found["binary"].name, "-o", file, env=environ)
    text = file.read_text(encoding="utf-8")

    assert (result.status, pictures(text)) == (0, {})
    assert "pip install -e '.[plots]'" in result.err
    assert "writes it with them where matplotlib is installed" in words(text)
    assert text == found["binary"].joinpath("report.html").read_text(encoding="utf-8")


def test_a_training_does_not_ask_for_matplotlib(runs, tmp_path):
    """It would cost more than all the rest of the report."""
    environ, trace = planted(tmp_path)
    result = runs[0].repro(
        "train", "wine", "--profile", "debug", "--runs", tmp_path / "runs", env=environ
    )

    assert (result.status, trace.exists()) == (0, False), result.err


def test_the_report_of_a_run_is_written_beside_it(runs, tmp_path):
    """Named after the run where no file is named; without a project where it is handed over."""
    path = shutil.copytree(runs[1]["regression"], tmp_path / "handed" / "over")
    result = command("-m", "repro", "report", path, cwd=tmp_path)

    assert result.status == 0, result.err
    assert set(pictures((tmp_path / "over.html").read_text())) == DRAWN["regression"]


def digests(path):
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.iterdir()}


def test_no_report_is_written_into_a_run(runs, tmp_path):
    """It would no longer be what was written."""
    path = shutil.copytree(runs[1]["binary"], tmp_path / "run")
    before = digests(path)
    for file in ("report.html", "pages/new.html"):
        result = command("-m", "repro", "report", path, "-o", path / file, cwd=tmp_path)
        assert (result.status, "inside the run" in result.err) == (2, True)

    assert digests(path) == before


@pytest.mark.parametrize(
    ("name", "written"), [("model.joblib", True), ("metrics.json", False), ("lineage.json", False)]
)
def test_a_damaged_run_is_reported_as_such(runs, tmp_path, name, written):
    """What can still be believed is shown, under a notice; the status is a finding."""
    path = shutil.copytree(runs[1]["binary"], tmp_path / "run")
    path.joinpath(name).write_bytes(path.joinpath(name).read_bytes() + b" ")
    file = tmp_path / "page.html"
    result = command("-m", "repro", "report", path, "-o", file, cwd=tmp_path)

    assert (result.status, file.exists()) == (1, written)
    assert name in result.err
    if written:
        assert "tampered or damaged" in words(file.read_text(encoding="utf-8"))


def test_a_model_is_never_unpickled_for_a_report(runs, tmp_path):
    """One that would act when it is read has no effect, and its change is told."""
    path = shutil.copytree(runs[1]["binary"], tmp_path / "run")
    target = tmp_path / "acted"
    path.joinpath("model.joblib").write_bytes(
        b"cos\nsystem\n(S'touch " + str(target).encode() + b"'\ntR."
    )
    result = command("-m", "repro", "report", path, "-o", tmp_path / "page.html", cwd=tmp_path)

    assert (result.status, target.exists()) == (1, False)

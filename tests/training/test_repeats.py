"""Folds that are drawn several times are those of scikit-learn, each by a seed of its own."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn import linear_model, metrics, model_selection, preprocessing
from sklearn.pipeline import make_pipeline
from tests.training import in_process

from repro.config.data import Task
from repro.config.splits import GroupSplit, PredefinedSplit, Split
from repro.config.training import Selection
from repro.digest.artefact import digest_artefact
from repro.seeding import derive
from repro.training.folds import RepeatedFolds, masks, scored_in
from repro.training.out_of_fold import RepeatedOutOfFold, draws_of, drew_globally, own_labels
from repro.training.splitters import columns_of
from repro.training.splitting import fold_rows, split_rows

ROWS, FOLDS, REPEATS = 200, 4, 3
SEEDS = {"fold/rows": 13, "fold/rows/1": 14, "fold/rows/2": 15}
SPLITS = {"split/rows": 11, "split/limit": 12}
DRAWN = Split(test_size=0.25, stratify=True, limit=None)
GROUPED = GroupSplit(kind="stratified_group", by="group", test_size=0.25, limit=None)
PARTS = PredefinedSplit(kind="predefined", by="part", limit=None)


def table(task=Task.BINARY):
    draw = np.random.default_rng(8)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 3)), columns=list("abc"))
    frame["group"] = in_process.text([f"g{number}" for number in draw.integers(0, 30, ROWS)])
    frame["part"] = in_process.text(draw.choice(["train", "train", "test"], ROWS))
    signal = (frame["a"] + draw.normal(size=ROWS)).to_numpy()
    return frame, signal if task is Task.REGRESSION else np.where(signal > 0, "yes", "no")


def folds_of(split, task=Task.BINARY, repeats=REPEATS):
    """Return the training rows, and the folds as the program draws them."""
    frame, target = table(task)
    selection = Selection(folds=FOLDS, metric="accuracy", repeats=repeats)
    columns = columns_of(split, frame)
    train, _ = split_rows(target, task, split, selection, SPLITS, columns)
    return train, fold_rows(target, task, train, selection, SEEDS, columns)


@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
@pytest.mark.parametrize("split", [DRAWN, PARTS], ids=["drawn", "predefined"])
def test_each_draw_is_that_of_repeated_k_fold_with_its_seed(task, split):
    """By class in a classification; row for row."""
    train, found = folds_of(split, task)
    target = table(task)[1][train]
    regression = task is Task.REGRESSION
    kind = model_selection.RepeatedKFold if regression else model_selection.RepeatedStratifiedKFold
    expected = [
        (inside.tolist(), outside.tolist())
        for seed in SEEDS.values()
        for inside, outside in kind(n_splits=FOLDS, n_repeats=1, random_state=seed).split(
            train, None if regression else target
        )
    ]

    parts = [(np.flatnonzero(i).tolist(), np.flatnonzero(o).tolist()) for i, o in masks(found)]
    assert parts == expected
    assert len({str(part) for part in parts}) == FOLDS * REPEATS


def test_stratified_groups_are_drawn_again_and_stay_together():
    """As ``StratifiedGroupKFold`` draws them by each seed."""
    train, found = folds_of(GROUPED)
    frame, target = table()
    groups = frame["group"].to_numpy(dtype=str)[train]
    for seed, draw in zip(SEEDS.values(), found.drawn, strict=True):
        splitter = model_selection.StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for number, (_, outside) in enumerate(splitter.split(train, target[train], groups)):
            assert np.flatnonzero(draw == number).tolist() == outside.tolist()


def test_one_draw_is_what_it_was():
    """The same artefact, and so the same digest; more draws leave the first ones as they are."""
    _, one = folds_of(DRAWN, repeats=1)
    _, two = folds_of(DRAWN, repeats=2)
    _, three = folds_of(DRAWN)

    assert isinstance(one, np.ndarray)
    assert isinstance(three, RepeatedFolds)
    assert one.tolist() == scored_in(three).tolist()
    assert [draw.tolist() for draw in three.drawn[:2]] == [draw.tolist() for draw in two.drawn]
    assert len({digest_artefact(folds) for folds in (one, two, three)}) == 3


MODELS = {
    "weak": in_process.family("sklearn.linear_model:LogisticRegression", C=0.001),
    "strong": in_process.family("sklearn.linear_model:LogisticRegression", C=1.0),
}
STEPS = {"numeric": {"impute": "median", "fill": None, "clip_iqr": None, "scale": "standard"}}
SECTIONS = {
    "split": {"test_size": 0.25, "stratify": True, "limit": None},
    "preprocessing": STEPS,
    "selection": {"folds": FOLDS, "metric": "log_loss", "repeats": REPEATS},
    "decision": {"rule": "target_precision", "precision": 0.7},
}


def settings(task=Task.BINARY, models=None, **sections):
    positive = "yes" if task is Task.BINARY else None
    return in_process.config(task, positive, models or MODELS, **{**SECTIONS, **sections})


def trained(**sections):
    frame, target = table()
    return in_process.run(settings(**sections), frame[["a", "b", "c"]], target)


@pytest.fixture(scope="module")
def repeated():
    return trained()


def test_candidates_are_compared_over_the_fits_of_every_draw(repeated):
    """Each score is that of a plain fit; mean and spread are of all of them."""
    frame, target = table()
    features = frame[["a", "b", "c"]]
    train, _ = model_selection.train_test_split(
        np.arange(ROWS), test_size=0.25, stratify=target, random_state=derive(42, "split", "rows")
    )
    train = np.sort(train)
    draws = [derive(42, "fold", "rows"), *(derive(42, "fold", "rows", n) for n in (1, 2))]
    parts = [
        (train[inside], train[outside])
        for seed in draws
        for inside, outside in model_selection.StratifiedKFold(
            FOLDS, shuffle=True, random_state=seed
        ).split(train, target[train])
    ]
    for family, found in repeated.metrics.cross_validation.items():
        values = []
        for inside, outside in parts:
            model = make_pipeline(
                preprocessing.StandardScaler(),
                linear_model.LogisticRegression(C=0.001 if family == "weak" else 1.0),
            ).fit(features.iloc[inside], target[inside])
            scores = model.predict_proba(features.iloc[outside])
            values.append(metrics.log_loss(target[outside], scores))
        assert found.folds == pytest.approx(values, rel=1e-9)
        assert (found.mean, found.std) == pytest.approx((np.mean(values), np.std(values)))
    assert repeated.metrics.model == "strong"


def test_every_fit_has_a_seed_of_its_own(repeated):
    """Named by its number; those of the first draw are what they are without repeats."""
    named = {n: s for n, s in repeated.seeds.items() if n.startswith(("cross_validate/", "fold/"))}
    once = trained(selection={"folds": FOLDS, "metric": "log_loss"})

    assert len(named) == len(set(named.values())) == 2 * FOLDS * REPEATS + REPEATS
    assert once.seeds.items() <= repeated.seeds.items()


def test_the_threshold_is_that_of_the_first_draw(repeated):
    """And so is everything that does not follow from the choice of the model."""
    once = trained(selection={"folds": FOLDS, "metric": "log_loss"})

    assert repeated.threshold == once.threshold
    assert repeated.metrics.test == once.metrics.test
    first = repeated.metrics.cross_validation["strong"].folds[:FOLDS]
    assert first == once.metrics.cross_validation["strong"].folds


def test_what_a_candidate_does_in_any_draw_counts():
    """Draws from global generators, fits that did not converge, and labels of the first draw."""
    frame, target = table()
    tries = {"stuck": in_process.family("sklearn.linear_model:SGDClassifier", max_iter=1)}
    config = settings(models=tries, selection={"folds": 2, "metric": "accuracy", "repeats": 2})
    made = in_process.run(config, frame[["a", "b", "c"]], target)

    assert "unconverged" in {each.kind for each in made.metrics.findings}


def test_repeated_scores_answer_as_those_of_one_draw():
    """The first draw's labels; whether any fit drew; every draw in order."""
    from repro.training.out_of_fold import OutOfFold, OwnOutOfFold, joined  # noqa: PLC0415
    from repro.training.scoring import Scores  # noqa: PLC0415

    scores = [Scores(np.full((3, 1), value), "probability") for value in (0.1, 0.2)]
    first = OutOfFold(scores[0], converged=True)
    second = OwnOutOfFold(scores[1], converged=False, labels=np.array(["a"]), drew=True)
    both = joined([first, second])

    assert joined([first]) is first
    assert isinstance(both, RepeatedOutOfFold)
    assert (own_labels(both), drew_globally(both), both.converged) == (None, True, False)
    assert [part.scores.values[0, 0] for part in draws_of(both)] == [0.1, 0.2]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": {"kind": "time", "by": "a"}}, "folds of split.kind: time follow time"),
        ({"split": {"kind": "group", "by": "a"}}, "folds of split.kind: group follow the sizes"),
        (
            {"split": {"kind": "predefined", "by": "a", "folds_by": "b"}},
            "split.folds_by takes them from the column 'b'",
        ),
        ({"seeding": {"scheme": "constant"}}, "every draw has the same seed"),
    ],
)
def test_repeats_of_the_same_folds_are_refused(changes, reason):
    """Where folds are not drawn, or always drawn by one seed."""
    values = settings().model_dump(mode="json", by_alias=True)
    if "split" in changes:
        size = {} if changes["split"]["kind"] == "predefined" else {"test_size": 0.25}
        values["split"] = {"limit": None, **size}
    for name, section in changes.items():
        values[name] |= section
    once = json.loads(json.dumps(values))
    once["selection"]["repeats"] = 1
    sentence = f"selection.repeats: 3 repeats would have the same folds, since {reason}"

    assert type(settings()).model_validate_json(json.dumps(once)).selection.repeats == 1
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        type(settings()).model_validate_json(json.dumps(values))

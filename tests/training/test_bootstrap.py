"""Weighing all resamples at once gives what scikit-learn gives for each of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from repro.config.data import Task
from repro.config.training import Bootstrap
from repro.training import bootstrap
from repro.training.measures import Evaluated, load_measures
from repro.training.scoring import Outcome, Scores


def draws(size, resamples, seed=0, strata=None):
    strata = [np.arange(size)] if strata is None else strata
    return np.concatenate(list(bootstrap.draw_counts(strata, resamples, seed)))


def drawn_rows(counts):
    return np.repeat(np.arange(len(counts)), counts.astype(int))


@pytest.fixture
def binary():
    random = np.random.RandomState(3)
    truth = random.randint(0, 2, 80).astype(float)
    # Few distinct scores, so that ties are common.
    return truth, np.round(truth * 0.3 + random.rand(80), 1)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (bootstrap.roc_auc, sk.roc_auc_score),
        (bootstrap.average_precision, sk.average_precision_score),
    ],
)
def test_ranked_metrics_agree_with_scikit_learn_on_every_resample(binary, ours, theirs):
    """Ties and repeated rows included."""
    truth, scores = binary
    counts = draws(80, 50)
    expected = [theirs(truth[rows], scores[rows]) for rows in map(drawn_rows, counts)]

    found = ours(truth, scores, counts)

    np.testing.assert_allclose(found, expected, rtol=1e-12)


LABEL_METRICS = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1_macro": lambda y, p: sk.f1_score(y, p, average="macro", zero_division=0.0),
    "f1_weighted": lambda y, p: sk.f1_score(y, p, average="weighted", zero_division=0.0),
    "precision_macro": lambda y, p: sk.precision_score(y, p, average="macro", zero_division=0.0),
    "recall_macro": lambda y, p: sk.recall_score(y, p, average="macro", zero_division=0.0),
}


@pytest.mark.filterwarnings("ignore:y_pred contains classes:UserWarning")
@pytest.mark.parametrize("name", LABEL_METRICS)
def test_label_metrics_agree_with_scikit_learn_on_every_resample(name):
    """Classes that a resample lacks as truth or as guess included."""
    random = np.random.RandomState(5)
    truth = random.choice(4, 40, p=[0.6, 0.3, 0.05, 0.05])
    guess = np.where(random.rand(40) < 0.6, truth, random.randint(0, 4, 40))
    counts = draws(40, 60)
    expected = [LABEL_METRICS[name](truth[r], guess[r]) for r in map(drawn_rows, counts)]

    found = bootstrap.from_confusions(bootstrap.confusions(truth, guess, 4, counts))[name]

    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_precision_and_recall_of_one_label_agree_with_scikit_learn():
    """On every resample, those without a guess of the label included."""
    random = np.random.RandomState(6)
    truth, guess = random.randint(0, 2, 20), (random.rand(20) < 0.15).astype(int)
    counts = draws(20, 60)
    rows = [drawn_rows(row) for row in counts]

    found = bootstrap.of_label(bootstrap.confusions(truth, guess, 2, counts), 1)

    for name, theirs in (("precision", sk.precision_score), ("recall", sk.recall_score)):
        expected = [theirs(truth[r], guess[r], zero_division=0.0) for r in rows]
        np.testing.assert_allclose(found[name], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("rmse", sk.root_mean_squared_error),
        ("mae", sk.mean_absolute_error),
        ("r2", sk.r2_score),
    ],
)
def test_regression_metrics_agree_with_scikit_learn_on_every_resample(name, theirs):
    """Repeated rows weigh as often as they were drawn."""
    random = np.random.RandomState(7)
    truth = random.normal(100, 5, 50)
    guess = truth + random.normal(0, 3, 50)
    counts = draws(50, 40)
    expected = [theirs(truth[rows], guess[rows]) for rows in map(drawn_rows, counts)]

    found = bootstrap.regression(truth, guess, counts)[name]

    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_classes_are_resampled_within_themselves():
    """No resample lacks a class."""
    strata = [np.arange(3), np.arange(3, 50)]

    counts = draws(50, 200, strata=strata)

    assert (set(counts[:, :3].sum(axis=1)), set(counts[:, 3:].sum(axis=1))) == ({3.0}, {47.0})


def test_drawing_in_blocks_gives_the_stream_of_one_block(monkeypatch):
    """Memory is bounded, and the resamples stay drawn from one seed."""
    monkeypatch.setattr(bootstrap, "_BLOCK", 10 * 7)

    blocks = list(bootstrap.draw_counts([np.arange(10)], 20, 1))

    assert [len(block) for block in blocks] == [7, 7, 6]


def test_intervals_hold_the_point_of_a_large_sample():
    """The percentile interval surrounds what it is an interval of."""
    random = np.random.RandomState(1)
    truth = np.array(["no", "yes"])[random.randint(0, 2, 400)]
    values = np.clip((truth == "yes") * 0.4 + random.rand(400) * 0.6, 0, 1).reshape(-1, 1)
    outcome = Outcome(Task.BINARY, ("no", "yes"), "yes")
    predicted = np.where(values[:, 0] >= 0.5, "yes", "no")
    settings = Bootstrap(resamples=300, confidence=0.95)
    scores = Scores(values, "probability")

    spans = bootstrap.intervals(truth, predicted, scores, outcome, settings, 9)

    auc = sk.roc_auc_score(truth == "yes", values[:, 0])
    brier = sk.brier_score_loss(truth == "yes", values[:, 0])
    loss = sk.log_loss(truth == "yes", values[:, 0])
    inside = [
        spans[name][0] < value < spans[name][1]
        for name, value in (("roc_auc", auc), ("brier", brier), ("log_loss", loss))
    ]
    assert inside == [True, True, True]


def counted_one_by_one(strata, resamples, seed, block):
    """Count rows as they are drawn: each stratum of a block at once, row by row."""
    random, found = np.random.RandomState(seed), []
    size = sum(map(len, strata))
    step = max(1, block // size)
    for start in range(0, resamples, step):
        height = min(step, resamples - start)
        counts = np.zeros((height, size))
        for members in strata:
            drawn = random.randint(0, len(members), size=(height, len(members)))
            for number, position in np.ndindex(drawn.shape):
                counts[number, members[drawn[number, position]]] += 1
        found.append(counts)
    return np.concatenate(found)


def ranked_one_by_one(truth, scores, counts):
    """Return ROC AUC and average precision of one resample, by the values of the scores."""
    values = np.unique(scores)[::-1]
    positive = np.array([counts[(scores == v) & (truth == 1)].sum() for v in values])
    negative = np.array([counts[(scores == v) & (truth == 0)].sum() for v in values])
    won = found = total = 0
    precision = np.zeros(len(values))
    for number, (hits, misses) in enumerate(zip(positive, negative, strict=True)):
        # Pairs in halves, which are whole numbers: no order of the sum changes them.
        won += int(misses) * (2 * found + int(hits))
        found, total = found + int(hits), total + int(hits + misses)
        precision[number] = found / total if total else 0.0
    area = (won / 2) / (positive.sum() * negative.sum())
    return area, (precision * positive).sum() / positive.sum()


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(4, 60),
    resamples=st.integers(1, 12),
    piece=st.integers(1, 200),
    block=st.integers(1, 500),
    digits=st.sampled_from([1, 17]),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_size_of_a_piece_changes_a_bit(rows, resamples, piece, block, digits, seed):
    """Each resample, however many are weighed with it, is what its rows alone give."""
    random = np.random.RandomState(seed)
    hit = random.permutation(np.r_[1, 0, random.randint(0, 2, rows - 2)])
    target = np.array(["no", "yes"])[hit]
    values = random.rand(rows).round(digits)
    outcome = Outcome(Task.BINARY, ("no", "yes"), "yes")
    predicted = np.where(values >= 0.5, "yes", "no")
    held_out = Evaluated(target, predicted, Scores(values[:, None], "probability"), outcome)
    strata = [np.flatnonzero(hit == side) for side in (0, 1)]
    measures = load_measures(Task.BINARY).loaded

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bootstrap, "_BLOCK", block)
        patched.setattr(bootstrap, "_PIECE", piece)
        pieces = list(bootstrap.draw_counts(strata, resamples, seed))
    parts = [bootstrap.weigh(bootstrap.Resamples(held_out, each), measures) for each in pieces]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    counts = counted_one_by_one(strata, resamples, seed, block)
    np.testing.assert_array_equal(np.concatenate(pieces), counts)
    clipped = np.clip(values, np.finfo(float).eps, 1 - np.finfo(float).eps)
    losses = {
        "log_loss": -np.log(np.where(hit == 1, clipped, 1 - clipped)),
        "brier": (values - hit) ** 2,
    }
    expected = [ranked_one_by_one(hit, values, each) for each in counts]
    assert found["roc_auc"].tolist() == [area for area, _ in expected]
    assert found["average_precision"].tolist() == [precision for _, precision in expected]
    for name, loss in losses.items():
        assert found[name].tolist() == [(each * loss).sum() / rows for each in counts]
    right = (target == predicted).astype(float)
    assert found["accuracy"].tolist() == [(each * right).sum() / rows for each in counts]


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(12, 60),
    height=st.integers(2, 20),
    piece=st.integers(1, 200),
    seed=st.integers(0, 2**32 - 1),
)
def test_weights_of_many_classes_are_summed_alike_in_pieces(rows, height, piece, seed):
    """Weights round, so that the order of a sum shows: pieces keep that of one block."""
    random = np.random.RandomState(seed)
    names = tuple(f"c{number}" for number in range(9))
    target = np.array(names)[
        random.permutation(np.r_[np.arange(9), random.randint(0, 9, rows - 9)])
    ]
    values = random.dirichlet(np.ones(9), rows).round(1) + 0.1
    outcome = Outcome(Task.MULTICLASS, names, None)
    guess, weights = np.array(names)[values.argmax(axis=1)], random.rand(rows) + 0.1
    held_out = Evaluated(target, guess, Scores(values, "probability"), outcome, weights)
    measures = load_measures(Task.MULTICLASS).loaded
    counts = draws(rows, height, seed)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bootstrap, "_PIECE", piece)
        slices = list(bootstrap._pieces(height, rows))
    assert [place for each in slices for place in range(height)[each]] == list(range(height))
    assert all(len(range(height)[each]) >= 2 for each in slices)
    whole = bootstrap.weigh(bootstrap.Resamples(held_out, counts), measures)
    parts = [bootstrap.weigh(bootstrap.Resamples(held_out, counts[s]), measures) for s in slices]

    for name, every in whole.items():
        assert np.concatenate([part[name] for part in parts]).tolist() == every.tolist()

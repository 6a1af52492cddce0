"""Every split by a column is the one of scikit-learn's own splitter, row for row."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn import model_selection as sk
from tests.training import in_process

from repro.config.data import Task
from repro.config.splits import GroupSplit, PredefinedSplit, TimeSplit
from repro.config.training import Selection
from repro.core.errors import DataError
from repro.training.folds import masks
from repro.training.splitters import columns_of
from repro.training.splitting import fold_rows, split_rows

SEEDS = {"split/rows": 11, "split/limit": 12, "fold/rows": 13}
ROWS, FOLDS = 240, 4


def table(seed=0):
    """Rows of 40 patients in no order, with times, parts and folds."""
    draw = np.random.default_rng(seed)
    patients = draw.integers(0, 40, ROWS)
    return pd.DataFrame(
        {
            "patient": in_process.text([f"p{number}" for number in patients]),
            "number": patients.astype(float),
            "day": draw.integers(0, 90, ROWS).astype(float),
            "part": in_process.text(draw.choice(["train", "train", "test"], ROWS)),
            "fold": draw.integers(0, FOLDS, ROWS).astype(float),
            "y": draw.choice(["no", "yes"], ROWS),
        }
    )


def split(settings, frame, task=Task.BINARY, folds=FOLDS):
    """Return training rows, held-out rows, and for each fold the rows inside and outside of it."""
    target = frame["y"].to_numpy()
    target = target.astype(float if task is Task.REGRESSION else str)
    columns, selection = columns_of(settings, frame), Selection(folds=folds, metric="accuracy")
    train, test = split_rows(target, task, settings, selection, SEEDS, columns)
    made = fold_rows(target, task, train, selection, SEEDS, columns)
    parts = [(train[inside].tolist(), train[outside].tolist()) for inside, outside in masks(made)]
    return train.tolist(), test.tolist(), parts


def in_table(parts, train):
    """Give the positions that scikit-learn returns, among the training rows, those of the table."""
    train = np.asarray(train)
    return [(sorted(train[i].tolist()), sorted(train[o].tolist())) for i, o in parts]


@pytest.mark.parametrize("by", ["patient", "number"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_groups_are_those_of_group_shuffle_split_and_group_k_fold(by, seed):
    """Of texts and of numbers."""
    frame = table(seed)
    settings = GroupSplit(kind="group", by=by, test_size=0.25, limit=None)
    train, test, parts = split(settings, frame)
    groups = frame[by].to_numpy(dtype=float if by == "number" else str)
    splitter = sk.GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=11)
    inside, outside = next(splitter.split(frame, groups=groups))
    folds = sk.GroupKFold(n_splits=FOLDS).split(inside, groups=groups[inside])

    assert (train, test) == (sorted(inside), sorted(outside))
    assert parts == in_table(folds, train)
    assert not set(groups[train]) & set(groups[test])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_stratified_groups_are_those_of_stratified_group_k_fold(seed):
    """The held-out rows are the first of as many folds as the share says."""
    frame = table(seed)
    settings = GroupSplit(kind="stratified_group", by="patient", test_size=0.2, limit=None)
    train, test, parts = split(settings, frame)
    groups, target = frame["patient"].to_numpy(dtype=str), frame["y"].to_numpy(dtype=str)
    fifths = sk.StratifiedGroupKFold(n_splits=5, shuffle=True, random_state=11)
    inside, outside = next(fifths.split(target, target, groups))
    folds = sk.StratifiedGroupKFold(n_splits=FOLDS, shuffle=True, random_state=13)

    assert (train, test) == (inside.tolist(), outside.tolist())
    assert parts == in_table(folds.split(train, target[train], groups[train]), train)


@pytest.mark.parametrize("gap", [0, 7])
@pytest.mark.parametrize("task", [Task.BINARY, Task.REGRESSION])
def test_the_latest_rows_and_folds_are_those_of_time_series_split(gap, task):
    """Rows are ordered by time, and rows of one time by their place in the file."""
    frame = table()
    if task is Task.REGRESSION:
        frame["y"] = np.arange(ROWS, dtype=float)
    settings = TimeSplit(kind="time", by="day", test_size=0.25, gap=gap, limit=None)
    train, test, parts = split(settings, frame, task)
    order = np.array(frame.sort_values("day", kind="stable").index)
    last = sk.TimeSeriesSplit(n_splits=2, test_size=60, gap=gap)
    inside, outside = [order[rows] for rows in list(last.split(order))[-1]]
    ordered = [row for row in order if row in set(train)]
    folds = sk.TimeSeriesSplit(n_splits=FOLDS, gap=gap).split(ordered)

    assert (train, test) == (sorted(inside), sorted(outside))
    assert len(train) == ROWS - 60 - gap
    assert parts == in_table(folds, ordered)


@pytest.mark.parametrize(
    "spelled",
    [
        lambda day: day.dt.strftime("%Y-%m-%d"),
        lambda day: day.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"),
    ],
)
def test_dates_are_ordered_as_instants(spelled):
    """ISO 8601, with and without a time zone."""
    frame = table()
    days = pd.Timestamp("2023-12-01") + pd.to_timedelta(frame["day"], unit="D")
    settings = TimeSplit(kind="time", by="day", test_size=0.25, limit=None)
    expected = split(settings, frame)
    frame["day"] = in_process.text(spelled(days).tolist())

    assert split(settings, frame) == expected


def test_predefined_parts_and_folds_are_those_of_predefined_split():
    """One column says which rows are held out, a second one the fold of each training row."""
    frame = table()
    settings = PredefinedSplit(kind="predefined", by="part", folds_by="fold", limit=None)
    train, test, parts = split(settings, frame)
    fold = np.where(frame["part"] == "test", 0, -1)
    inside, outside = next(sk.PredefinedSplit(fold).split())
    folds = sk.PredefinedSplit(frame["fold"].to_numpy(dtype=int)[inside]).split()

    assert (train, test) == (inside.tolist(), outside.tolist())
    assert parts == in_table(folds, train)


def test_predefined_parts_without_folds_are_cross_validated_as_ever():
    """By class."""
    frame = table()
    settings = PredefinedSplit(kind="predefined", by="part", limit=None)
    train, _, parts = split(settings, frame)
    folds = sk.StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=13)

    assert parts == in_table(folds.split(train, frame["y"].to_numpy(dtype=str)[train]), train)


@pytest.mark.parametrize(
    "settings",
    [
        GroupSplit(kind="group", by="patient", test_size=0.25, limit=100),
        GroupSplit(kind="stratified_group", by="patient", test_size=0.25, limit=100),
        TimeSplit(kind="time", by="day", test_size=0.25, limit=100),
        PredefinedSplit(kind="predefined", by="part", limit=100),
    ],
    ids=lambda settings: settings.kind,
)
def test_a_limit_takes_as_many_rows_of_each_kind(settings):
    """They are drawn by the seed, and split as the others are."""
    train, test, _ = split(settings, table())

    assert len({*train, *test}) == len(train) + len(test) == 100
    assert split(settings, table())[:2] == (train, test)


def changed(**columns):
    frame = table()
    for name, values in columns.items():
        frame[name] = values if isinstance(values, float) else in_process.text(values)
    return frame


GROUP = GroupSplit(kind="group", by="patient", test_size=0.25, limit=None)
TIME = TimeSplit(kind="time", by="day", test_size=0.25, limit=None)
PARTS = PredefinedSplit(kind="predefined", by="part", limit=None)
FOLDED = PredefinedSplit(kind="predefined", by="part", folds_by="fold", limit=None)
UNEVEN = GroupSplit(kind="stratified_group", by="patient", test_size=0.4, limit=None)


@pytest.mark.parametrize(
    ("settings", "columns", "sentence", "advice"),
    [
        (GROUP, {"patient": ["a"] * ROWS}, "'patient' has one value only, 'a'", "several groups"),
        (
            GROUP,
            {"patient": ["a", "b", "c"] * (ROWS // 3)},
            "'patient' has 2 values in the training rows: fewer than 4 folds",
            "selection.folds=2",
        ),
        (
            GROUP,
            {"patient": [None, *["a", "b"] * 119, "c"]},
            "split.by: the column 'patient' has no value in 1 row, first in row 0",
            "fill it in",
        ),
        (UNEVEN, {}, "so 0.4 must be 1/2, 1/3, 1/4 and so on", "0.5 (--test-size)"),
        (
            TIME,
            {"day": ["2024-01-31", "31.01.2024"] * (ROWS // 2)},
            "'day' cannot be put in order: 120 of 240 values are neither numbers nor dates such as"
            " 2024-03-31, first '31.01.2024'",
            "ISO 8601",
        ),
        (
            TIME.model_copy(update={"gap": 170}),
            {},
            "split.gap: 10 training rows are too few for 4 folds in time with a gap of 170 rows",
            "smaller split.gap",
        ),
        (
            PARTS,
            {"part": ["train", "test", "valid"] * (ROWS // 3)},
            "'part' has 'valid', expected 'train' or 'test' in every row",
            "correct the values",
        ),
        (PARTS, {"part": ["train"] * ROWS}, "no row has 'test' in the column 'part'", "both parts"),
        (
            FOLDED,
            {"fold": ["a", "b", "c"] * (ROWS // 3)},
            "'fold' has 3 values in the training rows, and selection.folds is 4",
            "set selection.folds to 3",
        ),
        (
            FOLDED,
            {"fold": [None] * ROWS},
            "split.folds_by: the column 'fold' has no value in",
            "its fold",
        ),
    ],
)
def test_a_column_that_cannot_be_split_by_is_refused(settings, columns, sentence, advice):
    """With the column, what it has, and what to do."""
    with pytest.raises(DataError, match=re.escape(sentence)) as caught:
        split(settings, changed(**columns))

    assert advice in caught.value.advice


def test_a_fold_without_a_class_is_refused():
    """Before anything is fitted; groups can be spread by class."""
    frame = table()
    names = [f"p{number}" for number in range(8)] * (ROWS // 8)
    frame["patient"], frame["y"] = names, np.where(np.isin(names, ["p0", "p1", "p2"]), "yes", "no")

    with pytest.raises(DataError, match=r"none has class|held-out part has 1 classes") as caught:
        split(GROUP, frame)

    assert "split.kind: stratified_group" in caught.value.advice


def test_intervals_of_a_group_split_resample_whole_groups():
    """The rows of a resample are those of groups, and every class has its groups."""
    from repro.training.bootstrap import draw_counts, strata_of_groups  # noqa: PLC0415

    target = np.array(list("aabbabab"))
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    strata = strata_of_groups([np.flatnonzero(target == label) for label in "ab"], groups)
    (counts,) = draw_counts(strata, 50, 3, groups)

    assert sorted(map(list, strata)) == [[0], [1], [2, 3]]
    assert (counts[:, ::2] == counts[:, 1::2]).all()
    assert set(counts.sum(axis=1)) == {8}
    assert (counts[:, [0, 2]] == 1).all()

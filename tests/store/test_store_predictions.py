"""``predictions.csv``."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.store.sample_run import PREDICTIONS

from repro.core.errors import SchemaError
from repro.core.records import Prediction, Predictions
from repro.store import read_predictions, write_predictions

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ODD = ("", " ", "1", "1.0", "nan", "a,b", '"', "a\nb", "a\rb", "\r\n", "é", "☃", "\x00", "row", "#")
CLASSES = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]))


def as_predictions(scores, rows):
    return Predictions(total=len(rows), scores=tuple(scores), rows=tuple(rows))


@st.composite
def classifications(draw):
    names = draw(st.lists(CLASSES, unique=True, max_size=4))
    margin = NUMBERS if draw(st.booleans()) else st.none()
    positions = draw(st.lists(st.integers(0, 2**70), unique=True, max_size=5))
    rows = [
        Prediction(
            row=row,
            truth=draw(CLASSES),
            label=draw(CLASSES),
            scores=tuple(draw(NUMBERS) for _ in names),
            margin=draw(margin),
        )
        for row in positions
    ]
    return as_predictions(names, rows)


@st.composite
def regressions(draw):
    positions = draw(st.lists(st.integers(0, 2**40), unique=True, max_size=5))
    return as_predictions(
        (),
        [
            Prediction(row=row, truth=draw(NUMBERS), label=draw(NUMBERS), scores=(), margin=None)
            for row in positions
        ],
    )


def bits(predictions):
    """Everything about predictions, with floats as their bits: 0.0 is not -0.0."""
    return [
        (row.row, *(_bits(v) for v in (row.truth, row.label, row.margin, *row.scores)))
        for row in predictions.rows
    ]


def _bits(value):
    return value.hex() if isinstance(value, float) else value


@given(classifications() | regressions())
def test_predictions_round_trip_to_the_same_bits(predictions):
    """Whatever the labels are made of, and whatever floats the scores are."""
    read = read_predictions(write_predictions(predictions), "predictions.csv")

    assert predictions == read
    assert bits(predictions) == bits(read)


@given(classifications() | regressions())
def test_the_text_has_no_line_ends_but_line_feeds_outside_labels(predictions):
    """The bytes are the same on every platform."""
    labels = [predictions.scores, *((row.truth, row.label) for row in predictions.rows)]
    if any("\r" in str(label) for pair in labels for label in pair):
        return

    assert b"\r" not in write_predictions(predictions)


@given(classifications(), st.data())
def test_a_changed_byte_is_refused_or_gives_other_predictions(predictions, data):
    """There is one way to write given predictions."""
    content = bytearray(write_predictions(predictions))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    try:
        read = read_predictions(bytes(content), "predictions.csv")
    except SchemaError:
        return

    assert bits(predictions) != bits(read) or predictions.scores != read.scores


def test_the_header_tells_a_classification():
    """The file is plain CSV that people and other programs read."""
    expected = [
        b"row,truth,label,score:yes,margin\n",
        b"3,yes,yes,0.30000000000000004,0.25\n",
        b"1,no,yes,0.75,0.25\n",
    ]

    assert b"".join(expected) == write_predictions(PREDICTIONS)


def test_the_header_tells_a_regression():
    """A regression has predictions, and neither labels nor scores."""
    row = Prediction(row=0, truth=1.5, label=-0.0, scores=(), margin=None)

    assert write_predictions(as_predictions((), [row])) == b"row,truth,prediction\n0,1.5,-0.0\n"


HEAD = "row,truth,label,score:a,margin\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("\n", 1),
        ("row,truth\n", 1),
        ("row,label,truth\n", 1),
        ("row,truth,label,a\n", 1),
        ("row,truth,label,score:a,score:a\n", 1),
        ("row,truth,prediction,margin\n", 1),
        (HEAD.replace("\n", "\r\n"), 1),
        (HEAD.replace("row", '"row"') + "0,a,a,0.5,0.5\n", 1),
        (HEAD + "0,a,a,0.5\n", 2),
        (HEAD + "0,a,a,0.5,0.5,0.5\n", 2),
        (HEAD + "0,a,a,0.5,0.5\n\n", 3),
        (HEAD + "0,a,a,0.5,0.5\n0,a,a,0.5,0.5\n", 3),
        (HEAD + '0,"a\nb",a,0.5,0.5\n1,a,a,x,0.5\n', 4),
        (HEAD + "0,a,a,nan,0.5\n", 2),
        (HEAD + "0,a,a,0.5,inf\n", 2),
        (HEAD + "0,a,a,1e999,0.5\n", 2),
        (HEAD + "0,a,a,,0.5\n", 2),
        (HEAD + "0,a,a,0.50,0.5\n", 2),
        (HEAD + "0,a,a, 0.5,0.5\n", 2),
        (HEAD + "00,a,a,0.5,0.5\n", 2),
        (HEAD + "-1,a,a,0.5,0.5\n", 2),
        (HEAD + "x,a,a,0.5,0.5\n", 2),
        (HEAD + '0,"a",a,0.5,0.5\n', 2),
        (HEAD + '0,"a,a,0.5,0.5\n', 2),
        (HEAD + "0,a,a,0.5,0.5", 2),
        ("row,truth,prediction\n0,a,1.0\n", 2),
        ("row,truth,prediction\n0,1,1.0\n", 2),
    ],
)
def test_what_is_not_as_written_is_refused_with_its_line(text, line):
    """Nothing is guessed: wrong columns, short rows, doubles, NaN, other ways to write a number."""
    with pytest.raises(SchemaError) as caught:
        read_predictions(text.encode(), "predictions.csv")

    assert caught.value.message.startswith(f"predictions.csv:{line}: ")


def test_what_is_not_utf8_is_refused():
    """A damaged file is a message, never a traceback."""
    with pytest.raises(SchemaError, match="not UTF-8 at byte 2"):
        read_predictions(b"ro\xff", "predictions.csv")


def _with(**changes):
    return PREDICTIONS.model_copy(
        update={"rows": (PREDICTIONS.rows[0].model_copy(update=changes), PREDICTIONS.rows[1])}
    )


@pytest.mark.parametrize(
    "predictions",
    [
        _with(scores=(math.nan,)),
        _with(margin=math.inf),
        _with(margin=None),
        _with(scores=()),
        _with(truth=1.5),
        _with(row=1),
        PREDICTIONS.model_copy(update={"total": 3}),
        PREDICTIONS.model_copy(update={"scores": ("a", "a")}),
        as_predictions((), [Prediction(row=0, truth=math.pi, label="a", scores=(), margin=None)]),
    ],
)
def test_what_would_not_read_back_is_not_written(predictions):
    """NaN, a sample instead of the whole, a mixture of tasks."""
    with pytest.raises(ValueError, match=r"."):
        write_predictions(predictions)

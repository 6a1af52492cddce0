"""Two records are compared in pairs only on rows that are shown to be the same."""

from dataclasses import replace

import pytest
from tests.divergence.test_assess import RECORD
from tests.forging import altered

from repro.app.subjects.held_out import HeldOut, check_same_rows
from repro.config.recorded import parse_config
from repro.core.errors import ExitCode, PreconditionError

CONFIG = parse_config(RECORD.config, "credit.json")


def side(name, rows=RECORD.rows, record=RECORD, columns=RECORD.predictions.scores):
    return HeldOut(name, None, record, CONFIG, columns, tuple(rows))


def changed(position=0, **values):
    rows = list(RECORD.rows)
    rows[position] = rows[position].model_copy(update=values)
    return rows


def test_other_labels_and_scores_are_of_the_same_rows():
    other = side("b", changed(label="bad", scores=(0.25,), margin=0.25))

    check_same_rows(side("a"), other)
    assert other.digest == side("a").digest
    assert other.predicted != side("a").predicted


FIRST = RECORD.rows[0]
FLIPPED = "good" if FIRST.truth == "bad" else "bad"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (RECORD.rows[1:], "255 held-out rows are on both sides, of 256 of the base and 255"),
        ((), "0 held-out rows are on both sides"),
        (changed(row=10**6), "255 held-out rows are on both sides, of 256 of the base and 256"),
        (changed(truth=FLIPPED), f"the true value of row {FIRST.row} is"),
        (changed(weight=2.0), f"row {FIRST.row} has the weight None in the base, and 2.0"),
    ],
)
def test_other_rows_are_refused(rows, words):
    with pytest.raises(PreconditionError) as error:
        check_same_rows(side("a"), side("b", rows))

    assert error.value.exit_code is ExitCode.PRECONDITION
    assert words in error.value.message


def test_rows_in_a_different_order_are_refused_although_their_positions_agree():
    """A table that is sorted by its label may be shuffled inside of each class."""
    ordered = altered(RECORD, unordered="rows/v1:0", content="table/v1:1")
    shuffled = altered(RECORD, unordered="rows/v1:0", content="table/v1:2")
    wider = altered(RECORD, unordered="rows/v1:3", content="table/v1:3")

    with pytest.raises(PreconditionError, match="same rows in a different order"):
        check_same_rows(side("a", record=ordered), side("b", record=shuffled))
    check_same_rows(side("a", record=ordered), side("b", record=wider))


def test_other_scores_and_other_tasks_are_refused():
    binary = side("a")
    several = CONFIG.model_copy(update={"task": type(CONFIG.task)("regression")})

    with pytest.raises(PreconditionError, match="has scores of"):
        check_same_rows(binary, side("b", columns=("good",)))
    with pytest.raises(PreconditionError, match="of a regression task"):
        check_same_rows(binary, replace(binary, config=several))

"""A printed number stands for every number that rounds to it, and for no other."""

import math
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.core.reported import parse_printed

SHARES = st.floats(0, 1)
FLOATS = st.floats(-1e6, 1e6)
DIGITS = st.integers(2, 12)


@given(FLOATS, DIGITS)
def test_what_python_prints_of_a_number_holds_for_it(value, digits):
    """With a fixed number of decimals, and in full."""
    assert parse_printed(f"{value:.{digits}f}").rounds_from(value)
    assert parse_printed(repr(value)).rounds_from(value)


@given(SHARES, st.integers(0, 6))
def test_a_percentage_holds_for_its_share(value, digits):
    assert parse_printed(f"{value:.{digits}%}").rounds_from(value)


@given(SHARES, DIGITS, st.sampled_from([-1, 1]))
def test_a_number_beyond_half_a_unit_does_not_round_to_it(value, digits, side):
    """By a hundredth of a unit, on both sides."""
    text = f"{value:.{digits}f}"
    beyond = Decimal(text) + side * Decimal("0.51").scaleb(-digits)

    assert not parse_printed(text).rounds_from(float(beyond))


@given(SHARES)
def test_ways_of_rounding_a_half_all_hold(value):
    """Some round to even and some up, so that both neighbours of a half hold."""
    middle = Decimal(value).quantize(Decimal("0.001"), ROUND_DOWN) + Decimal("0.0005")
    up, down = (middle.quantize(Decimal("0.001"), way) for way in (ROUND_HALF_UP, ROUND_DOWN))

    for text in (str(up), str(down)):
        found = parse_printed(text)
        assert abs(found.value - middle) <= found.margin


@given(FLOATS)
def test_a_neighbour_of_a_number_in_full_does_not_hold(value):
    """All digits of a float are those of one float."""
    found = parse_printed(repr(value))
    near = math.nextafter(value, math.inf)
    assert found.exactly().rounds_from(value)
    assert near == value or not found.exactly().rounds_from(near)


@pytest.mark.parametrize(
    ("text", "value", "margin"),
    [
        ("0.967", "0.967", "0.0005"),
        ("0.9670", "0.9670", "0.00005"),
        (".5", "0.5", "0.05"),
        ("96.7%", "0.967", "0.0005"),
        ("97 %", "0.97", "0.005"),
        ("-1.50e-3", "-0.0015", "0.000005"),
        ("0.967 ± 0.012", "0.967", "0.0005"),
        ("0.967+/-0.012", "0.967", "0.0005"),
        # An accuracy of "1" is one, and not everything from a half on.
        ("1", "1", "0"),
        ("0", "0", "0"),
        ("3", "3", "0"),
        ("12", "12", "0.5"),
    ],
)
def test_a_number_has_half_a_unit_of_its_last_digit(text, value, margin):
    found = parse_printed(text)

    assert (found.value, found.margin) == (Decimal(value), Decimal(margin))


@pytest.mark.parametrize("text", ["nan", "NaN", ".nan", "inf", "-Infinity", "1e999"])
def test_nothing_agrees_with_what_is_not_finite(text):
    found = parse_printed(text)

    assert (found.number, found.rounds_from(0.0)) == (None, False)


@pytest.mark.parametrize(
    "text", ["", "svm", "1,5", "0x10", "1e99999", "--1", "1 2", "9" * 65, "٣", "1_000"]
)
def test_what_is_no_number_is_not_read_as_one(text):
    assert parse_printed(text) is None

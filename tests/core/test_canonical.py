"""The canonical JSON behind every digest is that of RFC 8785, to the last byte."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from repro.core.canonical import canonical_json, typed_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
@example([0.0, -0.0, 1.0, -1.0, 1e-5, 1e-7, 1e16, 1e20, 1e21, 5e-324, sys.float_info.max])
@example([333333333.33333329, 4.50, 2e-3, 1e-27, 123456789012345680000.0])
@example({"\U00010000": 1, "\uffff": 2, "\x7f": 3, "b": 4, "a": {"": []}})
@example('"\\/\b\f\n\r\t\x00\x1f\x7f\u2028é')
def test_the_same_bytes_as_the_library(value: Any) -> None:
    """What is written without the library is what it would have written."""
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**53, {1: 2}, "\ud800", {"a": object()}])
def test_what_has_no_canonical_form(value: object) -> None:
    """It is refused, wherever it stands."""
    for nested in (value, [value], {"key": value}):
        with pytest.raises(ValueError, match=r"\w"):
            canonical_json(nested)


DUMPED = st.recursive(
    st.integers(-(2**54), 2**54)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.none()
    | st.booleans()
    | st.text(alphabet='a"\\:,[{0123456789é\x01', max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def _holds_unsafe(value: Any) -> bool:
    """Return whether an integer is in a value that a double does not keep exact."""
    if isinstance(value, dict | list):
        held = value.values() if isinstance(value, dict) else value
        return any(map(_holds_unsafe, held))
    return isinstance(value, int) and abs(value) >= 2**53


@given(DUMPED)
@example(2**53)
@example([1, -(2**53)])
@example({"a": ":1234567890123456", "b": 0.12345678901234567, "c": 2**53 - 1})
@example([1234567890123456.0, -1234567890123456, 1e300])
def test_a_model_that_was_dumped_has_the_same_text(value: Any) -> None:
    """Types are not looked at, and an integer that is not exact is refused all the same."""
    model = {"value": value}
    if _holds_unsafe(value):
        for dumped in (False, True):
            with pytest.raises(ValueError, match="beyond the integers"):
                typed_json(model, dumped=dumped)
    else:
        expected = json.dumps(model, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert typed_json(model, dumped=True) == typed_json(model) == expected.encode()

"""The canonical JSON behind every digest is that of RFC 8785, to the last byte."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from repro.core.canonical import canonical_json

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

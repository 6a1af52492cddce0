"""Whatever the bytes of a file are, it is checked or it is one finding; nothing else happens."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from repro.lint.checking import find
from repro.lint.rules import RULES

CODE = b"""\
import numpy as np
from sklearn.svm import SVC as S  # repro: ignore[RPR002]
def f(seed=3, *, proba, **more):
    x, y = 1, [2, *more]
    d = {**more, 'seed': 4, 5: 6, None: lambda random_state=7: ...}
    with open(f'{seed!r:>{x}}') as (a, d['seed']):
        S(*y, C=(1, 2.0), random_state=None, **more).set_params(**d)
    for np.random.seed in range(3): del x
    return proba[:, 1] > .5 < (z := np.random.rand())
class K[T]: seed: int = 8
""".replace(b"K[T]", b"K(S)")


def check(content: bytes) -> None:
    for notebook in (False, True):
        for each in find(content, notebook=notebook, rules=RULES):
            assert each.line >= 1
            assert each.column >= 1
            assert (each.end_line, each.end_column) > (each.line, each.column - 1)


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    check(content)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text(text: str) -> None:
    check(text.encode())


@given(st.integers(0, len(CODE)), st.integers(0, 12), st.binary(max_size=6))
def test_damaged_code(start: int, length: int, put: bytes) -> None:
    """Bytes are replaced, removed or added at any place."""
    check(CODE[:start] + put + CODE[start + length :])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["cells", "cell_type", "source", "a"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json(value: object) -> None:
    check(json.dumps(value).encode())
    check(json.dumps({"cells": [{"cell_type": "code", "source": value}]}).encode())


def test_the_code_that_is_damaged_has_findings() -> None:
    """Of several rules, so that damage reaches them."""
    found = {each.rule.id for each in find(CODE, notebook=False, rules=RULES)}

    assert found == {"RPR001", "RPR002", "RPR003", "RPR006"}

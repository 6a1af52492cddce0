"""Records of as many values, or as much text, as a file may hold: what they take is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST, _VALUES, _ROWS = 31 << 20, 1_190_000, 160_000
_ROW = b'{"row":%d,"truth":"a","label":"b","scores":[0.5],"margin":0.1},'


def swollen(record: bytes) -> Iterator[bytes]:
    """Yield records with a large value at each kind of place."""
    start = b'"config": {'
    for value in (
        b"[" + b"[]," * (_VALUES // 2) + b"0]",
        b"[" + b"{}," * (_VALUES // 2) + b"0]",
        b"[" + b"1.5," * _VALUES + b"0]",
        b"[" + b'"ab",' * _VALUES + b"0]",
        b'{"a":' * 900 + b"0" + b"}" * 900,
        b'"\xf0\x9f\x98\x80' + b"a" * _MOST + b'"',
        b'"' + b"\\u0001" * (_MOST // 6) + b'"',
    ):
        yield record.replace(start, start + b'"x": ' + value + b",", 1)
    keys = b"".join(b'"%d":0,' % number for number in range(_VALUES))
    yield record.replace(start, start + keys, 1)
    yield record.replace(b"{", b"{" + keys, 1)
    rows = b"".join(_ROW % number for number in range(_ROWS))
    yield record.replace(b'"rows": [', b'"rows": [' + rows, 1)

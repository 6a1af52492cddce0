"""Damage to bytes: seeded, and aware of nothing but the tokens of a format."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

LONG = 5_000
JSON_TOKENS = (
    *(
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"-0.0",
        b"1e999",
        b"-1e-999",
        b"1.0",
        b"1",
        b"true",
        b"null",
    ),
    *(b"9007199254740992", b"-9223372036854775809", b"1" + b"0" * LONG, b"0." + b"3" * LONG),
    *(
        b'""',
        b'"1"',
        b'"\\u0000"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\u202e"',
        b'"\\u001b[31m"',
    ),
    *(b"[]", b"{}", b"[" * LONG, b'{"a":' * LONG, b"[1,", b'"a": 1, "a": 1,', b",", b":", b"//"),
    *(b'"' + b"a" * LONG + b'"', b'"../../x"', b'"C:/x"', b'"9999-12-31T23:59:59-23:59"'),
)
YAML_TOKENS = (
    *(
        b"&a",
        b"*a",
        b"<<: *a",
        b"? ",
        b"- ",
        b": ",
        b"!!python/object:os.system",
        b"!!binary",
        b"!!set",
    ),
    *(
        b"|",
        b">",
        b"%YAML 9.9\n",
        b"---\n",
        b"...\n",
        b"\t",
        b"#",
        b"{",
        b"[",
        b"}",
        b"]",
        b"'",
        b'"',
    ),
    *(
        b"~",
        b".nan",
        b".inf",
        b"-.INF",
        b"0o7",
        b"0x" + b"f" * 40,
        b"1_000",
        b"12:30:45",
        b"yes",
        b"1e-6",
    ),
    *(
        b"2001-12-14",
        b'"\\U00110000"',
        b'"\\ud800"',
        b"[" * LONG,
        b"{a: " * LONG,
        b"9" * LONG,
        b"*",
    ),
)
TABLE_TOKENS = (
    *(
        b",",
        b'"',
        b'""',
        b"\r",
        b"\r\n",
        b"\n",
        b"\n\n",
        b";",
        b"\t",
        b"'",
        b" ",
        b"nan",
        b"inf",
        b"-0",
    ),
    *(
        b"1_000",
        b"1e999",
        b"0x1f",
        b"\xc2\xb2",
        b"\xd9\xa3",
        b"9" * LONG,
        b"1e5",
        b"007",
        b"+1",
        b".5",
    ),
    *(
        b"a" * 200_000,
        b"=cmd()",
        b"\xe2\x80\xae",
        b"\x1b[31m",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\x1a",
    ),
)
ANY_TOKENS = (
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\x80",
    b"\r",
    b"\x1b",
)


def damaged(
    content: bytes, draw: Random, others: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    """Damage a file in one to four ways.

    Parameters
    ----------
    others : sequence of bytes
        Files to take a part of.
    tokens : sequence of bytes
        What means something in the format.
    """
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        content = draw.choice(_WAYS)(content, draw, others, tokens)
    return content


def _place(content: bytes, draw: Random) -> int:
    return draw.randint(0, len(content))


def _slice(content: bytes, draw: Random) -> tuple[int, int]:
    start = _place(content, draw)
    return start, min(len(content), start + draw.choice((1, 1, 2, 4, 16, 64, 1024)))


def _flip(content: bytes, draw: Random, others: object, tokens: object) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 8))):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _insert(
    content: bytes, draw: Random, others: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    place = _place(content, draw)
    return content[:place] + draw.choice((*tokens, *ANY_TOKENS)) + content[place:]


def _replace(
    content: bytes, draw: Random, others: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    """Put a token in place of a word, so that the rest keeps its form."""
    words = content.split()
    if not words:
        return content
    word = draw.choice(words)
    token = draw.choice(tokens) + (b"," if word.endswith(b",") else b"")
    return content.replace(word, token, draw.choice((1, 1, -1)))[: 4 * len(content) + LONG * 10]


def _delete(content: bytes, draw: Random, others: object, tokens: object) -> bytes:
    start, end = _slice(content, draw)
    return content[:start] + content[end:]


def _repeat(content: bytes, draw: Random, others: object, tokens: object) -> bytes:
    start, end = _slice(content, draw)
    return content[:end] + content[start:end] * draw.choice((1, 2, 16, 200)) + content[end:]


def _truncate(content: bytes, draw: Random, others: object, tokens: object) -> bytes:
    return content[: _place(content, draw)]


def _splice(
    content: bytes, draw: Random, others: Sequence[bytes], tokens: Sequence[bytes]
) -> bytes:
    other = draw.choice(others)
    return content[: _place(content, draw)] + other[_place(other, draw) :]


def _line(content: bytes, draw: Random, others: object, tokens: object) -> bytes:
    """Move a line to the place of another: what was nested somewhere is nested elsewhere."""
    lines = content.splitlines(keepends=True)
    if lines:
        lines.insert(draw.randrange(len(lines)), lines[draw.randrange(len(lines))])
    return b"".join(lines)


_WAYS: tuple[Callable[..., bytes], ...] = (
    *(_flip, _insert, _insert, _replace, _replace),
    *(_delete, _repeat, _truncate, _splice, _line),
)

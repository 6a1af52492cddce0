"""The JSON text of records: written one way, read strictly."""

from __future__ import annotations

import codecs
import json
from math import isfinite
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pydantic import ValidationError

from repro.core.canonical import UNSAFE, tagged_digest, typed_digest
from repro.core.errors import SchemaError
from repro.core.model import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_R = TypeVar("_R", bound=Record)
# The prefix of digests that do not distinguish 1 from 1.0, from before numbers kept their type.
_UNTYPED = "binding/v1:"
# More digits, and more problems, than people read.
_WIDE, _SHOWN = 40, 20
# Each takes memory as soon as the first of them is asked for.
_MOST_PROBLEMS = 100_000
# Several times what the widest table makes of any file; parsed, they take some hundred bytes each.
_MOST_VALUES = 1_200_000
_MOST_DIGITS = len(str(-UNSAFE))


def dump(value: Mapping[str, object]) -> bytes:
    """Write a JSON object as the bytes of a file: keys in their order, two spaces, a final newline.

    Floats are written in their shortest form that reads back to the same bits.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def dump_record(record: Record) -> bytes:
    """Write a record as the bytes of a file."""
    return dump(record.model_dump(mode="json", by_alias=True))


def bound(record: _R) -> _R:
    """Fill in the ``digest`` field of a record that has one."""
    blank = record.model_copy(update={"digest": ""})
    return blank.model_copy(update={"digest": binding(blank)})


def binding(record: Record) -> str:
    """Digest a record without its ``digest`` field, by the definition which that field names.

    A record without a digest gets one of the newest definition, in which numbers keep their type.
    """
    value = record.model_dump(mode="json", by_alias=True, exclude={"digest"})
    if str(getattr(record, "digest", "")).startswith(_UNTYPED):
        return tagged_digest("binding", value)
    return typed_digest("binding", value, version=2, dumped=True)


def load(content: bytes, name: str) -> dict[str, object]:
    """Read the bytes of a JSON object strictly.

    Raises
    ------
    SchemaError
        If they are not UTF-8, not JSON, not an object, or hold too many values, a key twice, half
        of a character, or a number that canonical JSON cannot hold.
    """
    # Counted before anything is parsed, and not less than they are: text may hold such signs too.
    if len(content) > _MOST_VALUES < sum(map(content.count, (b",", b"[", b"{"))):
        raise SchemaError(
            f"{name}: more than {_MOST_VALUES} values, the limit for a JSON file",
            advice="get a fresh copy: no file that this program writes has so many",
        )
    try:
        text = content.decode("utf-8-sig")
        # A second byte order mark is refused by its name.
        value = json.loads(text) if text.startswith("\ufeff") else _STRICT.decode(text)
        if rb"\u" in content and rb"\ud" in content.lower():
            # Two such escapes are a character; one alone is text that no file can hold.
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise SchemaError(f"{name}: not UTF-8 at byte {error.start}") from error
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])[1:-1]
        raise SchemaError(
            f"{name}: {half} is half of a character, expected the whole",
            advice="get a fresh copy of the file",
        ) from error
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"{name}:{error.lineno}: not valid JSON: {error.msg}",
            advice="get a fresh copy of the file",
        ) from error
    except (ValueError, RecursionError) as error:
        raise SchemaError(
            f"{name}: {error or 'nested too deeply'}", advice="get a fresh copy of the file"
        ) from error
    if not isinstance(value, dict):
        raise SchemaError(f"{name}: expected a JSON object, found {type(value).__name__}")
    return value


def load_record(content: bytes, name: str, *models: type[_R]) -> _R:
    """Read the bytes of a record.

    Parameters
    ----------
    models : type of Record
        One for each version that is read.

    Raises
    ------
    SchemaError
        As ``load``, or if the schema or version differs, or any field is not as declared.
    """
    content = content.removeprefix(codecs.BOM_UTF8)
    # Nothing else of what was parsed is kept: of a large file it takes as much as the record.
    model = _model_of(load(content, name).get("schema"), name, models)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        problems = problems_of(error, f"{name}: ", "record")
        raise SchemaError(
            problems, advice="the file was edited or damaged; get a fresh copy"
        ) from error


def problems_of(error: ValidationError, start: str = "", whole: str = "") -> str:
    """Return the first problems of a value that is not as its model declares, a line each.

    Parameters
    ----------
    start : str
        How each line begins.
    whole : str
        The name of a problem that is in no field.
    """
    count = error.error_count()
    if count > _MOST_PROBLEMS:
        return f"{start}{count} fields are not as declared"
    details = error.errors(include_url=False, include_context=False, include_input=False)
    lines = []
    for detail in details[:_SHOWN]:
        place = ".".join(map(str, detail["loc"])) or whole
        message = detail["msg"].removeprefix("Value error, ")
        lines.append(f"{start}{place}: {message}" if place else f"{start}{message}")
    return "\n".join([*lines, *([f"{start}and {count - _SHOWN} more"] if count > _SHOWN else [])])


def _model_of(found: object, name: str, models: Sequence[type[_R]]) -> type[_R]:
    """Return the model whose schema a file has."""
    known = {_schema_of(model): model for model in models}
    if isinstance(found, str) and found in known:
        return known[found]
    expected = " or ".join(known)
    if isinstance(found, str) and found.partition("/")[0] in {s.partition("/")[0] for s in known}:
        raise SchemaError(
            f"{name}: schema {found} is not supported; this program reads {expected}",
            advice="use the version of repro that wrote the file, or a newer one",
        )
    raise SchemaError(f"{name}: schema: expected {expected}, found {found!r}")


def _schema_of(model: type[Record]) -> str:
    schema: str = model.model_fields["schema_"].annotation.__args__[0]  # type: ignore[union-attr]
    return schema


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"duplicate key '{twice}'")
    return value


def _finite(text: str) -> float:
    value = float(text)
    return value if isfinite(value) else _refuse_constant(text)


def _exact(text: str) -> int:
    # Longer ones are not even converted: Python limits the digits.
    value = int(text) if len(text) <= _MOST_DIGITS else UNSAFE
    return value if -UNSAFE < value < UNSAFE else _refuse_constant(text)


def _refuse_constant(text: str) -> NoReturn:
    short = f"{text[:_WIDE]}…" if len(text) > _WIDE else text
    raise ValueError(f"{short} is not a number that a record may hold")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates,
    parse_constant=_refuse_constant,
    parse_float=_finite,
    parse_int=_exact,
)

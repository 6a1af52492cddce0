"""Metrics in JSON, YAML and TOML: flat, nested, or lists of names with values."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

from repro.config.yaml import Digits, read_written
from repro.core.errors import ConfigError, SchemaError
from repro.core.reported import Printed, ReportedMetrics, missing, parse_printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Of a report that people read; a deeper or a longer one is something else.
DEEPEST, MOST, LARGEST = 16, 10_000, 4 << 20
_NAMES, _VALUES = ("name", "metric", "key"), ("value", "score", "result")
_PARAMETERS = ("params", "parameters", "hyperparameters")
_FRESH = "get a fresh copy of the file"


def parse_json(text: str, name: str) -> ReportedMetrics:
    """Read metrics from JSON, in which NaN and infinities may stand as Python writes them.

    Raises
    ------
    SchemaError
        If it is not JSON, has a key twice, or holds no number.
    """
    return _parsed(text, name, _json)


def parse_yaml(text: str, name: str) -> ReportedMetrics:
    """Read metrics from YAML.

    Raises
    ------
    SchemaError
        If it is not YAML of the kind that this program reads, or holds no number.
    """
    return _parsed(text, name, lambda text: read_written(text, name))


def parse_toml(text: str, name: str) -> ReportedMetrics:
    """Read metrics from TOML.

    Raises
    ------
    SchemaError
        If it is not TOML, or holds no number.
    """
    return _parsed(text, name, lambda text: tomllib.loads(text, parse_float=Digits))


def _json(text: str) -> object:
    return json.loads(
        text,
        object_pairs_hook=_once,
        parse_float=Digits,
        parse_int=Digits,
        parse_constant=Digits,
    )


def _parsed(text: str, name: str, parse: Callable[[str], object]) -> ReportedMetrics:
    try:
        return _metrics_of(parse(text), name)
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"{name}:{error.lineno}: not valid JSON: {error.msg}", advice=_FRESH
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"{name}: not valid TOML: {error}", advice=_FRESH) from error
    except ConfigError as error:
        raise SchemaError(error.message, advice=error.advice) from error
    except (RecursionError, ValueError) as error:
        raise SchemaError(f"{name}: {error or 'nested too deeply'}", advice=_FRESH) from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"duplicate key '{key}', expected each key once")
        found[key] = value
    return found


def _metrics_of(value: object, name: str) -> ReportedMetrics:
    parameters: dict[str, str] = {}
    if isinstance(value, dict):
        named = (value[key] for key in _PARAMETERS if isinstance(value.get(key), dict))
        parameters = {readable(k): readable(each) for k, each in next(named, {}).items()}
        rest = {key: each for key, each in value.items() if key not in _PARAMETERS}
        # What stands beside a section of metrics is about something else.
        value = rest["metrics"] if isinstance(rest.get("metrics"), dict | list) else rest
    return made(_numbers(value, (), name), name, parameters)


def made(
    numbers: Iterator[tuple[tuple[str, ...], Printed]],
    name: str,
    parameters: dict[str, str] | None = None,
) -> ReportedMetrics:
    """Collect the numbers of a report, and refuse one that has none or too many.

    Raises
    ------
    SchemaError
        Also if a name stands for two numbers.
    """
    found: dict[tuple[str, ...], Printed] = {}
    for keys, number in numbers:
        if keys in found:
            raise SchemaError(
                f"{name}: two values of '{'.'.join(keys)}', expected one", advice="keep one of them"
            )
        found[keys] = number
        if len(found) > MOST:
            raise SchemaError(
                f"{name}: more than {MOST} numbers, the limit for a report of metrics",
                advice="name a file that holds only the metrics of one result",
            )
    if not found:
        raise SchemaError(
            f"{name}: it is no record of repro, and no number was found in it",
            advice='expected metrics such as {"accuracy": 0.967}',
        )
    return ReportedMetrics(name, found, parameters or {})


def _numbers(
    value: object, keys: tuple[str, ...], name: str
) -> Iterator[tuple[tuple[str, ...], Printed]]:
    if len(keys) > DEEPEST:
        raise SchemaError(
            f"{name}: more than {DEEPEST} levels deep, the limit for a report of metrics",
            advice="name a file that holds only the metrics",
        )
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, (*keys, readable(key)), name)
    elif isinstance(value, list):
        yield from _of_list(value, keys, name)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        number = parse_printed(str(value))
        if number is not None:
            yield (keys or ("value",)), number
    elif value is None and keys:
        # NaN has no number in JSON, so that pandas and others write null.
        yield keys, missing("null")


def _of_list(
    values: list[object], keys: tuple[str, ...], name: str
) -> Iterator[tuple[tuple[str, ...], Printed]]:
    for position, each in enumerate(values, start=1):
        if isinstance(each, dict):
            label = next((each[key] for key in _NAMES if isinstance(each.get(key), str)), None)
            values_of = [each[key] for key in _VALUES if key in each]
            if label is not None and values_of:
                yield from _numbers(values_of[0], (*keys, readable(label)), name)
            else:
                # One result may be wrapped in a list; of several each is a different one.
                place = () if len(values) == 1 else (str(position),)
                yield from _numbers(each, (*keys, *place), name)


def readable(text: object) -> str:
    """Return a key as text that can be written as UTF-8: half of a character becomes ``?``."""
    return str(text).encode("utf-8", "replace").decode()

"""Errors in the words of Python: ``seed=`` for ``--seed``."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.core.errors import ReproError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Options that a function has as an argument, with the argument where its name differs.
_ARGUMENTS = {
    "level": "level",
    "model": "models",
    "noise": "noise",
    "profile": "profile",
    "project": "project",
    "run-command": "run_command",
    "runs": "runs",
    "seed": "seed",
    "tolerance": "tolerance",
    "variant": "variants",
    "workers": "workers",
}
_NAMES = "|".join(_ARGUMENTS)
# A command that an advice names stays as it is typed.
_OPTIONS = re.compile(
    rf"(?P<command>\brepro [^;]*)|--set(?: (?P<key>[\w.]+)(?:=(?P<set>[\w.-]+))?)?"
    rf"|--(?P<name>{_NAMES})\b(?: (?P<value>[\d.]+|[a-z]+(?:-v2)?)(?=$|[;,]))?"
)


def in_python(text: str) -> str:
    """Return a message in which options are spelt as arguments.

    Examples
    --------
    >>> in_python("--set selection.fold: unknown key; use a level that it can run: --level strict")
    "settings['selection.fold']: unknown key; use a level that it can run: level='strict'"
    >>> in_python("measure it: repro noise RECORD --level strict; or add --run-command")
    'measure it: repro noise RECORD --level strict; or add run_command='
    """
    return _OPTIONS.sub(_argument, text)


def _argument(found: re.Match[str]) -> str:
    if found["command"]:
        return found[0]
    if found["key"]:
        given = f" = {_literal(found['set'])}" if found["set"] else ""
        return f"settings['{found['key']}']{given}"
    if not found["name"]:
        return "settings"
    name, value = _ARGUMENTS[found["name"]], found["value"]
    if value:
        return f"{name}={_literal(value)}"
    # Before a colon it says where the mistake is.
    return name if found.string[found.end() :].startswith(":") else f"{name}="


def _literal(text: str) -> str:
    return text if re.fullmatch(r"[\d.]+", text) else f"'{text}'"


@contextmanager
def errors_in_python() -> Iterator[None]:
    """Spell the options in errors of a use case as arguments."""
    try:
        yield
    except ReproError as error:
        error.message, error.advice = in_python(error.message), in_python(error.advice)
        error.args = (error.message,)
        raise

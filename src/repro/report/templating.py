"""The templates of all documents, with their filters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from repro.core.sentences import number
from repro.report import texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment as Templates
    from jinja2.bccache import Bucket

_compiled: dict[str, bytes] = {}


def compiled(names: Iterable[str]) -> dict[str, bytes]:
    """Compile templates, for ``take_compiled`` in a different process of this program."""
    for name in names:
        templates().get_template(name)
    return dict(_compiled)


def take_compiled(found: Mapping[str, bytes]) -> None:
    """Use templates that a copy of this process has compiled: never what somebody has sent."""
    _compiled.update(found)


@cache
def templates() -> Templates:
    """Return the templates of all documents, with their filters."""
    # Imported when a report is written: rendering is rare, and jinja2 is not small.
    from jinja2 import (  # noqa: PLC0415
        BytecodeCache,
        Environment,
        PackageLoader,
        StrictUndefined,
    )

    class Compiled(BytecodeCache):
        def load_bytecode(self, bucket: Bucket) -> None:
            if bucket.key in _compiled:
                bucket.bytecode_from_string(_compiled[bucket.key])

        def dump_bytecode(self, bucket: Bucket) -> None:
            _compiled[bucket.key] = bucket.bytecode_to_string()

    found = Environment(
        loader=PackageLoader("repro.report"),
        # Markdown is written as it is; the page escapes everything.
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),  # noqa: S701
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # The templates have no constant expressions to compute beforehand.
        optimized=False,
        bytecode_cache=Compiled(),
    )
    found.filters["number"] = number
    found.filters["percent"] = texts.percent
    found.filters["text"] = texts.markdown
    found.filters["shell"] = texts.shell
    found.filters["short"] = texts.short
    return found

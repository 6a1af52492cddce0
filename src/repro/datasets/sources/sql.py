"""The result of a query, by the ``sql`` extra: run once, and kept as a file of the project."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from repro.core.errors import ConfigError, DataError, PreconditionError
from repro.core.pathname import without_secrets
from repro.tables.cells import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

# Texts for NULL, of which the first is used that no cell of the result is.
_MARKS = ("", "NULL", "<NULL>")


@dataclass(frozen=True)
class Query:
    """A query, and the database that answers it.

    Attributes
    ----------
    url : str
        Of SQLAlchemy, with a password where one is needed: it is neither written nor shown.
    text : str
        One statement that returns rows.
    """

    url: str = field(repr=False)
    text: str


@dataclass(frozen=True)
class Snapshot:
    """The answer to a query as CSV text.

    Attributes
    ----------
    content : bytes
    missing : tuple of str
        The text that stands for NULL; no text if the result has no NULL.
    """

    content: bytes = field(repr=False)
    missing: tuple[str, ...]


def take_snapshot(project: Path, query: Query) -> Snapshot:
    """Run a query in a transaction that is rolled back.

    Raises
    ------
    ConfigError
        If the URL or the query is not valid.
    DataError
        If the result has no columns or rows, or values without a spelling.
    PreconditionError
        If SQLAlchemy or the driver is not installed, or the database cannot be reached.
    """
    names, rows = _answer(project, query)
    if len(set(names)) < len(names) or not all(names):
        raise DataError(
            f"the query returns columns of these names: {', '.join(map(repr, names))}",
            advice="give each column a name of its own: SELECT a AS first, b AS second",
        )
    if not rows:
        raise DataError("the query returns no rows", advice="correct the query")
    cells = [
        [_spelled(name, value) for name, value in zip(names, row, strict=True)] for row in rows
    ]
    texts = {cell for row in cells for cell in row if cell is not None}
    has_null = any(cell is None for row in cells for cell in row)
    mark = next((mark for mark in _MARKS if mark not in texts), None)
    if has_null and mark is None:
        raise DataError(
            "the query returns NULL, and cells with every text that could stand for it",
            advice="replace NULL in the query: COALESCE(column, 'nothing')",
        )
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([mark if cell is None else cell for cell in row] for row in cells)
    return Snapshot(out.getvalue().encode(), (str(mark),) if has_null else ())


def public_url(project: Path, url: str) -> str:
    """Return a URL that may be written down: no user, password or options, no folder of a machine.

    Examples
    --------
    >>> public_url(Path("/p"), "postgresql+psycopg://me:secret@db.example.org:5432/shop?x=1")
    'postgresql+psycopg://db.example.org:5432/shop'
    >>> public_url(Path("/p"), "sqlite:////p/data/a.db"), public_url(Path("/p"), "sqlite:////x/a.db")
    ('sqlite:///data/a.db', 'sqlite:///a.db')
    """
    bare = without_secrets(url)
    scheme, slashes, path = bare.partition(":///")
    if not slashes or not Path(path).is_absolute():
        return bare
    inside = Path(path).is_relative_to(project)
    shown = Path(path).relative_to(project).as_posix() if inside else Path(path).name
    return f"{scheme}:///{shown}"


def _answer(project: Path, query: Query) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    try:
        import sqlalchemy as sa  # noqa: PLC0415  # an extra
        from sqlalchemy.engine import make_url  # noqa: PLC0415
    except ImportError as error:
        raise PreconditionError(
            "running a query needs SQLAlchemy, which is not installed",
            advice="pip install -e '.[sql]', in the project's environment",
        ) from error
    shown = public_url(project, query.url)
    try:
        url = make_url(query.url)
    # Without its cause, for a traceback would print the URL with its secrets.
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError(
            "--sql: not the URL of a database",
            advice="such as sqlite:///data/shop.db or postgresql+psycopg://USER@HOST/DATABASE",
        ) from None
    database = url.database
    if url.get_backend_name() == "sqlite" and database and not (project / database).is_file():
        # SQLite would make an empty one.
        raise PreconditionError(f"{shown}: no such file", advice="correct the path in the URL")
    if url.get_backend_name() == "sqlite" and database:
        # Read-only, so that no statement changes it, whatever it is.
        url = url.set(database=f"file:{quote(str(project / database))}")
        url = url.update_query_dict({"mode": "ro", "uri": "true"})
    try:
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            result = connection.exec_driver_sql(query.text)
            if not result.returns_rows:
                raise ConfigError("--query: returns no rows", advice="write one SELECT statement")
            return tuple(map(str, result.keys())), [tuple(row) for row in result]
    except ImportError as error:
        raise PreconditionError(
            f"{shown}: its driver is not installed: {error}",
            advice="install the driver that SQLAlchemy's documentation names for the database",
        ) from None
    except sa.exc.SQLAlchemyError as error:
        raise _failed(shown, query, error, str(url.password or "")) from None


def _failed(shown: str, query: Query, error: Any, password: str) -> PreconditionError:
    what = str(getattr(error, "orig", None) or error).partition("\n")[0]
    for secret in (query.url, password):
        what = what.replace(secret, "***") if secret else what
    return PreconditionError(
        f"{shown}: the query failed: {what}", advice="correct --sql or --query, and try again"
    )


def _spelled(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal) and not value.is_finite():
        return str(value)
    text = spelled(value)
    if text is not None:
        return text
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    kind = type(value).__name__
    raise DataError(
        f"the query returns {kind} values in the column '{name}', which have no text",
        advice="convert it in the query: CAST(column AS TEXT), or leave it out",
    )


def has_order(text: str) -> bool:
    """Return whether a query says in which order its rows come."""
    return "order by" in " ".join(_words(text))


def _words(text: str) -> Sequence[str]:
    return text.lower().split()

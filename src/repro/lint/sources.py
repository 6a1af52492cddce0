"""Files and notebooks as syntax trees; nothing in them is executed."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from dataclasses import dataclass

_LARGEST = 8 << 20
# Magics whose cell is Python below the first line.
_OF_PYTHON = frozenset({"%%capture", "%%prun", "%%time", "%%timeit"})
_MAGIC = re.compile(r"^(\s*)(?:[%!?]|.*[^\s?]\?{1,2}\s*$).*$")
_ASSIGNED = re.compile(r"^(\s*[\w., \[\]'\"]+=\s*)[%!].*$")


class UnreadableError(Exception):
    """A file that cannot be parsed.

    Parameters
    ----------
    reason : str
    line, column : int
        Where; from 1.
    cell : int or None
        Of a notebook.
    """

    def __init__(self, reason: str, line: int = 1, column: int = 1, cell: int | None = None):
        super().__init__(reason)
        self.reason, self.line, self.column, self.cell = reason, line, column, cell


@dataclass(frozen=True)
class Source:
    """The text of a file, or that of all cells of a notebook one below the other.

    Attributes
    ----------
    text : str
    tree : ast.Module
    starts : tuple of (int, int)
        The cells of a notebook by number, from 1, each with the lines above it; empty for a file.
    unreadable : tuple of UnreadableError
        Cells that could not be parsed, and are left out.
    """

    text: str
    tree: ast.Module
    starts: tuple[tuple[int, int], ...] = ()
    unreadable: tuple[UnreadableError, ...] = ()

    def placed(self, line: int) -> tuple[int | None, int]:
        """Return the cell of a line, None in a file, and the line within it."""
        above = [start for start in self.starts if start[1] < line]
        return (above[-1][0], line - above[-1][1]) if above else (None, line)


def read_source(content: bytes, *, notebook: bool) -> Source:
    """Parse the bytes of a file or a notebook.

    Raises
    ------
    UnreadableError
        If it is too large, not text, not Python, or not a notebook.
    """
    if len(content) > _LARGEST:
        raise UnreadableError(f"larger than {_LARGEST >> 20} MiB")
    if notebook:
        return _of_cells(_cells(content))
    text = _decoded(content)
    return Source(text, _parsed(text))


def _decoded(content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        # As Python reads it: one kind of line end.
        return io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except (SyntaxError, LookupError) as error:
        raise UnreadableError(f"unknown encoding: {error}") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"not {error.encoding} at byte {error.start}"
        raise UnreadableError(reason, line) from error


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            # An escape that is not valid is no concern of these rules.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        reason = f"not valid Python: {error.msg}"
        raise UnreadableError(reason, error.lineno or 1, error.offset or 1) from error
    except ValueError as error:
        raise UnreadableError(f"not valid Python: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableError("nested too deeply") from error


def _cells(content: bytes) -> list[tuple[int, str]]:
    """Return the cells with code, by number among all cells."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not valid JSON: {error}") from error
    cells = value.get("cells") if isinstance(value, dict) else None
    if not isinstance(cells, list):
        raise UnreadableError("not a notebook of version 4: it has no list of cells")
    found = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict):
            raise UnreadableError("not a notebook: the cell is not an object", cell=number)
        if cell.get("cell_type") == "code":
            found.append((number, _text(cell.get("source"), number)))
    return found


def _text(source: object, number: int) -> str:
    lines = [source] if isinstance(source, str) else source
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise UnreadableError("not a notebook: the cell has no text", cell=number)
    return "".join(lines)


def _of_cells(cells: list[tuple[int, str]]) -> Source:
    text, starts, unreadable = "", [], []
    for number, written in cells:
        try:
            code = _of_cell(written.replace("\r\n", "\n").replace("\r", "\n"))
        except UnreadableError as error:
            where = (error.line, error.column)
            unreadable.append(UnreadableError(error.reason, *where, cell=number))
            continue
        starts.append((number, text.count("\n")))
        text += code.rstrip("\n") + "\n"
    return Source(text, _parsed(text), tuple(starts), tuple(unreadable))


def _of_cell(code: str) -> str:
    """Return the Python of a cell.

    Raises
    ------
    UnreadableError
        If it is no Python, even without what only IPython reads.
    """
    try:
        _parsed(code)
    except UnreadableError:
        code = without_magics(code)
        _parsed(code)
    return code


def without_magics(code: str) -> str:
    r"""Replace what only IPython reads, line by line.

    Examples
    --------
    >>> without_magics("%matplotlib inline\nfiles = !ls\nx = 1")
    'pass\nfiles = None\nx = 1'
    >>> without_magics("%%bash\nls")
    ''
    """
    lines = code.split("\n")
    first = lines[0].split(maxsplit=1)[0] if lines[0].strip() else ""
    if first.startswith("%%"):
        if first not in _OF_PYTHON:
            return ""
        lines[0] = ""
    return "\n".join(map(_without_magic, lines))


def _without_magic(line: str) -> str:
    if line.strip().startswith("#"):
        return line
    if assigned := _ASSIGNED.match(line):
        return f"{assigned[1]}None"
    magic = _MAGIC.match(line)
    return f"{magic[1]}pass" if magic and "#" not in line.partition("?")[0] else line

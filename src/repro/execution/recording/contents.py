"""The content of files that a command wrote: structure and numbers, if the format is known.

Numbers in JSON, CSV and notebooks are compared within the tolerance, everything else in them
exactly. A NumPy array is digested by its values. Other files are compared byte for byte. Nothing is
unpickled.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from repro.core.canonical import TaggedHash
from repro.digest.files import sha256_file

if TYPE_CHECKING:
    from pathlib import Path

# A larger file is compared byte for byte: parsing it takes longer than most commands.
_LARGEST = 1 << 22
_SAMPLED = 256


@dataclass(frozen=True)
class Content:
    """The parsed content of a file.

    Attributes
    ----------
    whole : str
        Digest of everything that is compared; equal digests mean identical content.
    structure : str
        Digest of everything but the numbers.
    numbers : dict of str to float
        All numbers, or an evenly spaced sample of them, by their place.
    """

    whole: str
    structure: str
    numbers: dict[str, float] = field(default_factory=dict)


def content_of(path: Path) -> Content:
    """Parse a file by the format that its name indicates; use its bytes if it does not parse."""
    parse = _PARSERS.get(path.suffix.lower())
    if parse is not None and path.stat().st_size <= _LARGEST:
        try:
            return parse(path)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError):
            pass
    digest = f"file/v1:{sha256_file(path)}"
    return Content(digest, digest)


def _of_json(path: Path) -> Content:
    return _taken_apart("json", list(_flat(json.loads(path.read_bytes()), "")))


def _of_lines(path: Path) -> Content:
    lines = [json.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    return _taken_apart("json lines", list(_flat(lines, "")))


def _of_csv(path: Path) -> Content:
    text = path.read_bytes().decode("utf-8-sig")
    dialect = "excel-tab" if path.suffix.lower() == ".tsv" else "excel"
    rows = csv.reader(io.StringIO(text, newline=""), dialect)
    header: list[str] = next(rows, [])
    cells: list[tuple[str, Any]] = [(f"header[{n}]", name) for n, name in enumerate(header)]
    for position, row in enumerate(rows):
        for column, cell in enumerate(row):
            name = header[column] if column < len(header) else str(column)
            cells.append((f"[{position}].{name}", _number(cell)))
    return _taken_apart("csv", cells)


def _of_array(path: Path) -> Content:
    import numpy as np  # noqa: PLC0415 - heavy, and only few files are arrays

    from repro.digest.arrays import digest_array  # noqa: PLC0415

    digest = digest_array(np.load(path, allow_pickle=False))
    return Content(digest, digest)


def _of_notebook(path: Path) -> Content:
    """Parse the sources and outputs of a notebook; its metadata has times and random ids."""
    cells = json.loads(path.read_bytes())["cells"]
    kept = [
        {
            "source": cell.get("source"),
            "outputs": [
                {name: each.get(name) for name in ("name", "text", "data", "ename", "evalue")}
                for each in cell.get("outputs", ())
            ],
        }
        for cell in cells
    ]
    return _taken_apart("notebook", list(_flat(kept, "")))


_PARSERS = {
    ".ipynb": _of_notebook,
    ".json": _of_json, ".jsonl": _of_lines, ".csv": _of_csv, ".tsv": _of_csv, ".npy": _of_array,
}  # fmt: skip


def _flat(value: Any, place: str) -> Any:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(part, f"{place}.{key}" if place else str(key))
        yield f"{place}{{}}", len(value)
    elif isinstance(value, list):
        for position, part in enumerate(value):
            yield from _flat(part, f"{place}[{position}]")
        yield f"{place}[]", len(value)
    else:
        yield place, value


def _number(cell: str) -> str | float:
    # Whole numbers are often labels and counts, so they are compared exactly.
    if not any(mark in cell for mark in ".eE"):
        return cell
    try:
        number = float(cell)
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell


def _taken_apart(kind: str, parts: list[tuple[str, Any]]) -> Content:
    whole, structure = TaggedHash(kind), TaggedHash(f"{kind} structure")
    places = []
    for place, value in parts:
        is_number = isinstance(value, float) and math.isfinite(value)
        whole.add(place.encode()).add(repr(value).encode())
        structure.add(place.encode()).add(b"" if is_number else repr(value).encode())
        if is_number:
            places.append((place, value))
    step = max(1, -(-len(places) // _SAMPLED))
    return Content(whole.digest(), structure.digest(), dict(places[::step]))

"""The readers of tables: CSV and Parquet, as a data set, as later rows, and as a draft."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from hypothesis import strategies as st

from repro.config.data import DatasetEntry, FileSource
from repro.core.errors import ReproError
from repro.datasets.drafting import Proposal, draft_entry
from repro.datasets.loading import hash_source, read_columns, read_new_rows
from repro.datasets.registry import registry
from repro.tables.declared import DeclaredTable
from tests.fuzz.damage import TABLE_TOKENS
from tests.fuzz.readers import Reader
from tests.fuzz.trees import ODD, Text
from tests.fuzz.world import World

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError:
    pa = None

if TYPE_CHECKING:
    from collections.abc import Callable

_CELLS = (*map(str, ODD), *(token.decode("utf-8", "replace") for token in TABLE_TOKENS))


@st.composite
def _rows(draw: st.DrawFn, text: str) -> bytes:
    rows = list(csv.reader(io.StringIO(text)))
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(0, len(rows) - 1))
        row = rows[number]
        column = draw(st.integers(0, max(len(row) - 1, 0)))
        how = draw(st.sampled_from(("cell", "cell", "column", "drop", "add", "copy", "swap")))
        cell = draw(st.sampled_from(_CELLS) | st.text(max_size=6) | st.floats().map(repr))
        if how == "cell" and row:
            row[column] = cell
        elif how == "column":
            for each in rows[number:]:
                each[column : column + 1] = [cell]
        elif how == "drop":
            del row[column:]
        elif how == "add":
            row.insert(column, cell)
        elif how == "copy":
            rows[number:number] = [list(row)] * draw(st.sampled_from((1, 2, 600)))
        else:
            rows[number], rows[-1] = rows[-1], rows[number]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode("utf-8", "surrogatepass")


def csv_trees(base: bytes) -> st.SearchStrategy[bytes]:
    """Return tables with other cells, columns and rows."""
    return _rows(Text(base.decode()))


def _entry(world: World, path: str, form: Any) -> DatasetEntry:
    own = registry(world.project)["credit"]
    return own.model_copy(update={"source": FileSource(kind="file", path=path, format=form)})


def _reader(world: World, form: str) -> Callable[[bytes], str]:
    label = f"data/fuzzed.{form}"
    entry = _entry(world, label, form)
    columns = entry.columns
    declared = DeclaredTable(columns.numeric, columns.categorical, entry.missing, ())
    declared.fit(
        pd.read_csv(world.project / "data" / "credit.csv", keep_default_na=False, dtype=str)
    )

    def read(content: bytes) -> str:
        path = world.project / label
        path.write_bytes(content)
        doors: tuple[Callable[[], object], ...] = (
            lambda: hash_source(world.project, entry),
            lambda: read_new_rows(path, entry),
            lambda: read_columns(path, declared),
            lambda: draft_entry(world.project, _proposal(path)),
        )
        return " ".join(map(_outcome, doors))

    return read


def _proposal(path: Path) -> Proposal:
    return Proposal("fuzzed", path, "Status", None, ("",), "", "", "")


def _outcome(door: Callable[[], object]) -> str:
    try:
        door()
    except ReproError:
        return "no"
    return "yes"


def table_readers(world: World) -> list[Reader]:
    """Return the readers of tables that can be read."""
    lines = (world.project / "data" / "credit.csv").read_bytes().splitlines(keepends=True)
    base = b"".join(lines[:40])
    (world.project / "data" / "new.csv").write_bytes(base)
    found = [Reader("table.csv", (base,), _reader(world, "csv"), csv_trees(base), TABLE_TOKENS)]
    if pa is None:
        return found
    frame = pd.read_csv(io.BytesIO(base), keep_default_na=False, na_values=[""])

    def packed(table: Any, **options: Any) -> bytes:
        out = io.BytesIO()
        try:
            pq.write_table(table, out, **options)
        except pa.ArrowException:
            # Parquet has not every type that Arrow has.
            return b""
        return out.getvalue()

    whole = pa.Table.from_pandas(frame, preserve_index=False)
    bases = tuple(packed(whole, compression=each) for each in ("NONE", "SNAPPY", "ZSTD"))
    trees = _columns().map(lambda pair: packed(_with(whole, *pair)))
    return [*found, Reader("table.parquet", bases, _reader(world, "parquet"), trees, TABLE_TOKENS)]


def _with(table: Any, name: str, column: Any) -> Any:
    column = column.slice(0, table.num_rows)
    if isinstance(column, pa.Array) and pa.types.is_dictionary(column.type):
        column = pa.chunked_array([column])
    if name not in table.column_names:
        return table.append_column(name, column)
    return table.set_column(table.column_names.index(name), name, column)


def _columns() -> st.SearchStrategy[tuple[str, Any]]:
    """Return columns of every type that Arrow has for 39 rows, as one of the table's or beside."""
    day = 86_400
    values = {
        "nothing": pa.nulls(39),
        "flags": pa.array([True, None, False] * 13),
        "wide": pa.array([2**64 - 1] * 39, pa.uint64()),
        "half": pa.array([0.5] * 39, pa.float32()).cast(pa.float16()),
        "nan": pa.array([float("nan"), float("inf"), -0.0] * 13),
        "decimal": pa.array([Decimal("1e30")] * 39, pa.decimal256(60, 2)),
        "bytes": pa.array([b"\xff\x00"] * 39),
        "fixed": pa.array([b"ab"] * 39, pa.binary(2)),
        "large": pa.array(["x\0y", "\u202e", ""] * 13, pa.large_string()),
        "view": pa.array(["x", None, "y"] * 13, pa.string_view()),
        "far": pa.array([2**62, -(2**62), None] * 13, pa.timestamp("s")),
        "near": pa.array([1, 2, None] * 13, pa.timestamp("ns", "Pacific/Apia")),
        "days": pa.array([2**31 - 1, -(2**31), None] * 13, pa.date32()),
        "millis": pa.array([day * 1000 * 10**9, 0, None] * 13, pa.date64()),
        "time": pa.array([1, 2, None] * 13, pa.time64("us")),
        "span": pa.array([2**62, 2, None] * 13, pa.duration("s")),
        "list": pa.array([[1], [], None] * 13),
        "struct": pa.array([{"a": 1}, None, {"a": None}] * 13),
        "map": pa.array([[("a", 1)], [], None] * 13, pa.map_(pa.string(), pa.int8())),
        "words": pa.array(["a", None, "b"] * 13).dictionary_encode(),
        "codes": pa.array([1, None, 2] * 13).dictionary_encode(),
        "dates": pa.array([1, None, 2] * 13, pa.date32()).dictionary_encode(),
        "moments": pa.array([1, None, 2] * 13, pa.timestamp("ns")).dictionary_encode(),
    }
    places = st.sampled_from(("Status", "Age", "Home", "Income", "", "Age ", "\x1b[31m"))
    return st.tuples(places, st.sampled_from(list(values)).map(values.__getitem__))

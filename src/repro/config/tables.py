"""Layouts of tables that differ from the standard of their format.

Every key has the format's own meaning where it is left out (RFC 4180 for CSV text), and is
then not written into records: a data set that declares nothing keeps its digests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from repro.core.model import Record

if TYPE_CHECKING:
    from collections.abc import Callable

Format = Literal["csv", "parquet", "feather", "excel"]
Delimiter = Literal[",", ";", "\t", "|", ":", " "]
Decimal = Literal[".", ","]
Thousands = Literal["", ".", ",", " ", "\u00a0", "\u202f", "'", "\u2019"]
Encoding = Literal[
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "latin-1",
    "iso8859-15",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp437",
    "cp850",
    "mac_roman",
    "koi8-r",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "gb18030",
    "big5",
]
Quote = Literal['"', "'", ""]


def _unless(standard: object) -> Callable[[object], bool]:
    def is_standard(value: object) -> bool:
        return value == standard

    return is_standard


class Dialect(Record):
    """The spelling of CSV text.

    Attributes
    ----------
    delimiter : str
        Between the cells of a row.
    decimal : {".", ","}
        Before the fraction of a number.
    thousands : str
        Between groups of three digits; empty for none.
    encoding : str
        ``utf-8`` is read with or without a byte-order mark.
    quote : str
        Around a cell that holds a delimiter or a line break; empty if nothing is quoted.
    comment : str
        Lines that begin with it are skipped; empty for none.
    skip_rows : int
        How many lines come before the header.
    """

    delimiter: Annotated[Delimiter, Field(exclude_if=_unless(","))] = ","
    decimal: Annotated[Decimal, Field(exclude_if=_unless("."))] = "."
    thousands: Annotated[Thousands, Field(exclude_if=_unless(""))] = ""
    encoding: Annotated[Encoding, Field(exclude_if=_unless("utf-8"))] = "utf-8"
    quote: Annotated[Quote, Field(exclude_if=_unless('"'))] = '"'
    comment: Annotated[str, Field(max_length=8, exclude_if=_unless(""))] = ""
    skip_rows: Annotated[int, Field(ge=0, exclude_if=_unless(0))] = 0

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; expected two marks")
        marks: tuple[str, str] = self.quote, self.delimiter
        if marks[0] == marks[1]:
            raise ValueError(f"quote and delimiter are both {self.quote!r}; expected two marks")
        return self


class Workbook(Record):
    """The place of a table in an Excel workbook.

    Attributes
    ----------
    sheet : str
        The name of the sheet; empty for the first one.
    header_row : int
        The row of the column names, counted from 1.
    """

    sheet: Annotated[str, Field(exclude_if=_unless(""))] = ""
    header_row: Annotated[int, Field(ge=1, exclude_if=_unless(1))] = 1


# What may be said of a table, by its format; nothing may be of the others.
LAYOUTS = {"csv": "dialect", "excel": "workbook"}
Layout = Dialect | Workbook | None


def is_standard(layout: Layout) -> bool:
    """Return whether a layout declares nothing that the format does not say already."""
    return layout is None or not layout.model_dump()


def _kind_of_missing(value: Any) -> str:
    return "columns" if isinstance(value, dict) else "all"


# The markers of missing values: of every column, or by the name or shell pattern of columns.
Markers = Annotated[
    Annotated[tuple[str, ...], Tag("all")] | Annotated[dict[str, tuple[str, ...]], Tag("columns")],
    Discriminator(_kind_of_missing),
]

"""Options that say how a table is written, and what its columns are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from repro.datasets.drafting import Given

_LAYOUT = (
    *("delimiter", "decimal", "thousands", "encoding", "quote", "comment", "skip_rows"),
    *("sheet", "header_row"),
)
_ROLES = {"numeric": "numeric", "categorical": "categorical", "ignore": "ignored"}
_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--missing-in",
        type=(str, str),
        multiple=True,
        metavar="COLUMN TEXT",
        help="The same, in one column.",
    ),
    click.option("--numeric", multiple=True, metavar="COLUMN", help="A column of numbers."),
    click.option("--categorical", multiple=True, metavar="COLUMN", help="A column of categories."),
    click.option("--ignore", multiple=True, metavar="COLUMN", help="A column that is no feature."),
    click.option("--delimiter", help="Of a CSV file: between cells; 'tab' for a tab."),
    click.option("--decimal", help="Of a CSV file: the decimal mark."),
    click.option("--thousands", help="Of a CSV file: the mark between thousands; '' for none."),
    click.option("--encoding", help="Of a CSV file: its encoding, such as cp1252."),
    click.option("--quote", help="Of a CSV file: around cells; '' for none."),
    click.option("--comment", help="Of a CSV file: begins lines that are skipped."),
    click.option(
        "--skip-rows", type=click.IntRange(min=0), help="Of a CSV file: lines before the header."
    ),
    click.option("--sheet", help="Of an Excel workbook: the sheet."),
    click.option(
        "--header-row",
        type=click.IntRange(min=1),
        help="Of an Excel workbook: the row of the names.",
    ),
)


def written_options(command: Any) -> Any:
    """Give a command the options that ``given_by`` reads, in their order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_by(options: Mapping[str, Any]) -> Given:
    """Return what the written options say of the file and its columns."""
    from repro.datasets.drafting import Given, checked_layout

    layout = {key: options[key] for key in _LAYOUT if options[key] is not None}
    if layout.get("delimiter") in {"tab", "\\t"}:
        layout["delimiter"] = "\t"
    markers: dict[str, tuple[str, ...]] = {}
    for column, text in options["missing_in"]:
        markers[column] = (*markers.get(column, ()), text)
    roles: dict[str, str] = {}
    for option, role in _ROLES.items():
        for column in options[option]:
            if roles.setdefault(column, role) != role:
                raise click.UsageError(f"--{option}: the column '{column}' has a role already.")
    return Given(layout=checked_layout(layout), markers=markers, roles=roles)

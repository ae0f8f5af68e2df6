"""Excel workbooks: a sheet is a table, its first row the names; cells are values, formulas as last computed."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from dinobase.core.errors import FetchError, UsageError, did_you_mean
from dinobase.extract.readers.csv_files import Dialect

SUFFIXES = (".xlsx", ".xlsm")


def to_csv(workbook: Path, sheet: str, target: Path, name: str) -> tuple[Dialect, list[str]]:
    """Write a sheet as CSV; returns how it is written, and the sheets that were not read."""
    try:
        import openpyxl
    except ImportError:
        raise UsageError(
            "Excel files are read by openpyxl, which is not installed",
            code="extra.missing",
            hint="pip install 'dinobase[excel]'",
        ) from None
    try:
        book = openpyxl.load_workbook(workbook, read_only=True, data_only=True)
    except Exception as error:  # noqa: BLE001 - whatever a file that is no workbook makes of it
        raise FetchError(
            f"{name} cannot be read as a workbook: {error}",
            code="source.failed",
            hint="see whether it is an .xlsx file",
        ) from None
    with closing(book):
        if sheet and sheet not in book.sheetnames:
            near = did_you_mean(sheet, book.sheetnames)
            raise UsageError(
                f"{name} has no sheet `{sheet}`",
                code="source.sheet",
                hint=f"Did you mean `{near}`?" if near else f"It has: {', '.join(book.sheetnames)}",
            )
        chosen = book[sheet] if sheet else book.worksheets[0]
        rows = _rows(chosen)
        names = _header(next(rows, []))
        with target.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
            out.writerow(names)
            for row in rows:
                out.writerow([*row, *[""] * (len(names) - len(row))])  # a longer one is kept aside
        others = [] if sheet else [s for s in book.sheetnames if s != chosen.title]
    return Dialect(",", '"', '"', 0, True, tuple(names)), others  # noqa: FBT003


def _rows(sheet: Any) -> Iterator[list[str]]:
    """Give the rows that have a value."""
    for cells in sheet.iter_rows():
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if texts:
            yield texts


def _header(texts: Sequence[str]) -> list[str]:
    names: list[str] = []
    for number, text in enumerate(texts):
        base = text.strip() or f"column{number}"
        name, more = base, 1
        while name.lower() in {n.lower() for n in names}:
            name, more = f"{base}_{more}", more + 1
        names.append(name)
    return names


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        only_day = value.time() == dt.time() and "h" not in str(cell.number_format).lower()
        return value.date().isoformat() if only_day else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)

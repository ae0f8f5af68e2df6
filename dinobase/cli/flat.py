"""Text formats without a terminal: JSON of typed results, and csv, markdown, ndjson of a table."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinobase.core import clock

if TYPE_CHECKING:
    from dinobase.cli.table import Table


def json_text(payload: object, *, indent: int) -> str:
    """Return valid JSON; every key of a shape is there, null where there is nothing to say."""
    return json.dumps(plain(payload), ensure_ascii=False, indent=indent or None, allow_nan=False)


def plain(value: Any) -> Any:
    """Turn a typed result into JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, (date, Path)):
        return str(value)
    return value


def render(table: Table, form: str) -> str:
    """Return csv, markdown, ndjson or compact."""
    names = [column.name for column in table.columns]
    rows = [[plain(cell) for cell in row] for row in table.rows]
    if form == "compact":
        from dinobase.query.compact import table_lines  # for models only

        kinds = ["BIGINT" if column.kind in {"number", "count"} else "VARCHAR" for column in table.columns]
        texts = [[cell if cell is None or type(cell) is int else _text(cell) for cell in row] for row in rows]
        return "\n".join(table_lines(names, kinds, texts)) + "\n"
    if form == "ndjson":
        return "".join(json_text(dict(zip(names, row, strict=True)), indent=0) + "\n" for row in rows)
    if form == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([[_text(cell) for cell in row] for row in rows])
        return out.getvalue()
    lines = [_line(names), _line(["---:" if c.kind in {"number", "count"} else "---" for c in table.columns])]
    lines += [_line([_text(cell).replace("|", "\\|").replace("\n", "<br>") for cell in row]) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, (dict, list)):
        return ", ".join(cell) if isinstance(cell, list) and all(isinstance(c, str) for c in cell) else json.dumps(cell)
    return str(cell)

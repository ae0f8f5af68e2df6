"""A result for models: the fewest tokens from which every value can still be told; docs/answers.md has the numbers.

Comma-separated lines below a header. What a reader must know to tell NULL from '' and 7 from '7' stands in the header,
once a column and not once a value; a parser in the tests gets every value back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dinobase.query.result import QueryResult, Source, Summary, is_number

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_NESTED = re.compile(r"\[\d*\]$|^(?:STRUCT|MAP|UNION|VARIANT)\b")
_DOCUMENT = ('{"', "[{")
_HOIST_FROM = 3
_MANY_SOURCES = 6


def render_compact(result: QueryResult) -> str:
    """Return the whole answer: proof and notes, the header, one line a row."""
    lines = [f"# {line}" for line in (proof(result), *result.notes)]
    if result.summary is not None:
        lines += _summary_lines(result.summary)
        if result.rows:
            lines.append(f"# first {result.row_count} rows")
    if result.rows or result.summary is None:
        lines += table_lines(result.columns, result.column_types, result.rows)
    return "\n".join(lines) + "\n"


def _summary_lines(summary: Summary) -> list[str]:
    """Return a line per column; top values with their counts, the most frequent first."""
    names = [name for name in _STATISTICS if any(getattr(column, name) is not None for column in summary.columns)]
    rows = [[_statistic(getattr(column, name)) for name in names] for column in summary.columns]
    kinds = ["BIGINT" if name in {"nulls", "distinct"} else "ENUM" for name in names]
    lines = table_lines(["column" if name == "name" else name for name in names], kinds, rows)
    return [lines[0].replace(":text", ""), *lines[1:]]  # values here are shown, not told apart


_STATISTICS = ("name", "type", "nulls", "distinct", "min", "max", "top")


def _statistic(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return " | ".join(f"{top.value} {top.count}" for top in value)
    return value


def proof(result: QueryResult) -> str:
    """Say in one line how much this is, and of which version and age each table was."""
    total = result.row_count if result.summary is None else result.summary.row_count
    count = f"{total:,} row{'' if total == 1 else 's'}"
    if result.handle is not None and result.summary is not None:
        kept = f"{result.handle.table} until {_minute(result.handle.expires_at)}"
        count += f" x {result.summary.column_count} columns in {kept}"
    elif result.truncated:
        count = f"first {count}, there are more"
    shown = [source_line(source) for source in result.sources[:_MANY_SOURCES]]
    if len(result.sources) > _MANY_SOURCES:
        bad = sum(source.is_stale or source.last_sync_status == "error" for source in result.sources[_MANY_SOURCES:])
        shown.append(f"{len(result.sources) - _MANY_SOURCES} more tables, {bad} of them stale or failed")
    return "; ".join([count, *shown])


def source_line(source: Source) -> str:
    """Return `stripe.customers v12 synced 2026-01-31 12:05Z`, with what is wrong about it in capitals."""
    age = f"synced {_minute(source.synced_at)}" if source.synced_at else "never synced"
    stale = " STALE" if source.is_stale and source.synced_at else ""
    failed = " LAST SYNC FAILED" if source.last_sync_status == "error" else ""
    live = " live" if source.live else ""
    return f"{source.table} v{source.snapshot} {age}{stale}{live}{failed}"


def _minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')}Z"


def table_lines(columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Return the header and a line per row; a column with one value in all rows has it in the header alone."""
    cells = [_column(kind, [row[place] for row in rows]) for place, kind in enumerate(types)]
    header = []
    shown = []
    for name, (mark, values) in zip(columns, cells, strict=True):
        title = _name(name) + mark
        if len(values) >= _HOIST_FROM and len(set(values)) == 1:
            header.append(f"{title}={values[0]}")
        else:
            header.append(title)
            shown.append(values)
    if not shown:
        return [",".join(header)]
    return [",".join(header), *map(",".join, zip(*shown, strict=True))]


def _column(kind: str, values: Sequence[Any]) -> tuple[str, list[str]]:  # noqa: PLR0911 - one line per kind of type
    """Return the header's mark of a column and its cells."""
    if is_number(kind):
        return "", [_number(value) for value in values]
    if kind == "BOOLEAN":
        return "", ["" if value is None else "true" if value else "false" for value in values]
    if kind == "TIMESTAMP WITH TIME ZONE":
        return ":utc", [_time(value, "Z") for value in values]
    if kind.startswith("TIMESTAMP"):
        return ":ts", [_time(value, "") for value in values]
    if _NESTED.search(kind):
        return ":json", ["" if value is None else _dumps(value) for value in values]
    if kind == "JSON" and all(map(_is_json, values)):
        return ":json", ["" if value is None else _SPACE.sub(r"\1", value) for value in values]
    return _texts(["" if value == "" else value for value in values])


def _texts(values: Sequence[Any]) -> tuple[str, list[str]]:
    doubtful = any(value in {"true", "false"} or _NUMBER.fullmatch(str(value)) for value in values if value is not None)
    return ":text" if doubtful else "", [_text(value) for value in values]


def _number(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _time(value: str | None, zone: str) -> str:
    """Leave out seconds that are zero, and the clock at midnight; infinity and years BC stay as they are."""
    if value is None:
        return ""
    date, found, clock = value.partition("T")
    if not found or not clock.endswith(zone):
        return value
    clock = clock.removesuffix(zone).removesuffix(":00") if clock.count(":") == 2 else clock.removesuffix(zone)
    return date if clock == "00:00" else f"{date} {clock}"


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_json(value: Any) -> bool:
    if value is None:
        return True
    try:
        json.loads(value)
    except (TypeError, ValueError):
        return False
    return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    if not text or text != text.strip() or any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _name(name: str) -> str:
    if re.search(r'[,"=:\s#]', name) or not name:
        return '"' + name.replace('"', '""') + '"'
    return name


def value_text(value: Any) -> str:
    """Return one value by itself: text in quotes only where it could be taken for something else."""
    if value is None:
        return "NULL"
    if not isinstance(value, str):
        return _dumps(value)
    if value.startswith(_DOCUMENT) and _is_json(value):
        return _SPACE.sub(r"\1", value)
    plain = re.fullmatch(r"[^\s,=\"'{}\[\]]+(?: [^\s,=\"'{}\[\]]+)*", value)
    doubtful = value in {"true", "false", "null", "NULL", "->"} or _NUMBER.fullmatch(value) or " -> " in value
    return value if plain and not doubtful else _dumps(value)


def row_text(row: Mapping[str, Any]) -> str:
    """Return a row as `name=value` pairs, without its NULLs."""
    return ", ".join(f"{_name(name)}={value_text(value)}" for name, value in row.items() if value is not None)

"""Descriptions for models: what a query needs of a table, in a line a column; several tables in one answer.

Columns of which nothing is known stand together at the end, by type. VARCHAR is not said: a name alone is text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dinobase.catalog import metric_notes
from dinobase.catalog.relationships import quoted
from dinobase.catalog.tables import ColumnDescription, JsonPath, RelatedTable, TableDescription
from dinobase.catalog.tokens import exceeds

_FEW_TABLES = 3
_COLUMN_TOKENS = (40, 17)  # a column of few tables, of many; estimates of prose are a third too high
_MEANINGS = ((120, 90, 60, 40), (70, 50, 36, 28, 22))
_NOTES = 60  # below it a note gives way to the description
_SEVERAL = 3  # tables in which a column means the same
_PATHS = 10
_JOINS = 8  # of one column
_VALUES = 8
_METRICS = 5
_KEYS = 5  # of a table or a column, beside those that everybody knows
_TYPES = {
    "VARCHAR": "", "BIGINT": "int", "INTEGER": "int", "SMALLINT": "int", "TINYINT": "int", "HUGEINT": "hugeint",
    "DOUBLE": "float", "FLOAT": "float", "BOOLEAN": "bool", "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMP": "timestamp", "DATE": "date", "JSON": "json", "VARCHAR[]": "text[]", "BIGINT[]": "int[]",
}  # fmt: skip


def describe_text(tables: Sequence[TableDescription], *, full: bool = False) -> str:
    """Return one paragraph per table; `full` cuts nothing and adds samples, else meanings are cut until all fits."""
    if full:
        return _page(tables, 0)
    many = len(tables) > _FEW_TABLES
    budget = _COLUMN_TOKENS[many] * max(15, sum(len(table.columns) for table in tables))
    found = ""
    for longest in _MEANINGS[many]:
        found = _page(tables, longest)
        if not exceeds(found, budget):
            break
    return found


def _page(tables: Sequence[TableDescription], longest: int) -> str:
    shared = _shared(tables, longest) if longest else {}
    names = {f"{table.schema}.{table.table}" for table in tables}
    parts = ["\n".join(_table(table, longest, shared, names)) + "\n" for table in tables]
    if shared:
        lines = [f"{_title(name, kind)}: {facts}" for name, kind, facts in shared]
        parts.insert(0, "\n".join([f'# columns of several tables, named below by "{_MARK}"', *lines]) + "\n")
    return "\n".join(parts)


_MARK = "as above"


def _shared(tables: Sequence[TableDescription], longest: int) -> dict[tuple[str, str, str], None]:
    """Return the columns that mean the same in several tables; they are told once."""
    seen: dict[tuple[str, str, str], int] = {}
    meanings: dict[str, set[tuple[str, str]]] = {}
    for table in tables:
        for column in table.columns:
            facts = _facts(column, longest)
            if facts:
                place = (column.name, _kind(column), facts)
                seen[place] = seen.get(place, 0) + 1
                meanings.setdefault(column.name, set()).add(place[1:])
    return {place: None for place, count in seen.items() if count >= _SEVERAL and len(meanings[place[0]]) == 1}


def _table(
    table: TableDescription, longest: int, shared: Mapping[tuple[str, str, str], None], names: set[str]
) -> list[str]:
    name = f"{table.schema}.{table.table}"
    fresh = f"synced {table.last_sync[:16].replace('T', ' ')}Z" if table.last_sync else "never synced"
    stale = " STALE" if table.is_stale and table.last_sync else ""
    lines = [f"# {name} {table.row_count} rows, {fresh}{stale}"]
    if table.description:
        lines.append(_cut(table.description, longest and longest * 2))
    lines += _own(table.annotations or {}, longest)
    if table.primary_key:
        lines.append(f"key {', '.join(table.primary_key)}")
    plain: dict[str, list[str]] = {}
    for column in table.columns:
        facts, kind = _facts(column, longest), _kind(column)
        if (column.name, kind, facts) in shared:
            plain.setdefault(_MARK, []).append(column.name)
        elif facts:
            lines.append(f"{_title(column.name, kind)}: {facts}")
        else:
            plain.setdefault(kind or "text", []).append(column.name)
    lines += [f"{kind}: {', '.join(columns)}" for kind, columns in plain.items()]
    joins = [r for r in table.related_tables if not (_is_many(r) and r.table in names)]
    own = quoted(name)
    lines += _joins(own, joins, _JOINS if longest else len(joins))
    told = list(table.metrics or ())
    lines += [metric_notes.line(note, columns=True) for note in (told[:_METRICS] if longest else told)]
    if longest and len(told) > _METRICS:
        lines.append(f"{len(told) - _METRICS} more metrics: {', '.join(note.name for note in told[_METRICS:])}")
    if not longest:
        if table.profile and "newest" in table.profile:
            lines.append(f"newest row {table.profile['newest']} by {table.profile['newest_column']}")
        lines += [f"metric {note.name} is: {' '.join(note.sql.split())}" for note in told]
        lines += [f"join {one.join.replace(f'{own}.', '')}: {_missing(one)}" for one in joins if _missing(one)]
        lines += [f"sample {_pairs(row)}" for row in table.sample_rows]
    return lines


def _kind(column: ColumnDescription) -> str:
    return _TYPES.get(column.type, column.type)


def _title(name: str, kind: str) -> str:
    return f"{name} {kind}" if kind else name


def _facts(column: ColumnDescription, longest: int) -> str:
    facts = []
    if column.unit:
        facts.append(f"[{column.unit}]")
    if column.pii:
        facts.append(f"[pii {column.pii}]")
    told = (column.description, column.note) if not 0 < longest < _NOTES else (column.description or column.note,)
    facts += [_cut(fact, longest) for fact in told if fact]
    if column.values:
        facts.append(f"one of {_values(column.values, short=bool(longest))}")
    if column.deprecated:
        facts.append("deprecated" if column.deprecated is True else f"deprecated: {column.deprecated}")
    facts += _own(column.annotations or {}, longest)
    if column.paths:
        facts.append(_paths(column.paths, longest))
    if column.profile and not longest:
        facts.append(_profile(column.profile))
    marks = [fact for fact in facts if fact.startswith("[")]
    return " ".join([*marks, "; ".join(fact for fact in facts if not fact.startswith("["))]).strip()


def _own(words: Mapping[str, Any], longest: int) -> list[str]:
    """Return words of other keys, where it is short the first of them."""
    told = [f"{key}: {_cut(str(value), longest)}" for key, value in words.items()]
    return [*told[:_KEYS], f"{len(told) - _KEYS} more keys"] if longest and len(told) > _KEYS + 1 else told


def _profile(profile: Mapping[str, Any]) -> str:
    """Return what the rows hold: `12 null, 240 different, 0 to 99, most often 7 (31), by: ...`."""
    told = []
    if profile.get("nulls"):
        told.append(f"{profile['nulls']} null")
    if profile.get("distinct") is not None:
        told.append(f"{profile['distinct']} different")
    if profile.get("min") is not None:
        told.append(f"{profile['min']} to {profile['max']}")
    if profile.get("top"):
        told.append("most often " + ", ".join(f"{one['value']} ({one['rows']})" for one in profile["top"][:3]))
    told += [f"{key} by: {reason}" for key, reason in (profile.get("because") or {}).items()]
    return ", ".join(told)


def _cut(text: str, longest: int) -> str:
    """Keep the first sentence; what is longer still ends in an ellipsis."""
    text = " ".join(text.split())
    if not longest:
        return text
    first = text.split(". ", maxsplit=1)[0].rstrip(".")
    return first if len(first) <= longest else f"{first[: longest - 1].rsplit(' ', 1)[0]}…"


def _values(values: Any, *, short: bool) -> str:
    items = list(values.items()) if isinstance(values, Mapping) else [(value, "") for value in values]
    shown = items[:_VALUES] if short and len(items) > _VALUES + 2 else items  # "2 more" costs what they cost
    texts = [f"{value} ({what})" if what else str(value) for value, what in shown]
    left = len(items) - len(shown)
    return f"{', '.join(texts)}{f', {left} more' if left else ''}"


def _paths(paths: Sequence[JsonPath], longest: int) -> str:
    shown = paths[:_PATHS] if longest else paths
    texts = []
    for path in shown:
        kind = _TYPES.get(path.type, path.type)
        marks = "".join(f" [{fact}]" for fact in (path.unit, f"pii {path.pii}" if path.pii else "") if fact)
        what = f" ({_cut(path.description, longest)})" if path.description else ""
        texts.append(f"{path.path}{f' {kind}' if kind else ''}{marks}{what}")
    left = len(paths) - len(shown)
    return f"{{{', '.join(texts)}{f', {left} more' if left else ''}}}"


def _joins(name: str, related: Sequence[RelatedTable], most: int) -> list[str]:
    """Return conditions without this table's name, those of one column together: `id = a.b.c, d.e.f (many)`.

    most: of one column; the others are counted, as `describe` names them when it tells all.
    """
    grouped: dict[tuple[str, bool], list[str]] = {}
    lines = []
    for one in related:
        left, equals, right = one.join.replace(f"{name}.", "").partition(" = ")
        if " AND " in one.join or not equals:
            lines.append(f"join {quoted(one.table)} on {one.join.replace(f'{name}.', '')}")
        else:
            grouped.setdefault((left, _is_many(one)), []).append(right)
    for (left, many), rights in grouped.items():
        left_out = f", {len(rights) - most} more" if len(rights) > most else ""
        lines.append(f"join {left} = {', '.join(rights[:most])}{left_out}{' (many)' if many else ''}")
    return lines


def _missing(related: RelatedTable) -> str:
    """Return what a join does not reach: `12 null, not there: cus_7, cus_9`."""
    told = [f"{related.nulls} null"] if related.nulls else []
    if related.orphans:
        told.append(f"not there: {', '.join(map(str, related.orphans))}")
    return ", ".join(told)


def _is_many(related: RelatedTable) -> bool:
    return related.cardinality.endswith("_many")


def _pairs(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)

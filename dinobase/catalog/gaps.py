"""What a source leaves unsaid: pure, from descriptions and samples, so that what was filled is no gap any more.

A gap names what could be a fact and is none yet; whether it is one, whoever fills it must judge from the samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from dinobase.catalog.annotations import Words
from dinobase.catalog.enums import maybe_personal
from dinobase.catalog.relationships import columns_of
from dinobase.catalog.tables import ColumnDescription, TableDescription

Missing: TypeAlias = Literal["description", "unit", "pii", "key", "relationship"]
MISSING: tuple[Missing, ...] = ("description", "unit", "pii", "key", "relationship")
SAMPLED = 20
_SHOWN = 5
_NUMBER = re.compile(r"(?:U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DOUBLE|FLOAT|DECIMAL.*)\Z")
_AMOUNT = re.compile(
    r"(?:^|_)(?:amount|price|total|subtotal|cost|fee|fees|tax|balance|discount|revenue|mrr|arr|salary|budget|paid|due|"
    r"refunded|value|rate|percent|percentage|ratio|duration|age|size|bytes|weight|length|width|height|distance|quota)"
    r"(?:_|\Z)"
)
_TIME = re.compile(
    r"(?:^|_)(?:at|on|time|timestamp|ts|date|created|updated|modified|expires|started|ended|since|until)\Z"
)
_REFERENCE = re.compile(r"(.+?)_?(?:id|key|uuid|ref)\Z")


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing unsaid; `samples` are what the identity sees of the column, `near` tables that it may lead to."""

    target: str
    missing: Missing
    type: str | None = None
    samples: Sequence[Any] = ()
    near: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a source leaves unsaid, table by table; `counts` has every kind."""

    source: str
    tables: int
    columns: int
    counts: Mapping[str, int]
    gaps: Sequence[Gap]


def gaps_of(
    source: str,
    tables: Sequence[TableDescription],
    words: Words,
    kinds: Sequence[str] = MISSING,
    limit: int = 0,
    only: str = "",
) -> Gaps:
    """Return the gaps of tables that are dressed with `words`, or of one; `counts` is of all, whatever the limit."""
    names = {table.table.lower(): table.table for table in tables if not _is_array(table)}
    tables = [table for table in tables if not only or table.table == only]
    found = [gap for table in tables for gap in _table(table, words, names) if gap.missing in kinds]
    counts: dict[str, int] = {kind: sum(gap.missing == kind for gap in found) for kind in MISSING}
    columns = sum(len(table.columns) for table in tables)
    return Gaps(source, len(tables), columns, counts, found[:limit] if limit else found)


def text(gaps: Gaps) -> str:
    """Return a line per gap for models."""
    lines = []
    for gap in gaps.gaps:
        kind = f" {gap.type}" if gap.type else ""
        near = f" near {', '.join(gap.near)}" if gap.near else ""
        samples = f": {', '.join(map(str, gap.samples))}" if gap.samples else ""
        lines.append(f"{gap.target}{kind} lacks {gap.missing}{near}{samples}")
    left = sum(gaps.counts.values()) - len(gaps.gaps)
    if left:
        lines.append(f"({left} more)")
    return "\n".join(lines or [f"{gaps.source}: nothing is missing"]) + "\n"


def _table(table: TableDescription, words: Words, names: Mapping[str, str]) -> Iterator[Gap]:
    target = f"{table.schema}.{table.table}"
    array = _is_array(table)
    if not table.description:
        yield Gap(target, "description")
    if not table.primary_key and not array:
        yield Gap(target, "key", near=[column.name for column in table.columns if _may_be_key(column, table)])
    joined = {column for _, name, column in _joined(table) if name == table.table}
    for column in table.columns:
        if column.name.startswith("_"):
            continue  # made by the load: keys of parents and tables, deletion marks
        yield from _column(table, column, words, names, joined)


def _column(
    table: TableDescription, column: ColumnDescription, words: Words, names: Mapping[str, str], joined: set[str]
) -> Iterator[Gap]:
    target = f"{table.schema}.{table.table}.{column.name}"
    samples = _frequent(column) or _samples(table, column.name)
    said = words.keys(table.table, column.name)
    if not column.description:
        yield Gap(target, "description", column.type, samples)
    lower = column.name.lower()
    number = _NUMBER.match(column.type)
    if number and not column.unit and "unit" not in said and (_AMOUNT.search(lower) or _TIME.search(lower)):
        yield Gap(target, "unit", column.type, samples)
    if column.type == "VARCHAR" and not column.pii and "pii" not in said and maybe_personal(lower):
        yield Gap(target, "pii", column.type, samples)
    if column.name not in joined and column.name not in (table.primary_key or ()):
        near = _leads_to(column, table, names)
        if near is not None:
            yield Gap(target, "relationship", column.type, samples, near)


def _leads_to(column: ColumnDescription, table: TableDescription, names: Mapping[str, str]) -> list[str] | None:
    """Return the tables that a column's name speaks of, None where it does not sound like another table's key."""
    if not (_NUMBER.match(column.type) or column.type in {"VARCHAR", "UUID"}):
        return None
    lower = column.name.lower()
    reference = _REFERENCE.match(lower)
    stem = (reference.group(1) if reference else lower).rstrip("_")
    near = [names[one] for one in (f"{stem}s", f"{stem}es", f"{stem[:-1]}ies", stem) if one in names]
    sure = lower.endswith(("_id", "_uuid")) or (near and lower != "id")
    return [f"{table.schema}.{name}" for name in dict.fromkeys(near)] if sure else None


def _may_be_key(column: ColumnDescription, table: TableDescription) -> bool:
    """Say whether every sampled row has another value, and a name that sounds like a key."""
    values = [row.get(column.name) for row in table.sample_rows]
    told = [str(value) for value in values if value is not None]
    return bool(_REFERENCE.match(f"_{column.name.lower()}")) and len(set(told)) == len(values)


def _is_array(table: TableDescription) -> bool:
    return any(one.origin == "array" and one.cardinality == "many_to_one" for one in table.related_tables)


def _joined(table: TableDescription) -> Iterator[tuple[str, str, str]]:
    for related in table.related_tables:
        yield from columns_of(related.join)


def _frequent(column: ColumnDescription) -> list[Any]:
    """Return the values that stand in most rows, where they are known: they tell more than those of the first rows."""
    return [one["value"] for one in (column.profile or {}).get("top", ())][:_SHOWN]


def _samples(table: TableDescription, column: str) -> list[Any]:
    values = {str(row[column]): row[column] for row in table.sample_rows if row.get(column) is not None}
    return list(values.values())[:_SHOWN]

"""Looks at one table: a small one whole, of a large one bounds over all rows and the rest over a sample of them.

What is held at once is bounded: so many cells, none longer than so many characters. The sample is the same each time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dinobase.catalog import profile_units as units
from dinobase.catalog.enums import maybe_personal
from dinobase.catalog.pii_inside import look_inside, nested
from dinobase.catalog.pii_values import kind_of
from dinobase.catalog.profiles import ColumnProfile, TableProfile
from dinobase.lake.introspect import LakeColumn
from dinobase.lake.sql import ident

WHOLE = 2_000  # rows of a table that is read as a whole
_CELLS, _FEWEST_ROWS = 60_000, 200
_SAMPLED = 100_000  # rows in which distinct values are counted
_LONGEST, _CODE = 300, 40
_ENUM, _TOP = 20, 10
_SEED = 7
_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "DOUBLE", "FLOAT",
)  # fmt: skip
_KEY = re.compile(r"(?:^|_)(?:id|uuid|guid)\Z|[a-z]Id\Z")
_CHANGED = (
    "updated_at", "modified_at", "last_modified", "last_modified_at", "last_updated", "last_updated_at", "updated",
    "modified", "lastmodifieddate", "hs_lastmodifieddate", "last_edited_time", "date_updated", "updated_date",
    "created_at", "created", "inserted_at", "createdate", "created_on", "created_date", "date_created", "timestamp",
    "occurred_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """A table at one state: `personal` are columns that are known to hold personal data, and so keep no values."""

    table: str
    stamp: str
    version: int
    rows: int
    columns: Sequence[LakeColumn]
    personal: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was counted of a column: in all rows, or in a sample where `values` is one."""

    values: Sequence[Any]
    filled: int
    distinct: int
    least: Any = None
    greatest: Any = None
    every: Sequence[str] | None = None


def look(connection: Any, source: str, seen: Seen) -> TableProfile:
    """Profile a table that stands under `source` in an instance."""
    wanted = [column for column in seen.columns if not column.name.startswith("_dinobase")]
    most = most_rows(len(wanted))
    whole = seen.rows <= most
    part = source if whole else _part(source, seen.rows)
    limit = "" if whole else f" USING SAMPLE reservoir({most} ROWS) REPEATABLE ({_SEED})"
    picked = ", ".join(_select(column) for column in wanted)
    rows = connection.execute(f"SELECT {picked or '1'} FROM {part}{limit}").fetchall()
    found = list(zip(*rows, strict=True)) if rows else [() for _ in wanted]
    if whole:
        facts = [_counted(column, list(values)) for column, values in zip(wanted, found, strict=True)]
    else:
        facts = _counted_there(connection, source, part, wanted, [list(values) for values in found])
    count = len(rows) if whole else seen.rows
    columns = [_column(c, f, count, seen.personal) for c, f in zip(wanted, facts, strict=True)]
    columns = [_with_inside(connection, part, column) if nested(column.type) else column for column in columns]
    newest = _newest(columns, facts)
    return TableProfile(
        table=seen.table, stamp=seen.stamp, version=seen.version, rows=count, looked_at=len(rows), columns=columns,
        newest=newest[1], newest_column=newest[0],
    )  # fmt: skip


def most_rows(columns: int) -> int:
    """Return how many rows of a table are held at once."""
    return max(_FEWEST_ROWS, min(WHOLE, _CELLS // max(1, columns)))


def _part(source: str, rows: int) -> str:
    if rows <= _SAMPLED:
        return source
    return f"(SELECT * FROM {source} TABLESAMPLE system({100 * _SAMPLED / rows:.4f} PERCENT) REPEATABLE ({_SEED}))"


def _select(column: LakeColumn) -> str:
    name, kind = ident(column.name), column.type
    if kind in _NUMBERS or kind == "BOOLEAN":
        return name
    if kind == "VARCHAR":
        return f"left({name}, {_LONGEST})"
    if kind.startswith("DECIMAL"):
        return f"CAST({name} AS DOUBLE)"
    if kind == "UUID" or kind.startswith(("DATE", "TIME", "HUGEINT", "UHUGEINT")):
        return f"CAST({name} AS VARCHAR)"
    return f"CASE WHEN {name} IS NOT NULL THEN true END"  # what is inside, `pii_inside` looks at


def _opaque(kind: str) -> bool:
    return _select(LakeColumn("x", kind)).startswith("CASE")


def _counted(column: LakeColumn, values: Sequence[Any]) -> _Facts:
    """Count in values that are all there are."""
    filled = [value for value in values if value is not None]
    if _opaque(column.type):
        return _Facts((), len(filled), 0)
    different = set(filled)
    least, greatest = (min(different), max(different)) if different and _ordered(column.type) else (None, None)
    every = sorted(different) if column.type == "VARCHAR" and len(different) <= _ENUM else None
    return _Facts(filled, len(filled), len(different), least, greatest, every)


def _counted_there(
    connection: Any, source: str, part: str, columns: Sequence[LakeColumn], sampled: Sequence[Sequence[Any]]
) -> list[_Facts]:
    """Count in DuckDB: nulls and bounds of all rows, which statistics tell, the rest in a part of them."""
    bounds = ", ".join(_bounds(column) for column in columns)
    exact = connection.execute(f"SELECT {bounds} FROM {source}").fetchone()
    counts = ", ".join(_different(column) for column in columns)
    rough = connection.execute(f"SELECT {counts} FROM {part}").fetchone()
    found = []
    for place, column in enumerate(columns):
        filled, least, greatest = exact[3 * place : 3 * place + 3]
        distinct, every = rough[2 * place : 2 * place + 2]
        values = [] if _opaque(column.type) else [value for value in sampled[place] if value is not None]
        codes = sorted(every) if every is not None and len(every) <= _ENUM else None
        found.append(_Facts(values, filled, distinct or 0, least, greatest, codes))
    return found


def _bounds(column: LakeColumn) -> str:
    name = ident(column.name)
    if not _ordered(column.type):
        return f"count({name}), NULL, NULL"
    kind = "VARCHAR" if _select(column).endswith("AS VARCHAR)") else "DOUBLE" if "DECIMAL" in column.type else ""
    least, greatest = (f"CAST({f}({name}) AS {kind})" if kind else f"{f}({name})" for f in ("min", "max"))
    return f"count({name}), {least}, {greatest}"


def _different(column: LakeColumn) -> str:
    if _opaque(column.type):
        return "NULL, NULL"
    name = ident(column.name)
    every = f"approx_top_k(left({name}, {_CODE + 1}), {_ENUM + 1})" if column.type == "VARCHAR" else "NULL"
    return f"approx_count_distinct({name}), {every}"


def _ordered(kind: str) -> bool:
    return kind in _NUMBERS or kind.startswith(("DECIMAL", "DATE", "TIMESTAMP", "HUGEINT"))


def _column(column: LakeColumn, facts: _Facts, rows: int, personal: Collection[str]) -> ColumnProfile:
    name, kind = column.name, column.type
    unit = units.epoch(name, kind, facts.values)
    worth, by = units.money(name, kind, facts.values)
    pii = None if unit else kind_of(name, kind, facts.values, len(set(facts.values)))
    because = {"unit": unit[1]} if unit else {"unit": by} if by else {}
    found = ColumnProfile(
        name, kind, rows - facts.filled, None if _opaque(kind) else facts.distinct, unit=unit[0] if unit else "",
        money="" if unit else worth, pii=pii[0] if pii else "", because={**because, "pii": pii[1]} if pii else because,
    )  # fmt: skip
    if pii or name in personal:
        return found
    found = replace(found, least=facts.least, greatest=facts.greatest)
    if maybe_personal(name):
        return found
    return replace(found, top=_top(facts.values), values=_codes(name, kind, facts))


def _with_inside(connection: Any, part: str, column: ColumnProfile) -> ColumnProfile:
    """Return a column with the personal data inside it; of lists and structures, all is masked where any of it is."""
    found = look_inside(connection, part, column.name, column.type, _SEED)
    whole = found.get("") if column.type == "JSON" else next(iter(found.values()), None)
    if whole is not None:
        return replace(column, pii=whole[0], because={**column.because, "pii": whole[1]})
    return replace(column, inside={at: kind for at, (kind, _) in found.items()})


def _top(values: Sequence[Any]) -> Sequence[tuple[Any, int]]:
    """Return what stands in several rows, and not only by chance."""
    needed = max(3, len(values) // 100)
    counts = Counter(value for value in values if not isinstance(value, str) or len(value) <= _CODE)
    return tuple((value, count) for value, count in counts.most_common(_TOP) if count >= needed)


def _codes(name: str, kind: str, facts: _Facts) -> Sequence[str]:
    """Return all values of an enumeration: few, short, each of them in many rows."""
    every = facts.every
    if kind != "VARCHAR" or not every or facts.filled < 3 * len(every) or _KEY.search(name):
        return ()
    codes = tuple(str(code) for code in every if str(code).strip())
    return codes if all(len(code) <= _CODE and "\n" not in code for code in codes) else ()


def _newest(columns: Sequence[ColumnProfile], facts: Sequence[_Facts]) -> tuple[str, str]:
    """Return the column that tells when a row was changed or made, and its greatest value."""
    order: Mapping[str, int] = {name: place for place, name in enumerate(_CHANGED)}
    dated = [(c, f) for c, f in zip(columns, facts, strict=True) if c.name.lower() in order and f.greatest is not None]
    dated = [(c, f) for c, f in dated if c.unit or c.type.startswith(("TIMESTAMP", "DATE"))]
    if not dated:
        return "", ""
    column, fact = min(dated, key=lambda pair: order[pair[0].name.lower()])
    made: Callable[[Any], str] = str
    if column.unit:
        made = lambda number: _moment(float(number) / (1000 if column.unit == "epoch_ms" else 1))  # noqa: E731
    return column.name, made(fact.greatest)


def _moment(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

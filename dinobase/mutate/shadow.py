"""The user's own text runs on a copy of its target, in a transaction that is rolled back; what differs are the changes.

The copy stands under the connector's name beside the other lakes, in a locked instance. Rows are paired by rowid, and
by key where an UPDATE moved them. Old values are read from the lake itself, never from the copy, which may be masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dinobase.core.errors import QueryError
from dinobase.lake.sql import ident, qualified
from dinobase.load.write import DELETED_AT
from dinobase.mutate.change import Changed, RowChange, Table
from dinobase.mutate.parse import Statement
from dinobase.mutate.values import NATIVE, NESTED, Json, Row, decoded, dumps, same

_TOUCHED = "temp.main._touched"


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are in the instance: `copy` the table that the text names, `lake` the real one ('' for none)."""

    copy: str
    lake: str
    source: str


def place(table: Table, alias: str, *, masked: str = "") -> Place:
    """Return the places of a target; `masked` is the view that an identity sees instead of the lake's table."""
    lake = qualified(alias, "main", table.name) if alias else ""
    return Place(qualified(table.connector, "main", table.name), lake, masked or lake)


def prepare(connection: Any, table: Table, where: Place) -> None:
    """Make the copy; rows that are gone at the source are no rows to change."""
    if not where.source:
        columns = ", ".join(f"{ident(name)} {kind}" for name, kind in table.types.items())
        connection.execute(f"CREATE TABLE {where.copy} ({columns or '_none BOOLEAN'})")
        return
    living = f" WHERE {DELETED_AT} IS NULL" if DELETED_AT in table.types else ""
    connection.execute(f"CREATE TABLE {where.copy} AS SELECT * FROM {where.source}{living}")


def add_missing(connection: Any, table: Table, where: Place, statement: Statement) -> dict[str, str]:
    """Add the columns that only the source knows, typed as the statement gives them; returns name -> type."""
    missing = [c for c in statement.columns if table.column(c) is None]
    allowed = {name.lower(): name for name in table.extra}
    added: dict[str, str] = {}
    if not table.types:  # no sync has seen a row: the table is as the statement says
        allowed |= {name.lower(): name for name in (*statement.columns, *table.key)}
        missing += [k for k in table.key if k.lower() not in {c.lower() for c in statement.columns}]
    if not missing:
        return added
    types = {}
    if statement.kind in {"insert", "update"} and all(name.lower() in allowed for name in missing):
        relation = connection.sql(statement.probe)
        kinds = [str(kind) for kind in relation.types][1 if statement.kind == "update" else 0 :]
        types = dict(zip(statement.columns, kinds, strict=False))
    for name in missing:
        if name.lower() not in allowed:
            continue
        kind = types.get(name, "VARCHAR")
        own = allowed[name.lower()]
        added[own] = "VARCHAR" if kind in {"NULL", '"NULL"', "SQLNULL"} else kind
        connection.execute(f"ALTER TABLE {where.copy} ADD COLUMN {ident(own)} {added[own]}")
    return added


def run(connection: Any, table: Table, where: Place, statement: Statement) -> Changed:
    """Run one statement on the copy and return what it changes; the copy is as it was afterwards."""
    if statement.conflict and table.key:
        keys = ", ".join(map(ident, table.key))
        connection.execute(f"CREATE UNIQUE INDEX _key ON {where.copy} ({keys})")
    connection.execute("BEGIN TRANSACTION")
    try:
        return _run(connection, table, where, statement)
    finally:
        connection.execute("ROLLBACK")


def _run(connection: Any, table: Table, where: Place, statement: Statement) -> Changed:
    last = connection.execute(f"SELECT coalesce(max(rowid), -1) FROM {where.copy}").fetchone()[0]
    matched = _touch(connection, where, statement)
    before = _print(connection, where, last)
    relation = connection.execute(statement.sql)
    returning = _returning(relation) if statement.returning else None
    if _print(connection, where, last) != before:
        raise QueryError(
            "The statement changes rows that its own condition does not name",
            code="write.unclear",
            hint="Write it more plainly: no random(), no condition that changes while it runs.",
        )
    old = _rows(connection, table.types, _TOUCHED, "_r")
    kept = _rows(connection, table.types, where.copy, "rowid", f"rowid IN (SELECT _r FROM {_TOUCHED})")
    new = _rows(connection, table.types, where.copy, "rowid", f"rowid > {last}")
    real = _real(connection, table, where)
    changes = _pair(table, statement, old, kept, list(new.values()), real)
    _refuse_taken(table, changes, _known(connection, table, where, last))
    return Changed(changes, matched, returning)


def _touch(connection: Any, where: Place, statement: Statement) -> int:
    """Set aside the rows that the statement names, before it runs."""
    if statement.kind == "insert":
        rows = f"SELECT rowid AS _r, * FROM {where.copy}" + ("" if statement.conflict else " WHERE false")
    elif statement.all_rows:
        rows = f"SELECT rowid AS _r, * FROM {where.copy}"
    else:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE _probe AS {statement.probe}")
        if statement.once:
            _refuse_two_values(connection, statement)
        rows = f"SELECT rowid AS _r, * FROM {where.copy} WHERE rowid IN (SELECT _r FROM temp.main._probe)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE _touched AS {rows}")
    return int(connection.execute(f"SELECT count(*) FROM {_TOUCHED}").fetchone()[0])


def _refuse_two_values(connection: Any, statement: Statement) -> None:
    columns = [row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE temp.main._probe)").fetchall()]
    values = [ident(c) for c in columns if c != "_r"]
    several = (
        f"count(DISTINCT ({', '.join(values)}, 0)) > 1" if statement.kind == "update" and values else "count(*) > 1"
    )
    sql = f"SELECT count(*) FROM (SELECT _r FROM temp.main._probe WHERE _r IS NOT NULL GROUP BY _r HAVING {several})"
    count = connection.execute(sql).fetchone()[0]
    if count:
        raise QueryError(
            f"{count} row(s) of {statement.connector}.{statement.table} would get two values at once",
            code="write.ambiguous",
            hint="The join finds several rows for one: aggregate them, or join by a key.",
            rows=count,
        )


def _print(connection: Any, where: Place, last: int) -> Any:
    """Return what tells whether any other row has changed."""
    return connection.execute(
        f"SELECT count(*), bit_xor(hash(t)) FROM {where.copy} t "
        f"WHERE rowid <= {last} AND rowid NOT IN (SELECT _r FROM {_TOUCHED})"
    ).fetchone()


def _returning(relation: Any) -> Mapping[str, Json]:
    from dinobase.lake.convert import columns_of

    columns = columns_of([d[0] for d in relation.description], [d[1] for d in relation.description])
    rows = [[c.convert(v) for c, v in zip(columns, row, strict=True)] for row in relation.fetchall()]
    return {
        "columns": [c.name for c in columns],
        "rows": [dict(zip([c.name for c in columns], r, strict=True)) for r in rows],
    }


def _rows(connection: Any, types: Mapping[str, str], source: str, place: str, where: str = "") -> dict[int, Row]:
    picked = ", ".join([place, *(fetched(name, kind) for name, kind in types.items())])
    condition = f" WHERE {where}" if where else ""
    found = connection.execute(f"SELECT {picked} FROM {source}{condition} ORDER BY {place}").fetchall()
    return {
        row[0]: {name: decoded(v, kind) for (name, kind), v in zip(types.items(), row[1:], strict=True)}
        for row in found
    }


def _real(connection: Any, table: Table, where: Place) -> dict[str, Row]:
    """Return the lake's own rows of the touched keys."""
    if not where.lake or not table.key:
        return {}
    keys = ", ".join(map(ident, table.key))
    types = {name: kind for name, kind in table.types.items() if name not in table.extra}
    picked = ", ".join(fetched(name, kind) for name, kind in types.items())
    sql = f"SELECT {picked} FROM {where.lake} WHERE ({keys}) IN (SELECT ({keys}) FROM {_TOUCHED})"
    found = [
        {name: decoded(v, kind) for (name, kind), v in zip(types.items(), row, strict=True)}
        for row in connection.execute(sql).fetchall()
    ]
    return {_key(table, row): row for row in found}


def _key(table: Table, row: Row) -> str:
    return dumps([row.get(k) for k in table.key])


def _pair(
    table: Table, statement: Statement, old: dict[int, Row], kept: dict[int, Row], new: list[Row], real: dict[str, Row]
) -> list[RowChange]:
    """Find out what became of each row."""
    arrived: dict[str, list[Row]] = {}
    for row in new:
        arrived.setdefault(_key(table, row), []).append(row)
    changes = []
    gone: list[Row] = []
    for number, before in old.items():
        after = kept.get(number)
        moved = arrived.get(_key(table, before)) if table.key else None
        if after is None and moved:
            after = moved.pop(0)
        if after is None:
            gone.append(before)
            continue
        change = _updated(table, before, after, real)
        if change is not None:
            changes.append(change)
    left = [row for rows in arrived.values() for row in rows]
    if statement.kind == "update" and (gone or left):
        raise _key_changed(table)
    changes += [RowChange("delete", _named(table, row), _lake_row(table, row, real), None) for row in gone]
    changes += [_created(table, statement, row) for row in left]
    return changes


def _updated(table: Table, before: Row, after: Row, real: dict[str, Row]) -> RowChange | None:
    columns = tuple(c for c in table.types if not same(before[c], after[c]))
    if not columns:
        return None
    row = _lake_row(table, before, real)
    return RowChange("update", _named(table, before), row, {**row, **{c: after[c] for c in columns}}, columns)


def _lake_row(table: Table, seen: Row, real: dict[str, Row]) -> Row:
    return {**seen, **real.get(_key(table, seen), {})}


def _named(table: Table, row: Row) -> dict[str, Json]:
    return {k: row[k] for k in table.key}


def _created(table: Table, statement: Statement, row: Row) -> RowChange:
    given = {c.lower() for c in statement.columns}
    columns = tuple(
        c for c in table.types if row[c] is not None and (not given or c.lower() in given or statement.kind != "insert")
    )
    key = _named(table, row)
    return RowChange("create", key if key and None not in key.values() else {}, None, row, columns)


def _refuse_taken(table: Table, changes: Sequence[RowChange], known: set[str]) -> None:
    """Refuse created rows whose key is there already, in the lake or twice among themselves."""
    seen = known - {change.identity for change in changes if change.operation == "delete"}
    for change in changes:
        if change.operation == "create" and change.identity:
            if change.identity in seen:
                raise _taken(table, change)
            seen.add(change.identity)


def _known(connection: Any, table: Table, where: Place, last: int) -> set[str]:
    """Return which keys of new rows the lake has."""
    if not where.lake or not table.key:
        return set()
    keys = ", ".join(map(ident, table.key))
    picked = ", ".join(fetched(k, table.types[k]) for k in table.key)
    sql = (
        f"SELECT {picked} FROM {where.lake} WHERE ({keys}) IN (SELECT ({keys}) FROM {where.copy} WHERE rowid > {last})"
    )
    return {
        dumps([decoded(v, table.types[k]) for k, v in zip(table.key, row, strict=True)])
        for row in connection.execute(sql).fetchall()
    }


def _taken(table: Table, change: RowChange) -> QueryError:
    shown = ", ".join(f"{k} = {dumps(v)}" for k, v in change.key.items())
    return QueryError(
        f"{table.full_name} has a row with {shown} already",
        code="write.exists",
        hint="UPDATE it, or write INSERT ... ON CONFLICT DO UPDATE.",
        key=dict(change.key),
    )


def _key_changed(table: Table) -> QueryError:
    return QueryError(
        f"The statement changes {' and '.join(table.key) or 'the key'}, which identifies a row of {table.full_name}",
        code="write.key",
        hint="Insert a new row and delete the old one, if the source can do both.",
    )


def fetched(name: str, kind: str) -> str:
    """Return the SQL that fetches a column without loss; `decoded` reads what comes."""
    column = ident(name)
    if kind in NATIVE:
        return column
    if kind.endswith("]") or kind.startswith(NESTED):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"

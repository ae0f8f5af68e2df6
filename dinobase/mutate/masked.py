"""A written value may not come from a column that its writer does not see in clear.

The copy that a statement runs on is masked as queries are, so nothing leaks whatever this module misses; it is here to
say so before a mask is written to a source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dinobase.access.guard import Guard
from dinobase.core.errors import QueryError, UnknownName
from dinobase.kinds.template import placeholders, strings
from dinobase.lake.introspect import LakeView, table_columns
from dinobase.mutate.change import Table
from dinobase.mutate.parse import Statement
from dinobase.mutate.step import Step
from dinobase.query.decision import TableUse


def refuse_masked(
    guard: Guard, statement: Statement, table: Table, uses: Sequence[TableUse], views: Mapping[str, LakeView]
) -> None:
    """Raise where a statement names a column that is masked, hashed or hidden for its writer."""
    hidden = _hidden(guard, table, uses, views)
    if not hidden:
        return
    for name in statement.columns:
        if hidden.get(name.lower()) == "deny":
            raise UnknownName(f"There is no column {name}", code="unknown.column", column=name)
    named = _named(statement.sql, {t.lower() for u in uses for t in (u.table, u.connector)})
    if named is None:
        raise _refused("*")
    for name in sorted(named & set(hidden)):
        raise _refused(name)
    key = [k for k in table.key if k.lower() in hidden]
    if key:
        raise _refused(key[0])


def refuse_in_address(guard: Guard, steps: Sequence[Step]) -> None:
    """Raise where the address of a request would show a value that its writer does not see."""
    for step in steps:
        target, table = step.target, step.target.table
        if step.changes[0].operation == "create" or not guard.covers(table.connector):
            continue  # what a writer creates, it names itself
        texts = [target.endpoint.path, *(text for _, text in strings(target.endpoint.params))]
        for column in sorted({target.column_of(p.name) for text in texts for p in placeholders(text)}):
            path = table.paths.get(column, ())
            if column in table.types and guard.column(table.connector, table.name, column, list(path)) != "show":
                raise _refused(column, "The request's address has")


def _hidden(guard: Guard, table: Table, uses: Sequence[TableUse], views: Mapping[str, LakeView]) -> dict[str, str]:
    """Return what happens to the columns that are not shown as they are, by lower-case name."""
    hidden: dict[str, str] = {}
    for use in [*uses, TableUse(table.connector, table.name)]:
        view = views.get(use.connector)
        if view is None or not guard.covers(use.connector):
            continue
        found = view.tables.get(use.table.lower())
        for column in table_columns(view.location, found.table_id, view.snapshot) if found and found.table_id else []:
            path = table.paths.get(column.name, ()) if use.table.lower() == table.name.lower() else ()
            how = guard.column(use.connector, found.name if found else use.table, column.name, list(path))
            if how != "show":
                hidden[column.name.lower()] = how
    return hidden


def _named(sql: str, tables: set[str]) -> set[str] | None:
    """Return the columns that a statement reads, in lower case; None where it may be all of a table."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError:
        return None
    if tree.find(exp.Star, exp.Columns, exp.PositionalColumn) is not None or _renamed(tree):
        return None
    found: set[str] = set()
    aliases = {a.alias.lower() for a in tree.find_all(exp.Table, exp.Subquery, exp.CTE) if a.alias} | tables
    set_columns = {id(e.this) for e in tree.expressions if isinstance(tree, exp.Update) and isinstance(e, exp.EQ)}
    for identifier in tree.find_all(exp.Identifier):
        parent = identifier.parent
        if isinstance(parent, exp.Column) and id(parent) not in set_columns:
            if parent.name.lower() in aliases and not parent.table:
                return None  # a whole row
            found.add(parent.name.lower())
        elif isinstance(parent, exp.Join | exp.Tuple | exp.Merge):
            found.add(identifier.name.lower())
    return found


def _renamed(tree: exp.Expr) -> bool:
    """Tell whether a table's columns get other names, which could be anybody's: `FROM shop.t AS q(a, b)`."""
    named = (alias.parent for alias in tree.find_all(exp.TableAlias) if alias.args.get("columns"))
    tables = (owner.unnest() if isinstance(owner, exp.Subquery) else owner for owner in named)
    return any(isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier) for table in tables)


def _refused(name: str, how: str = "The statement reads") -> QueryError:
    what = "all columns" if name == "*" else name
    return QueryError(
        f"{how} {what}, which is not shown to you in clear",
        code="write.masked",
        hint="Name columns that you see as they are.",
        column=name,
    )

"""Which write endpoint sends a change, and where in its body each column goes. Pure.

Only an endpoint of the very table and operation is ever used; what has none is refused, with what is writable there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dinobase.core.errors import QueryError, did_you_mean
from dinobase.kinds.template import placeholders, strings
from dinobase.mutate.change import Operation, RowChange, Table
from dinobase.spec.models import Connector, Resource, WriteEndpoint
from dinobase.spec.writes import operation_of, table_of

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A write endpoint for one table; `aliases`: a parent's placeholder -> the column that has its value."""

    endpoint: WriteEndpoint
    table: Table
    resource: Resource
    aliases: Mapping[str, str]

    @property
    def full(self) -> bool:
        """Tell whether an update sends the whole record."""
        return (self.endpoint.send or ("full" if self.endpoint.method == "PUT" else "changed")) == "full"

    def body_path(self, column: str) -> Path:
        """Return where a column's value goes in the body, below `request_body_path`."""
        columns = self.endpoint.columns
        if isinstance(columns, dict) and column in columns:
            return tuple(columns[column].split("."))
        path = self.table.paths.get(column) or tuple(column.split("__"))
        nest = tuple((self.endpoint.request_body_path or "").split("."))
        return path[len(nest) :] if len(path) > len(nest) and path[: len(nest)] == nest else path

    def writable(self, column: str) -> bool:
        """Tell whether the body may carry a column."""
        return self.endpoint.columns is None or column in self.endpoint.columns

    def named_in_path(self, column: str) -> bool:
        """Tell whether the address, or a fixed part of the request, carries a column."""
        return column in {self.column_of(name) for name in self.names()}

    def names(self) -> set[str]:
        """Return the placeholders that a row must fill."""
        texts = [self.endpoint.path, *(t for _, t in strings(self.endpoint.params))]
        texts += [t for _, t in strings(self.endpoint.body)] + [t for _, t in strings(self.endpoint.variables)]
        found = {p.name for text in texts for p in placeholders(text)}
        return found - {self.endpoint.request_body_path or ""} if self.endpoint.mutation else found

    def column_of(self, name: str) -> str:
        """Return the column that a placeholder means."""
        if name == "id" and len(self.table.own) == 1:
            return self.table.own[0]
        return self.aliases.get(name) or self.table.column(name) or name


def operation(endpoint: WriteEndpoint) -> str:
    """Return what an endpoint does."""
    return endpoint.operation or operation_of(endpoint.name) or ""


def table_name(connector: Connector, endpoint: WriteEndpoint) -> str:
    """Return the table that an endpoint changes."""
    return endpoint.resource or table_of(endpoint.name, [r.name for r in connector.resources]) or ""


def of_table(connector: Connector, table: str) -> list[WriteEndpoint]:
    """Return a table's write endpoints."""
    return [e for e in connector.write_endpoints if table_name(connector, e) == table]


def extra_columns(connector: Connector, table: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that can be written though the table has not got them."""
    names: dict[str, None] = {}
    for endpoint in of_table(connector, table):
        for name in endpoint.columns or ():
            names[name] = None
        if operation(endpoint) in {"create", "upsert"}:
            texts = [endpoint.path, *(t for _, t in strings(endpoint.body))]
            names |= dict.fromkeys(p.name for text in texts for p in placeholders(text) if p.name != "id")
    have = {name.lower() for name in known}
    return tuple(name for name in names if name.lower() not in have)


def aliases(connector: Connector, resource: Resource) -> dict[str, str]:
    """Return which column a parent's placeholder means: its `param` -> `_parent_field`."""
    from dinobase.load.naming import snake

    found: dict[str, str] = {}
    current: Resource | None = resource
    while current is not None and current.parent is not None:
        parent = current.parent
        found.setdefault(parent.param, snake(f"_{parent.resource}_{parent.field.replace('.', '_')}"))
        current = connector.resource(parent.resource)
    return found


def choose(connector: Connector, table: Table, changes: Sequence[RowChange]) -> Target:
    """Return the endpoint for changes of one operation, or raise with what is writable; bulk for several rows."""
    resource = connector.resource(table.name)
    wanted = changes[0].operation
    mine = of_table(connector, table.name)
    found = [e for e in mine if operation(e) == wanted] or [
        e for e in mine if operation(e) == "upsert" and wanted != "delete"
    ]
    if resource is None or not found:
        raise _no_endpoint(connector, table, wanted)
    targets = [Target(e, table, resource, aliases(connector, resource)) for e in found]
    several = len(changes) > 1
    targets.sort(key=lambda t: t.endpoint.bulk != several)
    refusals = [_refusal(target, changes) for target in targets]
    for target, refusal in zip(targets, refusals, strict=True):
        if refusal is None:
            return target
    raise next(r for r in refusals if r is not None)


def _refusal(target: Target, changes: Sequence[RowChange]) -> QueryError | None:
    """Return why an endpoint cannot send these changes."""
    endpoint, table = target.endpoint, target.table
    for change in changes:
        for column in change.columns:
            if change.operation == "update" and column in table.key and not _maps(endpoint, column):
                return _key_change(table, column)
            sent_elsewhere = change.operation == "create" and target.named_in_path(column)
            if not (target.writable(column) or sent_elsewhere):
                return _not_writable(target, column)
        missing = _missing(target, change)
        if missing:
            return QueryError(
                f"{endpoint.name} needs {missing}, which a row has no value for",
                code="write.incomplete",
                hint=f"Give {missing} a value.",
                endpoint=endpoint.name,
                column=missing,
            )
        if change.operation != "create" and not change.identity:
            return QueryError(f"{table.full_name} has no key to name a row by", code="write.key")
    return None


def _missing(target: Target, change: RowChange) -> str:
    if target.endpoint.bulk and change.operation == "create":
        pass
    for name in sorted(target.names()):
        column = target.column_of(name)
        row = change.row if change.operation == "create" else (change.old or {})
        if row.get(column) in {None, ""} if not isinstance(row.get(column), dict | list) else False:
            return column
    return ""


def _maps(endpoint: WriteEndpoint, column: str) -> bool:
    return isinstance(endpoint.columns, dict) and column in endpoint.columns


def _key_change(table: Table, column: str) -> QueryError:
    return QueryError(
        f"The statement changes {column}, which identifies a row of {table.full_name}",
        code="write.key",
        hint="Insert a new row and delete the old one, if the source can do both.",
        column=column,
    )


def _not_writable(target: Target, column: str) -> QueryError:
    known = list(target.endpoint.columns or target.table.types)
    near = did_you_mean(column, known)
    shown = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")
    hint = f"Did you mean {near}? Writable: {shown}." if near else f"Writable: {shown}."
    return QueryError(
        f"{target.table.full_name}.{column} cannot be written by {target.endpoint.name}",
        code="write.column",
        hint=hint,
        column=column,
        endpoint=target.endpoint.name,
    )


_VERBS = {"create": "INSERT into", "update": "UPDATE", "delete": "DELETE from"}


def _no_endpoint(connector: Connector, table: Table, wanted: Operation) -> QueryError:
    here = sorted({operation(e) for e in of_table(connector, table.name)})
    writable: dict[str, set[str]] = {}
    for endpoint in connector.write_endpoints:
        writable.setdefault(table_name(connector, endpoint), set()).add(operation(endpoint))
    others = [f"{name} ({', '.join(sorted(ops))})" for name, ops in sorted(writable.items())]
    if here:
        hint = f"Of {table.full_name} the connector can: {', '.join(here)}."
    elif others:
        hint = f"Writable in {connector.name}: {'; '.join(others[:12])}{' ...' if len(others) > 12 else ''}."
    else:
        hint = f"{connector.name} has no write_endpoints: change the record at its source, then `dinobase sync`."
    return QueryError(
        f"{connector.name} has no write endpoint to {_VERBS[wanted]} {table.name}",
        code="write.endpoint",
        hint=hint,
        table=table.full_name,
        operation=wanted,
        writable={name: sorted(ops) for name, ops in sorted(writable.items())},
    )


def mixed(changes: Sequence[RowChange]) -> dict[Operation, list[RowChange]]:
    """Group changes by operation, in the order in which they are sent: created, updated, deleted."""
    found: dict[Operation, list[RowChange]] = {}
    order: tuple[Operation, ...] = ("create", "update", "delete")
    for wanted in order:
        rows = [c for c in changes if c.operation == wanted]
        if rows:
            found[wanted] = rows
    return found

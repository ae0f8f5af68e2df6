"""What a source in Python says of its tables, kept beside the workspace's state: describe and rules read it offline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from dinobase.core.clock import new_id
from dinobase.core.settings import Paths
from dinobase.extract.readers.base import SourceTable
from dinobase.load.naming import snake
from dinobase.load.schema import TableSchema
from dinobase.load.typed import names_of
from dinobase.spec.models import (
    Client,
    Column,
    Connector,
    Credential,
    Endpoint,
    Incremental,
    Relationship,
    Resource,
    WriteEndpoint,
)
from dinobase.spec.writes import Operation

Pii: TypeAlias = Literal[
    "email", "phone", "name", "address", "ip", "card", "iban", "national_id", "birth_date", "secret"
]
_PII: dict[Pii, str] = {
    "email": r"(?:.*_)?e?_?mail(?:_?address)?",
    "phone": r"(?:.*_)?(?:phone|mobile|telephone|fax)(?:_?(?:number|no))?",
    "name": r"(?:first|last|full|middle|family|given|maiden|customer|contact|user|sur)_?name|surname",
    "address": r"(?:.*_)?(?:address(?:_?line)?_?\d?|street(?:_?address)?\d?|postal_?code|zip(?:_?code)?)",
    "ip": r"(?:.*_)?ip(?:_?addr(?:ess)?)?",
    "card": r"(?:credit_?)?card_?(?:number|no)",
    "iban": r"(?:.*_)?iban",
    "national_id": r"ssn|social_security(?:_?(?:number|no))?|passport(?:_?(?:number|no))?|national_id|tax_id",
    "birth_date": r"(?:date_of_birth|birth_?da(?:te|y)|dob|born_on)",
    "secret": r"(?:.*_)?(?:password|passwd|pwd|secret|api_?key|token)(?:_?(?:hash|digest))?",
}
_KINDS = [(kind, re.compile(pattern)) for kind, pattern in _PII.items()]


def path_of(name: str, paths: Paths) -> Path:
    """Return where a connector's facts are."""
    return paths.state / f"{name}.source.json"


def save(name: str, paths: Paths, tables: Sequence[SourceTable]) -> None:
    """Keep what the source said, for those who read while it is away."""
    target = path_of(name, paths)
    paths.make(paths.state)
    draft = target.with_name(f".{new_id('source')}.tmp")
    draft.write_bytes(msgspec.json.encode(list(tables)))
    draft.replace(target)


def load(name: str, paths: Paths) -> list[SourceTable]:
    """Return what was kept; nothing where there is nothing that can be read."""
    try:
        return msgspec.json.decode(path_of(name, paths).read_bytes(), type=list[SourceTable])
    except (OSError, msgspec.MsgspecError):
        return []


def connector_of(
    name: str, address: str, tables: Sequence[SourceTable], credentials: Sequence[Credential] = ()
) -> Connector:
    """Return the definition that a file would give, had somebody written one for this source."""
    named = {table.name: names_of([c.name for c in table.columns], TableSchema()) for table in tables}
    return Connector(
        name=name,
        client=Client(base_url=address),
        credentials=list(credentials),
        resources=[_resource(table, named) for table in tables],
    )


def writing_to(connector: Connector, target: str) -> Connector:
    """Return the definition with a way to write each table that has a key; `target` is where writes go."""
    methods: tuple[tuple[Operation, Literal["POST", "PATCH", "DELETE"]], ...] = (
        ("create", "POST"),
        ("update", "PATCH"),
        ("delete", "DELETE"),
    )
    endpoints = [
        WriteEndpoint(name=f"{operation}_{r.name}", method=method, resource=r.name, operation=operation, bulk=True)
        for r in connector.resources
        if r.primary_key
        for operation, method in methods
    ]
    client = connector.client.model_copy(update={"base_url": target})
    return connector.model_copy(update={"client": client, "write_endpoints": endpoints})


def _resource(table: SourceTable, named: dict[str, dict[str, str]]) -> Resource:
    names = named[table.name]
    columns = {}
    for column in table.columns:
        called = names[column.name]
        kind = "secret" if column.personal else personal(called, column.type)
        if column.description or column.values or kind:
            columns[called] = Column(
                description=column.description or None, values=list(column.values) or None, pii=kind
            )
    relationships = [
        Relationship(
            columns=[names[c] for c in link.columns],
            to=link.to,
            to_columns=[named[link.to][c] for c in link.to_columns],
        )
        for link in table.foreign_keys
        if link.to in named and all(c in named[link.to] for c in link.to_columns)
    ]
    return Resource(
        name=table.name,
        description=table.description or None,
        endpoint=Endpoint(path=table.place),
        primary_key=[names[c] for c in table.key] or None,
        write_disposition=table.landing or ("merge" if table.key else "append" if table.cursor else "replace"),
        incremental=Incremental(cursor_path=names[table.cursor]) if table.cursor else None,
        columns=columns,
        relationships=relationships,
        deletes="hard",
        selected=not table.of and table.selected,
    )


def personal(column: str, type_: str) -> Pii | None:
    """Say what kind of personal data a column's name promises; texts and dates alone can be it."""
    if type_.removesuffix("[]") not in {"VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "BLOB"}:
        return None
    name = snake(column)
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(name)), None)

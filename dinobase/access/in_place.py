"""Connectors whose rows stay where they are, and how an instance is opened on them before it is locked.

What is attached stands under a name that SQL cannot say, and files are read from a list that was made here: whoever
asks reaches them by views alone, as with lakes that have access rules.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import DinobaseError, FetchError
from dinobase.core.secrets import redact
from dinobase.core.settings import Paths
from dinobase.lake.sql import literal, qualified

if TYPE_CHECKING:
    from dinobase.extract.readers.base import InPlaceKind, Known, Place

RECIPE = "in_place"  # the key under which the lake remembers how a table is read
FILES = ("csv", "parquet", "json", "excel")
_KINDS = {
    **{kind: f"dinobase.extract.readers.file_kind:{kind.upper()}" for kind in FILES},
    "postgres": "dinobase.extract.readers.postgres:KIND",
    "mysql": "dinobase.extract.readers.mysql:KIND",
    "mariadb": "dinobase.extract.readers.mysql:KIND",
    "sqlite": "dinobase.extract.readers.sqlite:KIND",
    "duckdb": "dinobase.extract.readers.duckdb:KIND",
}


def connectors(paths: Paths, config: Mapping[str, Any]) -> frozenset[str]:
    """Return the connectors of which no row is copied, from config.yaml as plain data."""
    return frozenset(
        name
        for name, entry in config.get("connectors", {}).items()
        if stays(entry.get("type", ""), entry.get("params") or {}) and _ours(paths, entry["type"])
    )


def stays(kind: str, values: Mapping[str, object]) -> bool:
    """Tell whether rows stay where they are: files unless they are copied, databases where they are asked live."""
    mode = values.get("mode") or ""
    return mode != "copy" if kind in FILES else kind in _KINDS and mode == "live"


def _ours(paths: Paths, kind: str) -> bool:
    """Tell whether a kind is our program's: a user's own file of the name wins."""
    return not (paths.connectors / f"{kind}.yaml").exists()


def known_of(recipe: str, schema: str) -> Known:
    """Return what is known of a table, from its note and its columns as the lake keeps them."""
    from dinobase.extract.readers.base import Known
    from dinobase.load.schema import TableSchema

    columns = TableSchema.from_json(schema)
    return Known(
        recipe,
        {c.path[0]: c.name for c in columns if len(c.path) == 1},
        {c.name: c.sql_type for c in columns},
        {c.name: c.path for c in columns},
    )


class InPlace:
    """Opens the connectors of one workspace whose rows stay where they are."""

    def __init__(self, paths: Paths, config: Mapping[str, Any]) -> None:
        self.names = connectors(paths, config)
        self._paths = paths
        self._entries = config.get("connectors", {})

    def open(self, connection: Any, connector: str, lake: str, alias: str, wanted: Collection[str] | None) -> Place:
        """Open a connector's tables, or those wanted, on an instance that has its lake; raises FetchError.

        lake: the lake's own alias; alias: a name for what has to be attached.
        """
        memory: dict[str, dict[str, str]] = {}
        state = qualified(lake, "main", "_dinobase_state")
        sql = f"SELECT resource, key, value FROM {state} WHERE key IN ('schema', {literal(RECIPE)})"
        for resource, key, value in connection.execute(sql).fetchall():
            memory.setdefault(resource, {})[key] = value
        known = {
            table.lower(): known_of(kept[RECIPE], kept["schema"])
            for table, kept in memory.items()
            if RECIPE in kept and "schema" in kept and (wanted is None or table.lower() in wanted)
        }
        if not known:
            return _nothing()
        kind, values = self._kind(connector)
        return kind.place(values, known, connection, alias)

    def _kind(self, connector: str) -> tuple[InPlaceKind, Mapping[str, str]]:
        from dinobase.spec import credentials
        from dinobase.spec.vault import Vault

        entry = self._entries[connector]
        module, _, attribute = _KINDS[entry["type"]].partition(":")
        kind: InPlaceKind = getattr(importlib.import_module(module), attribute)
        answers = credentials.recall(connector, kind.credentials, Vault(self._paths), entry.get("params") or {})
        return kind, credentials.values(kind.credentials, answers)


def _nothing() -> Place:
    from dinobase.extract.readers.base import Place

    return Place({})


def unreadable(table: str, error: Exception) -> DinobaseError:
    """Return the error for rows that are not where they were when they were looked at; `table` or its connector."""
    first = redact(str(error).strip().split("\n")[0])
    connector = table.partition(".")[0]
    return FetchError(
        f"{table} cannot be read where it is: {first[:300]}",
        code="source.changed",
        hint=f"It may have changed just now: ask again. If it stays so, `dinobase sync {connector}` looks anew.",
    )


def withheld(table: str) -> DinobaseError:
    """Return the error where access rules hide something: what a source says repeats the value that it is about."""
    return FetchError(
        f"{table} cannot be read where it is, or one of its values does not do for this query",
        code="source.changed",
        hint="TRY_CAST gives NULL where a value does not convert. If it is not that, ask again; "
        f"`dinobase sync {table.partition('.')[0]}` looks anew. What the source said may hold what you may not read.",
    )


def of_connector(name: str, fault: FetchError) -> FetchError:
    """Return a reader's fault as whoever asked knows the table."""
    if fault.error_code != "source.changed":
        return fault
    hint = f"`dinobase sync {name}` looks at it anew; `--copy` at `add` keeps rows in the lake."
    return FetchError(f"{name}.{fault.message}", code=fault.error_code, hint=hint)

"""Rules of `access:` that take hold of nothing: a misspelt one hides nothing, and nobody is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dinobase.access.policy import Policy, policy_of
from dinobase.core.settings import Paths
from dinobase.lake.introspect import columns_at, tables_at
from dinobase.lake.location import Storage
from dinobase.lake.metadata import lake_exists, open_metadata
from dinobase.spec.config_plain import plain_config
from dinobase.workspace import rules


def strays(paths: Paths) -> Iterator[tuple[str, str]]:
    """Yield (place in config.yaml, what is wrong) per rule that no synced table fits, or that cannot be applied."""
    config = plain_config(paths)
    if not config["access"]:
        return
    storage = Storage(paths.lakes, config["storage"]["url"], config["storage"]["catalog"])
    lakes = [name for name in config["connectors"] if lake_exists(storage.lake(name))]
    names = {name: _columns(storage, name) for name in lakes}
    unsynced = [name for name in config["connectors"] if name not in lakes]
    for who, entry in config["access"].items():
        for key, pattern in _patterns(entry):
            if not _fits(pattern, names) and not any(_fits(pattern.split(".", 1)[0], {n: {}}) for n in unsynced):
                yield f"access.{who}.{key}", f"`{pattern}` fits nothing that was synced"
        if entry.get("rows"):
            yield from _unusable(paths, config, storage, lakes, who)


def _patterns(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("sources", "hide", "rows", "columns", "writes"):
        for pattern in entry.get(key) or ():
            yield key, pattern


def _columns(storage: Storage, connector: str) -> dict[str, list[str]]:
    with open_metadata(storage.lake(connector)) as metadata:
        version = metadata.rows("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0]
        columns = columns_at(metadata, version)
        tables = tables_at(metadata, version).values()
    return {t.name: [c.name for c in columns.get(t.table_id, [])] if t.table_id else [] for t in tables}


def _fits(pattern: str, names: Mapping[str, Mapping[str, list[str]]]) -> bool:
    probe = Policy("", (pattern,), (pattern,))
    for connector, tables in names.items():
        if "." not in pattern and probe.connector(connector):
            return True
        for table, columns in tables.items():
            if pattern.count(".") < 2 and probe.table(connector, table):
                return True
            is_array = not columns  # the columns of an array's table are not in the catalog
            if any(probe.rule(connector, table, column) for column in columns) or (
                is_array and probe.rule(connector, table, pattern.rpartition(".")[2])
            ):
                return True
    return False


def _unusable(
    paths: Paths, config: Mapping[str, Any], storage: Storage, lakes: list[str], who: str
) -> Iterator[tuple[str, str]]:
    from dinobase.access.counts import count
    from dinobase.core.errors import DinobaseError
    from dinobase.lake.introspect import view_lake

    policy, guard = policy_of(config["access"], who), rules.guard(paths, who, config)
    for connector in lakes if guard is not None else ():
        view = view_lake(storage.lake(connector))
        for table in [t.name for t in view.tables.values() if policy.conditions(connector, t.name)]:
            try:
                assert guard is not None
                count(guard, view, [table])
            except DinobaseError as error:
                yield f"access.{who}.rows", error.message

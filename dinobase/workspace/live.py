"""Records read at their source because the copy is old: one call each, merged into the lake, or said why not.

Nobody learns of a record by it that is not there for them: where rules hide rows, only those are looked up that the
copy shows to whoever asks, and where a key is masked, nothing is.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dinobase.core.clock import new_id
from dinobase.core.errors import DinobaseError, FetchError
from dinobase.core.settings import Paths, can_write
from dinobase.lake.sql import ident, literal
from dinobase.query.decision import Lookup, Told
from dinobase.sync import registry

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.mutate.change import Table
    from dinobase.mutate.instance import Instance
    from dinobase.mutate.live import Found
    from dinobase.query.engine import QueryEngine
    from dinobase.spec.config import Config
    from dinobase.spec.models import Connector, Resource

MOST = 10  # records of one statement; more are a listing's work
LONGEST_S = 10.0  # until the copy has to do
_PLANNING_S = 30.0
_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
Key = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one look-up comes to: the records to read, in full."""

    lookup: Lookup
    connector: Connector
    resource: Resource
    table: Table
    keys: Sequence[Key]
    rows: Sequence[Key]  # as the copy has them, empty where it has none


class Live:
    """Reads records for one identity; `engine` is asked what the copy shows to it."""

    def __init__(self, paths: Paths, config: Callable[[], Config], guard: Guard | None, engine: QueryEngine) -> None:
        self._paths = paths
        self._config = config
        self._guard = guard
        self._engine = engine

    def __call__(self, lookups: Sequence[Lookup]) -> Told:
        """Bring these records up to date; what cannot be is said, and never raised."""
        notes: list[str] = []
        live: set[str] = set()
        for lookup in lookups:
            try:
                asked = self._asked(lookup)
                if asked is None:
                    continue
                if not can_write(self._paths.state):
                    notes.append(
                        f"{lookup.full_name}: this workspace cannot be written to, so the copy is shown as it is"
                    )
                    continue
                done = self._fetched(asked)
            except DinobaseError as error:
                notes.append(_failed(lookup, self._reason(lookup, error)))
                continue
            notes += done
            if not done:
                live.add(f"{lookup.connector}.{asked.resource.name}")
        return Told(tuple(notes), frozenset(live))

    def can(self, lookup: Lookup) -> bool:
        """Tell whether these records can be read at the source for this identity."""
        try:
            return self._asked(lookup) is not None
        except DinobaseError:
            return False

    def _asked(self, lookup: Lookup) -> _Asked | None:
        """Return the records that are looked up by their whole key, None where that is no look-up of records."""
        config = self._config()
        entry = config.connectors.get(lookup.connector)
        if entry is None or registry.is_python(entry.type, self._paths):
            return None
        from dinobase.lake.location import Storage
        from dinobase.mutate.instance import opened
        from dinobase.workspace import mutating

        connector = mutating.resolved(lookup.connector, config, self._paths)
        resource = next((r for r in connector.resources if r.name.lower() == lookup.table.lower()), None)
        if connector.type != "rest" or resource is None or resource.retrieve is None:
            return None
        storage = Storage(self._paths.lakes, config.storage.url, config.storage.catalog)
        name = lookup.connector
        with opened(storage, self._paths, [name], [name], None, _PLANNING_S) as instance:
            table = instance.table(connector, name, resource)
            keys = [key for key in self._keys(lookup, table) if self._shown(lookup, key)]
            return _Asked(lookup, connector, resource, table, keys, _rows(instance, table, keys)) if keys else None

    def _keys(self, lookup: Lookup, table: Table) -> list[Key]:
        """Return the keys that a look-up means: few, whole, and with nothing masked in them."""
        names = [name.lower() for name in table.key]
        if not names or any(name not in lookup.columns for name in names) or not set(table.key) <= set(table.types):
            return []
        if self._guard is not None and any(
            self._guard.column(table.connector, table.name, name, table.paths.get(name, ())) != "show"
            for name in table.key
        ):
            return []
        values = [
            [_typed(value, table.types.get(column, "")) for value in lookup.columns[name]]
            for name, column in zip(names, table.key, strict=True)
        ]
        if math.prod(len(each) for each in values) > MOST:
            return []
        return [dict(zip(table.key, row, strict=True)) for row in itertools.product(*values)]

    def _shown(self, lookup: Lookup, key: Key) -> bool:
        """Tell whether a record may be asked for: where rules hide rows, the copy must show it to this identity."""
        if self._guard is None or not self._guard.policy.conditions(lookup.connector, lookup.table):
            return True
        where = " AND ".join(f"{ident(column)} = {literal(str(value))}" for column, value in key.items())
        sql = f"SELECT 1 FROM {ident(lookup.connector)}.{ident(lookup.table)} WHERE {where}"
        return bool(self._engine.run(sql, max_rows=1, told=Told()).rows)

    def _fetched(self, asked: _Asked) -> list[str]:
        """Read and merge; returns what has to be said, nothing where all is as the source has it now."""
        from dinobase.mutate.change import RowChange
        from dinobase.mutate.lakeside import record

        notes: list[str] = []
        records: list[bytes] = []
        merged: list[Key] = []
        gone: list[Key] = []
        for key, row, found in zip(asked.keys, asked.rows, _run(self._read(asked)), strict=True):
            if isinstance(found, BaseException):
                notes.append(_failed(asked.lookup, self._reason(asked.lookup, found)))
            elif found.raw is not None:
                whole = record(asked.table, RowChange("update", key, None, {**row, **key}), found.raw)
                if whole is None or not _is_of(found, asked.table, key):
                    notes.append(_failed(asked.lookup, "it answered with another record"))
                else:
                    records.append(whole)
                    merged.append(key)
            elif found.url:
                notes.append(_failed(asked.lookup, "its answer holds no record"))
            else:
                gone.append(key)
        taken = gone if asked.resource.deletes != "ignore" else []
        if records or taken:
            self._merge(asked, records, taken, [*merged, *taken])
        return [*notes, *(_gone(asked, key) for key in gone)]

    async def _read(self, asked: _Asked) -> list[Found | BaseException]:
        from dinobase.extract.session import Session  # aiohttp: only where something is asked
        from dinobase.mutate.endpoints import aliases
        from dinobase.mutate.live import look_up

        others = aliases(asked.connector, asked.resource)

        async def one(session: Session, key: Key) -> Found:
            values = {**key, **{name: key[column] for name, column in others.items() if column in key}}
            if len(asked.table.own) == 1:
                values["id"] = key[asked.table.own[0]]
            async with asyncio.timeout(LONGEST_S):
                found = await look_up(session, asked.resource, values, attempts=1)
            assert found is not None
            return found

        async with Session(asked.connector, name=asked.lookup.connector, state_dir=self._paths.state) as session:
            return await asyncio.gather(*(one(session, key) for key in asked.keys), return_exceptions=True)

    def _merge(self, asked: _Asked, records: Sequence[bytes], gone: Sequence[Key], keys: Sequence[Key]) -> None:
        from dinobase.lake.location import Storage
        from dinobase.load.write import LIVE
        from dinobase.mutate.lakeside import Lakeside

        storage = self._config().storage
        location = Storage(self._paths.lakes, storage.url, storage.catalog).lake(asked.lookup.connector)
        with Lakeside(self._paths) as lakes:
            lakes.merge(
                location, asked.connector, asked.resource, asked.table, records, gone, keys, new_id("live"), LIVE
            )

    def _reason(self, lookup: Lookup, error: BaseException) -> str:
        """Say why; an API's own words may hold what rules hide."""
        if isinstance(error, TimeoutError):
            return f"no answer within {LONGEST_S:g} s"
        if not isinstance(error, DinobaseError):
            raise error
        if self._guard is not None and self._guard.covers(lookup.connector):
            return ""
        status = error.context.get("status") if isinstance(error, FetchError) else None
        return f"status {status}" if status else error.message


def _rows(instance: Instance, table: Table, keys: Sequence[Key]) -> list[Key]:
    """Return the copy's rows, so that a part of a record never empties the other columns."""
    from dinobase.lake.sql import qualified
    from dinobase.mutate.shadow import fetched
    from dinobase.mutate.values import decoded

    picked = ", ".join(fetched(name, kind) for name, kind in table.types.items())
    source = qualified(instance.opened.aliases[table.connector], "main", table.name)
    found: list[Key] = []
    for key in keys:
        where = " AND ".join(
            f"{ident(name)} = TRY_CAST({literal(str(value))} AS {table.types[name]})" for name, value in key.items()
        )
        row = instance.connection.execute(f"SELECT {picked} FROM {source} WHERE {where} LIMIT 1").fetchone()
        named = zip(table.types.items(), row or (), strict=row is not None)
        found.append({name: decoded(value, kind) for (name, kind), value in named})
    return found


def _run(work: Coroutine[Any, Any, list[Found | BaseException]]) -> list[Found | BaseException]:
    """Run to the end, also where the caller's thread has a loop of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _typed(value: str | int, kind: str) -> str | int:
    if kind in _WHOLE:
        return int(value) if str(value).lstrip("-").isdecimal() else value
    return str(value)


def _is_of(found: Found, table: Table, key: Key) -> bool:
    from dinobase.mutate.request import at

    return all(str(at(found.record, table.paths.get(name) or (name,))) == str(key[name]) for name in table.own)


def _failed(lookup: Lookup, why: str) -> str:
    return f"{lookup.full_name}: the source could not be asked{f' ({why})' if why else ''}: this is the copy"


def _gone(asked: _Asked, key: Key) -> str:
    what = {
        "ignore": "a row of it here is of the copy",
        "soft": "a row of it here is marked as deleted",
        "hard": "it is removed here too",
    }[asked.resource.deletes]
    named = ", ".join(str(value) for value in key.values())
    return f"{asked.lookup.full_name} {named}: no longer at the source (404); {what}"

"""What a write changed, in the lake at once: merged as a sync would merge it, without moving its cursor.

The API's answer counts before what was sent, and a part of a record never empties the other columns.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from dinobase.core.clock import iso, now
from dinobase.core.settings import Paths
from dinobase.lake import state
from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.location import LakeLocation
from dinobase.lake.sql import ident, literal
from dinobase.load import write
from dinobase.load.fit import fits
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import Column, TableSchema
from dinobase.load.spool import Segment
from dinobase.load.write import DELETED_AT
from dinobase.mutate.change import RowChange, Table
from dinobase.mutate.request import at, has
from dinobase.mutate.values import Json, dumps, loads
from dinobase.spec.models import Connector, Resource

_LOADS = "loads"
_NEWER_FOR = timedelta(hours=24)  # no listing takes longer
NOT_KEPT = ("key", "schema", "views")  # a load writes them anew


def record(table: Table, change: RowChange, answer: bytes | None) -> bytes | None:
    """Return the record as the lake is to have it, None where it has no key."""
    found = loads(answer.decode("utf-8", "replace")) if answer is not None else {}
    found = found if isinstance(found, dict) else {}
    if found and not _same_row(table, change, found):
        found = {}
    for column, value in (change.new or {}).items():
        place = table.paths.get(column)
        if place is None:
            if column in table.extra or table.paths:
                continue  # the source alone knows this one
            place = tuple(column.split("__"))
        if value is not None and not has(found, place) and not column.startswith("_dinobase"):
            _put(found, place, value)
    missing = [k for k in table.key if at(found, table.paths.get(k) or (k,)) is None]
    return None if missing or not found else dumps(found).encode()


def _same_row(table: Table, change: RowChange, found: Json) -> bool:
    for key in table.own:
        known = (change.new or change.old or {}).get(key)
        theirs = at(found, table.paths.get(key) or (key,))
        if theirs is None or (known is not None and str(theirs) != str(known)):
            return False
    return True


def _put(content: dict[str, Json], place: Sequence[str], value: Json) -> None:
    """Put a value in, but nothing inside what the answer says is null, or no object any more."""
    for name in place[:-1]:
        inner = content.setdefault(name, {})
        if not isinstance(inner, dict):
            return
        content = inner
    content[place[-1]] = value


class Lakeside:
    """Merges into lakes, each opened once for all that a run of writes changes in it."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._writers: dict[str, Writer] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._writers):
            self._writers.pop(name).close()

    @contextmanager
    def _writer(self, location: LakeLocation) -> Iterator[Writer]:
        """Hold a lake's write lock; an instance in which something failed is not used again."""
        known = self._writers.pop(location.name, None)
        writer = known or Writer(location, self._paths.cache / "tmp" / f"merge-{os.getpid()}")
        try:
            with writer.locked(self._paths.state):
                if known is None:
                    writer.attach()
                yield writer
        except BaseException:
            writer.close()
            raise
        self._writers[location.name] = writer

    def renew(self, location: LakeLocation, work: Callable[[Writer, Path], None], run: str) -> None:
        """Do work on a lake under its write lock, with a folder for its files."""
        folder = self._paths.spool / "writes" / f"{run}-{os.getpid()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with self._writer(location) as writer:
                work(writer, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def merge(
        self,
        location: LakeLocation,
        connector: Connector,
        resource: Resource,
        table: Table,
        records: Sequence[bytes],
        gone: Sequence[Mapping[str, Json]],
        keys: Sequence[Mapping[str, Json]],
        run: str,
        work: str = "write",
    ) -> None:
        """Bring changed records in and take deleted ones out; `keys` are of all of them, `work` what history says."""
        folder = self._paths.spool / "writes" / f"{run}-{os.getpid()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "000000.ndjson"
        segment = Segment(0, path, len(records), max(map(len, records), default=0))
        try:
            with self._writer(location) as writer:
                if records:
                    _upsert(writer, connector, resource, table, records, segment, keys, run, work)
                if gone:
                    _remove(writer, resource, table, gone, run, work)
        finally:
            for file in (segment.path, segment.staged, segment.cooked):
                file.unlink(missing_ok=True)
            folder.rmdir()


def _upsert(
    writer: Writer,
    connector: Connector,
    resource: Resource,
    table: Table,
    records: Sequence[bytes],
    segment: Segment,
    keys: Sequence[Mapping[str, Json]],
    run: str,
    work: str,
) -> None:
    before = state.read(writer).get(resource.name, {})
    schema = TableSchema.from_json(before["schema"]) if "schema" in before else TableSchema()

    def keeps(column: Column, type_: str) -> bool:
        return fits(writer, resource.name, column, type_)

    landing = Landing(writer, schema, _shaping(resource), fits=keeps)
    data = b"\n".join([*(r.replace(b"\n", b" ") for r in records), b""])
    segment.path.write_bytes(data)
    landing.stage(segment, data)
    files = landing.finish()
    key = table.key
    parent = any(r.parent and r.parent.resource == resource.name for r in connector.resources)
    plan = write.Plan(
        table=resource.name,
        disposition="merge" if key else "append",
        key=key,
        run=run,
        moment=iso(now()),
        deletes=resource.deletes,
        complete=False,
        memory={k: v for k, v in before.items() if k not in NOT_KEPT} | {write.WRITTEN: written(before, keys)},
        counter=_LOADS if parent else "",
        description=resource.description or "",
        work=work,
    )
    write.commit(writer, write.Load(plan, landing.schema, files, landing.structures, before))


def _remove(
    writer: Writer, resource: Resource, table: Table, gone: Sequence[Mapping[str, Json]], run: str, work: str
) -> None:
    conditions = [
        " AND ".join(f"{ident(k)} = CAST({_literal(v)} AS {table.types[k]})" for k, v in key.items()) for key in gone
    ]
    where = " OR ".join(f"({c})" for c in conditions)
    place = f"{ALIAS}.{ident(resource.name)}"
    extra = json.dumps({"run": run, "resource": resource.name, "inserted": 0, "updated": 0, "deleted": len(gone)})
    before = state.read(writer).get(resource.name, {})
    with writer.transaction(f"{work} {resource.name}", lambda: extra):
        state.write(writer, resource.name, before, {**before, write.WRITTEN: written(before, gone)})
        if resource.deletes == "soft" and DELETED_AT in table.types:
            writer.run(f"UPDATE {place} SET {DELETED_AT} = {literal(iso(now()))}::TIMESTAMPTZ WHERE {where}")
        else:
            writer.run(f"DELETE FROM {place} WHERE {where}")


def written(before: Mapping[str, str], keys: Sequence[Mapping[str, Json]]) -> str:
    """Remember which rows were written back: what a listing that began before says of them is older."""
    oldest = iso(now() - _NEWER_FOR)
    kept = [entry for entry in json.loads(before.get(write.WRITTEN, "[]")) if entry[0] >= oldest]
    return json.dumps([*kept, *([iso(now()), [_text(v) for v in key.values()]] for key in keys if key)])


def _text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value)


def _literal(value: Json) -> str:
    return literal(_text(value))


def _shaping(resource: Resource) -> Shaping:
    return Shaping(
        max_nesting=resource.max_nesting,
        lift=tuple(tuple(path.split(".")) for path in resource.lift),
        types={name: column.type for name, column in resource.columns.items() if column.type},
    )

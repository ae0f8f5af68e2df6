"""Rows that were written at a database, read anew and brought into the lake, with what triggers made of them.

The lake's cursor stays where it is; a sync that began before knows that these rows are newer than what it saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dinobase.core.clock import iso, now
from dinobase.extract.readers.base import Ask
from dinobase.extract.readers.database import Database
from dinobase.lake import state
from dinobase.lake.connection import Writer
from dinobase.lake.sql import ident, literal
from dinobase.load import typed, write
from dinobase.load.schema import TableSchema
from dinobase.mutate.change import Table
from dinobase.mutate.lakeside import NOT_KEPT, written
from dinobase.mutate.values import Json, dumps


def refresh(
    writer: Writer,
    opened: Database[Any],
    table: Table,
    keys: Sequence[Mapping[str, Json]],
    folder: Path,
    run: str,
) -> None:
    """Bring the rows of these keys as they are now, and take out those that are gone; raises DinobaseError."""
    before = state.read(writer).get(table.name, {})
    at_source = next((t for t in opened.tables() if t.name == table.name), None)
    if at_source is None or "schema" not in before:
        return  # the next sync brings what there is
    schema = TableSchema.from_json(before["schema"])
    names = typed.names_of([c.name for c in at_source.columns], schema)
    places = {here: there for there, here in names.items()}
    ask = Ask(at_source, names, {c.name: c.type for c in schema}, None, folder / "rows")
    wanted = [{places[k]: v if isinstance(v, str) else dumps(v) for k, v in key.items()} for key in keys]
    brought = opened.some(ask, wanted)
    schema = typed.settled(schema, names, brought.types, partial(typed.keeps, writer, table.name))
    files = [*brought.files, *typed.placeholder(writer, schema, brought.types, folder)]
    plan = write.Plan(
        table=table.name,
        disposition="merge",
        key=table.key,
        run=run,
        moment=iso(now()),
        deletes="hard",
        memory={k: v for k, v in before.items() if k not in NOT_KEPT} | {write.WRITTEN: written(before, keys)},
        distinct=True,
        work="write",
        touched=[_keys(writer, table, keys, folder)],
    )
    write.commit(writer, write.Load(plan, schema, files, {}, before))


def _keys(writer: Writer, table: Table, keys: Sequence[Mapping[str, Json]], folder: Path) -> Path:
    path = folder / "keys.parquet"
    rows = ", ".join(
        "("
        + ", ".join(
            f"CAST({literal(v if isinstance(v, str) else dumps(v))} AS {table.types[k]})" for k, v in key.items()
        )
        + ")"
        for key in keys
    )
    names = ", ".join(map(ident, table.key))
    writer.run(f"COPY (SELECT * FROM (VALUES {rows}) AS k({names})) TO {literal(str(path))} (FORMAT parquet)")
    return path

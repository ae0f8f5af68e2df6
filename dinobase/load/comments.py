"""What tables and columns mean, as comments in the lake: any DuckDB client that opens it sees them.

A comment is written where it differs from what the lake remembers to have written; where none does, nothing is, and no
version comes of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from dinobase.lake import ddl, state
from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.sql import ident, literal
from dinobase.load.schema import TableSchema

MEMORY = "comments"
TABLE = ""  # the place of the table's own comment among those of its columns


def wanted(schema: TableSchema, table: str, columns: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return column -> comment; `columns` are named as the lake or the source does, and the last of several counts."""
    by_name = {name: column.name for column in schema for name in (".".join(column.path), column.name)}
    found = {TABLE: table}
    for name, text in columns:
        if name in by_name:
            found[by_name[name]] = text
        elif name == TABLE:
            found[TABLE] = text
    return {name: text for name, text in found.items() if text}


def known(memory: Mapping[str, str]) -> dict[str, str]:
    """Return what the lake remembers to have written."""
    found: dict[str, str] = json.loads(memory.get(MEMORY, "{}"))
    return found


def write(writer: Writer, table: str, before: Mapping[str, str], after: Mapping[str, str]) -> int:
    """Write the comments that differ, inside a transaction; returns how many."""
    changed = {name: after.get(name) for name in (*before, *after) if before.get(name) != after.get(name)}
    for name, text in changed.items():
        what = f"COLUMN {ALIAS}.{ident(table)}.{ident(name)}" if name else f"TABLE {ALIAS}.{ident(table)}"
        writer.run(f"COMMENT ON {what} IS {literal(text) if text else 'NULL'}")
    return len(changed)


def change(writer: Writer, texts: Mapping[str, Mapping[str, str]]) -> int:
    """Change comments of tables that are there, in one transaction; an empty text takes one away."""
    memory = state.read(writer)
    count = 0
    with writer.transaction("annotate", lambda: json.dumps({"annotated": sorted(texts)})):
        for table, said in texts.items():
            columns = ddl.columns_of(writer, table)
            before = known(memory.get(table, {}))
            changed = {name: text for name, text in said.items() if not name or name in columns}
            if not columns or table not in memory:
                continue  # the view of an array
            after = {name: text for name, text in {**before, **changed}.items() if text}
            count += write(writer, table, before, after)
            kept = memory[table]
            state.write(writer, table, kept, {**kept, MEMORY: json.dumps(after)})
    return count

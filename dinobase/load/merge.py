"""The statements that bring staged rows into a table, in groups that keep memory flat."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from dinobase.core.errors import LoadError
from dinobase.lake.connection import Writer
from dinobase.lake.sql import ident, literal
from dinobase.load.schema import JSON, Column, TableSchema

MERGE_GROUP = 4  # segments per MERGE: about 20,000 rows
LARGE = 100_000  # rows from which a stage is first reduced to those that differ: a MERGE reads the whole table
INSERT_GROUP = 20  # segments per INSERT, one data file each: memory does not grow with the listing


class Stage:
    """Parquet files in listing order; of rows with one key the last one counts."""

    def __init__(self, writer: Writer, files: Sequence[Path], key: Sequence[str], schema: TableSchema) -> None:
        self.files = list(files)
        self.key = tuple(key)
        self.schema = schema
        self._writer = writer
        self._losers = False

    @property
    def relation(self) -> str:
        """All staged rows as a table expression, losers too."""
        return self._read(self.files)

    def groups(self, size: int) -> list[list[Path]]:
        """Return the files in groups of one statement each."""
        return [self.files[n : n + size] for n in range(0, len(self.files), size)]

    def select(self, files: Sequence[Path]) -> str:
        """Return the query for the table's columns of these files, without the losers."""
        fields = ", ".join(f"CAST({ident(c.name)} AS {c.sql_type}) AS {ident(c.name)}" for c in self.schema)
        source = self._read(files, "filename = true, file_row_number = true" if self._losers else "")
        if not self._losers:
            return f"SELECT {fields} FROM {source}"
        return (
            f"SELECT {fields} FROM {source} r WHERE NOT EXISTS (SELECT 1 FROM temp.main.losers l "
            "WHERE l.filename = r.filename AND l.file_row_number = r.file_row_number)"
        )

    def _read(self, files: Sequence[Path], more: str = "") -> str:
        names = ", ".join(literal(str(f)) for f in files)
        return f"read_parquet([{names}], union_by_name = true{', ' + more if more else ''})"

    def check_keys(self, table: str) -> None:
        """Raise LoadError where a row has no key."""
        if not self.key or not self.files:
            return
        missing = " OR ".join(f"{ident(k)} IS NULL" for k in self.key)
        count = self._writer.one(f"SELECT count(*) FROM {self.relation} WHERE {missing}")
        if count:
            raise LoadError(
                f"{table}: {count} record(s) have no {' and '.join(self.key)}, which `primary_key` names",
                hint="name a field that every record has, or leave `primary_key` out",
                resource=table,
            )

    def find_losers(self, older: str = "") -> None:
        """Find the rows whose key comes again later in the listing, and those of which the table has newer ones."""
        if not self.files:
            return
        keys = ", ".join(map(ident, self.key))
        total, distinct = self._writer.rows(f"SELECT count(*), count(DISTINCT ({keys})) FROM {self.relation}")[0]
        self._losers = total != distinct or bool(older)
        if not self._losers:
            return
        place = self._read(self.files, "filename = true, file_row_number = true")
        behind = f" OR {older}" if older else ""
        self._writer.run(
            f"CREATE OR REPLACE TEMP TABLE losers AS SELECT filename, file_row_number FROM (SELECT {keys}, filename, "
            f"file_row_number, row_number() OVER (PARTITION BY {keys} "
            f"ORDER BY filename DESC, file_row_number DESC) AS n FROM {place}) WHERE n > 1{behind}"
        )


def insert_all(writer: Writer, table: str, stage: Stage, condition: str = "") -> int:
    """Insert the staged rows; returns how many."""
    if not stage.files:
        return 0
    fields = ", ".join(ident(c.name) for c in stage.schema)
    where = f" WHERE {condition}" if condition else ""
    count = 0
    # A condition looks into the table: in groups, the second one would meet the rows of the first.
    for files in [stage.files] if condition else stage.groups(INSERT_GROUP):
        count += int(writer.one(f"INSERT INTO {table} ({fields}) SELECT * FROM ({stage.select(files)}) s{where}"))
    return count


def merge_all(writer: Writer, table: str, stage: Stage, deleted_at: str) -> int:
    """Upsert by key, writing only rows that differ; returns how many were inserted or updated.

    Of a large stage the rows that the table has as they are, told by a hash of the whole row beside the key, are left
    out in one pass before.
    """
    if not stage.files or int(writer.one(f"SELECT count(*) FROM {stage.relation}")) < LARGE:
        return merge_groups(writer, table, stage, deleted_at)
    others = [c for c in stage.schema if c.name not in stage.key]
    keys = ", ".join(map(ident, stage.key))
    living = f" WHERE {ident(deleted_at)} IS NULL" if deleted_at else ""
    match = " AND ".join(f"t.{ident(k)} = s.{ident(k)}" for k in stage.key)
    folder = stage.files[0].parent / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        writer.run(
            f"COPY (SELECT s.* FROM ({stage.select(stage.files)}) s ANTI JOIN "
            f"(SELECT {keys}, hash({_of('o', others)}) AS __row FROM {table} o{living}) t "
            f"ON {match} AND t.__row = hash({_of('s', others)})) "
            f"TO {literal(str(folder))} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 20000, "
            "ROW_GROUPS_PER_FILE 4)"
        )
        changed = Stage(writer, sorted(folder.glob("*.parquet")), stage.key, stage.schema)
        return merge_groups(writer, table, changed, deleted_at, size=1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _of(alias: str, columns: Sequence[Column]) -> str:
    return ", ".join(
        [
            "1",
            *(
                f"CAST({alias}.{ident(c.name)} AS VARCHAR)" if c.type == JSON else f"{alias}.{ident(c.name)}"
                for c in columns
            ),
        ]
    )


def merge_groups(writer: Writer, table: str, stage: Stage, deleted_at: str, *, size: int = MERGE_GROUP) -> int:
    """Upsert by key, writing only rows that differ; returns how many were inserted or updated."""
    match = " AND ".join(f"t.{ident(k)} = s.{ident(k)}" for k in stage.key)
    others = [c for c in stage.schema if c.name not in stage.key]
    differs = [_differs(c.name, is_json=c.type == JSON) for c in others]
    updates = [f"{ident(c.name)} = s.{ident(c.name)}" for c in others]
    if deleted_at:
        differs.append(f"t.{ident(deleted_at)} IS NOT NULL")
        updates.append(f"{ident(deleted_at)} = NULL")
    fields = ", ".join(ident(c.name) for c in stage.schema)
    values = ", ".join(f"s.{ident(c.name)}" for c in stage.schema)
    update = f"WHEN MATCHED AND ({' OR '.join(differs)}) THEN UPDATE SET {', '.join(updates)} " if updates else ""
    touched = 0
    for files in stage.groups(size):
        touched += int(
            writer.one(
                f"MERGE INTO {table} t USING ({stage.select(files)}) s ON {match} {update}"
                f"WHEN NOT MATCHED THEN INSERT ({fields}) VALUES ({values})"
            )
        )
    return touched


def _differs(name: str, *, is_json: bool) -> str:
    old, new = f"t.{ident(name)}", f"s.{ident(name)}"
    if is_json:
        old, new = f"CAST({old} AS VARCHAR)", f"CAST({new} AS VARCHAR)"
    return f"{old} IS DISTINCT FROM {new}"


def bag_differs(writer: Writer, table: str, stage: Stage) -> bool:
    """Tell whether the table's rows are not the staged ones, whatever their order."""
    fields = ", ".join(f"CAST({ident(c.name)} AS VARCHAR)" if c.type == JSON else ident(c.name) for c in stage.schema)
    bag = f"SELECT count(*), sum(CAST(hash({fields}) AS HUGEINT)) FROM"
    old = writer.rows(f"{bag} {table}")[0]
    new = writer.rows(f"{bag} ({stage.select(stage.files)})")[0] if stage.files else (0, None)
    return bool(old != new)

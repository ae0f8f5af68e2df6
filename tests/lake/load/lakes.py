"""A small lake in a folder, loaded from records batch by batch as a sync loads it from segments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.lake import ddl, state
from dinobase.lake.connection import Writer
from dinobase.lake.location import LakeLocation
from dinobase.lake.sql import literal
from dinobase.load import write
from dinobase.load.fit import fits
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import TableSchema
from dinobase.load.spool import Segment
from dinobase.load.write import Outcome, Plan

Record: TypeAlias = "Mapping[str, Any] | str"
Batches: TypeAlias = Sequence[Sequence[Record]]


class Lake:
    """`load` brings batches (segments of one run) to a table; records are objects, or JSON texts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.location = LakeLocation("shop", str(root / "shop.db"), f"{root / 'shop'}/")
        self.writer = Writer(self.location, root / "temp")
        self.writer.attach()
        self.notes: list[str] = []
        self.schema = TableSchema()
        self._runs = 0

    def load(
        self,
        *batches: Sequence[Record],
        key: Sequence[str] = (),
        disposition: Literal["merge", "replace", "append"] | None = None,
        shaping: Shaping | None = None,
        table: str = "t",
        **more: Any,
    ) -> Outcome:
        """Load one run; `more` are fields of the plan."""
        ready, self.notes = self.ready(*batches, key=key, disposition=disposition, shaping=shaping, table=table, **more)
        outcome = write.commit(self.writer, ready)
        self.schema = ready.schema
        return outcome

    def ready(
        self,
        *batches: Sequence[Record],
        key: Sequence[str] = (),
        disposition: Literal["merge", "replace", "append"] | None = None,
        shaping: Shaping | None = None,
        table: str = "t",
        **more: Any,
    ) -> tuple[write.Load, list[str]]:
        """Return one run that is ready to be written, and what is noted of it."""
        before = state.read(self.writer).get(table, {})
        known = TableSchema.from_json(before["schema"]) if "schema" in before else TableSchema()
        self._runs += 1
        folder = self.root / f"run{self._runs}"
        folder.mkdir()
        landing = Landing(
            self.writer, known, shaping or Shaping(), fits=lambda column, kind: fits(self.writer, table, column, kind)
        )
        for number, batch in enumerate(batches):
            landing.stage(segment(folder, number, batch))
        files = landing.finish()
        plan = Plan(
            table=table,
            disposition=disposition or ("merge" if key else "replace"),
            key=tuple(key),
            run=f"run_{self._runs}",
            moment="2026-01-01T00:00:00Z",
            **more,
        )
        return write.Load(plan, landing.schema, files, landing.structures, before), list(landing.notes)

    def rows(self, sql: str = "FROM lake.t") -> list[tuple[Any, ...]]:
        return self.writer.rows(sql)

    def column(self, name: str, order: str = "id") -> list[Any]:
        return [row[0] for row in self.rows(f'SELECT "{name}" FROM lake.t ORDER BY {order}')]

    def types(self, table: str = "t") -> dict[str, str]:
        return ddl.columns_of(self.writer, table)

    def version(self) -> int:
        return int(self.writer.one("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')"))

    def table_versions(self, table: str = "t") -> list[int]:
        """The versions that changed the table's rows or columns."""
        rows = self.rows("SELECT snapshot_id, CAST(changes AS VARCHAR) FROM ducklake_snapshots('lake') ORDER BY 1")
        number = self.writer.one(
            "SELECT table_id FROM duckdb_tables() JOIN ducklake_table_info('lake') i USING (table_name) "
            f"WHERE database_name = 'lake' AND table_name = {literal(table)}"
        )
        marks = (f"[{number}", f" {number}]", f" {number},", f".{table}", f'"{table}"')
        return [version for version, changes in rows if any(mark in changes for mark in marks)]

    def close(self) -> None:
        self.writer.close()


def segment(folder: Path, number: int, batch: Sequence[Record]) -> Segment:
    lines = [(r if isinstance(r, str) else json.dumps(r)).encode() for r in batch]
    path = folder / f"{number:06d}.ndjson"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return Segment(number, path, len(lines), max(map(len, lines), default=0))

"""Segments become typed Parquet beside the fetch; whatever a typed read would lose takes the exact way instead.

Runs in one thread, which need not be the one that commits. The schema only widens; segments read under a narrower one
are read again at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import Raw

from dinobase.core.errors import LakeError, LoadError
from dinobase.kinds.select import Elements
from dinobase.lake.connection import ROOMY, Statements
from dinobase.lake.sql import ident, literal
from dinobase.load import exact
from dinobase.load.check import Checker
from dinobase.load.infer import Shaping, infer
from dinobase.load.schema import JSON, UNKNOWN, UNKNOWN_LIST, Column, TableSchema
from dinobase.load.schema import Path as SourcePath
from dinobase.load.spool import Segment
from dinobase.load.stage import LONG, drifted, stage_sql
from dinobase.load.structure import Structure

FIRST_SAMPLE = 400  # records from which a new table's columns are guessed; all are checked afterwards
_LONG = -1
_GROUP, _SMALL_GROUP = 20_000, 1_000
_LONG_RECORD = 4 << 20
_MOST_COLUMNS = 2500  # tried, in 0.4 GB; DuckDB passes its memory limit by far with many more: 10,000 took 21 GB
_WIDE = 600  # columns whose merge fits the memory of a load
_TRIES = 3  # pages that could not be cut at once, after which no more are tried under the same schema
_INTEGERS = {"BIGINT", "BIGINT[]"}
_DOUBLES = {"DOUBLE", "DOUBLE[]"}
MAX_ROUNDS = 40  # a staging that fails names one column that widens; no table has so many that take turns


@dataclass(frozen=True, slots=True)
class Staged:
    """One segment in Parquet and the schema that it was read under."""

    segment: Segment
    schema: TableSchema


class Landing:
    """One resource's records on their way to its table."""

    def __init__(
        self,
        writer: Statements,
        schema: TableSchema,
        shaping: Shaping,
        *,
        cursor: str = "",
        fits: Callable[[Column, str], bool] = lambda _column, _type: True,
    ) -> None:
        """`fits` tells whether all values that the lake has of a column keep theirs under another type."""
        self.schema = schema
        self.structures: dict[str, Structure] = {}
        self.notes: dict[str, None] = {}
        self._writer = writer
        self._shaping = shaping
        self._cursor = cursor
        self._fits = fits
        self._lake = {c.path for c in schema}
        self._staged: dict[int, Staged] = {}
        self._empty: list[Segment] = []  # of records without a field, until one has some
        self._thorough = False
        self._checker = Checker(schema)
        self._cutter, self._uncut = self._checker, 0
        self._begun = False

    def _declared(self, schema: TableSchema) -> TableSchema:
        """Give columns the types that the connector has come to declare, where all their values fit."""
        for column in schema:
            type_ = self._shaping.declared(column.path, column.name)
            if type_ and column.type != type_ and self._fits(column, type_):
                schema = schema.with_column(replace(column, type=type_, origin="declared"))
        return schema

    def cut(self, array: Raw | bytes) -> Elements | None:
        """Take the records of a page all at once where that is exact; called by the thread that fetches."""
        checker = self._checker
        if checker is not self._cutter:
            self._cutter, self._uncut = checker, 0
        if self._uncut >= _TRIES:
            return None
        elements = checker.cut(array)
        self._uncut = 0 if elements is not None else self._uncut + 1
        return elements

    def stage(self, segment: Segment, text: bytes | None = None, by: object = None) -> None:
        """Make the segment's Parquet file; `text` spares reading it again where it is still in memory.

        by: the checker that has found a typed read of all its records to be exact.
        """
        if not segment.rows:
            return
        data = segment.path.read_bytes() if text is None else text
        if not self._begun:
            self._begun = True
            self._adopt(self._declared(self.schema))
        if not self.schema.columns:
            records = segment.records(data)
            self._widen([exact.decode(record) for record in records[:FIRST_SAMPLE]])
            if not self.schema.columns:
                self._widen([exact.decode(record) for record in records])
        if not self.schema.columns:
            self._empty.append(segment)
            return
        typed = self._read_typed(segment, data, by) or self._stage_exactly(segment, data)
        self._look_inside(segment, long=not typed)

    def _read_typed(self, segment: Segment, data: bytes, by: object = None) -> bool:
        """Read the raw records; False where that would lose something."""
        if by is not self._checker and not self._checker.holds(data, array=segment.array):
            return False
        failed = self._copy(segment, cooked=False)
        if failed == _LONG:
            self._thorough = True
            self._checker = Checker(self.schema, thorough=True)
            return self._read_typed(segment, data)
        return failed is None

    def _stage_exactly(self, segment: Segment, data: bytes) -> bool:
        """Widen the schema and read the raw records after all, else flattened ones; True for raw ones."""
        records = [exact.decode(record) for record in segment.records(data)]
        self._widen(records)
        if self._read_typed(segment, data):
            return True
        for _ in range(MAX_ROUNDS + len(self.schema.columns)):
            column = self._cook(segment, records)
            if column is None:
                return False
            self._set(replace(column, type="VARCHAR", origin="inferred"))
            if column.origin == "declared":
                self.notes[f"{column.name}: a value does not fit the declared {column.type}; it is kept as text"] = None
        raise LoadError("the records do not settle on columns", hint="declare their types under `columns:`")

    def _cook(self, segment: Segment, records: list[dict[str, object]]) -> Column | None:
        """Read the records flattened; returns the column that a value of theirs does not fit."""
        cook = exact.Cook(self.schema)
        try:
            lines = [cook.line(record) for record in records]
        except exact.DriftError as drift:
            return drift.column
        except RecursionError:
            raise LoadError("a record is nested too deeply", hint=exact.NARROWER) from None
        with segment.cooked.open("wb") as file:
            file.write(b"\n".join(lines) + b"\n")
        failed = self._copy(replace(segment, longest=max(map(len, lines), default=0)), cooked=True)
        segment.cooked.unlink(missing_ok=True)
        return None if failed is None else self.schema.columns[failed]

    def _copy(self, segment: Segment, *, cooked: bool) -> int | None:
        """Run the COPY; returns the number of the column that it broke on, None where it did not."""
        cursor = self.schema.find(self._cursor) if self._cursor else None
        source = segment.cooked if cooked else segment.path
        sql = stage_sql(
            self.schema,
            str(source),
            str(segment.staged),
            cooked=cooked,
            array=segment.array and not cooked,
            longest=segment.longest,
            cursor=cursor,
            guarded=self._checker.guarded and not cooked,
            group=_SMALL_GROUP if self._writer.roomy else _GROUP,
        )
        try:
            self._writer.run(sql)
        except LakeError as error:
            if error.error_code == "lake.disk_full":
                raise
            if "Out of Memory" in error.message:
                if self._writer.make_room():
                    return self._copy(segment, cooked=cooked)
                raise _too_large(segment, len(self.schema.columns)) from error
            if LONG in error.message:
                return _LONG
            column = drifted(error.message)
            if column is None and cooked:
                raise LoadError(f"records could not be read: {error.message}") from error
            return 0 if column is None else column
        self._staged[segment.number] = Staged(segment, self.schema)
        return None

    def _widen(self, records: list[dict[str, object]]) -> None:
        before = {c.path: c for c in self.schema}
        columns = []
        swallowed: list[SourcePath] = []  # objects that are one value from now on: their fields are no columns
        for column in infer(records, self.schema, self._shaping):
            old = before.get(column.path)
            if (
                old is not None
                and old.type in _INTEGERS
                and column.type in _DOUBLES
                and not self._fits(old, column.type)
            ):
                columns.append(replace(column, type=column.type.replace("DOUBLE", "VARCHAR")))
            else:
                columns.append(column)
            if column.type == JSON and (old is None or old.type != JSON):
                swallowed.append(column.path)
        if swallowed:
            columns = [c for c in columns if c.path in self._lake or not _inside(c.path, swallowed)]
        self._adopt(TableSchema(tuple(columns)))

    def _set(self, column: Column) -> None:
        self._adopt(self.schema.with_column(column))

    def _adopt(self, schema: TableSchema) -> None:
        if schema != self.schema:
            if len(schema.columns) > _MOST_COLUMNS:
                raise LoadError(
                    f"{len(schema.columns)} columns are more than a table may have ({_MOST_COLUMNS})",
                    hint="declare objects with many fields as JSON under `columns:`, or lower `max_nesting`",
                )
            gone = {c.name for c in self.schema} - {c.name for c in schema}
            self.structures = {name: s for name, s in self.structures.items() if name not in gone}
            self.schema = schema
            self._checker = Checker(schema, thorough=self._thorough)

    def _look_inside(self, segment: Segment, *, long: bool) -> None:
        """Learn what the objects in arrays look like; their views are made from it."""
        names = [c.name for c in self.schema if c.type == JSON]
        if not names:
            return
        fields = ", ".join(f"json_group_structure({ident(name)})" for name in names)
        found = self._writer.rows(f"SELECT {fields} FROM read_parquet({literal(str(segment.staged))})")[0]
        for name, text in zip(names, found, strict=True):
            structure = Structure.parse(text, long=long)
            if structure is not None:
                self.structures[name] = structure.join(self.structures.get(name))

    def finished(self) -> list[Path] | None:
        """Return the Parquet files in listing order, None where `finish` has to do something before."""
        too_wide = len(self.schema.columns) > _WIDE and not self._writer.roomy  # the merge has no second try
        if self._empty or too_wide or self._stale():
            return None
        return [self._staged[n].segment.staged for n in sorted(self._staged)]

    def finish(self) -> list[Path]:
        """Read segments again whose columns have widened since; returns the Parquet files in listing order."""
        if self._empty and not self.schema.columns:
            raise LoadError("no record has a field", hint="check `data_selector`: it must lead to the records")
        while self._empty:
            self.stage(self._empty.pop())
        for _ in range(MAX_ROUNDS):
            for segment in self._stale():
                self.stage(segment)
            if len(self.schema.columns) > _WIDE:
                self._writer.make_room()
            files = self.finished()
            if files is not None:
                return files
        raise LoadError("the records do not settle on columns", hint="declare their types under `columns:`")

    def _stale(self) -> list[Segment]:
        """Return the segments that were read under narrower columns."""
        return [s.segment for s in self._staged.values() if not _same_types(s.schema, self.schema)]


def _too_large(segment: Segment, columns: int) -> LoadError:
    if segment.longest > _LONG_RECORD:
        return LoadError(
            f"a record of up to {segment.longest:,} bytes needs more memory than a load may take ({ROOMY})",
            hint="have the API leave its long field out (many take a list of fields in `params`), or `selected: false`",
        )
    return LoadError(
        f"{columns:,} columns need more memory than a load may take ({ROOMY})",
        hint="declare objects with many fields as JSON under `columns:`, or lower `max_nesting`",
    )


def _same_types(old: TableSchema, new: TableSchema) -> bool:
    """Tell whether a segment read under `old` holds what one read under `new` would; other columns were absent."""
    if old == new:
        return True
    known = {c.path: c for c in old}
    added = [c.path for c in new if c.type == JSON and (c.path not in known or known[c.path].type != JSON)]
    if added and any(_inside(path, added) for path in known):
        return False
    for column in new:
        before = known.get(column.path)
        if before is not None and before.type != column.type and before.type not in {UNKNOWN, UNKNOWN_LIST}:
            return False
        if before is not None and before.name != column.name:
            return False
    return True


def _inside(path: SourcePath, objects: list[SourcePath]) -> bool:
    return any(len(path) > len(o) and path[: len(o)] == o for o in objects)

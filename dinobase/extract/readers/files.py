"""Files as a source: a table's cursor is the list of its files; only those that are new or changed are read again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.extract.readers import csv_files, excel_files, file_listing, json_files, parquet_files, staging, stores
from dinobase.extract.readers.base import Ask, Brought, SourceColumn, SourceTable
from dinobase.extract.readers.csv_files import REJECTS, Dialect, Texts
from dinobase.extract.readers.file_listing import Entry, Listing
from dinobase.extract.readers.text_types import of_text
from dinobase.lake.connection import Writer
from dinobase.lake.files import BesideAQuery, Files
from dinobase.lake.sql import literal

Format: TypeAlias = Literal["csv", "parquet", "json", "excel"]
FILE = "_file"
_SUFFIXES: Mapping[Format, Sequence[str]] = {
    "csv": csv_files.SUFFIXES,
    "parquet": parquet_files.SUFFIXES,
    "json": json_files.SUFFIXES,
    "excel": excel_files.SUFFIXES,
}
_NUMBERS = ("BIGINT", "DECIMAL")
_DOOR = "dinobase-source"
_ABOUT_FILE = "The file that the row is from."


@dataclass(frozen=True, slots=True)
class Shape:
    """What one file holds: its columns with their types, and how a text file is written."""

    columns: Mapping[str, str]
    how: Dialect | None = None
    address: str = ""
    note: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)


class FileSource:
    """Files that were listed once; every read of this run sees that list."""

    def __init__(
        self, format_: Format, values: Mapping[str, str], writer: Writer | None, *, beside: Any = None, secret: str = ""
    ) -> None:
        """`beside`: an instance on which a query is to run; `secret`: a name there for what opens the bucket."""
        self.address = self._place = values["path"]
        self._format, self._values = format_, values
        self._files = Files(writer) if beside is None else BesideAQuery(beside)
        self._listing: Listing | None = None
        self._tables: dict[str, list[Entry]] = {}
        self._shapes: dict[str, Shape] = {}
        self._scratch: Path | None = None
        try:
            if stores.is_far(self.address):
                scheme = secret or _DOOR
                self._place = f"{scheme}://{stores.rest(self.address)}"
                self._files.far(scheme, stores.opened(self.address, values))
            elif file_listing.is_web(self.address):
                self._files.web()
            elif file_listing.is_remote(self.address):
                given = {
                    "AWS_ENDPOINT_URL": values.get("endpoint_url", ""),
                    "AWS_REGION": values.get("region", ""),
                    "AWS_ACCESS_KEY_ID": values.get("access_key_id", ""),
                    "AWS_SECRET_ACCESS_KEY": values.get("secret_access_key", ""),
                }
                self._files.bucket(file_listing.root_of(self.address), given, *([secret] if secret else ()))
        except BaseException:
            self._files.close()
            raise

    def listing(self) -> Listing:
        """Return the files that there are; raises FetchError where there are none."""
        if self._listing is None:
            self._listing = file_listing.listing(self._files, self._place, _SUFFIXES[self._format], shown=self.address)
        return self._listing

    def one_shape(self) -> bool:
        """Tell whether all files have the same columns, whatever their order."""
        shapes = {tuple(sorted(c.lower() for c in self._shape(e).columns)) for e in self.listing().entries}
        return len(shapes) == 1

    def tables(self) -> Sequence[SourceTable]:
        """Return the tables that the files make."""
        self._tables = file_listing.tables(self.listing(), self._values.get("table", ""))
        found = []
        for name, entries in self._tables.items():
            columns: dict[str, SourceColumn] = {}
            for entry in entries:
                for column, type_ in self._columns(entry).items():
                    known = columns.get(column.lower())
                    type_ = type_ if known is None else parquet_files.both(known.type, type_)  # noqa: PLW2901
                    columns[column.lower()] = SourceColumn(column if known is None else known.name, type_)
            place = self.address if len(self._tables) == 1 else f"{self.address}: {name}"
            about = SourceColumn(FILE, "VARCHAR", nullable=False, description=_ABOUT_FILE)
            found.append(SourceTable(name, place, (about, *columns.values()), cursor=FILE))
            if self._format in {"csv", "excel"}:
                found.append(self._rejects(name))
        return found

    def read(self, ask: Ask) -> Brought:
        """Read the files that are new or have changed; all where a column of theirs becomes of another type."""
        before: Mapping[str, str] = json.loads(ask.start) if ask.start is not None else {}
        entries = self._tables[ask.table.name]
        marks = {e.name: e.mark for e in entries}
        fresh = [e for e in entries if before.get(e.name) != e.mark]
        gone = [name for name in before if name not in marks]
        if ask.start is not None:
            brought = self._some(ask, fresh)
            if brought is None:
                brought = self._some(replace(ask, start=None), entries)
                assert brought is not None
                brought = replace(brought, whole=True)
            else:
                brought = _in_parts(brought, (*(e.name for e in fresh), *gone))
        else:
            found = self._some(ask, entries)
            assert found is not None
            brought = found
        notes = (*brought.notes, *self.listing().notes)
        return replace(brought, cursor=json.dumps(marks, sort_keys=True), notes=notes)

    def _some(self, ask: Ask, entries: Sequence[Entry]) -> Brought | None:
        shutil.rmtree(ask.folder, ignore_errors=True)
        ask.folder.mkdir(mode=0o700, parents=True)
        if self._format == "json":
            return self._lines(ask, entries)
        if self._format == "parquet":
            return self._parquet(ask, entries)
        return self._texts(ask, entries)

    def _lines(self, ask: Ask, entries: Sequence[Entry]) -> Brought:
        made: list[Path] = []
        rows = 0
        for entry in entries:
            files, count = json_files.write(self._files, entry, ask.folder, len(made))
            made += files
            rows += count
        return Brought(tuple(made), {}, rows, staging.size(made), lines=True)

    def _parquet(self, ask: Ask, entries: Sequence[Entry]) -> Brought | None:
        types: dict[str, str] = {FILE: "VARCHAR"}
        for entry in entries:
            for column, type_ in self._columns(entry).items():
                name = self._name(ask, column)
                types[name] = parquet_files.both(types.get(name, type_), type_)
        if ask.start is not None and any(
            type_ == "VARCHAR" and ask.types.get(n, type_) != type_ for n, type_ in types.items()
        ):
            return None
        made: list[Path] = []
        rows = 0
        for number, entry in enumerate(entries):
            own = {c: self._name(ask, source_name(c)) for c in self._shape(entry).columns}
            parts = {c: self._name(ask, c) for c in entry.partitions}
            files, count = parquet_files.read(
                self._files, entry, own, parts, types, ask.folder / "rows" / f"{number:06}"
            )
            made += files
            rows += count
        return Brought(tuple(made), types if made else {}, rows, staging.size(made))

    def _texts(self, ask: Ask, entries: Sequence[Entry]) -> Brought | None:
        texts = Texts()
        notes = []
        for entry in entries:
            shape = self._shape(entry)
            if shape.how is None:
                continue
            names = {c: self._name(ask, source_name(c)) for c in shape.how.columns}
            names |= {c: self._name(ask, c) for c in entry.partitions}
            csv_files.read(self._files, entry, shape.address, shape.how, names, texts, ask.folder)
            if shape.note:
                notes.append(shape.note)
        staged = csv_files.staged(texts.files)
        types = csv_files.types(self._files, staged, list(texts.columns), ask.types) if texts.files else {}
        if ask.start is not None and any(_clash(ask.types.get(name, type_), type_) for name, type_ in types.items()):
            return None
        rows = csv_files.typed(self._files, texts, types, ask.folder) if texts.files else []
        aside = self._aside(ask, texts, notes)
        size = sum(int(e.mark.split(":")[0]) for e in entries)
        return Brought(tuple(rows), types, texts.rows, size, notes=tuple(notes), beside=(aside,))

    def _aside(self, ask: Ask, texts: Texts, notes: list[str]) -> tuple[SourceTable, Brought]:
        """Return the table of lines that are no rows, and what came of them; says so in the notes."""
        aside = self._rejects(ask.table.name)
        bad = {name: count for name, count in texts.rejected.items() if count}
        for name, count in bad.items():
            many = "1 line is no row" if count == 1 else f"{count} lines are no rows"
            notes.append(f"{name}: {many}, kept aside in {aside.name}")
        columns = {c.name: c.type for c in REJECTS} if texts.rejects else {}
        return aside, Brought(tuple(texts.rejects), columns, sum(bad.values()), staging.size(texts.rejects))

    def _name(self, ask: Ask, column: str) -> str:
        known = ask.table.column(column)
        assert known is not None
        return ask.names[known.name]

    def _columns(self, entry: Entry) -> dict[str, str]:
        """Return a file's columns as the source has them, those that its folders say first."""
        parts = {key: of_text(value) for key, value in entry.partitions.items()}
        own = {source_name(c): t for c, t in self._shape(entry).columns.items() if c not in parts}
        return {**parts, **own}

    def _shape(self, entry: Entry) -> Shape:
        if entry.name not in self._shapes:
            self._shapes[entry.name] = self._look(entry)
        return self._shapes[entry.name]

    def _look(self, entry: Entry) -> Shape:
        if entry.mark.startswith("0:"):
            return Shape({})
        if self._format == "parquet":
            raw = parquet_files.columns(self._files, entry.address)
            return Shape(parquet_files.in_lake(raw), raw=raw)
        if self._format == "json":
            found = json_files.keys(self._files, entry)
            return Shape({c: "VARCHAR" for c in found if c not in {FILE, *entry.partitions}})
        if self._format == "excel":
            return self._sheet(entry)
        how = csv_files.dialect(self._files, entry, self._values.get("encoding", ""))
        note = f"{entry.name}: the first {how.skip} lines are no part of the table" if how.skip else ""
        return Shape(dict.fromkeys(how.columns, "VARCHAR"), how, entry.address, note)

    def _sheet(self, entry: Entry) -> Shape:
        import tempfile

        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="dinobase-"))
        number = len(self._shapes)
        workbook = Path(entry.address)
        if file_listing.is_remote(entry.address):
            workbook = self._scratch / f"{number}.xlsx"
            workbook.write_bytes(self._files.one(f"SELECT content FROM read_blob({literal(entry.address)})"))
        target = self._scratch / f"{number}.csv"
        how, others = excel_files.to_csv(workbook, self._values.get("sheet", ""), target, entry.name)
        note = (
            f"{entry.name}: its other sheets are not read ({', '.join(others)}); `--sheet` names one" if others else ""
        )
        return Shape(dict.fromkeys(how.columns, "VARCHAR"), how if how.columns else None, str(target), note)

    def _rejects(self, name: str) -> SourceTable:
        called = f"{name}_rejects"
        while called in self._tables:  # a file's own table
            called += "_"
        return SourceTable(called, name, REJECTS, of=name, description=f"Lines of {name}'s files that are no rows.")

    def interrupt(self) -> None:
        """Stop a read."""
        self._files.interrupt()

    def close(self) -> None:
        """Let go of all."""
        self._files.close()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _in_parts(brought: Brought, parts: tuple[str, ...]) -> Brought:
    beside = tuple((table, replace(found, parts=parts)) for table, found in brought.beside)
    return replace(brought, parts=parts, beside=beside)


def source_name(column: str) -> str:
    """Return what a file's column is called as a source: ours is `_file`."""
    return f"{column}_" if column.lower() == FILE else column


def _clash(old: str, new: str) -> bool:
    """Tell whether old values would have been read otherwise, had they come with the new ones."""
    numbers = old.startswith(_NUMBERS) and new.startswith(_NUMBERS)
    return old not in {new, "VARCHAR"} and not numbers

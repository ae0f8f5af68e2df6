"""Files that are read where they are: a sync looks at them and keeps how each is written, a query reads those it finds.

What is new or has changed since the sync is looked at by the query, before it runs: a type that a value would not come
back from stops it. SQL never names a file: each table is the list that was found here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from dinobase.core.errors import FetchError
from dinobase.extract.readers import csv_files, file_listing, in_place_json, parquet_files, text_types
from dinobase.extract.readers.base import Ask, Brought, Known, Place, SourceTable
from dinobase.extract.readers.csv_files import Dialect, Texts
from dinobase.extract.readers.file_listing import Entry
from dinobase.extract.readers.files import FILE, FileSource, source_name
from dinobase.lake.sql import ident, literal

_NAME = "_dinobase_file"  # what a read gives of where a row is from
_WHERE = f"filename = {literal(_NAME)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are read alike: Parquet of the same columns, texts that are written alike."""

    columns: Mapping[str, str] = field(default_factory=dict)
    how: Dialect | None = None
    faulty: bool = False

    def as_text(self) -> str:
        """Return what two groups are told apart by."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> Group:
        """Read what `as_text` wrote."""
        data = json.loads(text)
        how = data["how"]
        return cls(
            data["columns"], Dialect(**{**how, "columns": tuple(how["columns"])}) if how else None, data["faulty"]
        )


class FilesInPlace(FileSource):
    """Files that were listed once; nothing of them is kept but how they are read."""

    def tables(self) -> Sequence[SourceTable]:
        """Return the tables that the files make."""
        return [replace(table, cursor="") for table in super().tables()]

    def read(self, ask: Ask) -> Brought:
        """Look at a table's files."""
        entries = self._tables[ask.table.name]
        for entry in entries:
            _refuse_magic(entry)
        looks = {"parquet": self._parquet_there, "json": self._json_there}
        found = looks.get(self._format, self._texts_there)(ask, entries)
        return replace(found, notes=(*found.notes, *self.listing().notes))

    def place(self, known: Mapping[str, Known], alias: str) -> Place:
        """Say how each table is read from the files that there are now."""
        tables = file_listing.tables(self.listing(), self._values.get("table", ""))
        relations: dict[str, str] = {}
        notes: dict[str, Sequence[str]] = {}
        faults: dict[str, FetchError] = {}
        paths: list[str] = []
        for number, (name, about) in enumerate(known.items()):
            entries = tables.get(name, [])
            try:
                if not entries:
                    raise _changed(name, "its files are gone")
                placed = _Placed(name, about, entries)
                if self._format == "excel":
                    relations[name] = self._workbooks(placed, f"{alias}_{number}")
                    continue
                relations[name] = self._relation(placed)
                notes[name] = (*placed.notes, *self.listing().notes)
                paths += [e.address for e in entries]
            except FetchError as error:
                faults[name] = error
        return Place(relations, tuple(paths), notes, faults)

    # What a sync keeps

    def _parquet_there(self, ask: Ask, entries: Sequence[Entry]) -> Brought:
        types: dict[str, str] = {FILE: "VARCHAR"}
        for entry in entries:
            for column, type_ in self._columns(entry).items():
                name = self._name(ask, column)
                types[name] = parquet_files.both(types.get(name, type_), type_)
        filled = [e for e in entries if not e.mark.startswith("0:")]
        there = 0
        if filled:
            listed = ", ".join(literal(e.address) for e in filled)
            there = int(self._files.one(f"SELECT sum(num_rows) FROM parquet_file_metadata([{listed}])") or 0)
        groups = {e.name: Group(self._shape(e).raw) for e in entries}
        return _brought(entries, groups, types, there)

    def _texts_there(self, ask: Ask, entries: Sequence[Entry]) -> Brought:
        texts, notes, groups, parts = Texts(), [], {}, []
        there = 0
        columns: dict[str, None] = {FILE: None}
        for entry in entries:
            shape = self._shape(entry)
            groups[entry.name] = Group()
            if shape.how is None:
                continue
            rows, faulty = csv_files.checked(self._files, entry, shape.address, shape.how, texts, ask.folder)
            there += rows
            groups[entry.name] = Group({}, shape.how, faulty)
            names = {c: self._name(ask, source_name(c)) for c in shape.how.columns if c not in entry.partitions}
            fields = [f"{_text(v)} AS {ident(self._name(ask, k))}" for k, v in entry.partitions.items()]
            fields += [f"{ident(c)} AS {ident(n)}" for c, n in names.items()]
            columns |= dict.fromkeys([*(self._name(ask, k) for k in entry.partitions), *names.values()])
            relation = shape.how.of_many([shape.address], "hive_partitioning = false", faulty=faulty)
            parts.append(f"SELECT {literal(entry.name)} AS {FILE}, {', '.join(fields)} FROM {relation}")
            if shape.note:
                notes.append(shape.note)
        types = {FILE: "VARCHAR"}
        if parts:
            relation = f"({' UNION ALL BY NAME '.join(parts)})"
            types = csv_files.types(self._files, relation, [c for c in columns if c != FILE], ask.types)
        aside = self._aside(ask, texts, notes)
        return replace(_brought(entries, groups, types, there), notes=tuple(notes), beside=(aside,))

    def _json_there(self, ask: Ask, entries: Sequence[Entry]) -> Brought:
        found = self._lines(ask, entries)
        return replace(
            found, recipe=_recipe(entries, dict.fromkeys((e.name for e in entries), Group())), there=found.rows
        )

    # What a query reads

    def relation(self, table: str, known: Known) -> str:
        """Return the SELECT of one table as it was just looked at."""
        return self._relation(_Placed(table, known, self._tables[table]))

    def _relation(self, placed: _Placed) -> str:
        alike: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
        for entry in placed.entries:
            # JSON is not looked at by queries: what was fresh when it was looked at is taken for what it was then.
            group = placed.known_as(entry, fresh=self._format == "json") or self._looked_at(placed, entry)
            if group.columns or group.how is not None or self._format == "json":
                alike.setdefault((group.as_text(), tuple(entry.partitions)), []).append(entry)
        parts = [
            self._select(placed, Group.of(text), partitions, entries) for (text, partitions), entries in alike.items()
        ]
        return " UNION ALL ".join(parts) if parts else placed.nothing()

    def _select(self, placed: _Placed, group: Group, partitions: Sequence[str], entries: Sequence[Entry]) -> str:
        addresses = [e.address for e in entries]
        where = f"substr({_NAME}, {len(entries[0].address) - len(entries[0].name) + 1})"
        if file_listing.is_web(self.address):
            where = literal(entries[0].name)
        hive = "hive_partitioning = false"
        if partitions:
            kept = {k: placed.types[placed.name_of(k)] if placed.name_of(k) else "VARCHAR" for k in partitions}
            typed = ", ".join(f"{literal(k)}: {'BIGINT' if t == 'BIGINT' else 'VARCHAR'}" for k, t in kept.items())
            hive = f"hive_partitioning = true, hive_types = {{{typed}}}"
        if self._format == "json":
            return in_place_json.select(placed.known, addresses, where, partitions, hive)
        if group.how is not None:
            relation = group.how.of_many(addresses, f"{hive}, {_WHERE}", faulty=group.faulty)
            own: Sequence[str] = group.how.columns
        else:
            relation = f"read_parquet([{', '.join(map(literal, addresses))}], {hive}, {_WHERE})"
            own = list(group.columns)
        return f"SELECT {placed.fields(own, partitions, where, texts=group.how is not None)} FROM {relation}"

    def _looked_at(self, placed: _Placed, entry: Entry) -> Group:
        """Look at a file that the last sync did not see, or not so; raises FetchError where it is of another shape."""
        _refuse_magic(entry)
        if self._format == "json":
            raise _changed(placed.table, f"{entry.name} is new or has changed")
        shape = self._shape(entry)
        columns = self._columns(entry)
        for column, type_ in columns.items():
            name = placed.name_of(column)
            if not name:
                placed.notes.append(f"{entry.name} has a new column {column}: shown after the next sync")
            elif shape.how is None and parquet_files.both(placed.types[name], type_) != placed.types[name]:
                raise _changed(placed.table, f"{column} of {entry.name} is {type_}, not {placed.types[name]}")
        if shape.how is None:
            return Group(shape.raw)
        group = self._proved(placed, entry, shape.how, shape.address)
        for key, value in entry.partitions.items():
            name = placed.name_of(key)
            if name and placed.types[name] == "BIGINT" and text_types.of_text(value) != "BIGINT":
                raise _changed(placed.table, f"{key} of {entry.name} is no BIGINT")
        return group

    def _proved(self, placed: _Placed, entry: Entry, how: Dialect, address: str) -> Group:
        names = {c: placed.name_of(source_name(c)) for c in how.columns if c not in entry.partitions}
        known = {name: placed.types[name] for name in names.values() if name}
        count = ", ".join(f"count({ident(c)})" for c in how.columns)
        faulty = False
        try:
            self._files.rows(f"SELECT {count} FROM {how.of_many([address], 'hive_partitioning = false', faulty=False)}")
        except FetchError:
            faulty = True
            placed.notes.append(f"{entry.name} has lines that are no rows: the next sync keeps them aside")
        fields = ", ".join(f"{ident(c)} AS {ident(n)}" for c, n in names.items() if n)
        if fields:
            relation = f"(SELECT {fields} FROM {how.of_many([address], 'hive_partitioning = false', faulty=faulty)})"
            for name in csv_files.broken(self._files, relation, known):
                raise _changed(placed.table, f"{name} of {entry.name} is no {known[name]} throughout")
        return Group({}, how, faulty)

    def _workbooks(self, placed: _Placed, alias: str) -> str:
        """Read the sheets into the instance: cells are no text that DuckDB reads."""
        parts = []
        for entry in placed.entries:
            shape = self._shape(entry)
            if shape.how is None:
                continue
            group = placed.known_as(entry) or self._proved(placed, entry, shape.how, shape.address)
            relation = shape.how.of_many([shape.address], "hive_partitioning = false", faulty=group.faulty)
            fields = placed.fields(shape.how.columns, (), literal(entry.name), texts=True, entry=entry)
            parts.append(f"SELECT {fields} FROM {relation}")
        table = f"{ident(alias)}.main.sheet"
        self._files.run(f"ATTACH ':memory:' AS {ident(alias)}")
        self._files.run(f"CREATE TABLE {table} AS {' UNION ALL '.join(parts) if parts else placed.nothing()}")
        return f"SELECT * FROM {table}"


class _Placed:
    """One table as a query reads it."""

    def __init__(self, table: str, known: Known, entries: Sequence[Entry]) -> None:
        data = json.loads(known.recipe)
        groups = [Group.of(text) for text in data["groups"]]
        self.table, self.known, self.entries, self.types = table, known, entries, known.types
        self.marks = {name: mark for name, (mark, _) in data["files"].items()}
        self.groups = {name: groups[number] for name, (_, number) in data["files"].items()}
        self.notes: list[str] = []
        self._lower = {source.lower(): name for source, name in known.names.items()}

    def known_as(self, entry: Entry, *, fresh: bool = False) -> Group | None:
        """Return how a file was read when it was as it is now; `fresh`: also where it had just been written then."""
        mark = self.marks.get(entry.name, "")
        same = mark == entry.mark or (fresh and file_listing.bare(mark) == file_listing.bare(entry.mark))
        return self.groups.get(entry.name) if same else None

    def name_of(self, source: str) -> str:
        """Return what a source's column is called here, "" where it is not known."""
        return self.known.names.get(source) or self._lower.get(source.lower(), "")

    def nothing(self) -> str:
        """Return the SELECT of no row."""
        return f"SELECT {', '.join(f'NULL::{t} AS {ident(n)}' for n, t in self.types.items())} WHERE false"

    def fields(
        self, own: Sequence[str], partitions: Sequence[str], where: str, *, texts: bool, entry: Entry | None = None
    ) -> str:
        """Return the select list, in the order of the table's columns; of `entry` the folders are told by it alone."""
        found: dict[str, str] = {self.known.names.get(FILE, FILE): where}
        for column in own:
            name = self.name_of(source_name(column))
            if name:
                type_ = self.types[name]
                found[name] = text_types.expression(column, type_) if texts else f"CAST({ident(column)} AS {type_})"
        for key in partitions:
            name = self.name_of(key)
            if name:
                found[name] = f"CAST({ident(key)} AS {self.types[name]})"
        for key, value in (entry.partitions if entry is not None else {}).items():
            name = self.name_of(key)
            if name:
                found[name] = f"CAST({_text(value)} AS {self.types[name]})"
        return ", ".join(f"{found.get(n, f'NULL::{t}')} AS {ident(n)}" for n, t in self.types.items())


def _brought(entries: Sequence[Entry], groups: Mapping[str, Group], types: Mapping[str, str], there: int) -> Brought:
    return Brought((), types, 0, recipe=_recipe(entries, groups), there=there)


def _recipe(entries: Sequence[Entry], groups: Mapping[str, Group]) -> str:
    numbers = {text: n for n, text in enumerate(dict.fromkeys(g.as_text() for g in groups.values()))}
    files = {e.name: (e.mark, numbers[groups[e.name].as_text()]) for e in entries}
    return json.dumps({"files": files, "groups": list(numbers)}, sort_keys=True)


def _text(value: str | None) -> str:
    return "NULL::VARCHAR" if value is None else literal(value)


def _changed(table: str, what: str) -> FetchError:
    return FetchError(
        f"{table} has changed since it was last looked at: {what}",
        code="source.changed",
        hint="`dinobase sync` looks at the files anew",
    )


def _refuse_magic(entry: Entry) -> None:
    if any(sign in entry.address for sign in "*?[") and not file_listing.is_web(entry.address):
        raise FetchError(
            f"{entry.name} cannot be read where it is: `*`, `?` and `[` in a name are wildcards to DuckDB",
            code="source.failed",
            hint="rename it, or add it with --copy",
        )

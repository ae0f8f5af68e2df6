"""What all tables are called, mean and hold, in one SQLite file that can be deleted at any time.

Read by `search` and `info`. A connector's part is made anew when its lake, its definition or its last sync is another
than it was; values are those of enum-like columns, and never of a column that is, or may be, personal data.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinobase.access.pii import Declared, declared, of_column, over, under
from dinobase.catalog.annotations import NOT_PERSONAL, Words, personal
from dinobase.catalog.enums import enum_values, maybe_personal
from dinobase.catalog.profiles import ProfileBook
from dinobase.catalog.relationships import views_of
from dinobase.catalog.runs import RunLog
from dinobase.core.errors import FetchError, LakeError
from dinobase.core.settings import Paths, can_write
from dinobase.lake import reader
from dinobase.lake.introspect import LakeColumn, LakeTable, LakeView, columns_at, view_lake
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.metadata import open_metadata
from dinobase.lake.sql import qualified

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.spec.models import Column, Connector, Resource

VERSION = 4
_PLACE = "connector UNINDEXED, tbl UNINDEXED, col UNINDEXED"
_TOKENS = "unicode61 remove_diacritics 2', prefix = '3'"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS connectors (name TEXT PRIMARY KEY, stamp TEXT, description TEXT)",
    "CREATE TABLE IF NOT EXISTS tables (connector TEXT, name TEXT, owner TEXT, rows INTEGER, description TEXT)",
    "CREATE TABLE IF NOT EXISTS columns (connector TEXT, tbl TEXT, name TEXT, type TEXT, description TEXT)",
    "CREATE INDEX IF NOT EXISTS tables_by_name ON tables (connector, name)",
    "CREATE INDEX IF NOT EXISTS columns_by_table ON columns (connector, tbl)",
    f"CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5({_PLACE}, name, text, tokenize = 'porter {_TOKENS})",
    f"CREATE VIRTUAL TABLE IF NOT EXISTS vals USING fts5({_PLACE}, value, tokenize = '{_TOKENS})",
    "CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab('words', 'row')",
)
_TABLES = ("tables", "columns", "words", "vals")


@dataclass(frozen=True, slots=True)
class Definitions:
    """How connectors are known: `find` gives a definition, `words` what was said, `stamp` changes when either does."""

    find: Callable[[str], Connector | None]
    stamp: Callable[[str], str]
    words: Callable[[str], Words] = lambda _name: Words()


class Index:
    """The index of one workspace."""

    def __init__(
        self,
        storage: Storage,
        paths: Paths,
        connectors: Sequence[str],
        definitions: Definitions,
        guard: Guard | None = None,
    ) -> None:
        """`guard`: one that takes nothing away, where rows of files stay where they are."""
        self._guard = guard
        self._storage = storage
        self._paths = paths
        self._connectors = tuple(connectors)
        self._definitions = definitions
        self._log = RunLog(paths.state, storage.catalog)
        self._book = ProfileBook(paths.state, storage.catalog)

    @contextmanager
    def current(self) -> Iterator[sqlite3.Connection]:
        """Open the index after bringing it up to date."""
        with closing(self._open()) as db:
            yield db

    def _open(self) -> sqlite3.Connection:
        if not can_write(self._paths.cache):
            db = sqlite3.connect(":memory:", isolation_level=None)
            self._refresh(db)
            return db
        file = self._paths.make(self._paths.cache) / f"catalog-{VERSION}.db"
        for attempt in (1, 2):
            with suppress(FileExistsError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            db = sqlite3.connect(file, timeout=30, isolation_level=None)
            try:
                self._refresh(db)
            except sqlite3.DatabaseError as error:
                db.close()
                if type(error) is not sqlite3.DatabaseError or attempt == 2:
                    raise LakeError(
                        f"The index cannot be read: {error}", code="lake.index", hint="Try again."
                    ) from None
                for name in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
                    name.unlink(missing_ok=True)  # no database, or a broken one: it is made anew
            except BaseException:
                db.close()
                raise
            else:
                return db
        raise AssertionError

    def _refresh(self, db: sqlite3.Connection) -> None:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'vocabulary'").fetchone():
            db.execute("PRAGMA journal_mode = WAL")
            for statement in _SCHEMA:
                db.execute(statement)
        known = dict(db.execute("SELECT name, stamp FROM connectors").fetchall())
        stamps = self._stamps()
        for name in known.keys() - stamps.keys():
            with _changes(db):
                _forget(db, name)
        for name, stamp in stamps.items():
            if known.get(name) != stamp:
                with _changes(db):
                    _forget(db, name)
                    self._add(db, name, stamp)

    def _stamps(self) -> dict[str, str]:
        """Return what tells whether a connector's part is still right: cheap, as every search asks for all."""
        synced: dict[str, str] = {}
        if self._storage.catalog:  # a lake that is no file
            for (name, _), last in self._log.last_syncs(self._connectors).items():
                synced[name] = max(synced.get(name, ""), last.synced_at or "")
        return {
            name: f"{_file_stamp(self._storage.lake(name))}|{synced.get(name, '')}|{self._definitions.stamp(name)}"
            for name in self._connectors
        }

    def _add(self, db: sqlite3.Connection, connector: str, stamp: str) -> None:
        definition = self._definitions.find(connector)
        words = self._definitions.words(connector)
        description = words.value("description", definition.description if definition else None)
        db.execute("INSERT INTO connectors VALUES (?, ?, ?)", (connector, stamp, description))
        location = self._storage.lake(connector)
        try:
            view = view_lake(location)
            with open_metadata(location) as metadata:
                listed = columns_at(metadata, view.snapshot)
        except LakeError as error:
            if error.error_code != "lake.absent":
                raise
            return  # added, never synced
        elsewhere = self._guard is not None and self._guard.places(connector)
        if elsewhere:
            view = self._counted(view)
        owners = views_of(
            [t.name for t in view.tables.values() if not t.table_id],
            {t.name: t for t in view.tables.values() if t.table_id},
        )
        for table in view.tables.values():
            columns = listed.get(table.table_id, [])
            _add_table(db, connector, table, owners.get(table.name, ""), columns, definition, words)
        if definition is not None:
            told: Declared = over(declared(definition), personal(words))
            for name, profile in self._book.kept(connector).items():
                told = under(told, name, profile.personal)
            guard = self._guard if elsewhere else None
            _add_values(db, view, listed, told, str(self._paths.cache / "tmp" / "index"), guard)

    def _counted(self, view: LakeView) -> LakeView:
        """Return a lake with the rows that the last look counted where they are."""
        found = self._log.last_syncs([view.location.name])
        counts = {table: last.total_rows or 0 for (_, table), last in found.items()}
        tables = {k: replace(t, rows=counts.get(t.name, t.rows)) for k, t in view.tables.items()}
        return replace(view, tables=tables)


def _add_table(
    db: sqlite3.Connection,
    connector: str,
    table: LakeTable,
    owner: str,
    columns: Sequence[LakeColumn],
    definition: Connector | None,
    words: Words,
) -> None:
    resource = definition.resource(table.name) if definition else None
    meaning = resource.description if resource else f"One row per element of {owner}.{table.name[len(owner) + 2 :]}"
    if not owner and resource is None:
        meaning = None
    meaning = words.value("description", meaning, table.name)
    db.execute("INSERT INTO tables VALUES (?, ?, ?, ?, ?)", (connector, table.name, owner, table.rows, meaning))
    word = "INSERT INTO words VALUES (?, ?, ?, ?, ?)"
    db.execute(
        word, (connector, table.name, "", f"{table.name} {connector}", f"{meaning or ''}{_others(words, table.name)}")
    )
    for column in columns:
        meant = _meant(resource, column.name)
        fact = partial(_fact, words, table.name, column.name, meant)
        text = " ".join(part for part in (fact("description"), fact("note")) if part)
        db.execute(
            "INSERT INTO columns VALUES (?, ?, ?, ?, ?)", (connector, table.name, column.name, column.type, text)
        )
        db.execute(
            word,
            (
                connector,
                table.name,
                column.name,
                column.name,
                f"{text} {fact('unit') or ''}{_others(words, table.name, column.name)}",
            ),
        )
        values = fact("values")
        if values and fact("pii") in {None, NOT_PERSONAL}:
            for value in values:
                shown = f"{value} {values[value] or ''}" if isinstance(values, Mapping) else str(value)
                db.execute("INSERT INTO vals VALUES (?, ?, ?, ?)", (connector, table.name, column.name, shown.strip()))


_SHOWN = ("description", "note", "unit", "pii", "values", "deprecated")


def _fact(words: Words, table: str, column: str, meant: Column | None, key: str) -> Any:
    return words.value(key, getattr(meant, key) if meant else None, table, column)


def _others(words: Words, table: str, column: str = "") -> str:
    """Return what was said under an owner and free keys, so that it is found."""
    said = [words_[0].value for key, words_ in words.keys(table, column).items() if key not in _SHOWN]
    return "".join(f" {value}" for value in said if isinstance(value, str))


def _meant(resource: Resource | None, column: str) -> Column | None:
    if resource is None:
        return None
    if column in resource.columns:
        return resource.columns[column]
    dotted = column.replace("__", ".")
    return next((found for key, found in resource.columns.items() if key.lower() == dotted), None)


def _add_values(
    db: sqlite3.Connection,
    view: LakeView,
    listed: Mapping[int, Sequence[LakeColumn]],
    told: Declared,
    temp: str,
    guard: Guard | None,
) -> None:
    name = view.location.name
    connection = reader.open_reader(reader.Limits(temp=temp))
    try:
        if guard is None:
            reader.attach_lakes(connection, [(view.location, view.snapshot)])
        opened = guard.attach(connection, [view]) if guard is not None else None
        reader.lock(connection, [view.location.data])
        alias = name if opened is None else opened.aliases[name]
        wanted = _searchable(view, listed, told, _paths(connection, alias))
        for table, texts in wanted.items():
            if guard is not None and opened is not None:
                guard.prepare(connection, opened, view, view.tables[table.lower()])
            for column, values in enum_values(connection, name, table, texts).items():
                rows = [(name, table, column, value) for value in values]
                db.executemany("INSERT INTO vals VALUES (?, ?, ?, ?)", rows)
    except (reader.DuckDBError, FetchError):
        return  # names and meanings are found all the same
    finally:
        connection.close()


def _searchable(
    view: LakeView,
    listed: Mapping[int, Sequence[LakeColumn]],
    personal: Declared,
    paths: Mapping[tuple[str, str], Sequence[str]],
) -> dict[str, list[str]]:
    """Return table -> its text columns that hold no personal data, by declaration and by name."""
    wanted = {}
    for table in view.tables.values():
        keys = personal.get(table.name, {})
        texts = [
            column.name
            for column in listed.get(table.table_id, [])
            if column.type == "VARCHAR"
            and not maybe_personal(column.name)
            and of_column(keys, column.name, paths.get((table.name, column.name), (column.name,))).whole is None
        ]
        if table.table_id and table.rows and texts:
            wanted[table.name] = texts
    return wanted


def _paths(connection: Any, schema: str) -> dict[tuple[str, str], Sequence[str]]:
    """Return (table, column) -> where in the record it comes from; names alone need not tell."""
    sql = f"SELECT resource, value FROM {qualified(schema, 'main', '_dinobase_state')} WHERE key = 'schema'"
    return {
        (resource, entry["name"]): entry["path"]
        for resource, value in connection.execute(sql).fetchall()
        if value
        for entry in json.loads(value)
    }


def _file_stamp(location: LakeLocation) -> str:
    if location.on_postgres:
        return ""
    found = []
    for name in (location.catalog, f"{location.catalog}-wal"):
        with suppress(OSError):
            facts = Path(name).stat()
            if facts.st_size:
                found.append(f"{facts.st_mtime_ns}:{facts.st_size}")
    return ",".join(found)


@contextmanager
def _changes(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _forget(db: sqlite3.Connection, connector: str) -> None:
    for table in _TABLES:
        db.execute(f"DELETE FROM {table} WHERE connector = ?", (connector,))
    db.execute("DELETE FROM connectors WHERE name = ?", (connector,))

"""A database through its own driver: a table is read once, as it travels; which types keep it is found here.

The engine is only asked to read. `mode: copy` alone is there: neither its log nor a query's conditions go through.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from dinobase.core import secrets
from dinobase.core.errors import DinobaseError, FetchError, UsageError
from dinobase.extract.readers import cursors, staging
from dinobase.extract.readers.base import Ask, Brought, ForeignKey, SourceColumn, SourceTable
from dinobase.extract.readers.cursors import Settled
from dinobase.extract.readers.dbapi import raw, taking
from dinobase.extract.readers.dbapi.dialect import Dialect, Found, Session
from dinobase.extract.readers.dbapi.taking import Rung, Taken
from dinobase.extract.readers.options import CONNECTION, SELECTION, Selection, address, names_of
from dinobase.lake.connection import Writer
from dinobase.lake.door import missing
from dinobase.lake.files import Files
from dinobase.lake.sql import ident, literal
from dinobase.spec.models import Credential

# What these engines tell of running transactions differs and is mostly hidden: nobody is taken to write for longer.
_AGE = 600.0
_SECRET_OPTIONS = {"password", "token", "private_key_file_pwd", "sslpassword"}


class DriverKind:
    """What `add` asks for."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        form = f"{dialect.form}; ${{VAR}} reads it from the environment at each run."
        self.credentials: Sequence[Credential] = (
            Credential(name=CONNECTION.name, prompt=CONNECTION.prompt, help=form),
            *SELECTION,
        )

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Check the options; raises UsageError where the mode is not there."""
        _selection(self._dialect, values)
        return dict(values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> DriverSource:
        """Connect; raises FetchError, UsageError where the driver is not installed."""
        return DriverSource(self._dialect, values["connection_string"], _selection(self._dialect, values), writer)


class DriverSource:
    """An open database."""

    def __init__(self, dialect: Dialect, url: str, selection: Selection, writer: Writer | None) -> None:
        try:
            secrets.register_url(url)
            self.address = address(url)
            options = parse_qsl(urlsplit(url).query)
        except ValueError:  # a port that is no number, brackets that do not match
            raise UsageError(
                "the connection string cannot be used", code="source.url", hint=f"It looks like {dialect.form}"
            ) from None
        for name, value in options:
            if name.lower() in _SECRET_OPTIONS:
                secrets.register(value)
        self._dialect, self._selection = dialect, selection
        self._after: dict[str, str] = {}
        self._types: dict[tuple[str, str], Taken] = {}
        self._settled = Settled()
        self._stopped = False
        try:
            import pyarrow as pa  # noqa: F401 - all that comes goes through it: said before anything is asked
        except ImportError:
            raise missing("pyarrow", dialect.name) from None
        with self._told():
            try:
                self._session: Session = dialect.connect(url, selection)
            except ImportError:
                raise missing(dialect.driver, dialect.name) from None
        try:
            self._desk = Files(writer)
        except BaseException:
            self._session.close()
            raise

    def tables(self) -> Sequence[SourceTable]:
        """Return tables and views that the user may read."""
        with self._told():
            since = dt.datetime.fromisoformat(str(self._session.rows(self._dialect.clock)[0][0])[:19])
            self._session.again()
            found = self._dialect.catalog(self._session, self._selection)
        self._settled = Settled(f"{since - dt.timedelta(seconds=_AGE):%Y-%m-%d %H:%M:%S}+00", _AGE)
        return [cursors.chosen(table, self._selection) for table in self._listed(found)]

    def _listed(self, found: Found) -> list[SourceTable]:
        columns = [c for c in found.columns if self._selection.wants(*c.at)]
        places = list(dict.fromkeys(c.at for c in columns))
        schemas = self._selection.schemas or ((found.first,) if any(s == found.first for s, _ in places) else ())
        names = names_of(places, schemas[0] if schemas else min((s for s, _ in places), default=""))
        made: dict[tuple[str, str], list[SourceColumn]] = {}
        for c in columns:
            taken = self._dialect.take(c.native)
            self._types[names[c.at], c.name] = taken
            made.setdefault(c.at, []).append(
                SourceColumn(c.name, taken.type, c.native, c.nullable, c.description, c.values)
            )
        tables = []
        for at, own in made.items():
            about = found.tables.get(at)
            have = {c.name for c in own}
            key = found.keys.get(at, ())
            links = [
                ForeignKey(link.columns, names[link.to], link.to_columns)
                for link in found.links
                if link.at == at and link.to in names and have.issuperset(link.columns)
            ]
            self._after[names[at]] = about.after if about else ""
            place = ".".join(self._dialect.quoted(part) for part in at if part)
            tables.append(
                SourceTable(
                    names[at],
                    place,
                    tuple(own),
                    key=key if have.issuperset(key) else (),
                    unique=self._dialect.enforced,
                    foreign_keys=tuple(links),
                    description=about.description if about else "",
                    rows=about.rows if about else -1,
                )
            )
        return tables

    def read(self, ask: Ask) -> Brought:
        """Read a table; raises FetchError."""
        folder = ask.folder.with_name(f"{ask.folder.name}.raw")
        names = [c.name for c in ask.table.columns]
        taken = [self._types[ask.table.name, name] for name in names]
        try:
            with self._told():
                try:
                    path = raw.written(self._batches(self._sql(ask, taken)), taken, names, folder)
                except BaseException:
                    with suppress(Exception):  # what comes after is read in a transaction of its own
                        self._session.again()
                    raise
            rungs = self._rungs(ask, taken, path)
            fields = ", ".join(
                f"{rung.local.format(f'c{n}')}::{rung.type} AS {ident(ask.names[name])}"
                for n, (name, rung) in enumerate(zip(names, rungs, strict=True))
            )
            files, rows = staging.copy(self._desk, f"SELECT {fields} FROM {_relation(path)}", ask.folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        types = {ask.names[name]: rung.type for name, rung in zip(names, rungs, strict=True)}
        mark = cursors.mark(self._desk, ask, files, types, self._settled)
        notes = [
            f"{name} is text: it holds a value that {one.type} would not keep"
            for name, one, rung in zip(names, taken, rungs, strict=True)
            if rung.type == taking.TEXT and one.type != taking.TEXT and ask.types.get(ask.names[name]) != taking.TEXT
        ]
        return Brought(tuple(files), types, rows, staging.size(files), mark, tuple(notes))

    def _sql(self, ask: Ask, taken: Sequence[Taken]) -> str:
        quoted = self._dialect.quoted
        fields = ", ".join(  # ClickHouse takes an alias before a column of that name, in other fields and in WHERE too
            f"{one.remote.format(quoted(column.name))} AS dinobase_c{n}"
            for n, (column, one) in enumerate(zip(ask.table.columns, taken, strict=True))
        )
        bound = ""
        cursor = ask.table.column(ask.table.cursor) if ask.table.cursor else None
        if cursor is not None and ask.start is not None:
            bound = self._dialect.bound(ask.start, cursor.type, cursor.native)
        return f"SELECT {fields} FROM {ask.table.place}{self._after[ask.table.name]}{cursors.where(ask, bound, quoted)}"

    def _batches(self, sql: str) -> Iterator[Any]:
        for batch in self._session.batches(sql):
            if self._stopped:
                raise FetchError("the read was stopped", code="source.stopped")
            yield batch

    def _rungs(self, ask: Ask, taken: Sequence[Taken], path: Any) -> list[Rung]:
        asked = [taking.look(one, f"c{n}") for n, one in enumerate(taken)]
        every = [aggregate for aggregates in asked for aggregate in aggregates]
        said = iter(self._desk.rows(f"SELECT {', '.join(every)} FROM {_relation(path)}")[0] if every else ())
        known = [ask.types.get(ask.names[c.name], "") for c in ask.table.columns]
        return [
            taking.chosen(one, type_, [next(said) for _ in aggregates])
            for one, type_, aggregates in zip(taken, known, asked, strict=True)
        ]

    def interrupt(self) -> None:
        """Stop a read that runs in another thread."""
        self._stopped = True
        self._desk.interrupt()
        with suppress(Exception):  # drivers differ in what they say of nothing to stop
            self._session.cancel()

    def close(self) -> None:
        """Disconnect."""
        self._desk.close()
        with suppress(Exception):  # the server may be gone
            self._session.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Map what the driver says to our errors."""
        try:
            yield
        except DinobaseError:
            raise
        except Exception as error:  # noqa: BLE001 - every driver has errors of its own
            said = secrets.redact(" ".join(str(error).split())[:600]) or type(error).__name__
            raise FetchError(
                f"{self._dialect.name} says: {said}",
                code="source.failed",
                hint="see whether it is up, lets this machine in and may be read",
                address=self.address,
            ) from None


def _relation(path: Any) -> str:
    return f"read_parquet({literal(str(path))})"


def _selection(dialect: Dialect, values: Mapping[str, str]) -> Selection:
    mode = values.get("mode", "") or "copy"
    if mode != "copy":
        raise UsageError(
            f"`--mode {mode}` is not there for {dialect.name}: rows are copied",
            code="source.mode",
            hint="Leave it out, or --mode copy. live: postgres, mysql, mariadb, sqlite, duckdb; cdc: postgres.",
        )
    return Selection.of(values, ("copy",))

"""MySQL and MariaDB: all tables of a run are read in one consistent snapshot, in UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from dinobase.core import secrets
from dinobase.core.errors import FetchError
from dinobase.extract.readers import live
from dinobase.extract.readers.base import Ask, ForeignKey, Known, Place, SourceColumn, SourceTable
from dinobase.extract.readers.cursors import Settled
from dinobase.extract.readers.database import Database
from dinobase.extract.readers.mysql_types import live_reading, quoted, reading, text
from dinobase.extract.readers.options import CONNECTION, SELECTION, Selection, address, names_of
from dinobase.extract.readers.sql_writing import MysqlTransaction, Transaction
from dinobase.extract.readers.staging import Reading
from dinobase.lake.connection import Writer
from dinobase.lake.foreign import Foreign
from dinobase.lake.sql import ident
from dinobase.spec.models import Credential

_SYSTEM = ("mysql", "information_schema", "performance_schema", "sys")
_HIDDEN_AGE = 600.0
# information_schema shows what the user may read. utf8mb4: else names come as bytes from some servers.
_COLUMNS = """
SELECT {s} AS s, {t} AS t, {c} AS c, {kind} AS kind, {full} AS full_type, IF(c.IS_NULLABLE = 'YES', 1, 0) AS nullable,
  {comment} AS about, {table_comment} AS about_table, CAST(coalesce(t.TABLE_ROWS, -1) AS SIGNED) AS count_rows
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME)
WHERE {where} ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION
"""
_KEYS = """
SELECT {s} AS s, {t} AS t, {i} AS i, {c} AS c, IF(NULLABLE = 'YES' OR SUB_PART IS NOT NULL, 1, 0) AS unfit
FROM information_schema.STATISTICS c WHERE NON_UNIQUE = 0 AND {where}
ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX
"""
_FOREIGN = """
SELECT {s} AS s, {t} AS t, {n} AS n, {c} AS c, {rs} AS rs, {rt} AS rt, {rc} AS rc
FROM information_schema.KEY_COLUMN_USAGE c WHERE REFERENCED_TABLE_NAME IS NOT NULL AND {where}
ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
"""
_JSON = """
SELECT {s} AS s, {t} AS t, {check} AS clause FROM information_schema.CHECK_CONSTRAINTS c
WHERE CONSTRAINT_SCHEMA NOT IN ('') AND LEVEL = 'Column'
"""
# InnoDB writes the beginning of a transaction by the machine's clock, whatever the session's time zone is.
_AGE = (
    "SELECT coalesce(max(timestampdiff(SECOND, trx_started, convert_tz(utc_timestamp(), '+00:00', 'SYSTEM'))), 0) + 1 "
    "AS age FROM information_schema.INNODB_TRX"
)


_SETTINGS = ("SET mysql_session_time_zone = '+00:00'", "SET mysql_query_timeout_enabled = false")
# What the server orders and counts goes by its collation, and a tinyint(1) may hold 2.
_LIVE = (
    *_SETTINGS,
    "SET mysql_aggregate_pushdown_enabled = false",
    "SET mysql_order_pushdown_enabled = false",
    "SET mysql_tinyint1_as_boolean = false",
)


class Mysql(Database[bool]):
    """An open database."""

    def __init__(self, url: str, selection: Selection, writer: Writer | None) -> None:
        secrets.register_url(url)
        self._first = (selection.schemas or (urlsplit(url).path.strip("/"),))[0]
        super().__init__(Foreign("mysql", _target(url), writer, options="; ".join(_SETTINGS)), address(url), selection)
        self._types: dict[tuple[str, str], tuple[str, str]] = {}
        self._places: dict[str, tuple[str, str]] = {}

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._source.rows(f"SELECT * FROM {self._source.query(sql)}")

    def _writers(self) -> Settled:
        try:
            age = float(self._ask(_AGE)[0][0])
        except FetchError:  # it takes the PROCESS privilege
            self._source.again()
            age = _HIDDEN_AGE
        age = age if 0 < age < 86_400 else _HIDDEN_AGE
        remote = f"SELECT CAST(utc_timestamp() - INTERVAL {age:.0f} SECOND AS CHAR) AS since"
        return Settled(f"{self._ask(remote)[0][0]}+00", age)

    def _where(self) -> str:
        chosen = self._selection.schemas or ((self._first,) if self._first else ())
        if chosen:
            return f"c.TABLE_SCHEMA IN ({', '.join(map(text, chosen))})"
        return f"c.TABLE_SCHEMA NOT IN ({', '.join(map(text, _SYSTEM))})"

    def _catalog(self) -> Sequence[SourceTable]:
        where = self._where()
        rows = self._ask(
            _COLUMNS.format(
                **_texts(s="c.TABLE_SCHEMA", t="c.TABLE_NAME", c="c.COLUMN_NAME", kind="c.DATA_TYPE"),
                **_texts(full="c.COLUMN_TYPE", comment="c.COLUMN_COMMENT", table_comment="t.TABLE_COMMENT"),
                where=where,
            )
        )
        rows = [row for row in rows if self._selection.wants(row[0], row[1])]
        names = names_of(list(dict.fromkeys((r[0], r[1]) for r in rows)), self._first)
        held_to_json = self._held_to_json()
        tables: dict[tuple[str, str], SourceTable] = {}
        for s, t, name, kind, full, nullable, about, about_table, count in rows:
            lower = "json" if (s, t, name) in held_to_json else kind.lower()
            called = names[s, t]
            self._places[called] = (s, t)
            self._types[called, name] = (lower, full.lower())
            column = SourceColumn(
                name, reading(name, lower, full.lower()).type, full, bool(nullable), about, _labels(lower, full)
            )
            comment = "" if about_table in {"VIEW", None} else about_table
            table = tables.get((s, t)) or SourceTable(
                called, f"{quoted(s)}.{quoted(t)}", (), description=comment, rows=int(count)
            )
            tables[s, t] = replace(table, columns=(*table.columns, column))
        keys, links = self._keys(where), self._links(where, names)
        return [
            replace(table, key=keys.get(at, ()), foreign_keys=tuple(links.get(at, ()))) for at, table in tables.items()
        ]

    def _keys(self, where: str) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return the first unique index without a column that may be null: the primary key where there is one."""
        indexes: dict[tuple[str, str], dict[str, list[str] | None]] = {}
        sql = _KEYS.format(**_texts(s="TABLE_SCHEMA", t="TABLE_NAME", i="INDEX_NAME", c="COLUMN_NAME"), where=where)
        for s, t, index, column, unfit in self._ask(sql):
            of_table = indexes.setdefault((s, t), {})
            columns = of_table.setdefault(index, [])
            of_table[index] = None if unfit or columns is None else [*columns, column]
        found = {}
        for at, of_table in indexes.items():
            fit = [columns for columns in of_table.values() if columns]
            if fit:
                found[at] = tuple(fit[0])
        return found

    def _links(self, where: str, names: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], list[ForeignKey]]:
        sql = _FOREIGN.format(
            **_texts(s="TABLE_SCHEMA", t="TABLE_NAME", n="CONSTRAINT_NAME", c="COLUMN_NAME"),
            **_texts(rs="REFERENCED_TABLE_SCHEMA", rt="REFERENCED_TABLE_NAME", rc="REFERENCED_COLUMN_NAME"),
            where=where,
        )
        found: dict[tuple[str, str], dict[str, ForeignKey]] = {}
        for s, t, constraint, column, rs, rt, rc in self._ask(sql):
            if (rs, rt) not in names:
                continue
            of_table = found.setdefault((s, t), {})
            link = of_table.get(constraint) or ForeignKey((), names[rs, rt], ())
            of_table[constraint] = replace(link, columns=(*link.columns, column), to_columns=(*link.to_columns, rc))
        return {at: list(of_table.values()) for at, of_table in found.items()}

    def _held_to_json(self) -> set[tuple[str, str, str]]:
        """Return the columns that MariaDB knows as JSON: texts with a check."""
        if "mariadb" not in str(self._ask("SELECT version() AS v")[0][0]).lower():
            return set()
        sql = _JSON.format(**_texts(s="CONSTRAINT_SCHEMA", t="TABLE_NAME", check="CHECK_CLAUSE"))
        found = set()
        for s, t, clause in self._ask(sql):
            if clause.startswith("json_valid(`") and clause.endswith("`)"):
                found.add((s, t, clause[len("json_valid(`") : -len("`)")].replace("``", "`")))
        return found

    def _readings(self, ask: Ask, seen: Mapping[str, bool]) -> list[Reading]:
        found = []
        for column in ask.table.columns:
            kind, full = self._types[ask.table.name, column.name]
            known = ask.types.get(ask.names[column.name], "")
            found.append(reading(column.name, kind, full, known, odd=seen.get(column.name, False)))
        return found

    def _look(self, ask: Ask) -> dict[str, bool]:
        odd = {r.column: r.odd for r in self._readings(ask, {}) if r.odd}
        if not odd:
            return {}
        fields = ", ".join(f"coalesce(max({condition}), 0) AS v{n}" for n, condition in enumerate(odd.values()))
        row = self._ask(f"SELECT {fields} FROM {ask.table.place}")[0]
        return {column: bool(value) for column, value in zip(odd, row, strict=True)}

    def _take(self, ask: Ask, column: str, given: str) -> tuple[str, str] | None:
        return live_reading(column, *self._types[ask.table.name, column], given)

    def _below(self, table: SourceTable) -> str:
        return ".".join(map(ident, self._places[table.name]))

    def _bound(self, ask: Ask) -> str:
        if ask.start is None:
            return ""
        column = ask.table.column(ask.table.cursor)
        whole = column is not None and ask.types.get(ask.names[column.name], "").endswith("INT")
        return ask.start if whole and ask.start.lstrip("-").isdigit() else text(ask.start.removesuffix("+00"))

    _quoted = staticmethod(quoted)


class MysqlKind:
    """`dinobase add mysql --connection-string mysql://...`, and mariadb."""

    credentials: Sequence[Credential] = (CONNECTION, *SELECTION)

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Check the options."""
        Selection.of(values)
        return dict(values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> Mysql:
        """Connect."""
        return Mysql(values["connection_string"], Selection.of(values), writer)

    def target(self, values: Mapping[str, str]) -> str:
        """Return where writes go: nowhere where each query asks the database."""
        return "" if self.in_place(values) else address(values["connection_string"])

    def writing(self, values: Mapping[str, str]) -> Transaction:
        """Begin a transaction that writes."""
        return MysqlTransaction(values["connection_string"])

    def in_place(self, values: Mapping[str, str]) -> bool:
        """Tell whether each query asks the database."""
        return Selection.of(values).live

    def place(self, values: Mapping[str, str], known: Mapping[str, Known], connection: Any, alias: str) -> Place:
        """Attach for one query."""
        url = values["connection_string"]
        secrets.register_url(url)
        return live.place("mysql", _target(url), known, connection, alias, _LIVE)


def _target(url: str) -> str:
    """Return the address as the scanner takes it: a server of either name is asked alike."""
    return f"mysql://{url.partition('://')[2]}" if "://" in url else url


def _texts(**columns: str) -> dict[str, str]:
    return {key: f"CONVERT({column} USING utf8mb4)" for key, column in columns.items()}


def _labels(kind: str, full: str) -> tuple[str, ...]:
    """Return an enum's values from `enum('a','it''s')`."""
    if kind != "enum" or not full.endswith("')"):
        return ()
    inner = full[full.index("(") + 2 : -2]
    return tuple(label.replace("''", "'") for label in inner.split("','"))


KIND = MysqlKind()

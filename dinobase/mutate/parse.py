"""SQL that changes data -> what it changes and the SELECTs that name all that it reads. Pure; nothing here rewrites.

DuckDB runs the user's own text. The SELECTs are cut from it clause by clause, so that the gate can walk DuckDB's own
tree of every table and function in it; a clause that this grammar does not know is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dinobase.core.errors import QueryError
from dinobase.mutate.cursor import EXAMPLE, Cursor, refused
from dinobase.mutate.tokens import words

Kind: TypeAlias = Literal["insert", "update", "delete", "merge"]
_TYPES: dict[Kind, type[exp.Expression]] = {
    "insert": exp.Insert,
    "update": exp.Update,
    "delete": exp.Delete,
    "merge": exp.Merge,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, cut up.

    columns: those that it sets or inserts, () where all or by name; probe: the SELECT of the rows that it touches
    (`_r` is the target's rowid) or inserts; checks: further SELECTs that together name whatever else it reads;
    values: per column its expression's place in the probe; once: a row may be named by the probe only once.
    """

    sql: str
    kind: Kind
    connector: str
    table: str
    columns: tuple[str, ...]
    probe: str
    checks: tuple[str, ...] = ()
    conflict: bool = False
    returning: bool = False
    where: bool = False
    once: bool = False
    all_rows: bool = field(default=False)  # rows that match nothing may be changed too


def parse(sql: str, own: Sequence[tuple[int, Any]]) -> Statement:
    """Cut one statement; `own` is what DuckDB's tokenizer says of it."""
    found = _Cut(sql, words(sql, own)).statement()
    _compare(found)
    return found


class _Cut(Cursor):
    """Knows what each kind of statement is made of."""

    head = ""

    def statement(self) -> Statement:
        first = self._next_top("INSERT", "UPDATE", "DELETE", "MERGE INTO", "MERGE")
        if first is None or (first > 0 and not self.words[0].is_("WITH")):
            raise refused("The statement does not begin with INSERT, UPDATE, DELETE or MERGE", EXAMPLE)
        self.head = self._text(0, first)
        word = self.words[first]
        self.at = first + 1
        if word.upper.startswith("MERGE"):
            return self._merge(into="INTO" in word.upper)
        return {"INSERT": self._insert, "UPDATE": self._update, "DELETE": self._delete}[word.upper]()

    # clauses

    def _update(self) -> Statement:
        target = self._target()
        self._take("SET")
        ends = [self._clause("FROM"), self._clause("WHERE"), self._clause("RETURNING"), len(self.words)]
        end_set = min(e for e in ends if e is not None)
        columns, values = self._assignments(self.at, end_set)
        source = self._between("FROM", ("WHERE", "RETURNING"))
        where = self._between("WHERE", ("RETURNING",))
        returning = self._between("RETURNING", ())
        tables = f"{target.text}, {source}" if source else target.text
        picked = [f"{target.ref}.rowid AS _r", *(f"(\n{v}\n) AS _v{n}" for n, v in enumerate(values))]
        probe = f"{self.head} SELECT {', '.join(picked)} FROM {tables}{self._where(where)}"
        return Statement(
            self.sql,
            "update",
            target.connector,
            target.table,
            tuple(columns),
            probe,
            self._returned(target, returning),
            returning=bool(returning),
            where=bool(where),
            once=bool(source),
        )

    def _delete(self) -> Statement:
        self._take("FROM")
        target = self._target()
        source = self._between("USING", ("WHERE", "RETURNING"))
        where = self._between("WHERE", ("RETURNING",))
        returning = self._between("RETURNING", ())
        if self.at < len(self.words) and not (source or where or returning):
            raise self._unknown()
        tables = f"{target.text}, {source}" if source else target.text
        probe = f"{self.head} SELECT {target.ref}.rowid AS _r FROM {tables}{self._where(where)}"
        checks = self._returned(target, returning)
        return Statement(
            self.sql,
            "delete",
            target.connector,
            target.table,
            (),
            probe,
            checks,
            returning=bool(returning),
            where=bool(where),
        )

    def _insert(self) -> Statement:
        conflict = False
        if self._is("OR"):
            self.at += 1
            self._take("REPLACE", "IGNORE")
            conflict = True
        self._take("INTO")
        target = self._target()
        columns = self._names() if self._is("(") and self._is_column_list() else []
        if self._is("BY") and self.at + 1 < len(self.words) and self.words[self.at + 1].is_("NAME", "POSITION"):
            self.at += 2
        if self._is("DEFAULT"):
            raise refused("INSERT ... DEFAULT VALUES has no value to send", "Name the columns and their values.")
        conflict_at = self._conflict()
        returning_at = self._clause("RETURNING")
        end = min(e for e in (conflict_at, returning_at, len(self.words)) if e is not None)
        source = self._text(self.at, end)
        if not source.strip():
            raise self._unknown()
        checks = []
        if conflict_at is not None:
            conflict = True
            checks = self._on_conflict(target, conflict_at, returning_at or len(self.words))
        self.at = end if returning_at is None else returning_at
        returning = self._between("RETURNING", ())
        probe = f"{self.head} {source}" if self.head.strip() else source
        checks += self._returned(target, returning)
        return Statement(
            self.sql,
            "insert",
            target.connector,
            target.table,
            tuple(columns),
            probe,
            tuple(checks),
            conflict=conflict,
            returning=bool(returning),
        )

    def _merge(self, *, into: bool) -> Statement:
        if not into:
            self._take("INTO")
        target = self._target()
        self._take("USING")
        begin = self.at
        on = self._first(("ON", "USING"), self.at)
        whens = [n for n in range(self.at, len(self.words)) if self.words[n].depth == 0 and self.words[n].is_("WHEN")]
        if on is None or not whens or on > whens[0]:
            raise self._unknown()
        source, condition = self._text(begin, on), self._text(on, whens[0])
        returning_at = self._clause("RETURNING")
        ends = [*whens[1:], returning_at if returning_at is not None else len(self.words)]
        columns: list[str] = []
        expressions: list[str] = []
        by_source = False
        for start, end in zip(whens, ends, strict=True):
            by_source |= self._when(start, end, columns, expressions)
        self.at = ends[-1]
        returning = self._between("RETURNING", ())
        joined = f"{target.text} FULL JOIN {source} {condition}"
        picked = ", ".join(f"(\n{e}\n)" for e in expressions) or "1"
        checks = [f"{self.head} SELECT {picked} FROM {joined}", *self._returned(target, returning)]
        probe = f"{self.head} SELECT {target.ref}.rowid AS _r FROM {target.text} JOIN {source} {condition}"
        return Statement(
            self.sql,
            "merge",
            target.connector,
            target.table,
            tuple(dict.fromkeys(columns)),
            probe,
            tuple(checks),
            returning=bool(returning),
            where=True,
            once=True,
            all_rows=by_source,
        )

    def _when(  # noqa: C901 - one branch per action
        self, start: int, end: int, columns: list[str], expressions: list[str]
    ) -> bool:
        """Take one WHEN apart; returns whether it speaks of rows that match nothing."""
        then = next((n for n in range(start, end) if self.words[n].depth == 0 and self.words[n].is_("THEN")), None)
        if then is None or then + 1 >= end:
            raise self._unknown()
        self.at = start + 1
        if self._is("NOT"):
            self.at += 1
        self._take("MATCHED")
        by_source = False
        if self._is("BY"):
            by_source = self.words[self.at + 1].is_("SOURCE")
            self.at += 2
        if self.at < then:
            self._take("AND")
            expressions.append(self._text(self.at, then))
        self.at = then + 1
        action = self._take("UPDATE", "DELETE", "INSERT", "DO")
        if action == "UPDATE" and self.at < end:
            self._take("SET")
            if self._is("*"):
                self.at += 1
            else:
                names, values = self._assignments(self.at, end)
                columns += names
                expressions += values
                self.at = end
        elif action == "INSERT" and self.at < end:
            columns += self._names() if self._is("(") else []
            if self._is("*"):
                self.at += 1
            elif self.at < end:
                self._take("VALUES")
                close = self._closing(self.at, end)
                expressions += self._items(self.at + 1, close)
                self.at = close + 1
        elif action == "DO":
            self._take("NOTHING")
        if self.at != end:
            raise self._unknown()
        return by_source

    # parts

    def _target(self) -> _Target:
        begin, parts = self.at, [self._name()]
        while self._is("."):
            self.at += 1
            parts.append(self._name())
        if len(parts) == 3 and parts[1].lower() == "main":
            parts = [parts[0], parts[2]]
        if len(parts) != 2:
            raise QueryError(
                f"There is no table {'.'.join(parts)}",
                code="unknown.table",
                hint=f"Tables are written connector.table: {EXAMPLE}.",
                table=".".join(parts),
            )
        text, alias = self._text(begin, self.at), parts[1]
        if self._is("AS"):
            self.at += 1
            alias = self._name()
        elif self.at < len(self.words) and self._is_alias():
            alias = self._name()
        whole = self._text(begin, self.at)
        return _Target(parts[0], parts[1], whole, '"' + alias.replace('"', '""') + '"', text)

    def _is_alias(self) -> bool:
        word = self.words[self.at]
        return word.name and not word.is_(
            "SET", "FROM", "USING", "WHERE", "RETURNING", "VALUES", "SELECT", "WITH", "BY", "DEFAULT", "ON", "TABLE"
        )

    def _is_column_list(self) -> bool:
        """Tell `(a, b)` from a SELECT in brackets."""
        follows = self.words[self.at + 1] if self.at + 1 < len(self.words) else None
        return follows is not None and follows.name and not follows.is_("SELECT", "WITH", "VALUES", "FROM")

    def _names(self) -> list[str]:
        close = self._closing(self.at, len(self.words))
        inside = self.words[self.at + 1 : close]
        names, commas = inside[::2], inside[1::2]
        if not names or not all(w.name for w in names) or not all(w.is_(",") for w in commas):
            raise self._unknown()
        self.at = close + 1
        return [w.text for w in names]

    def _assignments(self, begin: int, end: int) -> tuple[list[str], list[str]]:
        columns, values = [], []
        for start, stop in self._split(begin, end):
            if stop - start < 3 or not self.words[start].name or not self.words[start + 1].is_("="):
                raise refused("SET takes `column = value, ...`", EXAMPLE)
            if stop - start == 3 and self.words[start + 2].is_("DEFAULT"):
                raise refused("What the source's default is cannot be known here", "Write the value itself.")
            columns.append(self.words[start].text)
            values.append(self._text(start + 2, stop))
        lowered = [c.lower() for c in columns]
        if len(set(lowered)) != len(lowered):
            raise refused("SET names a column twice", EXAMPLE)
        return columns, values

    def _items(self, begin: int, end: int) -> list[str]:
        return [self._text(start, stop) for start, stop in self._split(begin, end)]

    def _split(self, begin: int, end: int) -> list[tuple[int, int]]:
        level = self.words[begin].depth if begin < end else 0
        commas = [n for n in range(begin, end) if self.words[n].is_(",") and self.words[n].depth == level]
        return list(zip([begin, *(c + 1 for c in commas)], [*commas, end], strict=True))

    def _on_conflict(self, target: _Target, begin: int, end: int) -> list[str]:
        self.at = begin + 2
        parts: list[str] = []
        if self._is("("):
            self._names()
        where = self._first(("WHERE",), self.at)
        if where is not None and where < end and self._first(("DO",), self.at) != self.at:
            raise refused("ON CONFLICT takes columns and DO", "ON CONFLICT (id) DO UPDATE SET name = excluded.name")
        self._take("DO")
        if self._take("NOTHING", "UPDATE") == "UPDATE":
            self._take("SET")
            stop = where if where is not None and where < end else end
            parts += self._assignments(self.at, stop)[1]
            if stop < end:
                parts.append(self._text(stop + 1, end))
        elif self.at != end:
            raise self._unknown()
        picked = ", ".join(f"(\n{part}\n)" for part in parts)
        return [f"SELECT {picked} FROM {target.text}, {target.bare} AS excluded"] if parts else []

    def _returned(self, target: _Target, returning: str) -> tuple[str, ...]:
        return (f"SELECT {returning} FROM {target.text}",) if returning else ()

    def _where(self, condition: str) -> str:
        return f" WHERE (\n{condition}\n)" if condition else ""


@dataclass(frozen=True, slots=True)
class _Target:
    connector: str
    table: str
    text: str
    ref: str
    bare: str


def _compare(found: Statement) -> None:
    """Raise unless sqlglot's tree has the same kind, target and columns."""
    try:
        tree = sqlglot.parse_one(found.sql, dialect="duckdb")
    except SqlglotError:
        tree = None
    kind = type(tree)
    table = tree.find(exp.Table) if tree is not None else None
    if isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        table = target if isinstance(target, exp.Table) else None
    same = (
        kind is _TYPES[found.kind]
        and table is not None
        and table.name == found.table
        and (table.catalog or table.db) == found.connector
        and _set_columns(tree) in (None, [c.lower() for c in found.columns])
    )
    if not same:
        raise refused("Two parsers read this statement differently", "Write it more plainly.")


def _set_columns(tree: exp.Expr | None) -> list[str] | None:
    if isinstance(tree, exp.Update):
        return [e.this.name.lower() for e in tree.expressions if isinstance(e, exp.EQ)]
    if isinstance(tree, exp.Insert) and isinstance(tree.this, exp.Schema):
        return [e.name.lower() for e in tree.this.expressions]
    return None

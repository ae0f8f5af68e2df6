"""Results that were too large to show, kept for an hour as tables of the schema `result`: `result.r_4f09ac`.

A handle is a Parquet file beside a note of where its rows are from, in a folder that only its identity's queries may
read. It does not outlive the rules under which it was made, nor the connectors that its rows came from.
"""

from __future__ import annotations

import binascii
import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dinobase.catalog.runs import DEFAULT_FRESHNESS_S, LastSync
from dinobase.core.clock import iso, now
from dinobase.core.errors import UnknownName, did_you_mean
from dinobase.core.settings import Paths, can_write
from dinobase.lake import reader
from dinobase.lake.convert import Column
from dinobase.lake.sql import ident, literal
from dinobase.query.result import Source

SCHEMA = "result"
LIFETIME = timedelta(hours=1)
MAX_ROWS = 1_000_000
_GRACE = timedelta(minutes=10)  # a query that began in time reads to its end
_KEPT = 100  # of one identity; the oldest give way
_NAME = re.compile(r"r_[0-9a-f]{6,}")
_QUOTED = re.compile(r'"[^"]*"')
_LOSSY = re.compile(r"\b(?:UHUGEINT|HUGEINT|INTERVAL|BIT|BIGNUM|TIME WITH TIME ZONE|UNION|VARIANT|NULL)\b")
_WHOLE = ("DECIMAL(38,0)", "VARCHAR")  # the second where a number has 39 digits


@dataclass(frozen=True, slots=True)
class Handle:
    """`table` is what SQL calls it; `sources` are the tables that its rows came from."""

    table: str
    path: Path
    rows: int
    expires_at: str
    sources: tuple[Source, ...] = ()


class Handles:
    """The handles of one identity; `rules` is a text that differs where its access rules differ.

    `marks` takes tables to a text that differs where what is personal data in them is another.
    """

    def __init__(
        self, paths: Paths, identity: str, rules: str = "", marks: Callable[[Iterable[str]], str] | None = None
    ) -> None:
        self._root = paths.state / "handles"
        self._folder = self._root / binascii.hexlify(identity.encode()).decode()
        self._rules = rules
        self._marks = marks

    @property
    def folder(self) -> str:
        """Return the one folder that queries of this identity may read beside their lakes."""
        return str(self._folder)

    @property
    def writable(self) -> bool:
        """Tell whether a handle can be made: a workspace may be there to be read alone."""
        return can_write(self.folder)

    def find(self, names: Iterable[str], connectors: Mapping[str, float]) -> list[Handle]:
        """Return live handles by their names without the schema; raises UnknownName."""
        found = []
        for name in names:
            handle = self._read(name, connectors) if _NAME.fullmatch(name) else None
            if handle is None:
                raise self._unknown(name, connectors)
            found.append(handle)
        return found

    def write(self, connection: Any, sql: str, columns: Sequence[Column], sources: Sequence[Source]) -> Handle:
        """Run a SELECT that the gate has let through, into a new handle; at most MAX_ROWS rows."""
        self.clean()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"r_{os.urandom(3).hex()}"
        path = self._folder / f"{name}.parquet"
        part = path.with_suffix(".part")
        try:
            part.touch(mode=0o600)
            rows = _copy(connection, sql, columns, part)
            part.chmod(0o600)
            expires = iso(now() + LIFETIME)
            note = {
                "expires_at": expires,
                "rows": rows,
                "rules": self._rules,
                "marks": self._marked(sources),
                "sources": [source.as_dict() for source in sources],
            }
            with open(os.open(path.with_suffix(".json"), os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - the rights come with the file
                json.dump(note, file)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return Handle(f"{SCHEMA}.{name}", path, rows, expires, tuple(sources))

    def clean(self) -> None:
        """Delete what has expired, of all identities, and the oldest of too many of this one."""
        notes = sorted(self._root.glob("*/*.json"), key=_age)
        own = [note for note in notes if note.parent == self._folder]
        old = own[: max(0, len(own) - _KEPT + 1)]
        for note in notes:
            if note in old or _expired(_load(note), _GRACE):
                _drop(note)
        for file in self._root.glob("*/*.part"):  # of a process that was killed
            if now().timestamp() - _age(file) > LIFETIME.total_seconds():
                file.unlink(missing_ok=True)

    def _read(self, name: str, connectors: Mapping[str, float]) -> Handle | None:
        path = self._folder / f"{name}.parquet"
        note = _load(path.with_suffix(".json"))
        if _expired(note) or note["rules"] != self._rules or not path.is_file():
            return None
        sources = tuple(_aged(Source(**source), connectors) for source in note["sources"])
        if any(_connector(source) not in connectors for source in sources):
            return None
        if note.get("marks", "") != self._marked(sources):
            return None
        return Handle(f"{SCHEMA}.{name}", path, note["rows"], note["expires_at"], sources)

    def _marked(self, sources: Iterable[Source]) -> str:
        return self._marks({source.table for source in sources}) if self._marks else ""

    def _unknown(self, name: str, connectors: Mapping[str, float]) -> UnknownName:
        names = [path.stem for path in self._folder.glob("*.json")] if self._folder.is_dir() else []
        kept = [known for known in names if self._read(known, connectors)]
        near = did_you_mean(name, kept)
        hint = f"Did you mean {SCHEMA}.{near}?" if near else "Results are kept for an hour: send its query again."
        return UnknownName(f"There is no table {SCHEMA}.{name}", code="unknown.table", hint=hint, table=name)


def _copy(connection: Any, sql: str, columns: Sequence[Column], target: Path) -> int:
    for whole in _WHOLE:
        kept = [f"{_stored(column, place, whole)} AS {ident(column.name)}" for place, column in enumerate(columns, 1)]
        select = f"SELECT {', '.join(kept)} FROM (\n{sql}\n) AS _q LIMIT {MAX_ROWS}"
        try:
            return int(connection.execute(f"COPY ({select}) TO {literal(str(target))} (FORMAT parquet)").fetchone()[0])
        except reader.DuckDBError as error:
            if whole == _WHOLE[-1] or type(error).__name__ != "ConversionException":
                raise
    raise AssertionError


def show(connection: Any, handles: Sequence[Handle]) -> None:
    """Put handles into an instance that is not locked yet, as views of the schema `result`."""
    connection.execute(f"ATTACH ':memory:' AS {SCHEMA}")
    for handle in handles:
        name = ident(handle.path.stem)
        connection.execute(
            f"CREATE VIEW {SCHEMA}.main.{name} AS SELECT * FROM read_parquet({literal(str(handle.path))})"
        )


def _stored(column: Column, place: int, whole: str) -> str:
    """Return the SQL that keeps a column; Parquet would round HUGEINT and INTERVAL and lose the zone of a time."""
    kind = _QUOTED.sub("", column.type)
    if not _LOSSY.search(kind):
        return f"#{place}"
    if kind in {"HUGEINT", "UHUGEINT", "HUGEINT[]", "UHUGEINT[]"}:
        return f"CAST(#{place} AS {kind.replace('UHUGEINT', 'HUGEINT').replace('HUGEINT', whole)})"
    if column.base in {"list", "array", "struct", "map"}:
        return f"to_json(#{place})"
    return f"CAST(#{place} AS VARCHAR)"


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _expired(note: dict[str, Any], grace: timedelta = timedelta(0)) -> bool:
    return not note or datetime.fromisoformat(note["expires_at"]) + grace <= now()


def _aged(source: Source, connectors: Mapping[str, float]) -> Source:
    """Return a source as it stands now: what was fresh when the rows were kept may be stale."""
    freshness = connectors.get(_connector(source), DEFAULT_FRESHNESS_S)
    return replace(source, is_stale=LastSync(source.synced_at).is_stale(freshness), live=False)


def _connector(source: Source) -> str:
    return source.table.partition(".")[0]


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _drop(note: Path) -> None:
    with contextlib.suppress(OSError):
        note.with_suffix(".parquet").unlink(missing_ok=True)
        note.unlink(missing_ok=True)

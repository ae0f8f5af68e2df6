"""PostgreSQL's logical replication messages (pgoutput, protocol 1), from bytes to values. Pure.

A message that is not whole, or of a kind that protocol 1 has not, is an error: nothing is passed over in silence.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from dinobase.core.errors import FetchError


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A large value that an update left alone: the server does not send it."""


UNCHANGED: Final = Unchanged()
Value: TypeAlias = bytes | Unchanged | None
Tuple: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins; `lsn` is where its commit is written."""

    lsn: int
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """A transaction ends; `end` is the place behind its commit."""

    lsn: int
    end: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation; `key`: it is of the replica identity."""

    name: str
    key: bool
    type: int
    modifier: int


@dataclass(frozen=True, slots=True)
class Relation:
    """What a table looks like from here on; `identity` is d (primary key), i (an index), f (whole row) or n."""

    id: int
    schema: str
    name: str
    identity: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that changed. old: the row before, or its key alone where `old_is_key`; None where it was not sent."""

    kind: Literal["insert", "update", "delete"]
    relation: int
    old: Tuple | None
    new: Tuple | None
    old_is_key: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """Tables that were emptied."""

    relations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Aside:
    """What says nothing of rows: an origin, a type's name, a program's own message."""

    kind: Literal["origin", "type", "message"]


Message: TypeAlias = Begin | Commit | Relation | Row | Truncate | Aside


def decode(data: bytes) -> Message:
    """Return one message; raises FetchError for what protocol 1 does not have."""
    bytes_ = _Bytes(data)
    try:
        message = _message(bytes_)
    except (struct.error, ValueError, IndexError):
        raise _unreadable(data) from None
    if bytes_.left and not isinstance(message, Aside):
        raise _unreadable(data)
    return message


class _Bytes:
    """Takes a message apart from its beginning."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(f"!{form}", self._data, self._at)
        self._at += struct.calcsize(f"!{form}")
        return int(value)

    def letter(self) -> str:
        return chr(self.number("B"))

    def text(self) -> str:
        end = self._data.index(0, self._at)
        found = self._data[self._at : end].decode()
        self._at = end + 1
        return found

    def take(self, size: int) -> bytes:
        if size < 0 or size > self.left:
            raise ValueError(size)
        self._at += size
        return self._data[self._at - size : self._at]

    def tuple(self) -> Tuple:
        return tuple(self._value() for _ in range(self.number("H")))

    def _value(self) -> Value:
        kind = self.letter()
        if kind == "n":
            return None
        if kind == "u":
            return UNCHANGED
        if kind != "t":
            raise ValueError(kind)
        return self.take(self.number("i"))


def _message(data: _Bytes) -> Message:
    kind = data.letter()
    if kind == "B":
        lsn, _, xid = data.number("Q"), data.number("q"), data.number("I")
        return Begin(lsn, xid)
    if kind == "C":
        _, lsn, end, _ = data.number("B"), data.number("Q"), data.number("Q"), data.number("q")
        return Commit(lsn, end)
    if kind == "R":
        return _relation(data)
    if kind in "IUD":
        return _row(kind, data)
    if kind == "T":
        count, _ = data.number("I"), data.number("B")
        return Truncate(tuple(data.number("I") for _ in range(count)))
    if kind in "OYM":
        return Aside("origin" if kind == "O" else "type" if kind == "Y" else "message")
    raise ValueError(kind)


def _relation(data: _Bytes) -> Relation:
    id_, schema, name, identity = data.number("I"), data.text(), data.text(), data.letter()
    columns = []
    for _ in range(data.number("H")):
        flags, column, type_, modifier = data.number("B"), data.text(), data.number("I"), data.number("i")
        columns.append(Column(column, bool(flags & 1), type_, modifier))
    return Relation(id_, schema or "pg_catalog", name, identity, tuple(columns))


def _row(kind: str, data: _Bytes) -> Row:
    relation, part = data.number("I"), data.letter()
    if kind == "I":
        if part != "N":
            raise ValueError(part)
        return Row("insert", relation, None, data.tuple())
    old: Tuple | None = None
    is_key = part == "K"
    if part in "KO":
        old = data.tuple()
        if kind == "D":
            return Row("delete", relation, old, None, is_key)
        part = data.letter()
    if kind == "D" or part != "N":
        raise ValueError(part)
    return Row("update", relation, old, data.tuple(), is_key)


def _unreadable(data: bytes) -> FetchError:
    return FetchError(
        f"a change that PostgreSQL sent cannot be read: {len(data)} bytes that begin with {data[:1]!r}",
        code="source.replication",
        hint="It says what protocol 1 of logical replication does not have; a sync with --full-refresh reads all anew.",
    )

"""Every message of logical replication, protocol 1, written out byte by byte; what is not whole is refused."""

from __future__ import annotations

import struct

import pytest

from dinobase.core.errors import FetchError
from dinobase.extract.readers import pgoutput
from dinobase.extract.readers.pgoutput import (
    UNCHANGED,
    Aside,
    Begin,
    Column,
    Commit,
    Relation,
    Row,
    Truncate,
    decode,
)
from dinobase.extract.readers.postgres_touched import Snapshot, Touched, Watched, gather


def values(*given: bytes | pgoutput.Unchanged | None) -> bytes:
    """Write a row."""
    found = struct.pack("!H", len(given))
    for value in given:
        if isinstance(value, bytes):
            found += b"t" + struct.pack("!i", len(value)) + value
        else:
            found += b"n" if value is None else b"u"
    return found


def begin(lsn: int, xid: int) -> bytes:
    return b"B" + struct.pack("!QqI", lsn, 0, xid)


def relation(number: int = 7, name: bytes = b"orders", *columns: bytes) -> bytes:
    head = b"R" + struct.pack("!I", number) + b"public\0" + name + b"\0d" + struct.pack("!H", len(columns) or 2)
    body = b"".join(
        struct.pack("!B", n == 0) + c + b"\0" + struct.pack("!Ii", 23, -1)
        for n, c in enumerate(columns or (b"id", b"v"))
    )
    return head + body


def row(kind: bytes, *parts: bytes, number: int = 7) -> bytes:
    return kind + struct.pack("!I", number) + b"".join(parts)


MESSAGES = [
    (begin(300, 9), Begin(300, 9)),
    (b"C" + struct.pack("!BQQq", 0, 300, 340, 0), Commit(300, 340)),
    (relation(), Relation(7, "public", "orders", "d", (Column("id", True, 23, -1), Column("v", False, 23, -1)))),
    (row(b"I", b"N", values(b"1", None)), Row("insert", 7, None, (b"1", None))),
    (row(b"U", b"N", values(b"1", UNCHANGED)), Row("update", 7, None, (b"1", UNCHANGED))),
    (
        row(b"U", b"K", values(b"1", None), b"N", values(b"2", b"x")),
        Row("update", 7, (b"1", None), (b"2", b"x"), old_is_key=True),
    ),
    (row(b"U", b"O", values(b"1", b"w"), b"N", values(b"1", b"x")), Row("update", 7, (b"1", b"w"), (b"1", b"x"))),
    (row(b"D", b"K", values(b"1", None)), Row("delete", 7, (b"1", None), None, old_is_key=True)),
    (row(b"D", b"O", values(b"1", b"w")), Row("delete", 7, (b"1", b"w"), None)),
    (b"T" + struct.pack("!IBII", 2, 0, 7, 8), Truncate((7, 8))),
    (b"O" + struct.pack("!Q", 5) + b"there\0", Aside("origin")),
    (b"Y" + struct.pack("!I", 5) + b"public\0mood\0", Aside("type")),
    (b"M" + struct.pack("!BQ", 1, 5) + b"app\0" + struct.pack("!I", 2) + b"hi", Aside("message")),
]


@pytest.mark.parametrize(
    ("data", "message"), MESSAGES, ids=[type(m).__name__ + str(n) for n, (_, m) in enumerate(MESSAGES)]
)
def test_a_message_says_what_it_says(data: bytes, message: pgoutput.Message) -> None:
    assert decode(data) == message


@pytest.mark.parametrize("data", [data for data, message in MESSAGES if not isinstance(message, Aside)])
def test_a_message_that_is_cut_or_too_long_is_refused_everywhere(data: bytes) -> None:
    for end in range(len(data)):
        with pytest.raises(FetchError, match="cannot be read"):
            decode(data[:end])
    with pytest.raises(FetchError, match="cannot be read"):
        decode(data + b"\0")


@pytest.mark.parametrize("data", [b"", b"S\0\0\0\1\1", row(b"I", b"K", values(b"1")), row(b"D", b"N", values(b"1"))])
def test_what_protocol_1_does_not_have_is_refused(data: bytes) -> None:
    with pytest.raises(FetchError):
        decode(data)


ORDERS = ("public", "orders")
ALL = Snapshot(100, 100)


def touched(*messages: bytes, since: int = 0, key: tuple[str, ...] = ("id",)) -> Touched:
    found = gather([begin(50, 9), relation(), *messages], {ORDERS: Watched(key, since)}, ALL)
    return found.tables[ORDERS]


def test_the_key_before_and_the_key_after_are_both_read_again() -> None:
    found = touched(row(b"U", b"K", values(b"1", None), b"N", values(b"2", b"x")))
    assert found.keys == {(b"1",), (b"2",)}


def test_a_key_that_was_not_sent_for_its_size_is_the_one_before() -> None:
    whole = row(b"U", b"O", values(b"1", b"w"), b"N", values(UNCHANGED, b"x"))
    assert touched(whole).keys == {(b"1",)}
    assert touched(row(b"U", b"N", values(UNCHANGED, b"x"))).whole


def test_a_key_of_a_column_that_the_log_does_not_have_means_the_whole_table() -> None:
    assert touched(row(b"I", b"N", values(b"1", b"x")), key=("code",)).whole


def test_truncate_means_the_whole_table_and_others_are_left_alone() -> None:
    assert touched(b"T" + struct.pack("!IBI", 1, 0, 7)).whole
    other = gather([begin(50, 9), relation(8, b"lines"), row(b"I", b"N", values(b"1", b"x"), number=8)], {}, ALL)
    assert other.tables == {}


def test_what_the_lake_has_already_is_not_read_again() -> None:
    insert = row(b"I", b"N", values(b"1", b"x"))
    assert touched(insert, since=51).keys == set()
    assert touched(insert, since=50).keys == {(b"1",)}


def test_the_slot_may_move_to_the_first_commit_that_the_snapshot_does_not_see() -> None:
    messages = [begin(50, 9), begin(60, 12), begin(70, 10)]
    assert gather(messages, {}, Snapshot.of("10:15:12,13")).unseen == 60
    assert gather(messages, {}, Snapshot.of("20:20:")).unseen is None


@pytest.mark.parametrize(
    ("xid", "sees"),
    [(0xFFFFFFF0, True), (5, True), (8, False), (12, False), (0x10, False)],
)
def test_transaction_numbers_that_have_gone_around_are_told_apart(xid: int, sees: bool) -> None:
    around = 1 << 32
    assert Snapshot(around + 6, around + 12, frozenset({around + 8})).sees(xid) is sees

"""`forget`: afterwards no byte of the workspace holds what was the record's alone, and all else is as it was."""

from __future__ import annotations

from pathlib import Path

import _duckdb
import pytest

from dinobase.core.errors import DinobaseError, QueryError, RequestError, UnknownName
from dinobase.lake.convert import Column
from dinobase.lake.lock import sync_lock
from dinobase.lake.reader import Limits, attach_lakes, open_reader
from dinobase.query.handles import Handles
from dinobase.query.result import Source
from dinobase.workspace import forgetting
from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk

PLANTED = "Zz-Quetzalcoatlus-7731"  # the greatest name of its column
EMAIL = "aaa-quetzal@example.com"  # the least
OLD = "Pterodactylus-2256"  # what it was called before
WORDS = (PLANTED, EMAIL, OLD)


def forget(desk: Desk, name: str, *key: str) -> forgetting.Forgotten:
    return desk.workspace.forget(name, key)


def places(root: Path, words: tuple[str, ...] = WORDS) -> list[str]:
    """Return the files that hold one of the words, Parquet files unpacked."""
    found = []
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.suffix == ".parquet":
            with _duckdb.connect() as connection:
                rows = connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()
                meta = connection.execute(f"SELECT * FROM parquet_metadata('{path}')").fetchall()
            data += str((rows, meta)).encode()
        found += [f"{path.relative_to(root)}: {word}" for word in words if word.encode() in data]
    return found


@pytest.fixture
def known(desk: Desk, server: Datasette) -> Desk:
    """A record that has been everywhere: changed by syncs and writes, in an index, a spool, a report."""
    server.change(
        f"INSERT INTO customers VALUES (7, '{OLD}', '{EMAIL}', 'Oslo', 1, 'x'), (8, 'Hal', 'h@x', 'Rome', 2, '')"
    )
    desk.sync()
    desk.do(f"UPDATE shop.customers SET name = '{PLANTED}' WHERE email = '{EMAIL}'")
    desk.do("UPDATE shop.customers SET note = 'seen' WHERE id IN (1, 7)")
    desk.write(f"UPDATE shop.customers SET note = '{PLANTED}' WHERE name = 'nobody'")
    desk.do("UPDATE shop.customers SET city = 'Rome' WHERE id = 2")
    server.change("UPDATE customers SET score = 9 WHERE id = 7")
    desk.sync()
    (desk.paths.state / "crash-1.txt").write_text(f"KeyError: '{PLANTED}'")
    (desk.paths.state / "crash-2.txt").write_text("KeyError: 'id'")
    spool = desk.paths.spool / "shop" / "customers"
    spool.mkdir(parents=True)
    (spool / "000000.ndjson").write_text(f'{{"id": 7, "name": "{PLANTED}"}}\n')
    desk.workspace.search("customers")
    server.change("DELETE FROM customers WHERE id = 7")
    return desk


def _handle(desk: Desk) -> None:
    """Keep a result as a query with a budget does."""
    connection = open_reader(Limits(temp=str(desk.paths.cache / "tmp")))
    try:
        attach_lakes(connection, [(desk.workspace.storage().lake("shop"), None)])
        source = Source("shop.customers", 1, None, False, None)
        sql = "SELECT name FROM shop.customers"
        columns = [Column(name, kind) for name, kind, *_ in connection.execute(sql).description]
        Handles(desk.paths, "cli").write(connection, sql, columns, [source])
    finally:
        connection.close()


def test_no_byte_of_the_workspace_holds_what_was_the_record_s_alone(known: Desk, server: Datasette) -> None:
    _handle(known)
    before = places(known.root)
    for part in ("lakes/shop.db", "lakes/shop/", "state/records.db", "state/handles", "spool/", "state/crash-1"):
        assert any(place.startswith(part) for place in before), (part, before)
    done = forget(known, "shop.customers", "7")
    assert places(known.root) == []
    assert (done.table, done.rows, done.mutations, done.results) == ("shop.customers", 1, 3, 1)
    assert (known.paths.state / "crash-2.txt").exists()


def test_all_else_is_as_it_was(known: Desk, server: Datasette) -> None:
    columns = "id, name, email, city, score, note"
    others = known.rows(f"SELECT {columns} FROM shop.customers WHERE id <> 7 ORDER BY id")
    orders = known.rows("SELECT * FROM shop.orders ORDER BY id")
    forget(known, "shop.customers", "7")
    assert known.rows(f"SELECT {columns} FROM shop.customers ORDER BY id") == others
    assert known.rows("SELECT * FROM shop.orders ORDER BY id") == orders
    assert known.engine.verify()["status"] == "intact"
    last, nothing, both, named = known.engine.listed()
    assert [m["sql"] for m in (last, nothing, both, named)] == [
        "UPDATE shop.customers SET city = 'Rome' WHERE id = 2",
        "(forgotten)",
        "(forgotten)",
        "(forgotten)",
    ]
    assert [m["status"] for m in (last, nothing, both, named)] == ["executed"] * 4
    assert [s["key"] for s in known.engine.show(both["mutation_id"])["steps"]] == [{"id": 1}, {}]
    assert known.confirm(known.engine.undo(last["mutation_id"]))["status"] == "executed"
    with pytest.raises(QueryError) as caught:
        known.engine.undo(both["mutation_id"])
    assert caught.value.error_code == "write.forgotten"
    known.sync()
    assert len(known.rows("SELECT id FROM shop.customers")) == len(others)
    assert places(known.root) == []


def test_it_can_be_done_twice(known: Desk) -> None:
    forget(known, "shop.customers", "7")
    again = forget(known, "shop.customers", "7")
    assert (again.rows, again.mutations) == (0, 0)
    assert len(known.rows("SELECT id FROM shop.customers")) == 4


@pytest.mark.parametrize(
    ("name", "key", "kind", "words"),
    [
        ("customers", ["7"], QueryError, "is no table"),
        ("shop.costumers", ["7"], UnknownName, "no table costumers"),
        ("shop.customers", ["7", "8"], QueryError, "The key of customers is id"),
    ],
)
def test_what_cannot_be_found_is_said(
    name: str, key: list[str], kind: type[RequestError], words: str, desk: Desk
) -> None:
    with pytest.raises(kind, match=words):
        forget(desk, name, *key)


def test_a_connector_that_is_being_synced_is_left_alone(desk: Desk) -> None:
    with sync_lock(desk.workspace.storage().lake("shop"), desk.paths.state), pytest.raises(DinobaseError) as caught:
        forget(desk, "shop.customers", "1")
    assert caught.value.error_code == "lake.locked"


def test_values_that_others_have_too_do_not_empty_their_mutations(desk: Desk, server: Datasette) -> None:
    desk.do("UPDATE shop.customers SET city = 'Berlin-Mitte' WHERE id = 2")
    desk.do("UPDATE shop.customers SET city = 'Berlin-Mitte' WHERE id = 1")
    done = forget(desk, "shop.customers", "2")
    assert done.mutations == 1
    assert desk.engine.listed()[0]["sql"].endswith("WHERE id = 1")

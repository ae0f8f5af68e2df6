"""The packaged Datasette connector against a Datasette of the version in pyproject.toml, behind a token."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.connectors.workbench import Workbench

SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE "order items" (order_id INTEGER, line INTEGER, price REAL, photo BLOB, PRIMARY KEY (order_id, line));
CREATE TABLE log (message TEXT);
CREATE VIEW berliners AS SELECT * FROM customers WHERE city = 'Berlin';
CREATE VIRTUAL TABLE customers_fts USING fts5 (name, content='customers');
"""


@dataclass
class Datasette:
    """A running server, its token, and the lines of its access log."""

    url: str = ""
    token: str = ""
    log: list[str] = field(default_factory=list)


def _start(arguments: list[str]) -> tuple[subprocess.Popen[str], Datasette]:
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    server, running = Datasette(), threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            server.log.append(line)
            found = re.search(r"running on (http://\S+)", line)
            if found:
                server.url = found[1]
                running.set()

    threading.Thread(target=read, daemon=True).start()
    assert running.wait(60), server.log
    return process, server


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(20)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture(scope="module")
def datasette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datasette]:
    folder = tmp_path_factory.mktemp("datasette")
    with closing(sqlite3.connect(folder / "shop.db")) as database:
        database.executescript(SCHEMA)
        people = [(i, f"Person {i}", "Berlin" if i % 2 else "Köln") for i in range(2500)]
        database.executemany("INSERT INTO customers VALUES (?, ?, ?)", people)
        items = [(i // 2, i % 2, i / 4, b"\x00\xff") for i in range(30)]
        database.executemany('INSERT INTO "order items" VALUES (?, ?, ?, ?)', items)
        database.executemany("INSERT INTO log VALUES (?)", [("started",), ("stopped",)])
        database.commit()
    program = [sys.executable, "-m", "datasette"]
    secret = ["--secret", "loopback"]
    process, server = _start([*program, str(folder / "shop.db"), "-p", "0", "-s", "allow.id", "root", *secret])
    try:
        made = subprocess.run([*program, "create-token", "root", *secret], capture_output=True, text=True, check=True)
        server.token = made.stdout.strip()
        yield server
    finally:
        _stop(process)


@pytest.fixture
def added(bench: Workbench, datasette: Datasette) -> Workbench:
    bench.succeed("add", "datasette", "--url", datasette.url, "--database", "shop", "--token", datasette.token)
    return bench


def test_add_without_the_token_is_refused(bench: Workbench, datasette: Datasette) -> None:
    assert bench.run("add", "datasette", "--url", datasette.url, "--database", "shop").code == 1
    assert bench.succeed("connectors")["connectors"] == []


def test_what_is_no_secret_is_shown(bench: Workbench, datasette: Datasette) -> None:
    told = bench.succeed("add", "datasette", "--url", datasette.url, "--database", "shop", "--token", datasette.token)
    assert told["check"]["url"] == f"{datasette.url}/shop.json"
    assert datasette.token not in str(told)


def test_a_sync_shows_what_the_server_has(added: Workbench) -> None:
    added.succeed("sync", "datasette")
    assert added.rows("SELECT name, is_mutable FROM datasette.databases") == [{"name": "shop", "is_mutable": True}]
    tables = added.rows("SELECT name, primary_keys, count FROM datasette.tables ORDER BY name")
    assert {"name": "customers", "primary_keys": ["id"], "count": 2500} in tables
    assert {"name": "order items", "primary_keys": ["order_id", "line"], "count": 30} in tables
    assert not [t for t in tables if str(t["name"]).startswith("customers_fts_")]
    assert added.rows("SELECT name FROM datasette.views") == [{"name": "berliners"}]


def test_rows_of_all_tables_come_page_by_page_when_asked_for(added: Workbench, datasette: Datasette) -> None:
    datasette.log.clear()
    report = added.succeed("sync", "datasette", "--resources", "+rows")
    sql = "SELECT _tables_name AS name, count(*) AS n FROM datasette.rows GROUP BY 1 ORDER BY 1"
    counts = {row["name"]: row["n"] for row in added.rows(sql)}
    assert counts["customers"] == 2500
    left_out = next(t for t in report["connectors"][0]["tables"] if t["name"] == "rows")["parents_without_rows"]
    assert ("order items" in counts, left_out) == (False, 1)
    assert counts["log"] == 2
    assert added.value("SELECT name FROM datasette.rows WHERE _tables_name = 'customers' AND id = 77") == "Person 77"
    pages = [line for line in datasette.log if "GET /shop/customers.json" in line]
    assert len(pages) == 3
    assert all("_shape=objects" in page and "_size=max" in page for page in pages)
    assert "_next=1999" in pages[2]


def test_a_public_server_needs_no_token(bench: Workbench, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "open.db")) as database:
        database.execute("CREATE TABLE t (a INTEGER)")
        database.commit()
    process, server = _start([sys.executable, "-m", "datasette", str(tmp_path / "open.db"), "-p", "0"])
    try:
        bench.succeed("add", "datasette", "--url", server.url, "--database", "open")
        bench.succeed("sync", "datasette")
    finally:
        _stop(process)
    assert bench.rows("SELECT name FROM datasette.tables") == [{"name": "t"}]

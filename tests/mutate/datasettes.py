"""A real Datasette with its JSON write API behind a token, and a connector file for it."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONNECTOR = """
name: shop
credentials:
- {name: url, secret: false}
- {name: token}
client:
  base_url: "{url}/shop"
  auth: {type: bearer, token: "{token}"}
  paginator: {type: json_link, next_url_path: next_url}
  retry: {attempts: 2}
resource_defaults:
  endpoint: {params: {_shape: objects, _size: max}, data_selector: rows}
resources:
- name: customers
  endpoint: {path: customers.json}
  primary_key: id
  retrieve: {path: "customers/{id}.json", params: {_shape: objects}, data_selector: "rows[0]"}
  columns: {email: {pii: email}, note: {type: VARCHAR}, city: {type: VARCHAR}, score: {type: DOUBLE}}
- name: orders
  endpoint: {path: orders.json}
  primary_key: id
- name: log
  endpoint: {path: log.json}
  primary_key: rowid
write_endpoints:
- name: update_customer
  method: POST
  path: "customers/{id}/-/update"
  request_body_path: update
  body: {return: true}
  response_path: row
- name: create_customer
  method: POST
  path: customers/-/insert
  request_body_path: row
  body: {return: true}
  response_path: "rows[0]"
- name: batch_create_customers
  method: POST
  path: customers/-/insert
  bulk: true
  max_batch_size: 40
  bulk_body_path: rows
  body: {return: true}
  response_path: rows
- {name: delete_customer, method: POST, path: "customers/{id}/-/delete"}
- name: update_order
  method: POST
  path: "orders/{id}/-/update"
  request_body_path: update
  columns: [status]
"""
SCHEMA = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, city TEXT, score REAL, note TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, status TEXT, amount REAL);
CREATE TABLE log (message TEXT);
"""


@dataclass
class Datasette:
    """A running server; `rows` asks its database, as nobody but the server writes it."""

    folder: Path
    url: str = ""
    token: str = ""
    log: list[str] = field(default_factory=list)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "shop.db")) as database:
            return database.execute(sql, values).fetchall()

    def change(self, sql: str) -> None:
        """Change rows behind everybody's back."""
        with closing(sqlite3.connect(self.folder / "shop.db", timeout=20)) as database:
            database.executescript(sql)
            database.commit()

    def reset(self) -> None:
        self.change(
            "DELETE FROM customers; DELETE FROM orders; DELETE FROM log;"
            "INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com', 'Berlin', 1.5, NULL),"
            " (2, 'Bob', 'bob@example.com', 'Berlin', 2, 'old'), (3, 'Cyd', 'cyd@example.com', 'Rome', NULL, '');"
            "INSERT INTO orders VALUES (10, 1, 'open', 9.75), (11, 1, 'paid', 20), (12, 2, 'open', 1);"
            "INSERT INTO log VALUES ('started');"
        )


@contextmanager
def datasette(folder: Path) -> Iterator[Datasette]:
    """Serve until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Datasette(folder)
    with closing(sqlite3.connect(folder / "shop.db")) as database:
        database.executescript(SCHEMA)
    program = [sys.executable, "-m", "datasette"]
    secret = ["--secret", "loopback"]
    arguments = [*program, str(folder / "shop.db"), "-p", "0", "-s", "permissions.insert-row.id", "root"]
    for permission in ("update-row", "delete-row"):
        arguments += ["-s", f"permissions.{permission}.id", "root"]
    process = subprocess.Popen(
        [*arguments, *secret], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    )
    running = threading.Event()

    def read() -> None:
        for line in process.stdout or ():
            server.log.append(line)
            found = re.search(r"running on (http://\S+)", line)
            if found:
                server.url = found[1]
                running.set()

    threading.Thread(target=read, daemon=True).start()
    try:
        assert running.wait(60), server.log
        made = subprocess.run([*program, "create-token", "root", *secret], capture_output=True, text=True, check=True)
        server.token = made.stdout.strip()
        yield server
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()

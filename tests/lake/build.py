"""Builds small lakes with SQL, as a sync would leave them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _duckdb

from dinobase.core.settings import env
from dinobase.lake.attach import STORAGE_ENV, attach_sql, extensions, schema_sql, secret_sql
from dinobase.lake.extensions import extension_path
from dinobase.lake.location import LakeLocation
from dinobase.lake.sql import literal


class Builder:
    """A writing instance of one lake; statements name it by the connector's name."""

    def __init__(self, location: LakeLocation) -> None:
        self.location = location
        Path(location.catalog).parent.mkdir(parents=True, exist_ok=True) if not location.on_postgres else None
        if location.on_disk:
            Path(location.data).mkdir(parents=True, exist_ok=True)
        if location.on_postgres:
            import psycopg

            with psycopg.connect(location.catalog, autocommit=True) as connection:
                connection.execute(schema_sql(location).encode())
        self.con = _duckdb.connect(":memory:", config={"allow_unsigned_extensions": "true", "threads": "1"})
        for name in extensions(location):
            self.con.execute(f"LOAD {literal(extension_path(name))}")
        self.con.execute("SET TimeZone = 'UTC'")
        secret = secret_sql(location, {name: env(name) or "" for name in STORAGE_ENV})
        if secret:
            self.con.execute(secret)
        self.con.execute(attach_sql(location, read_only=False, create=True))
        self.con.execute(f"USE {location.name}.main")
        if not self.rows("SELECT 1 FROM duckdb_tables() WHERE table_name = '_dinobase_state' AND NOT internal"):
            self.con.execute("CREATE TABLE _dinobase_state (resource VARCHAR, key VARCHAR, value VARCHAR)")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.con.execute(sql).fetchall())

    def commit(self, *statements: str, message: str = "", extra: dict[str, Any] | None = None) -> int:
        """Run statements in one transaction; returns the version that they made."""
        self.con.execute("BEGIN")
        for statement in statements:
            self.con.execute(statement)
        said = literal(json.dumps(extra or {}))
        self.con.execute(
            f"CALL {self.location.name}.set_commit_message('dinobase', {literal(message)}, extra_info => {said})"
        )
        self.con.execute("COMMIT")
        return int(self.rows(f"SELECT id FROM ducklake_current_snapshot('{self.location.name}')")[0][0])

    def close(self) -> None:
        self.con.close()


def build(location: LakeLocation, statements: Sequence[str]) -> None:
    """Make a lake with one commit per statement."""
    builder = Builder(location)
    for statement in statements:
        builder.commit(statement)
    builder.close()


STRIPE = (
    "CREATE TABLE customers (id VARCHAR, name VARCHAR, email VARCHAR, balance BIGINT, created TIMESTAMPTZ)",
    """INSERT INTO customers VALUES
        ('cus_1', 'Ada', 'ada@example.com', 100, '2026-01-01 00:00:00+00'),
        ('cus_2', 'Bob', 'bob@example.com', -5, '2026-01-02 12:30:00.5+00')""",
    "CREATE TABLE charges (id VARCHAR, customer VARCHAR, amount BIGINT, metadata JSON)",
    "INSERT INTO charges SELECT 'ch_' || i, 'cus_' || (i % 2 + 1), i * 100, '{\"a\": {\"b\": 1}}' FROM range(10) t(i)",
    "UPDATE customers SET name = 'Ada Lovelace' WHERE id = 'cus_1'",
)
GITHUB = (
    "CREATE TABLE issues (id BIGINT, title VARCHAR, stripe_customer VARCHAR, labels VARCHAR[])",
    "INSERT INTO issues VALUES (1, 'Broken', 'cus_1', ['bug']), (2, 'Slow', 'cus_2', [])",
)

"""The consumer of a log, killed at random points while the source changes: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import psycopg
import pytest

from tests.databases.desk import Desk
from tests.torture.bench import Workspace, torture

KILLS, CHANGES = (20, 10_000) if torture() else (2, 300)
ROWS = "SELECT id, part, amount, note FROM {} ORDER BY id, part"


class Source:
    """Changes a table at random: values, large values, keys, and now and then all of it."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.chance = random.Random(seed)

    def change(self, count: int) -> None:
        """Commit changes, some of them together."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            left = count
            while left:
                together = min(left, self.chance.choice((1, 1, 5, 25)))
                with connection.transaction(force_rollback=self.chance.random() < 0.05):
                    for _ in range(together):
                        connection.execute(self._one().encode())
                left -= together
            if self.chance.random() < 0.1:
                connection.execute("TRUNCATE items")

    def _one(self) -> str:
        number, part = self.chance.randrange(400), self.chance.choice("ab")
        row = f"id = {number} AND part = '{part}'"
        over = "ON CONFLICT (id, part) DO UPDATE SET amount = excluded.amount, note = NULL"
        free = f"NOT EXISTS (SELECT 1 FROM items WHERE id = {number + 1000} AND part = '{part}')"
        large = "SELECT string_agg(md5(n::text), '') FROM generate_series(1, 300) n"
        amount = self.chance.randrange(10**6)
        return self.chance.choice(
            (
                f"INSERT INTO items VALUES ({number}, '{part}', {amount}, repeat(md5('{number}'), 200)) {over}",
                f"UPDATE items SET amount = amount + 0.25 WHERE {row}",
                f"UPDATE items SET note = ({large}) WHERE {row}",
                f"UPDATE items SET id = {number + 1000} WHERE {row} AND {free}",
                f"DELETE FROM items WHERE id IN ({number}, {number + 1000})",
            )
        )

    def rows(self) -> list[tuple[object, ...]]:
        """Return what is there."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(ROWS.format("items").encode()).fetchall()


@pytest.fixture
def source(logical: str) -> Source:
    with psycopg.connect(logical, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE items (id int, part text, amount numeric(12,2), note text, PRIMARY KEY (id, part));"
            "INSERT INTO items SELECT n, 'a', n, NULL FROM generate_series(1, 400) n"
        )
    return Source(logical, seed=20)


@pytest.mark.timeout(3600)
def test_after_kills_at_random_points_the_table_is_the_source(source: Source, tmp_path: Path) -> None:
    desk, command = Desk(tmp_path), Workspace(tmp_path)
    desk.add("postgres", connection_string=source.url, mode="cdc")
    desk.good()
    for number in range(KILLS):
        changing = threading.Thread(target=source.change, args=(CHANGES // KILLS,))
        changing.start()
        process = command.start("sync", "db")
        watcher = threading.Timer(source.chance.uniform(0.5, 2.5), os.kill, (process.pid, signal.SIGKILL))
        watcher.start()
        process.communicate()
        watcher.cancel()
        changing.join()
        if number % 5 == 4:
            desk.good()
            assert desk.rows(ROWS.format("db.items")) == source.rows()
    desk.good()
    assert desk.rows(ROWS.format("db.items")) == source.rows()
    assert desk.good()["items"].status == "unchanged"

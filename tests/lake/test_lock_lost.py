"""A PostgreSQL lock lives as long as its connection: whoever lost it commits nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dinobase.core.errors import LakeError
from dinobase.lake.connection import Writer
from dinobase.lake.location import Storage
from dinobase.lake.lock import write_lock


def cut(catalog: str) -> None:
    """End the sessions that hold an advisory lock, as a restart, a timeout or a network does."""
    with psycopg.connect(catalog, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        ).fetchall()
    assert ended == [(True,)]


@pytest.fixture
def writer(postgres: str, tmp_path: Path) -> Iterator[Writer]:
    location = Storage(tmp_path / "lakes", url=str(tmp_path / "data"), catalog=postgres).lake(
        f"lost_{tmp_path.name[-1]}"
    )
    writer = Writer(location, tmp_path / "temp")
    with writer.locked(tmp_path):
        writer.attach()
        writer.run("CREATE OR REPLACE TABLE lake.t AS SELECT 1 AS id")
    yield writer
    writer.close()


def test_a_lock_that_was_lost_before_the_commit_leaves_the_table_as_it_was(
    writer: Writer, postgres: str, tmp_path: Path
) -> None:
    def insert_without_a_lock() -> None:
        with writer.locked(tmp_path), writer.transaction("more", lambda: "{}"):
            writer.run("INSERT INTO lake.t VALUES (2)")
            cut(postgres)

    with pytest.raises(LakeError) as caught:
        insert_without_a_lock()
    assert (caught.value.error_code, caught.value.retry) == ("lake.lock_lost", True)
    assert writer.rows("FROM lake.t") == [(1,)]
    with writer.locked(tmp_path), writer.transaction("more", lambda: "{}"):
        writer.run("INSERT INTO lake.t VALUES (2)")
    assert writer.rows("FROM lake.t ORDER BY id") == [(1,), (2,)]


def test_a_lock_that_was_lost_after_the_commit_undoes_nothing_and_is_no_failure(
    writer: Writer, postgres: str, tmp_path: Path
) -> None:
    with writer.locked(tmp_path):
        with writer.transaction("more", lambda: "{}"):
            writer.run("INSERT INTO lake.t VALUES (2)")
        cut(postgres)
    assert writer.rows("FROM lake.t ORDER BY id") == [(1,), (2,)]


def test_a_file_lock_is_held_as_long_as_the_process_lives(tmp_path: Path) -> None:
    location = Storage(tmp_path / "lakes").lake("shop")
    with write_lock(location, tmp_path) as held:
        held()

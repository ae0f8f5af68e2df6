"""A record leaves a lake that has seen everything: updates, deletes, new columns, retypes, housekeeping."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import _duckdb
import pytest

from dinobase.core.errors import QueryError
from dinobase.core.settings import Paths
from dinobase.lake import ddl, housekeeping, state
from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.forget import Forgotten, forget
from dinobase.lake.location import LakeLocation, Storage

MARK = "Quetzal-"  # all that the record ever held begins so
TABLE = f"{ALIAS}.people"


def run(writer: Writer, *statements: str) -> None:
    with writer.transaction("test", lambda: "{}"):
        for statement in statements:
            writer.run(statement)


def lived(location: LakeLocation, paths: Paths, chance: random.Random) -> list[tuple[Any, ...]]:
    """Make a lake of random history; returns the rows of all but the record 7, as JSON texts."""
    writer = Writer(location, paths.cache / "tmp")
    try:
        writer.attach()
        run(writer, f"CREATE TABLE {TABLE} (id BIGINT, name VARCHAR, size BIGINT, tags JSON)")
        state.write(writer, "people", {}, {"key": json.dumps(["id"]), "written": "[]"})
        run(writer, f"INSERT INTO {TABLE} SELECT i, 'n' || i, i, '[]' FROM range(20) t(i) WHERE i <> 7")
        run(writer, f"INSERT INTO {TABLE} VALUES (7, '{MARK}0', 7, '[{{\"k\": \"{MARK}json\"}}]')")
        columns = 0
        for number in range(12):
            what = chance.choice(["own", "own", "others", "delete", "column", "retype", "insert", "back"])
            if what == "own":
                run(writer, f"UPDATE {TABLE} SET name = '{MARK}{number}' WHERE id = 7")
            elif what == "others":
                run(writer, f"UPDATE {TABLE} SET name = name || '!' WHERE id % {chance.randint(2, 5)} = 0 AND id <> 7")
            elif what == "delete":
                run(writer, f"DELETE FROM {TABLE} WHERE id = {chance.choice([3, 11, 13])}")
            elif what == "insert":
                run(writer, f"INSERT INTO {TABLE} (id, name) SELECT {100 + number * 10} + i, 'm' FROM range(5) t(i)")
            elif what == "back":
                run(writer, f"DELETE FROM {TABLE} WHERE id = 7")
                run(writer, f"INSERT INTO {TABLE} (id, name) VALUES (7, '{MARK}again{number}')")
            elif what == "column":
                columns += 1
                with writer.transaction("test", lambda: "{}"):
                    ddl.add_column(writer, "people", f"extra_{columns}", "VARCHAR")
                    writer.run(f"UPDATE {TABLE} SET extra_{columns} = '{MARK}extra' WHERE id = 7")
            elif ddl.columns_of(writer, "people")["size"] == "BIGINT":
                with writer.transaction("test", lambda: "{}"):
                    ddl.retype(writer, "people", "size", "BIGINT", "VARCHAR")
                    writer.run(f"UPDATE {TABLE} SET size = '{MARK}size' WHERE id = 7")
            if chance.random() < 0.15:
                writer.run(f"CALL ducklake_merge_adjacent_files('{ALIAS}')")
        return rows(writer)
    finally:
        writer.close()


def rows(writer: Writer) -> list[tuple[Any, ...]]:
    return writer.rows(f"SELECT to_json(p)::VARCHAR FROM {TABLE} p WHERE id <> 7 ORDER BY id, 1")


def holds(root: Path) -> list[str]:
    found = []
    for path in [p for p in root.rglob("*") if p.is_file()]:
        data = path.read_bytes()
        if path.suffix == ".parquet":
            with _duckdb.connect() as connection:
                data += str(connection.execute(f"SELECT * FROM read_parquet('{path}')").fetchall()).encode()
                data += str(connection.execute(f"SELECT * FROM parquet_metadata('{path}')").fetchall()).encode()
        found += [str(path.relative_to(root))] if MARK.encode() in data else []
    return found


def forgotten(location: LakeLocation, paths: Paths, *key: str) -> Forgotten:
    return forget(location, paths.state, "People", key, temp=paths.cache / "tmp", memory=lambda before, _: before)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_has_happened_no_byte_is_left_and_the_others_are_as_they_were(
    seed: int, paths: Paths, storage: Storage
) -> None:
    location, chance = storage.lake("crm"), random.Random(seed)
    others = lived(location, paths, chance)
    assert holds(paths.root)
    if chance.random() < 0.3:
        housekeeping.maintain(location, paths.state)
    done = forgotten(location, paths, "7")
    assert holds(paths.root) == []
    assert (done.table, done.key, done.rows) == ("people", {"id": "7"}, 1)
    assert f"{MARK}0" in done.values
    writer = Writer(location, paths.cache / "tmp")
    try:
        writer.attach()
        assert rows(writer) == others
        assert writer.rows(f"SELECT count(*) FROM {TABLE} WHERE id = 7") == [(0,)]
        run(writer, f"INSERT INTO {TABLE} (id, name) VALUES (7, 'new'), (-1, 'least')")  # statistics still hold
        assert writer.rows(f"SELECT name FROM {TABLE} WHERE id IN (7, -1) ORDER BY id") == [("least",), ("new",)]
        assert len(rows(writer)) == len(others) + 1
    finally:
        writer.close()


def test_a_table_without_a_key_has_no_records_to_forget(paths: Paths, storage: Storage) -> None:
    location = storage.lake("crm")
    writer = Writer(location, paths.cache / "tmp")
    writer.attach()
    run(writer, f"CREATE TABLE {TABLE} (id BIGINT)")
    writer.close()
    with pytest.raises(QueryError, match="has no key"):
        forgotten(location, paths, "7")

"""What is DuckDB's own about being written: its types, and that a file belongs to one program at a time."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dinobase.core.errors import DinobaseError
from dinobase.lake import foreign_writing
from tests.databases.desk import Desk
from tests.databases.shops import of_duckdb

TABLE = """
CREATE TYPE mood AS ENUM ('so', 'la la');
CREATE TABLE t (id UUID PRIMARY KEY, words VARCHAR[], moment TIMESTAMPTZ, day DATE, big HUGEINT, price DECIMAL(20,4),
  within STRUCT(a INTEGER, b VARCHAR[]), feels mood, doc JSON, lasts INTERVAL, raw BLOB,
  either UNION(n INTEGER, s VARCHAR));
INSERT INTO t VALUES ('6f9619ff-8b86-4d01-b42d-00cf4fc964ff', ['a'], '2024-01-02 03:04:05+00', '2024-01-02', 1, 2.5,
  {'a': 1, 'b': ['x']}, 'so', '{"k": 1}', INTERVAL 1 DAY, 'x'::BLOB, 7), ('6f9619ff-8b86-4d01-b42d-00cf4fc964fe', NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW v AS SELECT id FROM t;
"""
KEY = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
OTHER = KEY[:-1] + "e"


@pytest.fixture
def file(tmp_path: Path, desk: Desk) -> Path:
    path = tmp_path / "some.duckdb"
    of_duckdb(path)(TABLE)
    desk.add("duckdb", path=str(path))
    desk.good()
    return path


def confirmed(desk: Desk, sql: str) -> dict[str, object]:
    planned = desk.workspace.write(sql)
    return dict(desk.workspace.mutations().confirm(planned["mutation_id"], human=True))


def test_values_of_every_kind_come_to_the_file_as_they_were_shown_and_are_put_back(file: Path, desk: Desk) -> None:
    done = confirmed(
        desk,
        "UPDATE db.t SET words = ['x, y', 'it''s \"q\"', NULL], moment = '2026-01-02 03:04:05.123456+02', "
        "day = '2026-02-03', big = '170141183460469231731687303715884105727', price = 9999999999999999.1234, "
        "feels = 'la la', within = {'a': 5, 'b': ['p', 'q']}, doc = '{\"z\": [1, 2.5]}', lasts = '2 days', "
        "raw = '\\x00\\xFF'::BLOB "
        f"WHERE id = '{OTHER}'",
    )
    assert done["status"] == "executed", done
    columns = "words, epoch_us(moment), day::VARCHAR, big::VARCHAR, price::VARCHAR, feels::VARCHAR, within, doc, raw"
    with duckdb.connect(file) as connection:
        [found] = connection.execute(f"SELECT {columns}, lasts::VARCHAR FROM t WHERE id = '{OTHER}'").fetchall()
    assert found == (
        ["x, y", 'it\'s "q"', None], 1_767_315_845_123_456, "2026-02-03",
        "170141183460469231731687303715884105727", "9999999999999999.1234", "la la", {"a": 5, "b": ["p", "q"]},
        '{"z":[1,2.5]}', b"\x00\xff", "2 days",
    )  # fmt: skip
    assert desk.good()["t"].status == "unchanged", "the lake has what was written"
    second = confirmed(desk, f"UPDATE db.t SET price = 1 WHERE id = '{OTHER}'")
    back = dict(desk.workspace.mutations().undo(str(second["mutation_id"])))
    assert dict(desk.workspace.mutations().confirm(back["mutation_id"], human=True))["status"] == "executed"
    assert of_duckdb(file)(f"SELECT price::VARCHAR FROM t WHERE id = '{OTHER}'") == [("9999999999999999.1234",)]


def test_what_its_text_does_not_say_is_not_written_nor_a_file_that_another_has_open(
    file: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = confirmed(desk, f"UPDATE db.t SET either = 'n', day = '2026-01-01' WHERE id = '{KEY}'")
    assert failed["status"] == "failed"
    assert "is not written" in str(failed)
    assert of_duckdb(file)(f"SELECT day::VARCHAR FROM t WHERE id = '{KEY}'") == [("2024-01-02",)]
    with pytest.raises(DinobaseError):
        desk.workspace.write("DELETE FROM db.v")
    monkeypatch.setattr(foreign_writing, "_TRIES", 2)
    planned = desk.workspace.write(f"DELETE FROM db.t WHERE id = '{KEY}'")
    with duckdb.connect(file):
        failed = dict(desk.workspace.mutations().confirm(planned["mutation_id"], human=True))
    assert (failed["status"], failed["succeeded"]) == ("failed", 0)
    assert of_duckdb(file)("SELECT count(*) FROM t") == [(2,)]

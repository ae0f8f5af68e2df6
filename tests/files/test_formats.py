"""Parquet, JSON and Excel as sources: each format's own values, and the same rules of files and tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import _duckdb
import openpyxl
import pytest

from dinobase.core.errors import FetchError, UsageError
from tests.databases.desk import Desk
from tests.files.conftest import Write


def parquet(write: Write, name: str, select: str) -> Path:
    path = write(name, b"")
    _duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return write(name, path.read_bytes())


def workbook(write: Write, name: str, sheets: dict[str, list[list[object]]]) -> Path:
    path = write(name, b"")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return write(name, path.read_bytes())


def test_parquet_keeps_its_types_and_those_that_a_lake_has_not_become_text(write: Write, desk: Desk) -> None:
    select = (
        "SELECT 1::UBIGINT AS u, 1.25::DECIMAL(38, 10) AS d, [1, NULL] AS l, {'a': 1, 'b': [DATE '2024-01-01']} AS s, "
        "'2024-01-01 00:00:00+02'::TIMESTAMPTZ AS z, '\\x00'::BLOB AS blob, uuid() AS g, "
        "'00:00:01'::TIME AS t, '007' AS x, INTERVAL '1 day' AS i"
    )
    desk.add("parquet", path=str(parquet(write, "a.parquet", select)), mode="copy")
    desk.good()
    assert desk.types("db.a") == {
        "_file": "VARCHAR", "u": "UBIGINT", "d": "DECIMAL(38,10)", "l": "INTEGER[]", "s": "STRUCT(a INTEGER, b DATE[])",
        "z": "TIMESTAMPTZ", "blob": "BLOB", "g": "UUID", "t": "TIME", "x": "VARCHAR", "i": "VARCHAR",
    }  # fmt: skip
    assert desk.good()["a"].status == "unchanged"


def test_parquet_files_whose_types_differ_meet_in_one_that_loses_nothing(write: Write, desk: Desk) -> None:
    folder = parquet(write, "day=01/a.parquet", "SELECT 1::INTEGER AS n, 9007199254740993 AS v, 'x' AS own").parents[1]
    parquet(write, "day=02/b.parquet", "SELECT 2::BIGINT AS n, 0.5::DOUBLE AS v, true AS extra")
    assert desk.add("parquet", path=str(folder), mode="copy") == ["data"]
    desk.good()
    assert {c: t for c, t in desk.types("db.data").items() if c in {"n", "v", "day"}} == {
        "n": "BIGINT", "v": "VARCHAR", "day": "VARCHAR",
    }  # fmt: skip
    assert desk.rows("SELECT _file, day, n, v, own, extra FROM db.data ORDER BY n") == [
        ("day=01/a.parquet", "01", 1, "9007199254740993", "x", None), ("day=02/b.parquet", "02", 2, "0.5", None, True),
    ]  # fmt: skip
    parquet(write, "day=03/c.parquet", "SELECT 'three' AS n")
    table = desk.good()["data"]
    assert (table.mode, table.total_rows) == ("full", 3)
    assert desk.rows("SELECT n FROM db.data ORDER BY n") == [("1",), ("2",), ("three",)]
    parquet(write, "day=02/b.parquet", "SELECT '4' AS n")
    assert (desk.good()["data"].mode, desk.rows("SELECT count(*) FROM db.data")) == ("incremental", [(3,)])


def test_json_records_keep_every_digit_and_become_columns_like_an_apis(write: Write, desk: Desk) -> None:
    text = (
        '[{"id": 12345678901234567890,\n "who": {"name": "Ann"}, "tags": ["a"], "_file": "own"}, '
        '{"id": 2, "at": "2026-01-02T03:04:05Z"}]'
    )
    folder = write("a.json", text).parent
    write("year=2026/b.ndjson", '{"id": 3}\n\n{"id": 4, "who": {"name": "Bo\\n"}}\n')
    assert desk.add("json", path=str(folder), table="people", mode="copy") == ["people"]
    assert desk.good()["people"].total_rows == 4
    assert desk.rows("SELECT id::VARCHAR, who__name, _file FROM db.people ORDER BY length(id::VARCHAR), 1") == [
        ("2", None, "a.json"), ("3", None, "year=2026/b.ndjson"), ("4", "Bo\n", "year=2026/b.ndjson"),
        ("12345678901234567890", "Ann", "a.json"),
    ]  # fmt: skip
    assert desk.types("db.people")["at"] == "TIMESTAMPTZ"
    assert desk.rows("SELECT DISTINCT year FROM db.people WHERE year IS NOT NULL") == [(2026,)]
    assert (desk.good()["people"].status, desk.good()["people"].rows) == ("unchanged", 0)

    write("year=2026/b.ndjson", '{"id": 3, "more": true}\n')
    table = desk.good()["people"]
    assert (table.mode, table.rows, table.total_rows) == ("incremental", 1, 3)
    (folder / "a.json").unlink()
    assert desk.good()["people"].total_rows == 1


def test_a_json_file_with_a_faulty_record_leaves_the_table_as_it_was(write: Write, desk: Desk) -> None:
    path = write("a.json", '{"id": 1}\n')
    desk.add("json", path=str(path), mode="copy")
    desk.good()
    for text in ('{"id": 1}\n{"id":\n', '{"id": 1}\n[3]\n'):
        write("a.json", text)
        with pytest.raises(FetchError) as caught:
            desk.add("json", name="other", path=str(path), mode="copy")
        assert caught.value.error_code == "source.failed"
        assert "a.json" in caught.value.message
    assert desk.rows("SELECT id FROM db.a") == [(1,)]


def test_a_workbooks_cells_are_values_and_its_other_sheets_are_named(write: Write, desk: Desk) -> None:
    rows: list[list[object]] = [
        ["Id", "Name", "When", "Day", "Amount", "Ok", None, "Name"],
        [1, "007", dt.datetime(2026, 1, 2, 3, 4, 5), dt.date(2026, 1, 2), 1.5, True, "x", "second"],  # noqa: DTZ001
        [],
        [2, 'a\nb, "c"', dt.datetime(2026, 1, 2), dt.date(2026, 1, 3), 2, False, None, None],  # noqa: DTZ001
        [3, None, None, None, None, None, None, None, "beyond"],
    ]  # fmt: skip
    path = workbook(write, "book.xlsx", {"Sales": rows, "Other": [["a"], [1]]})
    assert desk.add("excel", path=str(path), mode="copy") == ["book"]
    tables = desk.good()
    assert tables["book"].notes == [
        "book.xlsx: its other sheets are not read (Other); `--sheet` names one",
        "book.xlsx: 1 line is no row, kept aside in book_rejects",
    ]
    assert desk.types("db.book") == {
        "_file": "VARCHAR", "id": "BIGINT", "name": "VARCHAR", "when": "TIMESTAMP", "day": "DATE",
        "amount": "DECIMAL(18,1)", "ok": "BOOLEAN", "column6": "VARCHAR", "name_1": "VARCHAR",
    }  # fmt: skip
    assert desk.rows('SELECT name, CAST("when" AS VARCHAR), amount::VARCHAR, ok, name_1 FROM db.book ORDER BY id') == [
        ("007", "2026-01-02 03:04:05", "1.5", True, "second"), ('a\nb, "c"', "2026-01-02 00:00:00", "2.0", False, None),
    ]  # fmt: skip
    assert {t.status for t in desk.good().values()} == {"unchanged"}
    desk.add("excel", name="other", path=str(path), sheet="Other", mode="copy")
    assert desk.good("other")["book"].total_rows == 1
    with pytest.raises(UsageError) as caught:
        desk.add("excel", name="third", path=str(path), sheet="Othr", mode="copy")
    assert (caught.value.error_code, caught.value.hint) == ("source.sheet", "Did you mean `Other`?")


def test_what_is_no_workbook_and_no_parquet_file_is_said_by_name(write: Write, desk: Desk) -> None:
    for kind, name in (("excel", "a.xlsx"), ("parquet", "a.parquet")):
        with pytest.raises(FetchError) as caught:
            desk.add(kind, path=str(write(name, "no such thing")), mode="copy")
        assert caught.value.error_code == "source.failed"
        assert name in caught.value.message

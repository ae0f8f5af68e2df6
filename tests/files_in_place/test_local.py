"""Files that stay where they are: queried at once, as they are now, with the names and types that a copy would have."""

from __future__ import annotations

import io
from pathlib import Path

import duckdb
import openpyxl
import pytest

from dinobase.core.errors import DinobaseError, FetchError, QueryError
from tests.files_in_place.conftest import There, Write


def parquet(path: Path, select: str) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def workbook() -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in (["id", "who", "paid"], [1, "Ann", 1.5], [2, None, 2]):
        book.active.append(row)
    book.save(content)
    return content.getvalue()


CSV = "id,amount,day,code\n1,1.50,2026-01-01,007\n2,2,2026-01-02,12\n"
NDJSON = (
    '{"id": 1, "who": {"name": "Ann", "age": null}, "tags": ["a", "b"], "at": "2026-01-01T10:00:00+02:00"}\n'
    '{"id": 2, "lines": [{"sku": "x", "n": 1.5}, {"sku": "y", "n": 2}], "big": 12345678901234567890, "_file": "own"}\n'
)
WIDE = (
    "SELECT range::INTEGER AS id, 'n' || range AS \"Full Name\", 1.25::DECIMAL(9,2) AS price, [1, 2] AS l, "
    "{'a': 1, 'b': 'x'} AS s, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS at, INTERVAL 1 DAY AS span, "
    "UUID '00000000-0000-0000-0000-000000000001' AS u, '{\"k\": 1}'::JSON AS j FROM range(3)"
)


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "excel"])
def test_names_types_and_rows_are_those_of_a_copy(kind: str, there: There, write: Write, tmp_path: Path) -> None:
    if kind == "csv":
        write("in/year=2025/a.csv", CSV)
        write("in/year=2026/b.csv", "code,id,amount,extra\n1,3,4.125,é\n")
    elif kind == "parquet":
        write("in/year=2025/region=e%20u/a.parquet", parquet(tmp_path / "a", WIDE))
        write("in/year=2026/region=us/b.parquet", parquet(tmp_path / "b", "SELECT 7::BIGINT AS id, 'new' AS more"))
    elif kind == "json":
        write("in/logs.ndjson", NDJSON)
    else:
        write("in/book.xlsx", workbook())
    tables = there.add(kind, tmp_path / "data" / "in", name="here")
    assert there.add(kind, tmp_path / "data" / "in", name="copied", mode="copy") == tables
    there.workspace.sync(["copied"])
    for table in [*tables, *(["logs__lines"] if kind == "json" else [])]:
        here, copied = (there.ask(f"SELECT * FROM {name}.{table} ORDER BY ALL") for name in ("here", "copied"))
        assert here.rows
        assert (here.columns, here.column_types, here.rows) == (copied.columns, copied.column_types, copied.rows)


def test_nothing_of_the_files_is_in_the_lake_and_no_sync_is_needed(there: There, write: Write) -> None:
    path = write("sales.csv", "id,secret_word\n" + "".join(f"{n},wombat{n}\n" for n in range(500)))
    assert there.add("csv", path) == ["sales"]
    result = there.ask("SELECT count(*), max(secret_word) FROM shop.sales")
    assert result.rows == [(500, "wombat99")]
    assert [(s.is_stale, s.last_sync_status) for s in result.sources] == [(False, "success")]
    kept = [p for p in there.workspace.paths.root.rglob("*") if p.is_file() and b"wombat" in p.read_bytes()]
    assert kept == []


def test_a_condition_on_a_partition_opens_only_its_files(there: There, write: Write, tmp_path: Path) -> None:
    for year in (2024, 2025, 2026):
        write(f"p/year={year}/f.parquet", parquet(tmp_path / "x", f"SELECT {year}::INTEGER AS v, 1.5 AS w"))
    there.add("parquet", tmp_path / "data" / "p")
    plan = there.plan("SELECT v FROM shop.p WHERE year = 2025")
    assert "Scanning Files: 1/3" in plan
    assert there.rows("SELECT v FROM shop.p WHERE year > 2024 ORDER BY v") == [(2025,), (2026,)]


def test_a_query_sees_files_as_they_are_now(there: There, write: Write, tmp_path: Path) -> None:
    write("s/s-1.csv", "id,v\n1,a\n")
    there.add("csv", tmp_path / "data" / "s", table="s")
    write("s/s-2.csv", "id,v,w\n2,b,new\n3,c\n")
    result = there.ask("SELECT id, v FROM shop.s ORDER BY id")
    assert result.rows == [(1, "a"), (2, "b")]
    assert [note.partition(": ")[2] for note in result.notes] == [
        "s-2.csv has a new column w: shown after the next sync",
        "s-2.csv has lines that are no rows: the next sync keeps them aside",
    ]
    (tmp_path / "data" / "s" / "s-1.csv").unlink()
    report = there.workspace.sync(["shop"])
    assert {t.name: (t.status, t.rows, t.total_rows) for t in report.connectors[0].tables} == {
        "s": ("success", 0, 1),
        "s_rejects": ("success", 1, 1),
    }
    assert there.rows("SELECT id, v, w FROM shop.s") == [(2, "b", "new")]
    assert there.rows("SELECT line, text FROM shop.s_rejects") == [(3, "3,c")]
    assert not there.ask("SELECT id FROM shop.s").notes


@pytest.mark.parametrize(("kind", "first", "then"), [
    ("csv", b"id,n\n1,5\n", b"id,n\n1,five\n"),
    ("csv", b"id,n\n1,5\n", b"id,n\n1,5.5\n"),
    ("csv", b"id,n\n1,5\n", b"id,n\n1,007\n"),
    ("json", b'{"n": 1}\n', b'{"n": 2}\n'),
])  # fmt: skip
def test_what_no_longer_fits_is_said_with_the_next_step_and_a_sync_takes_it(
    kind: str, first: bytes, then: bytes, there: There, write: Write
) -> None:
    path = write(f"t.{kind}", first)
    there.add(kind, path)
    write(f"t.{kind}", then)
    with pytest.raises(FetchError) as caught:
        there.rows("SELECT n FROM shop.t")
    assert caught.value.error_code == "source.changed"
    assert caught.value.message.startswith("shop.t has changed since it was last looked at: ")
    assert "dinobase sync shop" in caught.value.hint
    there.workspace.sync(["shop"])
    text = str(there.rows("SELECT n FROM shop.t")[0][0])
    assert text in {"five", "5.5", "007", "2"}
    assert text.encode() in then


def test_parquet_whose_column_is_of_another_type_is_said(there: There, write: Write, tmp_path: Path) -> None:
    path = write("t.parquet", parquet(tmp_path / "a", "SELECT 1 AS n"))
    there.add("parquet", path)
    write("t.parquet", parquet(tmp_path / "b", "SELECT 'x' AS n"))
    with pytest.raises(FetchError, match=r"n of t\.parquet is VARCHAR, not INTEGER"):
        there.rows("SELECT n FROM shop.t")


def test_files_that_are_gone_are_said(there: There, write: Write, tmp_path: Path) -> None:
    one, _ = write("d/one.csv", "a\n1\n"), write("d/two.csv", "b,c\n1,2\n")
    there.add("csv", tmp_path / "data" / "d")
    one.unlink()
    assert there.rows("SELECT b FROM shop.two") == [(1,)]
    with pytest.raises(FetchError, match="its files are gone"):
        there.rows("SELECT a FROM shop.one")
    (tmp_path / "data" / "d" / "two.csv").unlink()
    with pytest.raises(FetchError, match="there is no file that ends in"):
        there.rows("SELECT b FROM shop.two")


def test_a_file_that_goes_between_the_list_and_the_reading_is_said(there: There, write: Write, tmp_path: Path) -> None:
    from dinobase.lake import reader
    from dinobase.lake.introspect import view_lake

    path = write("t.parquet", parquet(tmp_path / "a", "SELECT 1 AS n"))
    there.add("parquet", path)
    guard = there.workspace.guard("cli")
    assert guard is not None
    view = view_lake(there.workspace.storage().lake("shop"))
    connection = reader.open_reader(reader.Limits())
    opened = guard.attach(connection, [view])
    path.unlink()
    with pytest.raises(DinobaseError, match=r"shop\.t cannot be read where it is") as caught:
        guard.prepare(connection, opened, view, view.tables["t"])
    assert "ask again" in caught.value.hint


def test_past_versions_are_refused(there: There, write: Write) -> None:
    there.add("csv", write("t.csv", "a\n1\n"))
    for sql in ("SELECT * FROM shop.t AT (VERSION => 1)", "SELECT * FROM shop.t AT (TIMESTAMP => '2026-01-01')"):
        with pytest.raises(QueryError, match="read where it is and has no past versions"):
            there.rows(sql)
    with pytest.raises(DinobaseError, match="read where it is and has no past versions"):
        there.workspace.diff("shop.t", since="1d")
    assert not there.workspace.history("shop.t").at


def test_a_name_with_wildcards_is_refused(there: There, write: Write) -> None:
    path = write("we[1]rd.csv", "a\n1\n")
    write("we1rd.csv", "a\n2\n")
    with pytest.raises(FetchError, match="wildcards to DuckDB"):
        there.add("csv", path)
    assert not there.workspace.config().connectors


def test_json_that_would_lose_digits_is_not_added(there: There, write: Write) -> None:
    path = write("x.json", '[{"id": 1, "v": 0.1234567890123456789}]')
    with pytest.raises(FetchError, match="values of v would come otherwise") as caught:
        there.add("json", path)
    assert "--copy" in caught.value.hint
    assert there.add("json", path, mode="copy") == ["x"]


def test_a_connector_can_be_copied_later_and_be_read_in_place_again(there: There, write: Write) -> None:
    path = write("t.csv", "a\n1\n2\n")
    there.add("csv", path)
    workspace = there.workspace
    workspace.add("csv", name="shop", given={"path": str(path), "mode": "copy"}, replace=True)
    assert [t.total_rows for t in workspace.sync(["shop"]).connectors[0].tables] == [2]
    write("t.csv", "a\n5\n")
    assert there.rows("SELECT a FROM shop.t ORDER BY a") == [(1,), (2,)]
    workspace.add("csv", name="shop", given={"path": str(path)}, replace=True)
    assert there.rows("SELECT a FROM shop.t") == [(5,)]


@pytest.mark.parametrize("mode", ["", "copy"])
@pytest.mark.parametrize("path", ["d", "d/*.csv", "d/**/*.csv"])
def test_a_link_that_leads_out_of_the_folder_is_not_followed_and_said(
    there: There, write: Write, tmp_path: Path, path: str, mode: str
) -> None:
    secret = write("else/secret.csv", "a\n42\n")
    own = write("d/own.csv", "a\n1\n")
    (own.parent / "inner.csv").symlink_to("own.csv")
    (own.parent / "away.csv").symlink_to(secret)
    (own.parent / "folder").symlink_to(secret.parent)
    there.add("csv", tmp_path / "data" / path, table="t", mode=mode)
    report = there.workspace.sync(["shop"])
    assert sorted(there.rows("SELECT _file, a FROM shop.t")) == [("inner.csv", 1), ("own.csv", 1)]
    assert "links that lead out of the folder: away.csv" in report.connectors[0].tables[0].notes[0]
    there.add("csv", own.parent / "away.csv", name="named")
    assert there.rows("SELECT a FROM named.away") == [(42,)]

"""Files in a bucket that stay there: read by each query, behind a key that SQL cannot see."""

from __future__ import annotations

import io
import os
from pathlib import Path

import boto3
import duckdb
import pytest

from dinobase.core.errors import DinobaseError, FetchError
from dinobase.extract.readers import file_listing
from tests.files_in_place.conftest import There


def put(endpoint: str, key: str, content: bytes | None) -> None:
    client = boto3.client("s3", endpoint_url=endpoint)
    if content is None:
        client.delete_object(Bucket="lakes", Key=key)
    else:
        client.put_object(Bucket="lakes", Key=key, Body=content)


def parquet(folder: Path, select: str) -> bytes:
    duckdb.sql(f"COPY ({select}) TO '{folder / 'x.parquet'}' (FORMAT parquet)")
    return (folder / "x.parquet").read_bytes()


@pytest.fixture
def endpoint(bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server's address, which is not in the environment; its objects are as old as this test."""
    del bucket
    monkeypatch.setattr(file_listing, "FRESH", -1e9)
    found = os.environ["AWS_ENDPOINT_URL"]
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    return found


def test_a_folder_of_a_bucket_is_read_where_it_is_and_as_it_is_now(endpoint: str, there: There, tmp_path: Path) -> None:
    for year in (2025, 2026):
        body = parquet(tmp_path, f"SELECT range + {year} AS v, 'x' AS s FROM range(3)")
        put(endpoint, f"in/year={year}/f.parquet", body)
    put(endpoint, "out/other.csv", b"a\n1\n")
    assert there.add("parquet", "s3://lakes/in/", endpoint_url=endpoint) == ["in_"]
    assert there.rows("SELECT year, sum(v) FROM shop.in_ GROUP BY 1 ORDER BY 1") == [(2025, "6078"), (2026, "6081")]
    assert there.rows("SELECT DISTINCT _file FROM shop.in_ WHERE year = 2026") == [("year=2026/f.parquet",)]
    put(endpoint, "in/year=2027/f.parquet", parquet(tmp_path, "SELECT 1::BIGINT AS v, 'y' AS s"))
    put(endpoint, "in/year=2025/f.parquet", None)
    assert there.rows("SELECT year, v FROM shop.in_ WHERE v < 2026 ORDER BY 1") == [(2027, 1)]
    put(endpoint, "in/year=2027/f.parquet", parquet(tmp_path, "SELECT 'text' AS v"))
    with pytest.raises(FetchError, match=r"v of year=2027/f\.parquet is VARCHAR, not BIGINT"):
        there.rows("SELECT v FROM shop.in_")


def test_lines_that_are_no_rows_workbooks_and_json_too(endpoint: str, there: There) -> None:
    import openpyxl

    put(endpoint, "s/sales-01.csv", b"id,v\n1,007\n2,x,y\n")
    put(endpoint, "s/sales-02.csv", b"id,v\n3,z\n")
    there.add("csv", "s3://lakes/s/", endpoint_url=endpoint)
    assert there.rows("SELECT _file, id, v FROM shop.s ORDER BY id") == [
        ("sales-01.csv", 1, "007"), ("sales-02.csv", 3, "z"),
    ]  # fmt: skip
    assert there.rows("SELECT line, text FROM shop.s_rejects") == [(3, "2,x,y")]
    put(endpoint, "one.ndjson", b'{"id": 1, "a": {"b": "c"}}\n')
    there.add("json", "s3://lakes/one.ndjson", name="logs", endpoint_url=endpoint)
    assert there.rows("SELECT id, a__b FROM logs.one") == [(1, "c")]
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["id"])
    book.active.append([7])
    book.save(content)
    put(endpoint, "book.xlsx", content.getvalue())
    there.add("excel", "s3://lakes/book.xlsx", name="sheets", endpoint_url=endpoint)
    assert there.rows("SELECT s.id, l.a__b FROM sheets.book s, logs.one l, shop.s_rejects") == [(7, "c")]


def test_the_key_and_other_places_are_out_of_reach(endpoint: str, there: There, tmp_path: Path) -> None:
    put(endpoint, "in/a.parquet", parquet(tmp_path, "SELECT 1 AS v"))
    put(endpoint, "in/b.txt", b"not for you")
    put(endpoint, "out/secret.parquet", parquet(tmp_path, "SELECT 'secret' AS v"))
    keys = {"access_key_id": "mine", "secret_access_key": "my-own-secret"}
    there.add("parquet", "s3://lakes/in/a.parquet", endpoint_url=endpoint, **keys)
    assert there.rows("SELECT v FROM shop.a") == [(1,)]
    for sql in (
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM which_secret('s3://lakes/in/a.parquet', 's3')",
        "SELECT * FROM read_parquet('s3://lakes/in/a.parquet')",
        "SELECT * FROM 's3://lakes/out/secret.parquet'",
        "SELECT nope FROM shop.a",
    ):
        with pytest.raises(DinobaseError) as caught:
            there.rows(sql)
        assert "my-own-secret" not in f"{caught.value} {caught.value.hint}"
    plan = there.plan("SELECT v FROM shop.a")
    assert "my-own-secret" not in plan
    from dinobase.lake import reader
    from dinobase.lake.introspect import view_lake

    guard = there.workspace.guard("cli")
    assert guard is not None
    view = view_lake(there.workspace.storage().lake("shop"))
    connection = reader.open_reader(reader.Limits())
    guard.attach(connection, [view])
    reader.lock(connection, [view.location.data])
    for path in ("s3://lakes/out/secret.parquet", "s3://lakes/in/b.txt"):
        with pytest.raises(reader.DuckDBError, match="disabled by configuration"):
            connection.execute(f"SELECT * FROM read_blob('{path}')")


def test_a_server_that_is_gone_is_said(endpoint: str, there: There, tmp_path: Path) -> None:
    put(endpoint, "in/a.parquet", parquet(tmp_path, "SELECT 1 AS v"))
    there.add("parquet", "s3://lakes/in/", endpoint_url=endpoint)
    path = there.workspace.paths.config
    path.write_text(path.read_text().replace(endpoint, "http://127.0.0.1:9"))
    with pytest.raises(FetchError) as caught:
        there.rows("SELECT v FROM shop.a")
    assert caught.value.hint

"""Files in a bucket of a real S3 server: found, read once, and read again when they change."""

from __future__ import annotations

import os

import boto3
import pytest

from dinobase.core.errors import FetchError
from dinobase.extract.readers import file_listing
from tests.databases.desk import Desk


def put(endpoint: str, key: str, content: bytes | None) -> None:
    client = boto3.client("s3", endpoint_url=endpoint)
    if content is None:
        client.delete_object(Bucket="lakes", Key=key)
    else:
        client.put_object(Bucket="lakes", Key=key, Body=content)


def test_a_folder_of_a_bucket_is_a_table_and_only_what_has_changed_is_read(
    bucket: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    del bucket
    monkeypatch.setattr(file_listing, "FRESH", -1e9)  # the server's objects are as old as this test
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    put(endpoint, "in/sales-01.csv", b"id,v\n1,007\n2,x,y\n")
    put(endpoint, "in/sales-02.csv", b"id,v\n3,z\n")
    put(endpoint, "out/other.csv", b"a\n1\n")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    given = {"path": "s3://lakes/in/", "endpoint_url": endpoint, "mode": "copy"}
    assert desk.add("csv", **given) == ["in_"]
    tables = desk.good()
    assert (tables["in_"].total_rows, tables["in__rejects"].total_rows) == (2, 1)
    assert desk.rows("SELECT _file, id, v FROM db.in_ ORDER BY id") == [
        ("sales-01.csv", 1, "007"), ("sales-02.csv", 3, "z"),
    ]  # fmt: skip
    assert desk.good()["in_"].rows == 0
    put(endpoint, "in/sales-02.csv", b"id,v\n3,changed\n4,new\n")
    put(endpoint, "in/sales-01.csv", None)
    table = desk.good()["in_"]
    assert (table.mode, table.rows) == ("incremental", 2)
    assert desk.rows("SELECT id, v FROM db.in_ ORDER BY id") == [(3, "changed"), (4, "new")]


def test_a_key_of_ones_own_is_kept_with_the_credentials_and_what_is_not_there_is_said(bucket: str, desk: Desk) -> None:
    del bucket
    put(os.environ["AWS_ENDPOINT_URL"], "one.ndjson", b'{"id": 1}\n')
    keys = {"access_key_id": "mine", "secret_access_key": "my-own-secret", "region": "eu-central-1", "mode": "copy"}
    assert desk.add("json", path="s3://lakes/one.ndjson", **keys) == ["one"]
    assert desk.good()["one"].total_rows == 1
    assert "my-own-secret" not in desk.workspace.paths.config.read_text()
    for path in ("s3://lakes/none.ndjson", "s3://lakes/none/", "s3://nowhere/"):
        with pytest.raises(FetchError) as caught:
            desk.add("json", name="other", path=path, mode="copy")
        assert caught.value.error_code in {"source.absent", "source.failed"}


def test_a_workbook_in_a_bucket_is_a_table(bucket: str, desk: Desk) -> None:
    del bucket
    import io

    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["id"])
    book.active.append([7])
    content = io.BytesIO()
    book.save(content)
    put(os.environ["AWS_ENDPOINT_URL"], "book.xlsx", content.getvalue())
    desk.add("excel", path="s3://lakes/book.xlsx", mode="copy")
    desk.good()
    assert desk.rows("SELECT id FROM db.book") == [(7,)]

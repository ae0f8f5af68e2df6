"""A workspace that machines share: catalog in PostgreSQL, data in a bucket; both real servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.cli_process import Cli
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import JsonApi


@pytest.fixture
def bucket() -> Iterator[dict[str, str]]:
    """An S3 server with one bucket; the environment that reaches it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    env = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "s3-secret-4711",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="lakes")
    try:
        yield env
    finally:
        client.close()
        server.stop()


def objects(env: dict[str, str]) -> list[str]:
    """List what is in our own folder: all S3 servers of a process share their buckets."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    try:
        return [entry["Key"] for entry in client.list_objects_v2(Bucket="lakes", Prefix="dino/").get("Contents", [])]
    finally:
        client.close()


def test_the_same_commands_work_on_postgres_and_a_bucket(
    acme: Cli, api: JsonApi, postgres: str, bucket: dict[str, str]
) -> None:
    acme.env.update(bucket)
    acme.ok("init", "--storage", "s3://lakes/dino", "--catalog", postgres)
    found = {c["name"]: c for c in acme.ok("doctor")["checks"]}
    assert found["storage"]["detail"] == "s3://lakes/dino takes files and gives them back"
    assert found["catalog"]["detail"] == "PostgreSQL answers and takes new schemas"
    acme.ok("add", "acme", "--api-key", TOKEN)
    assert acme.ok("sync")["status"] == "success"
    assert acme.ok("query", "SELECT count(*) AS n FROM acme.users")["rows"] == [{"n": 5}]
    assert acme.ok("describe", "acme.users")["row_count"] == 5
    assert acme.ok("history", "acme.users")["versions"][0]["inserted"] == 5
    assert acme.ok("status")["connectors"][0]["status"] == "success"
    assert any(key.endswith(".parquet") for key in objects(bucket))
    assert acme.ok("maintain")["connectors"][0]["name"] == "acme"
    assert acme.ok("remove", "acme", "--yes")["data"] == "dropped"
    assert [key for key in objects(bucket) if key.endswith(".parquet")] == []
    acme.ok("add", "acme", "--api-key", TOKEN)
    assert acme.ok("status")["connectors"][0]["tables"] == []
    assert acme.ok("sync")["status"] == "success"

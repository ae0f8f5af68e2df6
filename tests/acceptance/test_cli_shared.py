"""A workspace that machines share: catalog in PostgreSQL, data in a bucket; both real servers."""

from __future__ import annotations

import os

import pytest

from tests.acceptance.cli_process import Cli
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import JsonApi


def objects(env: dict[str, str]) -> list[str]:
    import boto3

    client = boto3.client("s3", endpoint_url=env["AWS_ENDPOINT_URL"], region_name="us-east-1")
    try:
        return [entry["Key"] for entry in client.list_objects_v2(Bucket="lakes").get("Contents", [])]
    finally:
        client.close()


@pytest.fixture
def environment(bucket: str) -> dict[str, str]:
    """What reaches the S3 server from another process."""
    assert bucket.startswith("s3://lakes/")
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def test_the_same_commands_work_on_postgres_and_a_bucket(
    acme: Cli, api: JsonApi, postgres: str, environment: dict[str, str]
) -> None:
    acme.env.update(environment)
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
    assert any(key.endswith(".parquet") for key in objects(environment))
    assert acme.ok("maintain")["connectors"][0]["name"] == "acme"
    assert acme.ok("remove", "acme", "--yes")["data"] == "dropped"
    assert [key for key in objects(environment) if key.endswith(".parquet")] == []
    acme.ok("add", "acme", "--api-key", TOKEN)
    assert acme.ok("status")["connectors"][0]["tables"] == []
    assert acme.ok("sync")["status"] == "success"

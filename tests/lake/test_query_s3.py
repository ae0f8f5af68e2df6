"""Data in a bucket, catalog on disk: read with the SDK's own variables, and nothing but the lake's folder."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from dinobase.core.settings import Paths
from dinobase.lake.housekeeping import maintain
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import STRIPE, Builder, build


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server on loopback with one bucket; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
    server.start()
    values = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/lakes", method="PUT")).close()
    try:
        yield "s3://lakes/dinobase/"
    finally:
        server.stop()


def test_a_lake_in_a_bucket_is_read_and_kept_in_order(bucket: str, paths: Paths) -> None:
    storage = Storage(paths.lakes, url=bucket)
    build(storage.lake("stripe"), STRIPE)
    engine = QueryEngine(storage, paths, {"stripe": 3600.0})
    assert engine.run("SELECT name FROM stripe.customers ORDER BY id").rows == [("Ada Lovelace",), ("Bob",)]
    assert engine.run("SELECT name FROM stripe.customers AT (VERSION => 3) ORDER BY id").rows == [("Ada",), ("Bob",)]
    builder = Builder(storage.lake("stripe"))
    for number in range(16):
        builder.commit(f"INSERT INTO charges VALUES ('new_{number}', 'cus_1', 1, NULL)")
    builder.close()
    assert maintain(storage.lake("stripe"), paths.state).files_merged >= 16
    assert engine.run("SELECT count(*) FROM stripe.charges").rows == [(26,)]

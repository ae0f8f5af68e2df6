"""A server that speaks S3, in this process."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve one empty bucket until the block ends, and let the environment lead to it; its URL."""
    from moto.server import ThreadedMotoServer

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
    # All its servers of one process share what they hold.
    for method, path in ("POST", "moto-api/reset"), ("PUT", "lakes"):
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method)).close()
    try:
        yield "s3://lakes/dinobase/"
    finally:
        server.stop()

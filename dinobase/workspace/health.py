"""The scheduler's health over HTTP, on the loopback address alone: numbers, and no name of anything."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dinobase.core.errors import UsageError
from dinobase.core.settings import Paths
from dinobase.workspace import schedule_state

PATH = "/healthz"
_HOST = "127.0.0.1"


@contextmanager
def served(paths: Paths, port: int) -> Iterator[str]:
    """Answer for as long as the block lasts; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # whoever connects and says nothing holds no thread

        def do_GET(self) -> None:
            status, body = schedule_state.health(paths) if self.path == PATH else (404, {"status": "not found"})
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815 - the standard library finds it by this name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 - the base class names them
            return

    try:
        server = ThreadingHTTPServer((_HOST, port), Handler)
    except OSError as error:
        raise UsageError(
            f"{_HOST}:{port} cannot be served at: {error.strerror or error}",
            code="serve.address",
            hint="--health-port 0 takes any free one.",
        ) from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{_HOST}:{server.server_port}{PATH}"
    finally:
        server.shutdown()
        server.server_close()

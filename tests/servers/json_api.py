"""A real HTTP server on loopback: token, cursor pages, faults, and a record of every request it got."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Row = dict[str, Any]


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Fault:
    """An answer instead of the real one."""

    status: int
    body: bytes = b'{"error": "fault"}'
    headers: dict[str, str] = field(default_factory=dict)


class JsonApi:
    """`tables` maps a path (`users`) to rows; pages are `{"data": [...], "next": "..."}`."""

    def __init__(self, *, token: str = "", page_size: int = 100) -> None:
        self.token = token
        self.page_size = page_size
        self.tables: dict[str, list[Row]] = {}
        self.faults: dict[str, deque[Fault]] = {}
        self.requests: list[Seen] = []
        self.before: Callable[[Seen], None] = lambda _: None
        self.url = ""
        self._lock = threading.Lock()

    def fail(self, path: str, *faults: Fault) -> None:
        """Answer the next requests of a path with these."""
        self.faults.setdefault(path, deque()).extend(faults)

    def asked(self, path: str) -> list[Seen]:
        """Return the requests of one path."""
        return [seen for seen in self.requests if seen.path == path]

    def answer(self, seen: Seen) -> Fault:
        """Return the answer to a request."""
        with self._lock:
            self.requests.append(seen)
            queue = self.faults.get(seen.path)
            if queue:
                return queue.popleft()
        self.before(seen)
        if self.token and seen.headers.get("authorization") != f"Bearer {self.token}":
            return Fault(401, b'{"error": "bad token"}')
        if seen.path not in self.tables:
            return Fault(404, b'{"error": "no such path"}')
        rows = self._rows(seen)
        start = int(seen.params.get("cursor") or 0)
        page = rows[start : start + self.page_size]
        after = start + self.page_size
        body = {"data": page, "next": str(after) if after < len(rows) else None}
        return Fault(200, json.dumps(body).encode())

    def _rows(self, seen: Seen) -> list[Row]:
        rows = self.tables[seen.path]
        since = seen.params.get("since")
        return [row for row in rows if since is None or str(row["updated_at"]) >= since]


@contextmanager
def serve(api: JsonApi) -> Iterator[JsonApi]:
    """Run the server until the block ends; `api.url` ends in a slash."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            seen = Seen(
                self.command,
                parts.path.lstrip("/"),
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            answer = api.answer(seen)
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815 - the standard library finds it by this name

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""ClickHouse's own engine (chdb) behind its HTTP interface, as far as a client reads through it. Run: FOLDER PORT."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs, urlsplit

from chdb.session import Session

_OURS = {"query", "database", "default_format", "user", "password", "client_protocol_version", "query_id", "role"}
# What a server sets for each query, and a library does not.
_NOT_HERE = {"readonly", "wait_end_of_query", "send_progress_in_http_headers", "http_headers_progress_interval_ms"}


class Handler(BaseHTTPRequestHandler):
    """Answers a query."""

    protocol_version = "HTTP/1.1"
    session: Session
    turn = Lock()

    def do_GET(self) -> None:
        """Say that it is up."""
        self._send(200, b"Ok.\n")

    def do_POST(self) -> None:
        """Run a query."""
        given = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        sql = (given.get("query", "") + "\n" + body).strip()
        settings = {k: v for k, v in given.items() if k not in _OURS | _NOT_HERE}
        format_ = given.get("default_format", "TabSeparated")
        head, _, named = sql.rpartition("FORMAT ")
        if head and named.strip().isidentifier():
            sql, format_ = head, named.strip()
        try:
            found = self._answer(sql, format_, given.get("database", ""), settings)
        except Exception as error:  # noqa: BLE001 - what the engine says is what the client is told
            self._send(500, str(error).encode())
            return
        self._send(200, found, {"X-ClickHouse-Format": format_, "X-ClickHouse-Summary": "{}"})

    def _answer(self, sql: str, format_: str, database: str, settings: dict[str, str]) -> bytes:
        with self.turn:
            if database:
                self.session.query(f"USE `{database}`")
            for name, value in settings.items():
                self.session.query(f"SET {name} = '{value}'")
            return bytes(self.session.query(sql, format_).bytes())

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


if __name__ == "__main__":
    Handler.session = Session(sys.argv[1])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()

"""Google's token endpoint and its Sheets API, as documented, over HTTP: grids that tests fill and change."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
_RANGE = re.compile(r"'((?:[^']|'')+)'!(\d+):(\d+)")


@dataclass(frozen=True)
class Shown:
    """A number that the sheet shows as something else; `moment`: it is a date, a time or a duration."""

    number: float
    text: str
    moment: bool = True


@dataclass
class Grid:
    """A worksheet: rows of cells, "" where one is empty; the grid is larger than what is filled."""

    rows: list[list[Any]]
    kind: str = "GRID"
    height: int = 1000
    width: int = 26
    named: list[dict[str, Any]] = field(default_factory=list)


class Refused(Exception):
    """An error as the API answers it."""

    def __init__(self, code: int, status: str) -> None:
        super().__init__(status)
        self.code, self.status = code, status


class Google:
    """`books`: spreadsheet -> its worksheets by title; `asked`: the paths of all requests."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, Grid]] = {}
        self.private: set[str] = set()
        self.asked: list[str] = []
        self.between = 0  # how often the next first rendering is followed by an edit
        self.url = ""
        self._lock = threading.Lock()

    @property
    def key(self) -> str:
        """The service account's key file."""
        return json.dumps(
            {"type": "service_account", "client_email": "robot@project.test", "private_key": PEM,
             "private_key_id": "k1", "token_uri": f"{self.url}/token"}
        )  # fmt: skip

    def token(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """Sell a token for a statement that the key signed."""
        claims = jwt.decode(form["assertion"][0], KEY.public_key(), ["RS256"], audience=f"{self.url}/token")
        assert claims["scope"] == "https://www.googleapis.com/auth/spreadsheets.readonly"
        return {"access_token": "at-1", "expires_in": 3599, "token_type": "Bearer"}

    def answer(self, token: str, path: str, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return what the API would; raises Refused."""
        with self._lock:
            self.asked.append(path)
            if token != "Bearer at-1":
                raise Refused(401, "UNAUTHENTICATED")
            book, _, method = path.removeprefix("/v4/spreadsheets/").partition("/")
            if book in self.private:
                raise Refused(403, "PERMISSION_DENIED")
            if book not in self.books:
                raise Refused(404, "NOT_FOUND")
            return self._values(book, query) if method == "values:batchGet" else self._about(book)

    def _about(self, book: str) -> dict[str, Any]:
        sheets = []
        for number, (title, grid) in enumerate(self.books[book].items()):
            properties: dict[str, Any] = {"sheetId": number, "title": title, "index": number, "sheetType": grid.kind}
            if grid.kind == "GRID":
                properties["gridProperties"] = {"rowCount": grid.height, "columnCount": grid.width}
            sheets.append({"properties": properties})
        named = [one for grid in self.books[book].values() for one in grid.named]
        properties = {"title": f"Book {book}", "locale": "en_US", "timeZone": "Europe/Berlin"}
        return {"spreadsheetId": book, "properties": properties, "sheets": sheets, "namedRanges": named}

    def _values(self, book: str, query: dict[str, list[str]]) -> dict[str, Any]:
        value, moment = query["valueRenderOption"][0], query["dateTimeRenderOption"][0]
        found = []
        for text in query["ranges"]:
            title, first, last = _RANGE.fullmatch(text).groups()  # type: ignore[union-attr]  # others are no ranges here
            grid = self.books[book].get(title.replace("''", "'"))
            if grid is None or int(last) > grid.height or int(first) > int(last):
                raise Refused(400, "INVALID_ARGUMENT")
            rows = [[rendered(cell, value, moment) for cell in row] for row in grid.rows[int(first) - 1 : int(last)]]
            for row in rows:
                while row and row[-1] == "":
                    row.pop()
            while rows and not rows[-1]:
                rows.pop()
            found.append({"range": text, "majorDimension": "ROWS", **({"values": rows} if rows else {})})
            if moment == "SERIAL_NUMBER" and self.between:
                self.between -= 1
                grid.rows.insert(1, ["edited"])
        return {"spreadsheetId": book, "valueRanges": found}


def rendered(cell: Any, value: str, moment: str) -> Any:
    """Return a cell as the API renders it."""
    if isinstance(cell, Shown):
        as_text = value == "FORMATTED_VALUE" or (cell.moment and moment == "FORMATTED_STRING")
        return cell.text if as_text else cell.number
    if value == "FORMATTED_VALUE":
        return {True: "TRUE", False: "FALSE"}[cell] if isinstance(cell, bool) else str(cell)
    return cell


@contextmanager
def serving(google: Google) -> Iterator[None]:
    """Serve on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            try:
                self._say(200, google.answer(self.headers["Authorization"], asked.path, parse_qs(asked.query)))
            except Refused as error:
                self._say(error.code, {"error": {"code": error.code, "message": error.status, "status": error.status}})

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._say(200, google.token(form))

        def _say(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    google.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()

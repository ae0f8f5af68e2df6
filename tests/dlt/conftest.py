"""A package of dlt sources as somebody writes it, over an API on loopback."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.databases.desk import Desk

PACKAGE = """
import datetime as dt
from decimal import Decimal

import dlt
from dlt.sources.helpers import requests


@dlt.source(name="shop")
def shop_source(base_url: str, api_key: str = dlt.secrets.value, page_size: int = 2):
    def pages(path, **params):
        page = 0
        while True:
            params |= {"page": page, "size": page_size}
            found = requests.get(f"{base_url}/{path}", params=params, headers={"X-Key": api_key}).json()
            if not found:
                return
            yield found
            page += 1

    @dlt.resource(primary_key="id", write_disposition="merge")
    def orders(updated=dlt.sources.incremental("updated_at", initial_value="2020-01-01T00:00:00Z")):
        yield from pages("orders", since=updated.last_value)

    @dlt.transformer(data_from=orders, write_disposition="append")
    def order_seen(page):
        for order in page:
            yield {"order_id": order["id"], "price": Decimal(order["price"]), "on": dt.date(2026, 1, 2)}

    @dlt.resource(write_disposition="replace")
    def products():
        yield from pages("products")

    @dlt.resource(selected=False, write_disposition="append")
    def audit():
        seen = dlt.current.resource_state().setdefault("runs", 0)
        dlt.current.resource_state()["runs"] = seen + 1
        yield {"run": seen + 1}

    return orders, order_seen, products, audit


@dlt.resource(primary_key="n", write_disposition="merge")
def numbers(many: int = 3):
    for n in range(many):
        yield {"n": n, "tags": ["a", {"b": n}], "big": 2**70 + n}


@dlt.resource(write_disposition="append")
def prices(value="1.5", kind="Decimal"):
    yield {"price": {"Decimal": Decimal, "float": float}[kind](value), "when": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}


def broken(token=""):
    yield {"ok": 1}
    raise ValueError(f"the token {token} is refused")
"""


class Api:
    """What the package asks."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = {"orders": [], "products": []}
        self.asked: list[tuple[str, str]] = []
        self.fails = ""
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
                name = parts.path.strip("/")
                api.asked.append((name, asked.get("since", "")))
                rows = [r for r in api.tables[name] if r.get("updated_at", "~") >= asked.get("since", "")]
                begin, size = int(asked["page"]) * int(asked["size"]), int(asked["size"])
                refused = name == api.fails or self.headers["X-Key"] != "k-123"
                self.send_response(400 if refused else 200)
                body = json.dumps(rows[begin : begin + size]).encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def order(self, number: int, moment: str, price: str = "1.10") -> None:
        """Write an order, over one of its number."""
        kept = [o for o in self.tables["orders"] if o["id"] != number]
        self.tables["orders"] = [*kept, {"id": number, "updated_at": moment, "price": price}]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    yield server
    server.close()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a package `sources`, as `dlt init` lays it."""
    folder = tmp_path / "project"
    (folder / "sources").mkdir(parents=True)
    (folder / "sources" / "__init__.py").write_text("")
    (folder / "sources" / "shop.py").write_text(PACKAGE)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield folder
    for name in [n for n in sys.modules if n == "sources" or n.startswith("sources.")]:
        del sys.modules[name]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "workspace")

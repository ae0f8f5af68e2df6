"""The API that the documentation connects: `python docs/example/shop_api.py`, then http://127.0.0.1:8100/v1/.

Bearer token `shop-key`; 250 orders in pages of 100 with a cursor, and the payments of each order.
"""

from __future__ import annotations

import contextlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 100
TOWNS = [("Berlin", "DE"), ("Lyon", "FR"), ("Porto", "PT"), ("Osaka", "JP")]
STATES = ["paid", "shipped", "open"]

Record = dict[str, object]


def order(number: int) -> Record:
    """Make an order; the same one every time."""
    town, country = TOWNS[number % 4]
    return {
        "id": number,
        "state": STATES[number % 3],
        "total": {"cents": 1990 + 37 * number, "currency": "EUR"},
        "shipTo": {"city": town, "country": country},
        "tags": ["gift"] if number % 10 == 0 else [],
        "items": [{"sku": f"SKU-{number % 7}", "quantity": 1 + number % 3}, {"sku": "BAG", "quantity": 1}],
        "updated_at": f"2026-0{1 + number % 6}-{1 + number % 28:02}T08:30:00+01:00",
    }


ORDERS = {number: order(number) for number in range(1, 251)}


class Shop(BaseHTTPRequestHandler):
    """Answers GET on orders and payments, and PATCH on one order."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List orders, or the payments of one."""
        url = urlsplit(self.path)
        asked = {key: values[-1] for key, values in parse_qs(url.query).items()}
        if self.headers["Authorization"] != "Bearer shop-key":
            self.answer({"error": "wrong or missing token"}, 401)
        elif url.path == "/v1/orders":
            self.answer(page(asked.get("updated_since", ""), int(asked.get("cursor", "0"))))
        elif url.path.startswith("/v1/orders/") and url.path.endswith("/payments"):
            number = int(url.path.split("/")[3])
            amount = ORDERS[number]["total"]
            self.answer({"data": [{"id": 1, "amount": amount, "method": "card"}] if number % 3 != 2 else []})
        else:
            self.answer({"error": "no such page"}, 404)

    def do_PATCH(self) -> None:
        """Change one order."""
        number = int(self.path.rsplit("/", 1)[-1])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        ORDERS[number] |= json.loads(body)
        self.answer(ORDERS[number])

    def answer(self, body: Record, status: int = 200) -> None:
        """Send JSON."""
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def page(since: str, start: int) -> Record:
    """Return one page of the orders that changed since then, oldest change first."""
    found = sorted((o for o in ORDERS.values() if str(o["updated_at"]) >= since), key=lambda o: str(o["updated_at"]))
    more = str(start + PAGE) if start + PAGE < len(found) else None
    return {"data": found[start : start + PAGE], "meta": {"next_cursor": more}}


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8100), Shop)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}/v1/\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()

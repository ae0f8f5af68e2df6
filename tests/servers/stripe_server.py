"""Stripe on loopback: newest first, `starting_after`, `created[gte]`, its errors, no parameter it does not know."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from tests.servers import stripe_records as make
from tests.servers.stripe_records import Json
from tests.servers.vendor import Received, Reply, VendorServer

KEY = "sk_test_loopback"

_COMMON = {"limit", "starting_after", "ending_before", "expand"}
_CREATED = re.compile(r"created\[(gte?|lte?)\]$")
_TESTS: dict[str, Callable[[int, int], bool]] = {
    "gte": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "lte": lambda a, b: a <= b,
    "lt": lambda a, b: a < b,
}
# list -> maker of its records, how many there are for each customer's hundred, whether it can be filtered by created
_LISTS: dict[str, tuple[Callable[[int], dict[str, Json]], float, bool]] = {
    "customers": (make.customer, 1, True),
    "products": (make.product, 0.1, True),
    "prices": (make.price, 0.1, True),
    "charges": (make.charge, 2, True),
    "payment_intents": (make.payment_intent, 2, True),
    "invoices": (make.invoice, 0.2, True),
    "invoiceitems": (make.invoice_item, 0.05, True),
    "subscriptions": (make.subscription, 0.2, True),
    "refunds": (make.refund, 0.05, True),
    "disputes": (make.dispute, 0.05, True),
    "payouts": (make.payout, 0.05, True),
    "balance_transactions": (make.balance_transaction, 2, True),
    "coupons": (make.coupon, 0.05, True),
    "promotion_codes": (make.promotion_code, 0.05, True),
    "credit_notes": (make.credit_note, 0.05, False),
    "tax_rates": (make.tax_rate, 0.05, True),
    "transfers": (make.transfer, 0.05, True),
    "events": (make.event, 1, True),
}


class StripeServer(VendorServer):
    """`n` customers and a fitting number of all else; `data` may be changed by a test at any time."""

    def __init__(self, n: int = 100) -> None:
        super().__init__()
        self.data: dict[str, list[dict[str, Json]]] = {
            name: [maker(i) for i in range(max(int(n * share), 1))] for name, (maker, share, _) in _LISTS.items()
        }

    def answer(self, request: Received) -> Reply:
        """Answer a GET as Stripe does."""
        if not _is_authorized(request):
            return _error(401, "Invalid API Key provided: sk_****", "invalid_request_error")
        match request.path.removeprefix("/v1/").split("/"):
            case [name] if name in self.data:
                return self._list(request, name, self._visible(request, name))
            case [name, identity] if name in self.data:
                return self._one(name, identity)
            case ["subscription_items"]:
                parent = request.get("subscription")
                if not parent:
                    return _error(400, "Missing required param: subscription.", "invalid_request_error")
                return self._inner(request, "subscriptions", parent, "items", {"subscription"})
            case ["invoices", parent, "lines"]:
                return self._inner(request, "invoices", parent, "lines", set())
            case ["customers", parent, "payment_methods"]:
                return self._page(request, [make.payment_method(int(parent.removeprefix("cus_")))])
            case ["customers", _, "balance_transactions"]:
                return self._page(request, [])
        return _error(404, f"Unrecognized request URL (GET: {request.path}).", "invalid_request_error")

    def _visible(self, request: Received, name: str) -> list[dict[str, Json]]:
        records = self.data[name]
        if name == "subscriptions":
            status = request.get("status")
            if status and status != "all":
                records = [r for r in records if r["status"] == status]
            elif not status:
                records = [r for r in records if r["status"] != "canceled"]
        return records

    def _list(self, request: Received, name: str, records: list[dict[str, Json]]) -> Reply:
        known = set(_COMMON) | ({"status"} if name == "subscriptions" else set())
        for key, value in request.query:
            created = _CREATED.match(key)
            if created and _LISTS[name][2]:
                records = [r for r in records if _TESTS[created[1]](_made(r), int(value))]
            elif key not in known:
                return _error(400, f"Received unknown parameter: {key}", "invalid_request_error")
        return self._page(request, sorted(records, key=lambda r: (-_made(r), r["id"])))

    def _inner(self, request: Received, name: str, parent: str, field: str, known: set[str]) -> Reply:
        unknown = {key for key, _ in request.query} - _COMMON - known
        if unknown:
            return _error(400, f"Received unknown parameter: {min(unknown)}", "invalid_request_error")
        found = next((r for r in self.data[name] if r["id"] == parent), None)
        if found is None:
            return _error(404, f"No such {name[:-1]}: '{parent}'", "invalid_request_error")
        return self._page(request, found[field]["data"])

    def _page(self, request: Received, records: list[dict[str, Json]]) -> Reply:
        limit = int(request.get("limit", "10"))
        if not 1 <= limit <= 100:
            return _error(400, "Invalid integer: limit must be between 1 and 100.", "invalid_request_error")
        after = request.get("starting_after")
        if after:
            place = next((i for i, r in enumerate(records) if r["id"] == after), None)
            if place is None:
                return _error(400, f"No such object: '{after}'", "invalid_request_error")
            records = records[place + 1 :]
        version = request.headers.get("stripe-version", "")
        body = make.listed(request.path, records[:limit], has_more=len(records) > limit)
        return Reply(body, headers={"Request-Id": f"req_{len(self.requests)}", "Stripe-Version": version})

    def _one(self, name: str, identity: str) -> Reply:
        found = next((r for r in self.data[name] if r["id"] == identity), None)
        if found is None:
            return _error(404, f"No such {name[:-1]}: '{identity}'", "invalid_request_error")
        return Reply(found)


def _made(record: dict[str, Json]) -> int:
    return int(record["created"] if "created" in record else record["date"])


def _is_authorized(request: Received) -> bool:
    given = request.headers.get("authorization", "")
    return given == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode() or given == f"Bearer {KEY}"


def _error(status: int, message: str, kind: str) -> Reply:
    error = {"message": message, "type": kind, "doc_url": "https://stripe.com/docs/error-codes"}
    return Reply({"error": error}, status, {"Request-Id": "req_error"})

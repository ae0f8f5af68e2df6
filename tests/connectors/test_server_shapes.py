"""The servers of the end-to-end tests answer in the shapes that the vendors' specifications give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.openapi import Node
from tests.connectors.vendors import SPECS, read_vendor
from tests.servers.github_server import TOKEN as GITHUB_TOKEN
from tests.servers.github_server import GithubServer
from tests.servers.hubspot_server import TOKEN as HUBSPOT_TOKEN
from tests.servers.hubspot_server import HubspotServer
from tests.servers.stripe_server import KEY, StripeServer
from tests.servers.vendor import Received, VendorServer

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not beside this checkout")

STRIPE = [
    *("customers", "products", "prices", "charges", "payment_intents", "invoices", "invoiceitems", "subscriptions"),
    *("refunds", "disputes", "payouts", "balance_transactions", "coupons", "promotion_codes", "credit_notes"),
    *("tax_rates", "transfers", "events", "invoices/in_000001/lines", "customers/cus_000001/payment_methods"),
]
WEB = "/repos/acme/web"
GITHUB = [
    *("/user/repos", WEB, f"{WEB}/issues", f"{WEB}/issues/comments", f"{WEB}/pulls", f"{WEB}/pulls/1/reviews"),
    *(f"{WEB}/commits", f"{WEB}/releases"),
]
HUBSPOT = [
    *(f"/crm/v3/objects/{kind}" for kind in ("contacts", "companies", "deals", "tickets", "line_items", "notes")),
    *(
        "/crm/v3/owners",
        "/crm/v3/pipelines/deals",
        "/crm/v3/pipelines/deals/default/stages",
        "/account-info/v3/details",
    ),
]
CASES: list[tuple[str, VendorServer, str, str]] = [
    *(("stripe", StripeServer(20), f"Bearer {KEY}", f"/v1/{path}") for path in STRIPE),
    *(("github", GithubServer(20), f"Bearer {GITHUB_TOKEN}", path) for path in GITHUB),
    *(("hubspot", HubspotServer(20), f"Bearer {HUBSPOT_TOKEN}", path) for path in HUBSPOT),
]


@pytest.mark.parametrize(("vendor", "server", "authorization", "path"), CASES, ids=[f"{c[0]}:{c[3]}" for c in CASES])
def test_a_server_answers_with_nothing_that_the_vendor_does_not_have(
    vendor: str, server: VendorServer, authorization: str, path: str
) -> None:
    headers = {"authorization": authorization, "user-agent": "test"}
    reply = server.answer(
        Received("GET", path, (("associations", "companies"),) if vendor == "hubspot" else (), headers, b"")
    )
    operation = read_vendor(vendor).find("GET", path)
    assert operation is not None
    schema = operation.answer()
    assert schema is not None
    assert reply.status == 200
    assert list(foreign(reply.body, schema)) == []


def foreign(value: Any, node: Node, at: str = "$") -> Iterator[str]:
    """Yield the places that the schema does not have."""
    if isinstance(value, dict):
        for key, item in value.items():
            child = node.child(key)
            if child is None:
                yield f"{at}.{key}"
            else:
                yield from foreign(item, child, f"{at}.{key}")
    elif isinstance(value, list):
        for item in value[:3]:
            inside = node.items()
            if inside is None:
                yield f"{at}[]"
            else:
                yield from foreign(item, inside, f"{at}[]")
    elif value is not None and node.enum() and str(value) not in node.enum():
        yield f"{at} = {value}"

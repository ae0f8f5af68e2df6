"""What Stripe's own documentation says of an invoice reaches whoever describes the table, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.catalog.brief import describe_text
from dinobase.spec.load import load_connector
from dinobase.workspace import Workspace
from tests.connectors.prove import CONFIGS
from tests.mcp.npm import tokens
from tests.servers.stripe_server import KEY, StripeServer
from tests.servers.vendor import serving

COLUMNS, MOST = 30, 1_200
# From Stripe's reference of version 2023-08-16.
CENTS = {"amount_due", "amount_paid", "amount_remaining", "amount_shipping", "subtotal", "tax", "total"}
SECONDS = {"created", "due_date", "effective_at", "next_payment_attempt", "period_start", "period_end"}
VALUES = {
    "status": {"draft", "open", "paid", "uncollectible", "void"},
    "collection_method": {"charge_automatically", "send_invoice"},
    "billing_reason": {
        "manual", "subscription", "subscription_create", "subscription_cycle", "subscription_threshold",
        "subscription_update", "automatic_pending_invoice_item_invoice", "quote_accept", "upcoming",
    },
}  # fmt: skip


def documented() -> dict[str, Any]:
    """Return the connector's own words for the first thirty fields of its largest table."""
    resources = load_connector(CONFIGS / "stripe.yaml").resources
    largest = max(resources, key=lambda one: len(one.columns))
    assert largest.name == "invoices"
    flat = [key for key in largest.columns if "." not in key]
    return {key: largest.columns[key] for key in flat[:COLUMNS]}


def record(number: int, columns: Sequence[str]) -> dict[str, Any]:
    """Return an invoice with these fields, as Stripe's are."""
    made: dict[str, Any] = {name: f"{name} {number}" for name in columns}
    made |= dict.fromkeys(CENTS & set(columns), 2000 + number)
    made |= dict.fromkeys(SECONDS & set(columns), 1700000000 + number)
    made |= {"id": f"in_{number}", "object": "invoice", "livemode": True, "metadata": {}, "status": "paid"}
    return made


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    stripe = StripeServer(1)
    stripe.data["invoices"] = [record(number, list(documented())) for number in range(3)]
    with serving(stripe):
        found = Workspace.open(tmp_path)
        found.init()
        raw = yaml.safe_load((CONFIGS / "stripe.yaml").read_bytes())
        raw["client"]["base_url"] = f"{stripe.url}/v1/"
        found.paths.make(found.paths.connectors)
        (found.paths.connectors / "stripe.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
        found.add("stripe", given={"api_key": KEY}, check=False)
        found.sync(["stripe"], resources=["invoices"])
        yield found


def test_thirty_columns_say_all_that_stripe_documents_in_1200_tokens(workspace: Workspace) -> None:
    known = documented()
    assert len(known) == COLUMNS
    page = describe_text(workspace.describe(["stripe.invoices"], samples=0))
    assert tokens(page) <= MOST
    lines = {line.split(" ")[0].rstrip(":"): line for line in page.splitlines()}
    for name, column in known.items():
        said = column.description.split(". ")[0].rstrip(".") if column.description else column.pii
        assert said in lines[name], name
    for unit, names in (("cents", CENTS), ("epoch_s", SECONDS)):
        assert {name for name, line in lines.items() if f" [{unit}] " in line} >= names & set(known)
    for name, values in VALUES.items():
        assert set(lines[name].rsplit("one of ", 1)[1].split(", ")) == values

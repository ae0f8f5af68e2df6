"""The data of the comparison: three tables as a billing API serves them, the same file for both contenders."""

from __future__ import annotations

import random
import string
from typing import Any

KEY = "sk_bench"
TABLE = "billing.customers"
COLUMNS = {
    "id": "",
    "name": "Full name, or the company's",
    "email": "Address that invoices go to",
    "phone": "Phone number with country code",
    "city": "City of the billing address",
    "country": "ISO 3166 code of the billing country",
    "balance": "Open amount in cents; negative is credit",
    "currency": "ISO 4217 code that all of its invoices have",
    "livemode": "False for test data",
    "status": "active, past_due or canceled",
    "created": "When the customer signed up",
    "canceled_at": "When the subscription ended, if it did",
    "mrr": "Monthly recurring revenue in the customer's currency",
    "note": "What support wrote about the customer",
    "plan": "Price plan: silver or gold; empty for the free one",
}
DESCRIPTIONS = {
    "customers": "People and companies that buy, one row each",
    "invoices": "Invoices, drafts too",
    "payments": "Attempts to collect an invoice",
}
JOINS = (("invoices", "customer", "customers"), ("payments", "invoice", "invoices"))


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return 400 customers with vendor-like keys, addresses and times, and what belongs to them."""
    chance = random.Random(7)
    customers = [_customer(chance, number) for number in range(400)]
    invoices = [
        {
            "id": _key(chance, "in"), "customer": chance.choice(customers)["id"], "currency": "usd",
            "total": chance.randrange(500, 90_000), "paid": chance.random() < 0.8, "created": _time(chance),
        }
        for _ in range(900)
    ]  # fmt: skip
    payments = [
        {"id": _key(chance, "py"), "invoice": one["id"], "amount": one["total"], "method": "card"}
        for one in invoices
        if one["paid"]
    ]
    return {"customers": customers, "invoices": invoices, "payments": payments}


def definition(url: str) -> dict[str, Any]:
    """Return the connector file."""
    return {
        "name": "billing",
        "description": "Customers, invoices and payments",
        "credentials": [{"name": "api_key", "flag": "--api-key", "env": "BILLING_KEY", "prompt": "Key"}],
        "client": {
            "base_url": url,
            "auth": {"type": "bearer", "token": "{api_key}"},
            "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"},
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {"data_selector": "data"},
        },
        "resources": [{"name": name, "endpoint": {"path": name}} for name in DESCRIPTIONS],
    }


def described(url: str) -> dict[str, Any]:
    """Return the connector file with what the tables mean, as ours states it."""
    found = definition(url)
    for resource in found["resources"]:
        name = resource["name"]
        resource["description"] = DESCRIPTIONS[name]
        if name == "customers":
            resource["columns"] = {column: {"description": text} for column, text in COLUMNS.items() if text}
        joins = [{"columns": [column], "to": to, "to_columns": ["id"]} for table, column, to in JOINS if table == name]
        if joins:
            resource["relationships"] = joins
    return found


def annotation_items() -> list[dict[str, str]]:
    """Return the same facts as items of the reference's `annotate`."""
    items = [{"target": f"billing.{name}", "key": "description", "value": text} for name, text in DESCRIPTIONS.items()]
    items += [
        {"target": f"{TABLE}.{column}", "key": "description", "value": text} for column, text in COLUMNS.items() if text
    ]
    items += [
        {
            "from_table": f"billing.{table}", "from_column": column, "to_table": f"billing.{to}", "to_column": "id",
            "cardinality": "many_to_one",
        }
        for table, column, to in JOINS
    ]  # fmt: skip
    return items


def _customer(chance: random.Random, number: int) -> dict[str, Any]:
    first = chance.choice(["Ada", "Grace", "Edsger", "Barbara"])
    last = chance.choice(["Lovelace", "Hopper", "Liskov"])
    return {
        "id": _key(chance, "cus"),
        "name": f"{first} {last}",
        "email": f"{first}.{last}{number}@example.com".lower(),
        "phone": f"+1{chance.randrange(2_000_000_000, 9_999_999_999)}",
        "city": chance.choice(["Zürich", "New York", "São Paulo", "Berlin"]),
        "country": chance.choice(["CH", "US", "BR", "DE"]),
        "balance": chance.randrange(-5_000, 90_000),
        "currency": "usd",
        "livemode": False,
        "status": chance.choice(["active", "past_due", "canceled"]),
        "created": _time(chance),
        "canceled_at": chance.choice([None, _time(chance)]),
        "mrr": round(chance.random() * 1000, 2),
        "note": chance.choice([None, "prefers e-mail", "asked for an invoice, twice"]),
        "plan": chance.choice(["gold", "silver", ""]),
    }


def _key(chance: random.Random, kind: str) -> str:
    return f"{kind}_{''.join(chance.choices(string.ascii_letters + string.digits, k=14))}"


def _time(chance: random.Random) -> str:
    return f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}T10:17:{chance.randrange(60):02}Z"

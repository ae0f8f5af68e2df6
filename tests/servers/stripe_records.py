"""Records of the shapes that Stripe answers with in the version 2023-08-16; the same for the same number, always."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Json: TypeAlias = Any

BEGINNING = 1_600_000_000
HOUR = 3_600

ADDRESS = {"city": None, "country": "DE", "line1": None, "line2": None, "postal_code": None, "state": None}
STATES = ("active", "canceled", "past_due", "trialing")


def created(number: int) -> int:
    """Return the time at which the record of that number was made: one an hour."""
    return BEGINNING + number * HOUR


def base(kind: str, prefix: str, number: int) -> dict[str, Json]:
    """Return what all objects have."""
    return {
        "id": f"{prefix}_{number:06d}",
        "object": kind,
        "created": created(number),
        "livemode": False,
        "metadata": {},
    }


def customer(number: int) -> dict[str, Json]:
    """One in three has an address, one in five metadata, none a shipping address."""
    return base("customer", "cus", number) | {
        "address": {**ADDRESS, "city": "Köln", "line1": f"Domstraße {number}"} if number % 3 == 0 else None,
        "balance": -500 if number % 7 == 0 else 0,
        "currency": "eur",
        "default_source": None,
        "delinquent": number % 11 == 0,
        "description": None,
        "discount": None,
        "email": f"person{number}@example.com",
        "invoice_prefix": f"{number:08X}",
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
        "metadata": {"crm_id": str(number), "plan": "gold"} if number % 5 == 0 else {},
        "name": f"Person {number}",
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": ["de", "en"] if number % 2 else [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def product(number: int) -> dict[str, Json]:
    """Its prices are those of `price`."""
    return base("product", "prod", number) | {
        "active": True,
        "default_price": f"price_{number:06d}",
        "description": None,
        "features": [{"name": "Support"}],
        "images": [],
        "name": f"Product {number}",
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "unit_label": "seat",
        "updated": created(number),
        "url": None,
    }


def price(number: int) -> dict[str, Json]:
    """A monthly price of whole euros."""
    return base("price", "price", number) | {
        "active": True,
        "billing_scheme": "per_unit",
        "currency": "eur",
        "custom_unit_amount": None,
        "lookup_key": None,
        "nickname": None,
        "product": f"prod_{number:06d}",
        "recurring": {"aggregate_usage": None, "interval": "month", "interval_count": 1, "usage_type": "licensed"},
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring",
        "unit_amount": 1000 * (number + 1),
        "unit_amount_decimal": str(1000 * (number + 1)),
    }


def charge(number: int) -> dict[str, Json]:
    """One in ten failed."""
    failed = number % 10 == 9
    card = {"brand": "visa", "country": "DE", "fingerprint": f"fp{number % 50}", "last4": "4242", "funding": "credit"}
    return base("charge", "ch", number) | {
        "amount": 100 + number,
        "amount_captured": 0 if failed else 100 + number,
        "amount_refunded": 0,
        "balance_transaction": None if failed else f"txn_{number:06d}",
        "billing_details": {"address": ADDRESS, "email": None, "name": f"Person {number % 50}", "phone": None},
        "captured": not failed,
        "currency": "eur",
        "customer": f"cus_{number % 50:06d}",
        "description": None,
        "disputed": False,
        "failure_code": "card_declined" if failed else None,
        "failure_message": "Your card was declined." if failed else None,
        "fraud_details": {},
        "invoice": None,
        "outcome": {"network_status": "approved_by_network", "risk_level": "normal", "risk_score": number % 100},
        "paid": not failed,
        "payment_intent": f"pi_{number:06d}",
        "payment_method_details": {"card": card, "type": "card"},
        "receipt_email": None,
        "refunded": False,
        "status": "failed" if failed else "succeeded",
    }


def payment_intent(number: int) -> dict[str, Json]:
    """The payment of the charge of that number."""
    return base("payment_intent", "pi", number) | {
        "amount": 100 + number,
        "amount_capturable": 0,
        "amount_received": 100 + number,
        "canceled_at": None,
        "capture_method": "automatic",
        "client_secret": f"pi_{number:06d}_secret_x",
        "currency": "eur",
        "customer": f"cus_{number % 50:06d}",
        "latest_charge": f"ch_{number:06d}",
        "payment_method_types": ["card"],
        "status": "succeeded",
    }


def line(invoice: int, number: int) -> dict[str, Json]:
    """A line of an invoice."""
    found = base("line_item", "il", invoice * 100 + number)
    del found["created"]
    return found | {
        "amount": 1000,
        "currency": "eur",
        "discountable": True,
        "period": {"start": created(invoice), "end": created(invoice) + 720 * HOUR},
        "price": price(number),
        "proration": False,
        "quantity": 1,
        "subscription": f"sub_{invoice:06d}",
        "subscription_item": f"si_{invoice * 10 + number:06d}",
        "type": "subscription",
    }


def listed(url: str, data: list[Json], *, has_more: bool = False) -> dict[str, Json]:
    """Wrap records as Stripe wraps a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def invoice(number: int) -> dict[str, Json]:
    """Two lines each, which stand inside too."""
    identity = f"in_{number:06d}"
    return base("invoice", "in", number) | {
        "amount_due": 2000,
        "amount_paid": 2000,
        "amount_remaining": 0,
        "billing_reason": "subscription_cycle",
        "charge": f"ch_{number:06d}",
        "collection_method": "charge_automatically",
        "currency": "eur",
        "customer": f"cus_{number % 50:06d}",
        "customer_email": f"person{number % 50}@example.com",
        "due_date": None,
        "lines": listed(f"/v1/invoices/{identity}/lines", [line(number, i) for i in range(2)]),
        "number": f"INV-{number:04d}",
        "payment_intent": f"pi_{number:06d}",
        "status": "paid",
        "status_transitions": {"finalized_at": created(number), "paid_at": created(number), "voided_at": None},
        "subscription": f"sub_{number:06d}",
        "subtotal": 2000,
        "total": 2000,
    }


def subscription_item(subscription: int, number: int) -> dict[str, Json]:
    """What a subscription consists of."""
    found = base("subscription_item", "si", subscription * 10 + number)
    del found["livemode"]
    return found | {
        "billing_thresholds": None,
        "price": price(number),
        "quantity": number + 1,
        "subscription": f"sub_{subscription:06d}",
        "tax_rates": [],
    }


def subscription(number: int) -> dict[str, Json]:
    """One in four is canceled: a list without status leaves it out."""
    identity, status = f"sub_{number:06d}", STATES[number % 4]
    items = [subscription_item(number, i) for i in range(2)]
    return base("subscription", "sub", number) | {
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": created(number) if status == "canceled" else None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "currency": "eur",
        "current_period_end": created(number) + 720 * HOUR,
        "current_period_start": created(number),
        "customer": f"cus_{number % 50:06d}",
        "items": listed(f"/v1/subscription_items?subscription={identity}", items),
        "latest_invoice": f"in_{number:06d}",
        "start_date": created(number),
        "status": status,
    }


def balance_transaction(number: int) -> dict[str, Json]:
    """The ledger's row of the charge of that number."""
    found = base("balance_transaction", "txn", number)
    del found["livemode"], found["metadata"]
    return found | {
        "amount": 100 + number,
        "available_on": created(number) + 48 * HOUR,
        "currency": "eur",
        "exchange_rate": None,
        "fee": 30,
        "fee_details": [
            {"amount": 30, "currency": "eur", "description": "Stripe processing fees", "type": "stripe_fee"}
        ],
        "net": 70 + number,
        "reporting_category": "charge",
        "source": f"ch_{number:06d}",
        "status": "available",
        "type": "charge",
    }


def event(number: int) -> dict[str, Json]:
    """Something happened to a customer."""
    found = base("event", "evt", number)
    del found["metadata"]
    return found | {
        "api_version": "2020-08-27",
        "data": {"object": customer(number), "previous_attributes": {"email": "old@example.com"}},
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": "customer.updated",
    }


def money(kind: str, prefix: str, **more: Json) -> Callable[[int], dict[str, Json]]:
    """Return a maker of objects that are little more than an amount."""

    def make(number: int) -> dict[str, Json]:
        return base(kind, prefix, number) | {"amount": 100 + number, "currency": "eur"} | more

    return make


dispute = money("dispute", "dp", status="needs_response", reason="general", charge="ch_000002")
payout = money("payout", "po", status="paid", method="standard", automatic=True, arrival_date=BEGINNING)
credit_note = money("credit_note", "cn", status="issued", customer="cus_000001", invoice="in_000001", total=100)
transfer = money("transfer", "tr", amount_reversed=0, destination="acct_1")


def refund(number: int) -> dict[str, Json]:
    """Does not say whether it is live."""
    found = base("refund", "re", number)
    del found["livemode"]
    more = {"status": "succeeded", "reason": "requested_by_customer", "charge": f"ch_{number:06d}"}
    return found | {"amount": 100 + number, "currency": "eur"} | more


def coupon(number: int) -> dict[str, Json]:
    """A share, not an amount."""
    return base("coupon", "co", number) | {"amount_off": None, "percent_off": 12.5, "duration": "once", "valid": True}


def promotion_code(number: int) -> dict[str, Json]:
    """A code for the coupon of that number."""
    return base("promotion_code", "promo", number) | {"code": f"SAVE{number}", "active": True, "coupon": coupon(number)}


def tax_rate(number: int) -> dict[str, Json]:
    """Value added tax."""
    return base("tax_rate", "txr", number) | {"display_name": "VAT", "percentage": 19.0, "inclusive": False}


def invoice_item(number: int) -> dict[str, Json]:
    """Has `date` where the others have `created`."""
    found = base("invoiceitem", "ii", number)
    date = found.pop("created")
    return {**found, "date": date, "amount": 500, "currency": "eur", "customer": "cus_000001"}


def payment_method(owner: int) -> dict[str, Json]:
    """The card of the customer of that number."""
    card = {"brand": "visa", "last4": "4242", "fingerprint": f"fp{owner}", "exp_month": 8, "exp_year": 2030}
    found = base("payment_method", "pm", owner)
    return found | {"type": "card", "card": card, "customer": f"cus_{owner:06d}", "billing_details": {"email": None}}

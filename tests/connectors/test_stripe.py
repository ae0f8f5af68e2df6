"""The packaged Stripe connector against a server that answers as Stripe does: what it got, and what the tables hold."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.connectors.workbench import Workbench
from tests.servers import stripe_records as make
from tests.servers.stripe_server import KEY, StripeServer
from tests.servers.vendor import serving

DAY = 24 * make.HOUR


@pytest.fixture
def stripe() -> Iterator[StripeServer]:
    server = StripeServer(120)
    with serving(server):
        yield server


@pytest.fixture
def added(bench: Workbench, stripe: StripeServer) -> Workbench:
    bench.install("stripe", f"{stripe.url}/v1/")
    bench.succeed("add", "stripe", "--api-key", KEY)
    return bench


def test_add_proves_the_key_as_a_user_name_without_a_password(added: Workbench, stripe: StripeServer) -> None:
    [request] = stripe.requests
    assert request.path == "/v1/customers"
    assert request.query == (("limit", "1"),)
    assert request.headers["authorization"] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    assert request.headers["stripe-version"] == "2023-08-16"


def test_a_wrong_key_adds_nothing_and_is_not_shown(bench: Workbench, stripe: StripeServer) -> None:
    bench.install("stripe", f"{stripe.url}/v1/")
    done = bench.run("add", "stripe", "--api-key", "sk_test_wrong_one")
    assert done.code == 1
    assert "sk_test_wrong_one" not in f"{done.json}{done.notes}"
    assert bench.succeed("connectors")["connectors"] == []


def test_a_sync_brings_every_record_of_every_selected_list(added: Workbench, stripe: StripeServer) -> None:
    report = added.succeed("sync", "stripe")
    tables = {table["name"]: table for table in report["connectors"][0]["tables"]}
    names = {"invoiceitems": "invoice_items"}
    expected = {names.get(k, k): len(v) for k, v in stripe.data.items() if k not in {"events", "transfers"}}
    expected["subscription_items"] = 2 * len(stripe.data["subscriptions"])
    assert {name: table["total_rows"] for name, table in tables.items()} == expected
    assert {table["status"] for table in tables.values()} == {"success"}
    for table in ("customers", "charges", "subscriptions", "subscription_items"):
        assert added.value(f"SELECT count(*) FROM stripe.{table}") == expected[table]
    paid = sum(r["amount_captured"] for r in stripe.data["charges"])
    assert int(added.value("SELECT sum(amount_captured) FROM stripe.charges")) == paid


def test_pages_go_on_after_the_last_record_of_the_one_before(added: Workbench, stripe: StripeServer) -> None:
    added.succeed("sync", "stripe", "--resources", "charges")
    pages = stripe.asked("/charges")
    newest = [r["id"] for r in reversed(stripe.data["charges"])]
    assert [(p.get("limit"), p.get("starting_after")) for p in pages] == [
        ("100", ""),
        ("100", newest[99]),
        ("100", newest[199]),
    ]


def test_canceled_subscriptions_are_asked_for(added: Workbench, stripe: StripeServer) -> None:
    added.succeed("sync", "stripe", "--resources", "subscriptions")
    assert stripe.asked("/subscriptions")[0].get("status") == "all"
    canceled = sum(r["status"] == "canceled" for r in stripe.data["subscriptions"])
    assert canceled > 0
    assert added.value("SELECT count(*) FROM stripe.subscriptions WHERE status = 'canceled'") == canceled


def test_columns_are_named_by_their_path_and_metadata_stays_one(added: Workbench) -> None:
    added.succeed("sync", "stripe", "--resources", "customers,charges")
    table = added.succeed("describe", "stripe.customers")
    columns = {column["name"]: column for column in table["columns"]}
    assert columns["address__city"]["pii"] == "address"
    assert columns["balance"]["unit"] == "cents"
    assert columns["created"]["unit"] == "epoch_s"
    assert columns["created"]["type"] == "BIGINT"
    assert columns["metadata"]["type"] == "JSON"
    assert not [name for name in columns if name.startswith("metadata__")]
    assert table["primary_key"] == ["id"]
    sql = "SELECT metadata->>'crm_id' AS crm, address__city AS city FROM stripe.customers WHERE id = 'cus_000015'"
    assert added.rows(sql) == [{"crm": "15", "city": "Köln"}]
    sql = "SELECT count(*) FROM stripe.charges JOIN stripe.customers ON charges.customer = customers.id"
    assert added.value(sql) == 240


def test_a_refund_of_an_old_charge_is_seen(added: Workbench, stripe: StripeServer) -> None:
    added.succeed("sync", "stripe", "--resources", "charges")
    stripe.data["charges"][3]["amount_refunded"] = 103
    report = added.succeed("sync", "stripe", "--resources", "charges")
    assert report["connectors"][0]["tables"][0]["status"] == "success"
    assert added.value("SELECT amount_refunded FROM stripe.charges WHERE id = 'ch_000003'") == 103
    again = added.succeed("sync", "stripe", "--resources", "charges")
    assert again["connectors"][0]["tables"][0]["status"] == "unchanged"


def test_a_deleted_customer_is_stamped_and_kept(added: Workbench, stripe: StripeServer) -> None:
    added.succeed("sync", "stripe", "--resources", "customers")
    del stripe.data["customers"][7]
    added.succeed("sync", "stripe", "--resources", "customers")
    gone = added.rows("SELECT id FROM stripe.customers WHERE _dinobase_deleted_at IS NOT NULL")
    assert gone == [{"id": "cus_000007"}]
    assert added.value("SELECT count(*) FROM stripe.customers") == 120


def test_the_ledger_is_asked_for_from_45_days_before_the_newest_row(added: Workbench, stripe: StripeServer) -> None:
    stripe.data["balance_transactions"] = [make.balance_transaction(i) for i in range(0, 4000, 40)]
    added.succeed("sync", "stripe", "--resources", "balance_transactions")
    stripe.data["balance_transactions"][-2]["status"] = "pending"
    stripe.data["balance_transactions"].append(make.balance_transaction(4000))
    stripe.requests.clear()
    added.succeed("sync", "stripe", "--resources", "balance_transactions")
    assert [r.get("created[gte]") for r in stripe.asked("/balance_transactions")] == [
        str(make.created(3960) - 45 * DAY)
    ]
    assert added.value("SELECT count(*) FROM stripe.balance_transactions") == 101
    assert added.value("SELECT count(*) FROM stripe.balance_transactions WHERE status = 'pending'") == 1


def test_items_are_read_again_only_for_subscriptions_that_changed(added: Workbench, stripe: StripeServer) -> None:
    resources = ("--resources", "subscriptions,subscription_items")
    added.succeed("sync", "stripe", *resources)
    assert len(stripe.asked("/subscription_items")) == len(stripe.data["subscriptions"])
    changed = stripe.data["subscriptions"][5]
    changed["items"]["data"][0]["quantity"] = 9
    stripe.requests.clear()
    added.succeed("sync", "stripe", *resources)
    assert [r.get("subscription") for r in stripe.asked("/subscription_items")] == [changed["id"]]
    quantity = added.value(
        f"SELECT quantity FROM stripe.subscription_items WHERE id = '{changed['items']['data'][0]['id']}'"
    )
    assert quantity == 9


def test_heavy_lists_come_when_they_are_asked_for(added: Workbench, stripe: StripeServer) -> None:
    added.succeed("sync", "stripe", "--resources", "invoices,invoice_line_items,events")
    assert added.value("SELECT count(*) FROM stripe.invoice_line_items") == 2 * len(stripe.data["invoices"])
    sql = "SELECT data->'object'->>'email' AS email FROM stripe.events WHERE id = 'evt_000004'"
    assert added.rows(sql) == [{"email": "person4@example.com"}]


def test_limits_and_faults_of_the_server_are_waited_out(added: Workbench, stripe: StripeServer) -> None:
    limited = {"error": {"code": "rate_limit", "type": "invalid_request_error", "message": "Too many requests."}}
    stripe.fail("/charges", 429, times=2, body=limited, retry_after="0")
    stripe.fail("/customers", 500)
    added.succeed("sync", "stripe", "--resources", "charges,customers")
    assert added.value("SELECT count(*) FROM stripe.charges") == 240
    assert added.value("SELECT count(*) FROM stripe.customers") == 120


def test_a_key_without_permission_fails_that_table_alone(added: Workbench, stripe: StripeServer) -> None:
    denied = {"error": {"type": "invalid_request_error", "message": "The provided key does not have the permission."}}
    stripe.fail("/disputes", 403, times=50, body=denied)
    done = added.run("sync", "stripe", "--resources", "disputes,coupons")
    tables = {table["name"]: table for table in done.json["connectors"][0]["tables"]}
    assert done.code == 1
    assert tables["coupons"]["status"] == "success"
    assert tables["disputes"]["status"] == "error"
    assert "does not have the permission" in str(tables["disputes"]["error"])
    assert KEY not in f"{done.json}{done.notes}"

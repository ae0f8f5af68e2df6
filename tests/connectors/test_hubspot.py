"""The packaged HubSpot connector against a server that answers as HubSpot does: requests and tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.connectors.workbench import Workbench
from tests.servers.hubspot_server import TOKEN, HubspotServer, at
from tests.servers.vendor import serving


@pytest.fixture
def hubspot() -> Iterator[HubspotServer]:
    server = HubspotServer(450)
    with serving(server):
        yield server


@pytest.fixture
def added(bench: Workbench, hubspot: HubspotServer) -> Workbench:
    bench.install("hubspot", hubspot.url)
    bench.succeed("add", "hubspot", "--access-token", TOKEN)
    return bench


def millis(minute: int, before: timedelta = timedelta()) -> str:
    """Return the time of the record of that number as searches take it."""
    return str(int((datetime.fromisoformat(at(minute)) - before).timestamp() * 1000))


def test_add_proves_the_token_by_the_account_it_belongs_to(added: Workbench, hubspot: HubspotServer) -> None:
    [request] = hubspot.requests
    assert request.path == "/account-info/v3/details"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_sync_brings_the_objects_with_their_properties_as_columns(added: Workbench, hubspot: HubspotServer) -> None:
    report = added.succeed("sync", "hubspot")
    totals = {table["name"]: table["total_rows"] for table in report["connectors"][0]["tables"]}
    objects = dict.fromkeys(("companies", "deals", "tickets", "products", "line_items", "deal_associations"), 45)
    pipelines = {"deal_pipelines": 1, "deal_stages": 2, "ticket_pipelines": 1, "ticket_stages": 2}
    assert totals == {"contacts": 450, **objects, "owners": 1, **pipelines}
    sql = "SELECT email, firstname, lifecyclestage, lastname FROM hubspot.contacts WHERE id = '107'"
    assert added.rows(sql) == [
        {"email": "c7@example.com", "firstname": "C7", "lifecyclestage": "lead", "lastname": None}
    ]
    columns = {column["name"]: column for column in added.succeed("describe", "hubspot.contacts")["columns"]}
    assert columns["email"]["pii"] == "email"
    assert "secret_score" not in columns
    assert columns["lastmodifieddate"]["type"].startswith("TIMESTAMP")


def test_amounts_that_come_as_text_can_be_added_up(added: Workbench) -> None:
    added.succeed("sync", "hubspot", "--resources", "deals")
    assert added.value("SELECT sum(amount) FROM hubspot.deals") == sum(i + 0.5 for i in range(45))


def test_each_page_is_a_search_from_the_last_change_on(added: Workbench, hubspot: HubspotServer) -> None:
    added.succeed("sync", "hubspot", "--resources", "contacts")
    bodies = [request.json for request in hubspot.asked("/contacts/search")]
    assert [(body["limit"], body.get("after")) for body in bodies] == [(200, None)] * 3
    starts = [body["filterGroups"] for body in bodies]
    condition = {"propertyName": "lastmodifieddate", "operator": "GTE"}
    assert starts == [[{"filters": [condition | {"value": value}]}] for value in ("0", millis(199), millis(398))]
    assert bodies[0]["sorts"] == [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
    assert "email" in bodies[0]["properties"]


def test_the_next_sync_searches_from_an_hour_before_the_last_change(added: Workbench, hubspot: HubspotServer) -> None:
    added.succeed("sync", "hubspot", "--resources", "contacts")
    hubspot.touch("contacts", "103", 2000, firstname="Grace")
    hubspot.requests.clear()
    added.succeed("sync", "hubspot", "--resources", "contacts")
    [request] = hubspot.asked("/contacts/search")
    value = request.json["filterGroups"][0]["filters"][0]["value"]
    assert value == millis(449, timedelta(hours=1))
    assert added.rows("SELECT firstname FROM hubspot.contacts WHERE id = '103'") == [{"firstname": "Grace"}]
    assert added.value("SELECT count(*) FROM hubspot.contacts") == 450


def test_more_records_than_a_search_ends_at_come_all(bench: Workbench) -> None:
    server = HubspotServer(10_450)
    with serving(server):
        bench.install("hubspot", server.url)
        bench.succeed("add", "hubspot", "--access-token", TOKEN)
        bench.succeed("sync", "hubspot", "--resources", "contacts")
    assert bench.value("SELECT count(*) FROM hubspot.contacts") == 10_450
    bodies = [request.json for request in server.asked("/contacts/search")]
    assert max(int(body.get("after") or 0) + body["limit"] for body in bodies) <= 200


def test_a_record_that_changes_while_a_search_is_read_hides_no_other(bench: Workbench) -> None:
    server = HubspotServer(1000)
    changed = iter(range(100, 200))

    def change_one_that_was_read() -> None:
        server.touch("contacts", str(next(changed)), 5000)

    server.before_search = change_one_that_was_read
    with serving(server):
        bench.install("hubspot", server.url)
        bench.succeed("add", "hubspot", "--access-token", TOKEN)
        bench.succeed("sync", "hubspot", "--resources", "contacts")
        bench.succeed("sync", "hubspot", "--resources", "contacts")
    assert bench.value("SELECT count(*) FROM hubspot.contacts") == 1000


def test_associations_and_stages_join(added: Workbench, hubspot: HubspotServer) -> None:
    added.succeed("sync", "hubspot", "--resources", "deals,deal_associations,deal_pipelines,deal_stages")
    [request] = hubspot.asked("/objects/deals")
    assert request.get("associations") == "contacts,companies,line_items"
    sql = """SELECT count(*) FROM hubspot.deals AS d JOIN hubspot.deal_stages AS s ON d.dealstage = s.id
             JOIN hubspot.deal_associations AS a ON a.id = d.id
             WHERE s.label = 'Won' AND a.contacts__results IS NOT NULL"""
    assert added.value(sql) == 23


def test_a_limit_a_second_is_waited_out(added: Workbench, hubspot: HubspotServer) -> None:
    limited = {"status": "error", "message": "You have reached your secondly limit.", "policyName": "SECONDLY"}
    hubspot.fail("/contacts/search", 429, times=2, body=limited, retry_after="0")
    added.succeed("sync", "hubspot", "--resources", "contacts")
    assert added.value("SELECT count(*) FROM hubspot.contacts") == 450

"""Writes to servers shaped like Stripe, HubSpot and GitHub, through the packaged connectors."""
# ruff: noqa: E501 - statements stand on one line, as people write them

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connectors.prove import CONFIGS
from tests.mutate.desk import Desk
from tests.servers import github_server, hubspot_server, stripe_server
from tests.servers.vendor import VendorServer, serving
from tests.servers.writing import GithubWrites, HubspotWrites, StripeWrites


def made(root: Path, name: str, server: VendorServer, base: str, secrets: dict[str, str], resources: list[str]) -> Desk:
    """A workspace with a packaged connector that points at the server, without a rate limit of its own."""
    data = yaml.load((CONFIGS / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    data["client"] |= {"base_url": base, "retry": {"attempts": 2}}
    data["client"].pop("rate_limit", None)
    desk = Desk(root, name, yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False), {})
    desk.secret(**secrets)
    desk.workspace.sync([name], resources=resources)
    server.requests.clear()
    return desk


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[tuple[Desk, StripeWrites]]:
    server = StripeWrites(20)
    with serving(server):
        yield (
            made(tmp_path, "stripe", server, f"{server.url}/v1", {"api_key": stripe_server.KEY}, ["customers"]),
            server,
        )


@pytest.fixture
def hubspot(tmp_path: Path) -> Iterator[tuple[Desk, HubspotWrites]]:
    server = HubspotWrites(250)
    with serving(server):
        yield (
            made(tmp_path, "hubspot", server, server.url, {"access_token": hubspot_server.TOKEN}, ["contacts"]),
            server,
        )


@pytest.fixture
def github(tmp_path: Path) -> Iterator[tuple[Desk, GithubWrites]]:
    server = GithubWrites(20)
    with serving(server):
        desk = made(
            tmp_path, "github", server, server.url, {"access_token": github_server.TOKEN}, ["repositories", "issues"]
        )
        yield desk, server


def customer(server: StripeWrites, identity: str) -> dict[str, Any]:
    return next(r for r in server.data["customers"] if r["id"] == identity)


def test_stripe_takes_forms_with_nested_names_and_an_idempotency_key(stripe: tuple[Desk, StripeWrites]) -> None:
    desk, server = stripe
    identity = server.data["customers"][0]["id"]
    planned = desk.write(
        f"UPDATE stripe.customers SET name = 'Ann & Co', address__city = 'São Paulo', metadata = '{{\"plan\": \"silver\"}}' "
        f"WHERE id = '{identity}'"
    )
    assert planned["preview"]["requests"][0]["body"] == (
        "metadata%5Bcrm_id%5D=&metadata%5Bplan%5D=silver&address%5Bcity%5D=S%C3%A3o+Paulo&name=Ann+%26+Co"
    )
    done = desk.confirm(planned)
    assert done["status"] == "executed"
    [request] = [r for r in server.requests if r.method == "POST"]
    assert request.headers["idempotency-key"] == f"{done['mutation_id']}-1"
    found = customer(server, identity)
    assert (found["name"], found["address"]["city"], found["metadata"]) == ("Ann & Co", "São Paulo", {"plan": "silver"})
    assert desk.rows(f"SELECT name, address__city, address__line1 FROM stripe.customers WHERE id = '{identity}'") == [
        ("Ann & Co", "São Paulo", found["address"]["line1"])
    ]


def test_stripe_gets_a_request_again_whose_answer_was_lost_and_does_it_once(stripe: tuple[Desk, StripeWrites]) -> None:
    desk, server = stripe
    server.fail("/v1/customers", 500, times=1)
    planned = desk.write("INSERT INTO stripe.customers (name, email) VALUES ('New', 'new@example.com')")
    done = desk.confirm(planned)
    assert (done["status"], done["succeeded"]) == ("executed", 1)
    posts = [r for r in server.requests if r.method == "POST"]
    assert len(posts) == 2
    assert len({r.headers["idempotency-key"] for r in posts}) == 1
    assert len(server.done) == 1
    [key] = [step["key"]["id"] for step in done["steps"]]
    assert desk.rows(f"SELECT name FROM stripe.customers WHERE id = '{key}'") == [("New",)]


def test_stripe_deletes_and_the_row_is_stamped_as_the_connector_says(stripe: tuple[Desk, StripeWrites]) -> None:
    desk, server = stripe
    identity = server.data["customers"][3]["id"]
    preview = desk.write(f"DELETE FROM stripe.customers WHERE id = '{identity}'")
    assert "deleted rows come back without id" in preview["preview"]["not_undoable"][0]
    assert desk.confirm(preview)["succeeded"] == 1
    assert identity not in {r["id"] for r in server.data["customers"]}


def test_stripe_says_no_in_its_own_words(stripe: tuple[Desk, StripeWrites]) -> None:
    desk, server = stripe
    done = desk.do("UPDATE stripe.customers SET email = 'bad'")
    assert (done["status"], done["failed"], done["not_tried"]) == ("failed", 1, 19)
    assert "Invalid email address: bad" in done["steps"][0]["error"]
    assert server.done == []


def test_hubspot_takes_one_contact_with_its_properties_nested_once(hubspot: tuple[Desk, HubspotWrites]) -> None:
    desk, server = hubspot
    planned = desk.write("UPDATE hubspot.contacts SET lifecyclestage = 'customer' WHERE id = '101'")
    assert planned["preview"]["requests"] == [
        {
            "method": "PATCH",
            "url": f"{server.url}/crm/v3/objects/contacts/101",
            "body": {"properties": {"lifecyclestage": "customer"}},
        }
    ]
    assert desk.confirm(planned)["status"] == "executed"
    assert server.data["contacts"]["101"]["properties"]["lifecyclestage"] == "customer"
    sql = "SELECT lifecyclestage, email, firstname FROM hubspot.contacts WHERE id = '101'"
    assert desk.rows(sql) == [("customer", "c1@example.com", "C1")]  # the answer held a part of the record


def test_hubspot_takes_a_hundred_a_call(hubspot: tuple[Desk, HubspotWrites]) -> None:
    desk, server = hubspot
    planned = desk.write("UPDATE hubspot.contacts SET lifecyclestage = 'customer', firstname = upper(firstname) || '!'")
    assert [len(r["body"]["inputs"]) for r in planned["preview"]["requests"]] == [100, 100, 50]
    assert planned["preview"]["requests"][0]["body"]["inputs"][0] == {
        "id": "100",
        "properties": {"firstname": "C0!", "lifecyclestage": "customer"},
    }
    assert desk.confirm(planned)["succeeded"] == 250
    assert {r["properties"]["lifecyclestage"] for r in server.data["contacts"].values()} == {"customer"}
    assert desk.rows("SELECT count(*) FROM hubspot.contacts WHERE firstname LIKE 'C%!' AND email LIKE '%@%'") == [
        (250,)
    ]


def test_hubspot_refuses_one_of_a_batch_and_the_others_are_done(hubspot: tuple[Desk, HubspotWrites]) -> None:
    desk, server = hubspot
    done = desk.do(
        "UPDATE hubspot.contacts SET email = CASE id WHEN '101' THEN 'bad' ELSE 'x' || id || '@x' END WHERE id < '103'"
    )
    assert (done["status"], done["succeeded"], done["failed"]) == ("partial", 2, 1)
    failed = next(s for s in done["steps"] if s["status"] == "failed")
    assert failed["key"] == {"id": "101"}
    assert "is invalid" in failed["error"]
    assert server.data["contacts"]["102"]["properties"]["email"] == "x102@x"


def test_hubspot_undo_gives_the_old_values_back(hubspot: tuple[Desk, HubspotWrites]) -> None:
    desk, server = hubspot
    before = {k: dict(v["properties"]) for k, v in server.data["contacts"].items()}
    done = desk.do("UPDATE hubspot.contacts SET firstname = 'X', lifecyclestage = 'lead2' WHERE id < '110'")
    assert desk.confirm(desk.engine.undo(done["mutation_id"]))["status"] == "executed"
    for identity, properties in before.items():
        now = server.data["contacts"][identity]["properties"]
        assert {k: now[k] for k in ("firstname", "lifecyclestage", "email")} == {
            k: properties[k] for k in ("firstname", "lifecyclestage", "email")
        }


def test_hubspot_creates_and_archives_in_batches(hubspot: tuple[Desk, HubspotWrites]) -> None:
    desk, server = hubspot
    done = desk.do("INSERT INTO hubspot.contacts (email, firstname) SELECT 'n' || i || '@x', 'N' FROM range(3) t(i)")
    keys = [s["key"]["id"] for s in done["steps"]]
    assert [server.data["contacts"][k]["properties"]["email"] for k in keys] == ["n0@x", "n1@x", "n2@x"]
    undone = desk.confirm(desk.engine.undo(done["mutation_id"]))
    assert (undone["status"], undone["succeeded"]) == ("executed", 3)
    assert not set(keys) & set(server.data["contacts"])
    assert desk.rows("SELECT count(*) FROM hubspot.contacts WHERE firstname = 'N'") == [(0,)]


def test_github_patches_an_issue_by_its_repository_and_number(github: tuple[Desk, GithubWrites]) -> None:
    desk, server = github
    planned = desk.write("UPDATE github.issues SET title = 'Better', labels = '[\"bug\", \"p1\"]' WHERE number = 4")
    assert planned["preview"]["requests"] == [
        {
            "method": "PATCH",
            "url": f"{server.url}/repos/acme/web/issues/4",
            "body": {"title": "Better", "labels": ["bug", "p1"]},
        }
    ]
    assert desk.confirm(planned)["status"] == "executed"
    found = next(r for r in server.issues if r["number"] == 4)
    assert (found["title"], [label["name"] for label in found["labels"]]) == ("Better", ["bug", "p1"])
    rows = desk.rows("SELECT title, labels->>'$[1].name', _repositories_full_name FROM github.issues WHERE number = 4")
    assert rows == [("Better", "p1", "acme/web")]


def test_github_says_422_and_why(github: tuple[Desk, GithubWrites]) -> None:
    desk, _ = github
    done = desk.do("UPDATE github.issues SET state = 'frozen' WHERE number = 4")
    assert (done["status"], done["steps"][0]["http_status"]) == ("failed", 422)
    assert "Validation Failed" in done["steps"][0]["error"]


def test_github_opens_an_issue_in_the_repository_that_the_row_names(github: tuple[Desk, GithubWrites]) -> None:
    desk, server = github
    done = desk.do(
        "INSERT INTO github.issues (_repositories_full_name, title, body) VALUES ('acme/web', 'New', 'text')"
    )
    assert done["status"] == "executed"
    assert server.issues[-1]["title"] == "New"
    assert desk.rows("SELECT number, body FROM github.issues WHERE title = 'New'") == [
        (server.issues[-1]["number"], "text")
    ]
    with pytest.raises(Exception, match="_repositories_full_name"):
        desk.write("INSERT INTO github.issues (title) VALUES ('New')")

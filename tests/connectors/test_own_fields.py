"""HubSpot's properties API, live: the account's own words and fields, one request for each object and sync."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.workspace import Workspace
from tests.connectors.prove import CONFIGS
from tests.servers.hubspot_server import TOKEN, HubspotServer, field, options
from tests.servers.vendor import Reply, serving

STAGES = {"lead": "Lead", "trial": "In trial", "customer": "Customer"}


@pytest.fixture
def hubspot() -> Iterator[HubspotServer]:
    server = HubspotServer(5)
    server.fields["contacts"] = [
        field("email", "Email", "A contact's email address."),
        field("lifecyclestage", "Lifecycle Stage", type="enumeration", options=options(**STAGES)),
        field("hs_email_optout", "Opted out", type="bool", options=options(true="Yes", false="No")),
        field("jobtitle", "Job Title"),
        field("unasked", "Never asked for", "HubSpot has hundreds of these."),
        field("seats", "Seats", "How many they pay for.", own=True, type="number", fieldType="number"),
        field("region__c", "Region", own=True, type="enumeration", options=options(eu="Europe", us="America")),
    ]
    for number, record in enumerate(server.data["contacts"].values()):
        record["properties"] |= {"seats": f"{number}.5", "region__c": "eu"}
    with serving(server):
        yield server


@pytest.fixture
def workspace(hubspot: HubspotServer, tmp_path: Path) -> Workspace:
    found = Workspace.open(tmp_path)
    found.init()
    raw = yaml.load((CONFIGS / "hubspot.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    raw["client"] |= {"base_url": hubspot.url}
    raw["client"].pop("rate_limit")
    found.paths.make(found.paths.connectors)
    (found.paths.connectors / "hubspot.yaml").write_text(yaml.dump(raw, Dumper=yaml.CSafeDumper, sort_keys=False))
    found.add("hubspot", given={"access_token": TOKEN}, check=False)
    sync(found)
    return found


def sync(workspace: Workspace) -> Any:
    [report] = workspace.sync(["hubspot"], resources=["contacts"]).connectors
    assert report.status == "success", report
    return report


def columns(workspace: Workspace) -> dict[str, Any]:
    return {c.name: c for c in workspace.describe(["hubspot.contacts"], samples=0)[0].columns}


def own_words(workspace: Workspace) -> dict[tuple[str, str], Any]:
    rows = workspace.annotations("hubspot").annotations
    return {
        (row.target.removeprefix("hubspot.contacts."), row.key): row.value for row in rows if row.origin == "source"
    }


def test_the_accounts_own_words_and_options_count_before_the_file(workspace: Workspace, hubspot: HubspotServer) -> None:
    assert len(hubspot.asked("/properties/contacts")) == 1
    assert [r for r in hubspot.requests if "/properties/" in r.path] == hubspot.asked("/properties/contacts")
    told = columns(workspace)
    assert told["email"].description == "Email: A contact's email address."
    assert told["email"].pii == "email"  # what only the file says stays
    assert told["lifecyclestage"].values == STAGES
    assert told["lifecyclestage"].description == "How far along as a customer."  # a label alone replaces no meaning
    assert told["jobtitle"].description == "Job Title"
    assert told["hs_email_optout"].values is None
    assert not any(column == "unasked" for column, _ in own_words(workspace))


def test_the_accounts_own_fields_become_columns_with_types_and_meanings(
    workspace: Workspace, hubspot: HubspotServer
) -> None:
    body = hubspot.asked("/contacts/search")[0].json
    assert body["properties"][-2:] == ["seats", "region__c"]
    assert "unasked" not in body["properties"]
    told = columns(workspace)
    assert (told["seats"].type, told["seats"].description) == ("DOUBLE", "Seats: How many they pay for.")
    assert told["region_c"].values == {"eu": "Europe", "us": "America"}
    assert workspace.query("SELECT sum(seats), min(region_c) FROM hubspot.contacts").rows == [(12.5, "eu")]
    workspace.config()
    asked = hubspot.requests
    asked.clear()
    rows = workspace.query("SELECT seats FROM hubspot.contacts WHERE id = '101'", max_age=0.0).rows
    assert rows == [(1.5,)]
    [live] = [request for request in asked if request.path.endswith("/contacts/101")]
    assert live.get("properties").endswith(",seats,region__c")


def test_a_person_beats_the_source_and_nobody_takes_its_word_back(workspace: Workspace) -> None:
    from dinobase.core.errors import UsageError

    email = {"target": "hubspot.contacts.email", "key": "description"}
    workspace.annotate([{**email, "value": "Where we write to."}], origin="person")
    sync(workspace)
    assert columns(workspace)["email"].description == "Where we write to."
    workspace.annotate([{**email, "remove": True}], origin="person")
    assert columns(workspace)["email"].description == "Email: A contact's email address."
    with pytest.raises(UsageError, match="what the source itself says"):
        workspace.annotate([{**email, "remove": True}], origin="person")


def test_the_same_again_leaves_no_trace_and_what_is_gone_at_the_source_is_taken_back(
    workspace: Workspace, hubspot: HubspotServer
) -> None:
    before, history = own_words(workspace), workspace.annotations("hubspot", history=True)
    sync(workspace)
    assert workspace.annotations("hubspot", history=True) == history
    hubspot.fields["contacts"] = [one for one in hubspot.fields["contacts"] if one["name"] != "lifecyclestage"]
    sync(workspace)
    gone = {("lifecyclestage", "values")}
    assert own_words(workspace) == {key: value for key, value in before.items() if key not in gone}
    assert columns(workspace)["lifecyclestage"].values[:2] == [
        "subscriber",
        "lead",
    ]  # the file's, which knows no account


def test_rows_come_also_where_the_account_tells_nothing_of_its_fields(
    workspace: Workspace, hubspot: HubspotServer
) -> None:
    words = own_words(workspace)
    answer = hubspot.answer
    refused = Reply({"status": "error", "message": "This app lacks a scope.", "category": "MISSING_SCOPES"}, 403)
    hubspot.answer = lambda request: refused if "/properties/" in request.path else answer(request)  # type: ignore[method-assign]  # a fault of this server's
    hubspot.touch("contacts", "102", 9000, seats="7")
    sync(workspace)
    assert own_words(workspace) == words
    assert workspace.query("SELECT seats FROM hubspot.contacts WHERE id = '102'").rows == [(7.0,)]

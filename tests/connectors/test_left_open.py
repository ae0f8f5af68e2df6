"""What a specification says nothing of is no proof: it is left open, neither confirmed nor denied."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from dinobase.spec.load import load_text
from tests.connectors.catalogue import entries, totals
from tests.connectors.claims import claims
from tests.connectors.openapi import Vendor
from tests.connectors.pages import page
from tests.connectors.prove import CONFIGS, Proof, counts, prove_connector, shown
from tests.connectors.shaping import places
from tests.connectors.vendors import SPECS

COLUMN = "resources.parts.columns.invented"
MORE = "resources.parts.columns.more__invented"
CONNECTOR = """
name: acme
client: {base_url: 'https://acme.example'}
resources:
  - name: parts
    primary_key: id
    endpoint: {path: parts, data_selector: data}
    lift: [more]
    columns: {size: {unit: cm}, invented: {unit: cm}, more__invented: {unit: cm}}
write_endpoints:
  - {name: create_part, resource: parts, method: POST, path: parts, columns: [size, invented]}
"""


def held(record: Any, more: Any) -> dict[str, str]:
    """Return what becomes of each claim where a vendor's records are as given."""
    listed = {"type": "object", "properties": {"data": {"type": "array", "items": record}}}
    operations = {
        "get": {"responses": {"200": {"schema": listed}}},
        "post": {"requestBody": {"content": {"application/json": {"schema": record}}}, "responses": {}},
    }
    record["properties"] |= {"more": more}
    loaded = load_text(CONNECTOR.encode(), "acme.yaml")
    assert loaded.connector is not None, loaded.errors
    own: dict[str, dict[str, Any]] = {"parts": {"size": {}, "invented": {}, "more__invented": {}}}
    found = claims(loaded.connector, own, Vendor({"acme.json": {"openapi": "3.0.0", "paths": {"/parts": operations}}}))
    return {c.subject: "wrong" if c.wrong else "left open" if c.left_open else "confirmed" for c in found}


def record(**more: Any) -> Any:
    """Return a record's schema with a size."""
    return {"type": "object", "properties": {"id": {"type": "string"}, "size": {"type": "number"}}, **more}


CLOSED = {"type": "object", "properties": {"known": {"type": "string"}}}


@pytest.mark.parametrize("free", [True, {"type": "string"}])
def test_a_name_under_a_free_map_is_left_open_not_confirmed(free: Any) -> None:
    found = held(record(additionalProperties=free), CLOSED)
    assert found[COLUMN] == "left open"
    assert found["write_endpoints.create_part.columns.invented"] == "left open"
    assert found["resources.parts.columns.size"] == "confirmed"
    assert found["write_endpoints.create_part.columns.size"] == "confirmed"
    assert found["resources.parts.primary_key"] == found["resources.parts.data_selector"] == "confirmed"


def test_a_name_that_a_closed_record_has_not_is_denied() -> None:
    found = held(record(), CLOSED)
    assert found[COLUMN] == found[MORE] == "wrong"
    assert found["write_endpoints.create_part.columns.invented"] == "wrong"


def test_what_stands_deeper_under_a_free_place_is_left_open_too() -> None:
    found = held(record(), {})
    assert (found["resources.parts.lift"], found[MORE], found[COLUMN]) == ("confirmed", "left open", "left open")


def test_records_in_a_place_that_could_be_anything_are_left_open() -> None:
    loaded = load_text(CONNECTOR.encode(), "acme.yaml")
    assert loaded.connector is not None, loaded.errors
    answer = {"type": "object", "properties": {"data": {}}}
    paths = {"/parts": {"get": {"responses": {"200": {"schema": answer}}}}}
    found = {c.subject: c for c in claims(loaded.connector, {}, Vendor({"acme.json": {"paths": paths}}))}
    assert found["resources.parts.data_selector"].left_open
    assert found["resources.parts.primary_key"].left_open


@pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not beside this checkout")
def test_a_field_that_nobody_has_adds_nothing_to_what_salesforces_specification_confirms() -> None:
    raw = yaml.load((CONFIGS / "salesforce.yaml").read_bytes(), Loader=yaml.CSafeLoader)

    def proved() -> Proof:
        loaded = load_text(yaml.dump(raw, Dumper=yaml.CSafeDumper).encode(), "salesforce.yaml")
        assert loaded.connector is not None, loaded.errors
        return prove_connector(loaded.connector, raw, "salesforce")

    before = counts(proved())
    raw["resources"][0].setdefault("columns", {})["NobodyHasThis"] = {"unit": "cents"}
    after = counts(proved())
    assert after["claims"] == before["claims"]
    assert after["left_open"]["column"] == before["left_open"]["column"] + 1
    assert not any(shown(proved()).values())


def test_the_totals_and_the_pages_count_apart_what_is_left_open() -> None:
    found = entries()
    counted = totals(found)
    assert counted["claims that they leave open"] == sum(e.left_open for e in found) > 0
    assert counted["places that known gaps cover"] == sum(len(places(e.connector)) for e in found) > 0
    by_name = {e.connector.name: e for e in found}
    salesforce, braze, stripe = by_name["salesforce"], by_name["braze"], by_name["stripe"]
    assert f"{salesforce.claims} claims confirmed; {salesforce.left_open} left open" in page(salesforce)
    assert [e.fields_by_spec for e in (salesforce, braze, stripe)] == [False, False, True]
    assert "mostly paths, methods and parameters" in page(braze)
    assert "left open" not in page(stripe)

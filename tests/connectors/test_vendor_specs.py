"""Every packaged connector says of its API what the vendor's own specification says."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from dinobase.spec.load import load_text
from tests.connectors.emulator.shapes import SHAPES
from tests.connectors.prove import CONFIGS, PROOFS, counts, digest, made_shape, packaged, prove, prove_connector
from tests.connectors.vendors import SPECS, files

needs_specs = pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not beside this checkout")


def specified() -> list[str]:
    """Return the connectors whose vendor's specification is there; that it can be read is for the tests to see."""
    return [name for name in packaged() if files(name)] if SPECS.is_dir() else packaged()


@needs_specs
@pytest.mark.parametrize("name", specified())
def test_each_claim_of_a_connector_is_in_its_vendors_specification(name: str) -> None:
    proof = prove(name)
    assert any(claim.confirmed for claim in proof.claims), "the specification was not used"
    assert [f"{claim.subject}: {claim.wrong}" for claim in proof.broken] == []
    assert proof.idle == [], "these gaps are closed: take them out of known_gaps"
    made = json.loads((PROOFS / f"{name}.json").read_text(encoding="utf-8"))
    counted = counts(proof)
    assert {key: made.get(key) for key in counted} == counted, f"run `python -m tests.connectors.prove {name}`"


@pytest.mark.parametrize("name", packaged())
def test_a_connector_that_was_changed_is_proved_again(name: str) -> None:
    path = PROOFS / f"{name}.json"
    again = f"run `python -m tests.connectors.prove {name}`"
    assert path.is_file(), again
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["connector"] == digest(CONFIGS / f"{name}.yaml"), again
    assert written["claims"] or written["gaps"], "what no specification shows is named in known_gaps"


@needs_specs
@pytest.mark.parametrize("name", packaged())
def test_the_record_names_the_specifications_it_was_made_from(name: str) -> None:
    written = json.loads((PROOFS / f"{name}.json").read_text(encoding="utf-8"))
    assert written["specifications"] == {file: digest(SPECS / file) for file in written["specifications"]}


LINK = {"columns": ["good"], "to": "products", "to_columns": ["id"]}
BATCH = "write_endpoints.batch_update_deals"

# connector, the claim that must be named, the place in the file that is spoiled, what stands there then
FAULTS: list[tuple[str, str, str, Any]] = [
    ("stripe", "check", "check.path", "ping"),
    ("stripe", "resources.charges.path", "resources.charges.endpoint.path", "charge"),
    ("stripe", "resources.charges.params.since", "resources.charges.endpoint.params", {"since": 1}),
    ("stripe", "resources.charges.data_selector", "resources.charges.endpoint.data_selector", "items"),
    ("stripe", "resources.charges.paginator.cursor_path", "client.paginator.cursor_path", "next"),
    ("stripe", "resources.charges.paginator.params.after", "client.paginator.cursor_param", "after"),
    ("stripe", "resources.charges.primary_key", "resources.charges.primary_key", "uid"),
    ("stripe", "resources.events.incremental.cursor_path", "resources.events.incremental.cursor_path", "updated"),
    ("stripe", "resources.charges.columns.amuont", "resources.charges.columns.amuont", {"unit": "cents"}),
    ("stripe", "resources.charges.columns.status.values", "resources.charges.columns.status.values", ["done"]),
    ("stripe", "resources.charges.retrieve", "resources.charges.retrieve.path", "charge/{id}"),
    ("stripe", "write_endpoints.update_price.path", "write_endpoints.update_price.method", "PATCH"),
    ("stripe", "write_endpoints.update_price.columns.tiers", "write_endpoints.update_price.columns", ["tiers"]),
    ("stripe", "write_endpoints.update_price.columns.active", "write_endpoints.update_price.body_format", "json"),
    ("stripe", "resources.prices.relationships.products.good", "resources.prices.relationships", [LINK]),
    ("github", "resources.issues.parent.field", "resources.issues.parent.field", "slug"),
    ("github", "resources.reviews.path", "resources.reviews.endpoint.path", "{+pull_url}/verdicts"),
    ("hubspot", "resources.contacts.body.sort", "resources.contacts.endpoint.body.sort", []),
    ("hubspot", "resources.contacts.lift", "resources.contacts.lift", ["fields"]),
    ("hubspot", "write_endpoints.update_deal.request_body_path", "write_endpoints.update_deal.request_body_path", "x"),
    ("hubspot", f"{BATCH}.bulk_body_path", f"{BATCH}.bulk_body_path", "x"),
    ("hubspot", f"{BATCH}.response_path", f"{BATCH}.response_path", "x"),
]  # fmt: skip


def put(data: Any, place: str, value: Any) -> None:
    """Set what stands at a place like `resources.charges.endpoint.path`; an element of a list goes by its name."""
    *way, last = place.split(".")
    for step in way:
        data = next(item for item in data if item["name"] == step) if isinstance(data, list) else data[step]
    data[last] = value


@needs_specs
@pytest.mark.parametrize(("name", "subject", "place", "value"), FAULTS, ids=[f"{f[0]}:{f[1]}" for f in FAULTS])
def test_a_claim_that_the_specification_denies_is_named(name: str, subject: str, place: str, value: Any) -> None:
    raw = yaml.load((CONFIGS / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    put(raw, place, value)
    loaded = load_text(yaml.dump(raw, Dumper=yaml.CSafeDumper).encode(), "spoiled.yaml")
    assert loaded.connector is not None, loaded.errors
    assert subject in {claim.subject for claim in prove_connector(loaded.connector, raw, name).broken}


@needs_specs
@pytest.mark.parametrize("name", specified())
def test_a_shape_is_the_one_that_the_specification_has(name: str) -> None:
    path = SHAPES / f"{name}.json"
    assert path.is_file(), f"run `python -m tests.connectors.prove {name}`"
    text = path.read_text(encoding="utf-8")
    own = "made_from" not in json.loads(text)
    assert own or text == made_shape(name), f"run `python -m tests.connectors.prove {name}`"

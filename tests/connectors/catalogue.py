"""The facts of the catalogue, from connector files and proofs: the packaged index and the pages are made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

import yaml

from dinobase.spec.credentials import flag_of
from dinobase.spec.load import load_connector
from dinobase.spec.models import Connector, Resource
from dinobase.spec.requests import sends
from tests.connectors.prove import CONFIGS, PROOFS, packaged
from tests.connectors.shaping import places

Json: TypeAlias = Any

INDEX = CONFIGS.parent / "index.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A connector and what proves it.

    `claims` counts what the vendor's specification confirms, `left_open` what it says nothing of, `tables` those with
    at least half of their fields confirmed.
    """

    connector: Connector
    claims: int
    left_open: int
    tables: int
    by_spec: bool

    @property
    def proven(self) -> list[str]:
        """Every packaged connector passes the emulator, or the tests fail."""
        return [*(["spec"] if self.by_spec else []), "emulator"]

    @property
    def fields_by_spec(self) -> bool:
        """Tell whether the specification confirms the fields of at least half of the tables, not their paths alone."""
        return self.by_spec and bool(self.tables) and self.tables * 2 >= len(self.connector.resources)

    @property
    def waived(self) -> int:
        """Count the places that known gaps take out of the proof."""
        return len(places(self.connector))

    @property
    def incremental(self) -> int:
        """Count the tables that are asked for by change."""
        return sum(asks_for_changes(resource) is not None for resource in self.connector.resources)


Way: TypeAlias = Literal["filter", "order", "parents"]


def asks_for_changes(resource: Resource) -> Way | None:
    """Tell how a sync asks for what changed: by a filter or token, by order, or of changed parents."""
    if resource.incremental is not None:
        if sends(resource, "incremental.start_value") or resource.incremental.token_path:
            return "filter"
        return "order" if resource.incremental.order == "desc" else None
    return "parents" if resource.parent is not None and resource.parent.only_changed else None


@cache
def entry(name: str) -> Entry:
    """Read one connector; a specification proves it where it has at least half of the paths."""
    connector = load_connector(CONFIGS / f"{name}.yaml")
    path = PROOFS / f"{name}.json"
    proof = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    claims = proof.get("claims", {})
    paths = claims.get("path", 0) + claims.get("document", 0)
    whole = len(connector.resources) + len(connector.write_endpoints)
    left_open = sum(proof.get("left_open", {}).values())
    by_spec = paths * 2 >= whole and bool(paths)
    return Entry(connector, sum(claims.values()), left_open, proof.get("tables", 0), by_spec)


def entries() -> list[Entry]:
    """Read all packaged connectors."""
    return [entry(name) for name in packaged()]


def totals(found: list[Entry]) -> dict[str, int]:
    """Count what the targets count."""
    resources = sum(len(e.connector.resources) for e in found)
    incremental = sum(e.incremental for e in found)
    return {
        "connectors": len(found),
        "proven by spec": sum(e.by_spec for e in found),
        "of these by fields too": sum(e.fields_by_spec for e in found),
        "proven by emulator": len(found),
        "proven live": sum("live" in e.proven for e in found),
        "resources": resources,
        "write endpoints": sum(len(e.connector.write_endpoints) for e in found),
        "incremental %": 100 * incremental // resources if resources else 0,
        "claims that specifications confirm": sum(e.claims for e in found),
        "claims that they leave open": sum(e.left_open for e in found),
        "known gaps": sum(len(e.connector.known_gaps) for e in found),
        "places that known gaps cover": sum(e.waived for e in found),
    }


def index() -> dict[str, Json]:
    """Return what is packaged beside the files, so that a list of them needs no parsing."""
    found = entries()
    return {"totals": totals(found), "connectors": {e.connector.name: _head(e) for e in found}}


def _head(found: Entry) -> dict[str, Json]:
    connector = found.connector
    return {
        "category": connector.category,
        "description": connector.description,
        "docs_url": connector.docs_url,
        "proven": found.proven,
        "tables": len(connector.resources),
        "incremental": found.incremental,
        "writes": len(connector.write_endpoints),
        "gaps": len(connector.known_gaps),
        "credentials": [
            {
                "name": c.name,
                "flag": flag_of(c),
                "env": c.env,
                "prompt": c.prompt,
                "secret": c.secret,
                "required": c.required,
                "help": c.help,
            }
            for c in connector.credentials
        ],
    }


def index_text() -> str:
    """Write the index: a connector a line."""
    made = index()
    lines = [f"  {json.dumps(n)}: {json.dumps(h, ensure_ascii=False)}" for n, h in made["connectors"].items()]
    return f'{{\n "totals": {json.dumps(made["totals"])},\n "connectors": {{\n' + ",\n".join(lines) + "\n }\n}\n"


def raw(name: str) -> Json:
    """Return a connector's data as it is written."""
    return yaml.load((CONFIGS / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)

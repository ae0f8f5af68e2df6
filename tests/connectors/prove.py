"""A record per connector of what the vendor's specification proves, so that it can be shown where there is none.

`python -m tests.connectors.prove [NAME...]` writes the records and the shapes for the emulator; it needs the
specifications.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dinobase.spec.load import load_connector
from dinobase.spec.models import Connector
from tests.connectors.claims import Claim, claims
from tests.connectors.emulator.shapes import SHAPES
from tests.connectors.graphs import graph_claims
from tests.connectors.openapi import Vendor
from tests.connectors.shaping import places, shape
from tests.connectors.vendors import SPECS, files, has_specification, read_vendor, schema_file

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "dinobase" / "sync" / "sources" / "configs"
PROOFS = Path(__file__).parent / "proofs"


@dataclass(frozen=True, slots=True)
class Proof:
    """`broken` are claims that the specification denies and no known gap covers; `idle` are gaps that cover nothing."""

    claims: list[Claim]
    broken: list[Claim]
    idle: list[str]


# What is asked of a record itself.
_FIELDS = frozenset({"primary_key", "incremental", "lift", "column"})


def packaged() -> list[str]:
    """Return the names of the connectors in the package."""
    return sorted(path.stem for path in CONFIGS.glob("*.yaml"))


def prove(name: str) -> Proof:
    """Hold every claim of a packaged connector against its vendor's specification."""
    path = CONFIGS / f"{name}.yaml"
    return prove_connector(
        load_connector(path), yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), name
    )


def hints(name: str) -> list[Claim]:
    """Return what sketches and unofficial files have otherwise: worth a look, no proof."""
    path = CONFIGS / f"{name}.yaml"
    vendor = read_vendor(name, hints=True)
    if has_specification(name) or not vendor.documents:
        return []
    raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return [claim for claim in _claims(load_connector(path), raw, vendor) if claim.wrong]


def _claims(connector: Connector, raw: Any, vendor: Vendor) -> list[Claim]:
    own = {resource["name"]: resource.get("columns") or {} for resource in raw["resources"]}
    return list(claims(connector, own, vendor))


def prove_connector(connector: Connector, raw: Any, vendor: str) -> Proof:
    """Hold the claims of any connector against that vendor's specification; `raw` is the file as it is written."""
    schema = schema_file(vendor)
    if connector.type == "graphql":
        found = list(graph_claims(connector, schema)) if schema else []
    else:
        found = _claims(connector, raw, read_vendor(vendor))
    wrong = {claim.subject for claim in found if claim.wrong}
    covered = places(connector)
    broken = [claim for claim in found if claim.wrong and claim.subject not in covered]
    return Proof(found, broken, sorted(covered - wrong))


def record(name: str) -> dict[str, Any]:
    """Return what is committed: hashes, the numbers of claims, the gaps."""
    connector = load_connector(CONFIGS / f"{name}.yaml")
    proof = prove(name) if has_specification(name) else Proof([], [], [])
    used = sorted(read_vendor(name).documents) if connector.type == "rest" else [f.name for f in files(name)]
    return {
        "connector": digest(CONFIGS / f"{name}.yaml"),
        "specifications": {file: digest(SPECS / file) for file in used},
        **counts(proof),
        "gaps": [{"claim": gap.claim, "page": gap.page} for gap in connector.known_gaps],
    }


def counts(proof: Proof) -> dict[str, Any]:
    """Return how many claims of each kind are confirmed and left open, and how many tables have their fields shown."""
    confirmed = Counter(claim.kind for claim in proof.claims if claim.confirmed)
    left_open = Counter(claim.kind for claim in proof.claims if claim.left_open)
    return {
        "claims": dict(sorted(confirmed.items())),
        "left_open": dict(sorted(left_open.items())),
        "tables": sum(shown(proof).values()),
    }


def shown(proof: Proof) -> dict[str, bool]:
    """Tell of each table with claims of fields whether at least half of them are confirmed."""
    fields: dict[str, list[bool]] = {}
    for claim in proof.claims:
        if claim.kind in _FIELDS:
            fields.setdefault(claim.subject.split(".")[1], []).append(claim.confirmed)
    return {table: sum(found) * 2 >= len(found) for table, found in fields.items()}


def made_shape(name: str) -> str | None:
    """Return the text of a connector's shape file as the specification has it; None where there is none."""
    made = shape(load_connector(CONFIGS / f"{name}.yaml"), name)
    return None if made is None else written(made)


def written(shape: Any) -> str:
    """Write a shape: a resource's record on a line of its own."""
    parts = []
    for section in ("resources", "writes"):
        lines = [f"  {json.dumps(n)}: {json.dumps(s, ensure_ascii=False)}" for n, s in shape.get(section, {}).items()]
        parts.append(f' "{section}": {{\n' + ",\n".join(lines) + "\n }")
    head = f' "made_from": {json.dumps(shape["made_from"])},\n' if "made_from" in shape else ""
    return "{\n" + head + ",\n".join(parts) + "\n}\n"


def write_shape(name: str) -> None:
    """Write a connector's shape file, unless it is somebody's own."""
    path = SHAPES / f"{name}.json"
    if path.is_file() and "made_from" not in json.loads(path.read_text(encoding="utf-8")):
        return
    text = made_shape(name)
    if text is not None:
        path.write_text(text, encoding="utf-8")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, line ends as in the repository."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def main(names: list[str]) -> int:
    """Write the records; a broken claim ends it."""
    if not SPECS.is_dir():
        sys.stderr.write(f"{SPECS} is not there: nothing can be proved here.\n")
        return 1
    broken = 0
    for name in names or packaged():
        if has_specification(name):
            for claim in prove(name).broken:
                sys.stderr.write(f"{name}: {claim.subject}: {claim.wrong}\n")
                broken += 1
        for claim in hints(name):
            sys.stderr.write(f"{name}: (a hint) {claim.subject}: {claim.wrong}\n")
        PROOFS.mkdir(exist_ok=True)
        text = json.dumps(record(name), indent=1, ensure_ascii=False)
        write_shape(name)
        (PROOFS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Drafts from specifications, measured: how many of their lists and write endpoints the emulator takes as they are.

One passes where the emulator finds nothing wrong with it and the specification denies none of its claims.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from dinobase.core.errors import UsageError
from dinobase.spec.load import load_text
from dinobase.workspace.openapi.document import Document
from dinobase.workspace.openapi.render import render
from tests.connectors.claims import claims
from tests.connectors.emulator.check import check_raw
from tests.connectors.openapi import Vendor
from tests.connectors.prove import written
from tests.connectors.shaping import rest
from tests.connectors.vendors import SPECS, load, written_by_vendors

Json: TypeAlias = Any
_WRITE = "write_endpoints."


@dataclass(slots=True)
class Measured:
    """One specification's draft; `wrong` by list or `write_endpoints.NAME`, `problems` that hold for all of it."""

    name: str
    lists: int = 0
    writes: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """Count the lists that need no change."""
        return 0 if self.problems else self.lists - len(self.wrong) + len(self._writes_wrong())

    @property
    def passed_writes(self) -> int:
        """Count the write endpoints that need no change."""
        return 0 if self.problems else self.writes - len(self._writes_wrong())

    def _writes_wrong(self) -> list[str]:
        return [name for name in self.wrong if name.startswith(_WRITE)]


def specifications() -> list[Path]:
    """Return the files that vendors wrote."""
    return [path for path in sorted(SPECS.glob("*.json")) if path.name in written_by_vendors()]


def drafted(path: Path, most: int = 0) -> tuple[str, str, Json] | None:
    """Return name, text and data of a draft; None where a specification has no lists."""
    document = load(path)
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        return None
    name = re.sub(r"[^a-z0-9]+", "_", path.stem.lower())
    try:
        return name, render(name, Document(document), most=most), document
    except UsageError:
        return None


def measure(path: Path, folder: Path, most: int) -> Measured | None:
    """Draft, claim, emulate; each write endpoint is driven by SQL."""
    made = drafted(path, most)
    if made is None:
        return None
    name, text, document = made
    found = Measured(name)
    loaded = load_text(text.encode(), f"{name}.yaml", stem=name)
    if loaded.connector is None:
        found.problems = [f"{problem.path}: {problem.message}" for problem in loaded.errors]
        return found
    connector = loaded.connector
    found.lists, found.writes = len(connector.resources), len(connector.write_endpoints)
    vendor = Vendor({path.name: document})
    for claim in claims(connector, {}, vendor):
        match = re.match(r"resources\.(\w+)\.|(write_endpoints\.\w+)\.", claim.subject)
        if claim.wrong and match:
            found.wrong.setdefault(match[1] or match[2], f"{claim.subject}: {claim.wrong}")
    shapes = folder / "shapes"
    shapes.mkdir(parents=True)
    (shapes / f"{name}.json").write_text(written(rest(connector, vendor)), encoding="utf-8")
    raw = yaml.safe_load(text)
    names = [resource.name for resource in connector.resources]
    names += [f"{_WRITE}{write.name}" for write in connector.write_endpoints]
    outcome = check_raw(raw, folder / "workspace", shapes)
    _blame(found, outcome.problems, names)
    return found


def _blame(found: Measured, problems: Sequence[str], names: Sequence[str]) -> None:
    for problem in problems:
        name = problem.split(":", 1)[0]
        if name in names:
            found.wrong.setdefault(name, problem)
        else:
            found.problems.append(problem)

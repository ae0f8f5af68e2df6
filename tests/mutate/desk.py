"""A workspace with one connector that points at a server on loopback, driven through the Python API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from dinobase.core.settings import paths
from dinobase.spec.vault import Vault
from dinobase.workspace import Workspace
from dinobase.workspace.mutating import engine
from tests.servers.vendor import VendorServer, serving

Json = Any


class Desk:
    """`write` plans, `confirm` applies; both as the person at the terminal unless told."""

    def __init__(self, root: Path, name: str, definition: str, values: Mapping[str, str], config: str = "") -> None:
        self.name = name
        self.root = root
        self.paths = paths(root)
        (root / "connectors").mkdir(parents=True, exist_ok=True)
        self.define(definition)
        self.values = dict(values)
        self.configure(config)
        self.workspace = Workspace(self.paths)

    def define(self, definition: str) -> None:
        (self.root / "connectors" / f"{self.name}.yaml").write_text(definition, encoding="utf-8")

    def configure(self, config: str) -> None:
        """Write config.yaml: the connector, its values, and what the test adds."""
        entry = {"type": self.name, "params": self.values}
        data = {"connectors": {self.name: entry}, **(yaml.safe_load(config) or {})}
        (self.root / "config.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")

    def secret(self, **values: str) -> None:
        Vault(self.paths).put(self.name, dict(values))

    def sync(self) -> None:
        report = self.workspace.sync([self.name])
        assert report.status == "success", report

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.workspace.query(sql, max_rows=0).rows)

    def write(self, sql: str, identity: str = "cli", max_rows: int | None = None) -> Json:
        return self.workspace.write(sql, identity=identity, max_rows=max_rows)

    def confirm(self, planned: Json, *, identity: str = "cli", human: bool = True) -> Json:
        name = planned.get("batch_id") or planned["mutation_id"]
        return self.workspace.mutations().confirm(name, identity=identity, human=human)

    def do(self, sql: str) -> Json:
        """Plan and confirm."""
        return self.confirm(self.write(sql))

    @property
    def engine(self) -> Any:
        return engine(self.workspace.config(), self.paths)


@contextmanager
def connected(root: Path, name: str, definition: str, server: VendorServer) -> Iterator[Desk]:
    """Serve until the block ends, with a workspace that has synced from it; `URL` in the definition is the server's."""
    with serving(server):
        desk = Desk(root, name, definition.replace("URL", server.url), {})
        desk.sync()
        yield desk

"""A workspace with one packaged connector that talks to the emulator; in this process, through the Python API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from dinobase.core.settings import paths
from dinobase.lake import reader
from dinobase.load.schema import TableSchema
from dinobase.spec.config import load_config
from dinobase.spec.models import Connector
from dinobase.sync.report import ConnectorReport
from dinobase.workspace import Workspace
from tests.connectors.emulator import shapes
from tests.connectors.emulator.server import Emulator
from tests.connectors.emulator.wiring import wire
from tests.servers.vendor import serving

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Table:
    """What a lake holds of a resource: rows, and each column's place in the record."""

    rows: list[dict[str, Json]]
    places: dict[str, tuple[str, ...]]
    types: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bench:
    """The emulator, the workspace, the connector as it was wired."""

    server: Emulator
    workspace: Workspace
    connector: Connector

    def sync(self) -> ConnectorReport:
        """Sync all resources, heavy ones too."""
        names = [resource.name for resource in self.connector.resources]
        [report] = self.workspace.sync([self.connector.name], resources=names).connectors
        return report

    def tables(self, only: set[str] | None = None) -> dict[str, Table]:
        """Read tables as they lie in the lake: these, or all."""
        name = self.connector.name
        connection = reader.open_reader(reader.Limits())
        try:
            reader.attach_lakes(connection, [(self.workspace.storage().lake(name), None)])
            memory = dict(
                connection.execute(
                    f"SELECT resource, value FROM \"{name}\".main._dinobase_state WHERE key = 'schema'"
                ).fetchall()
            )
            found = {}
            for resource in self.connector.resources:
                if resource.name not in memory or (only is not None and resource.name not in only):
                    continue
                places = {c.name: c.path for c in TableSchema.from_json(memory[resource.name])}
                answer = connection.execute(f'SELECT * FROM "{name}".main."{resource.name}"')
                columns = [str(c[0]) for c in answer.description]
                types = {str(c[0]): str(c[1]) for c in answer.description}
                rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
                found[resource.name] = Table(rows, places, types)
            return found
        finally:
            connection.close()


@contextmanager
def bench(raw: Json, folder: Path, known: Path = shapes.SHAPES) -> Iterator[Bench]:
    """Serve a connector and connect it; `known` is the folder of its shape."""
    server = Emulator()
    with serving(server):
        name = raw["name"]
        wired = wire(raw, server.url, folder / "connectors" / f"{name}.yaml")
        server.play(wired.connector, shapes.read(wired.connector, known))
        workspace = Workspace(paths(folder))
        (folder / "config.yaml").write_text(yaml.safe_dump(_CONFIG), encoding="utf-8")
        workspace.add(name, given=wired.values)
        assert name in load_config(workspace.paths).connectors
        yield Bench(server, workspace, wired.connector)


_CONFIG = {
    "writes": {
        "default": {"approval": "auto", "max_rows": 10_000},
        "rules": [{"operation": "delete", "approval": "auto"}],
    }
}


def shown(value: Json) -> str:
    """Return a value in few characters."""
    return json.dumps(value, default=str, ensure_ascii=False)[:120]

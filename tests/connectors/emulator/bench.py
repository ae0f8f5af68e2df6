"""A workspace with one packaged connector that talks to the emulator; in this process, through the Python API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Bench:
    """The emulator, the workspace, the connector as it was wired; one reader sees each new version of the lake."""

    server: Emulator
    workspace: Workspace
    connector: Connector
    _reader: Any = None
    _known: dict[str, Table] = field(default_factory=dict)

    def sync(self) -> ConnectorReport:
        """Sync all resources, heavy ones too."""
        self._known = {}
        names = [resource.name for resource in self.connector.resources]
        [report] = self.workspace.sync([self.connector.name], resources=names).connectors
        return report

    def write(self, sql: str) -> Json:
        """Run SQL that writes."""
        self._known = {}
        return self.workspace.write(sql, max_rows=100_000)

    def tables(self, only: set[str] | None = None) -> dict[str, Table]:
        """Return tables as they lie in the lake: these, or all. What nothing has written to since is not read again."""
        names = [r.name for r in self.connector.resources if only is None or r.name in only]
        if any(name not in self._known for name in names):
            self._known |= self._read([name for name in names if name not in self._known])
        return {name: self._known[name] for name in names if name in self._known}

    def _read(self, names: list[str]) -> dict[str, Table]:
        lake = self.connector.name
        if self._reader is None:
            self._reader = reader.open_reader(reader.Limits())
            reader.attach_lakes(self._reader, [(self.workspace.storage().lake(lake), None)])
        self._reader.execute("BEGIN")  # each statement of its own would ask anew which version there is
        try:
            return self._found(lake, names)
        finally:
            self._reader.execute("COMMIT")

    def _found(self, lake: str, names: list[str]) -> dict[str, Table]:
        memory = dict(
            self._reader.execute(
                f"SELECT resource, value FROM \"{lake}\".main._dinobase_state WHERE key = 'schema'"
            ).fetchall()
        )
        found = {}
        for name in names:
            if name not in memory:
                continue
            places = {c.name: c.path for c in TableSchema.from_json(memory[name])}
            answer = self._reader.execute(f'SELECT * FROM "{lake}".main."{name}"')
            columns = [str(c[0]) for c in answer.description]
            types = {str(c[0]): str(c[1]) for c in answer.description}
            rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
            found[name] = Table(rows, places, types)
        return found

    def close(self) -> None:
        """Release the reader."""
        if self._reader is not None:
            self._reader.close()


@contextmanager
def bench(raw: Json, folder: Path, known: Path = shapes.SHAPES, vendor: Json = None) -> Iterator[Bench]:
    """Serve a connector and connect it; `known` is the folder of its shape, `vendor` the API where it is another."""
    server = Emulator()
    with serving(server):
        name = raw["name"]
        wired = wire(raw, server.url, folder / "connectors" / f"{name}.yaml")
        played = wired if vendor is None else wire(vendor, server.url, folder / "vendor" / f"{name}.yaml")
        server.play(played.connector, shapes.read(played.connector, known))
        workspace = Workspace(paths(folder))
        (folder / "config.yaml").write_text(yaml.safe_dump(_CONFIG), encoding="utf-8")
        workspace.add(name, given=wired.values)
        assert name in load_config(workspace.paths).connectors
        running = Bench(server, workspace, wired.connector)
        try:
            yield running
        finally:
            running.close()


_CONFIG = {
    "writes": {
        "default": {"approval": "auto", "max_rows": 10_000},
        "rules": [{"operation": "delete", "approval": "auto"}],
    }
}


def shown(value: Json) -> str:
    """Return a value in few characters."""
    return json.dumps(value, default=str, ensure_ascii=False)[:120]

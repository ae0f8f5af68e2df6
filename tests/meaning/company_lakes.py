"""The generated company as a workspace: five real lakes as syncs would leave them; the files declare keys alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.lake.sql import ident, literal
from dinobase.workspace import Workspace
from tests.lake.build import Builder
from tests.meaning.company import Company, Table


def workspace(root: Path, company: Company, access: Mapping[str, Any] | None = None, **storage: str) -> Workspace:
    """Write a company into a workspace of its own."""
    paths = Paths(root)
    paths.make(paths.connectors)
    for source in company.sources:
        tables = [table for table in company.tables if table.source == source]
        _lake(Storage(paths.lakes, **storage), source, tables, root)
        resources = [{"name": t.name, **({"primary_key": list(t.key)} if t.key else {})} for t in tables]
        definition = {"name": source, "client": {"base_url": f"https://{source}.example"}, "resources": resources}
        (paths.connectors / f"{source}.yaml").write_text(yaml.safe_dump(definition))
    settings = {
        "storage": storage,
        "connectors": {name: {"type": name} for name in company.sources},
        "access": access or {},
    }
    paths.config.write_text(yaml.safe_dump(settings))
    return Workspace(paths)


def _lake(storage: Storage, source: str, tables: list[Table], root: Path) -> None:
    builder = Builder(storage.lake(source))
    statements = []
    for table in tables:
        file = root / f"{source}.{table.name}.json"
        names = list(table.columns)
        rows = zip(*(found for _, found in table.columns.values()), strict=True)
        file.write_text("\n".join(json.dumps(dict(zip(names, row, strict=True))) for row in rows))
        types = ", ".join(f"{ident(name)}: {literal(kind)}" for name, (kind, _) in table.columns.items())
        read = f"read_json({literal(str(file))}, format = 'newline_delimited', columns = {{{types}}})"
        statements.append(f"CREATE TABLE {ident(table.name)} AS SELECT * FROM {read}")
        state = {"schema": json.dumps([{"name": name, "path": [name]} for name in names])}
        if table.key:
            state["key"] = json.dumps(list(table.key))
        said = ", ".join(f"({literal(table.name)}, {literal(k)}, {literal(v)})" for k, v in state.items())
        statements.append(f"INSERT INTO _dinobase_state VALUES {said}")
    builder.commit(*statements)
    builder.close()
    for table in tables:
        (root / f"{source}.{table.name}.json").unlink()

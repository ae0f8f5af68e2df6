"""Definitions of the servers that the tests start, and a workspace that knows them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dinobase.core.settings import paths
from dinobase.sync.report import TableReport
from dinobase.workspace import Workspace
from tests.servers import mcp_raw, mcp_shop

ROOT = Path(__file__).parents[2]


def workspace(root: Path) -> Workspace:
    made = Workspace.open(root / "workspace")
    made.paths.make(made.paths.connectors)
    return made


def define(root: Path, name: str, server: Mapping[str, Any], **more: Any) -> None:
    """Write a definition; JSON is YAML too."""
    file = paths(root / "workspace").connectors / f"{name}.yaml"
    file.write_text(json.dumps({"name": name, "type": "mcp", "server": server, **more}))


def raw(root: Path, *tools: str, env: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """Return the server that misbehaves."""
    given = {"RAW_LOG": str(root / "raw.log"), "RAW_TOOLS": ",".join(tools or ("list_good",)), **(env or {})}
    return {"transport": "stdio", "command": [sys.executable, str(mcp_raw.__file__)], "env": given, **more}


def shop(root: Path) -> dict[str, Any]:
    """Return the shop on stdio; `root`/orders.json are its orders."""
    data = root / "orders.json"
    if not data.exists():
        data.write_text(json.dumps(mcp_shop.ORDERS))
    env = {"SHOP_DATA": str(data), "PYTHONPATH": str(ROOT)}
    return {"transport": "stdio", "command": [sys.executable, str(mcp_shop.__file__)], "env": env}


def log(root: Path) -> list[str]:
    return (root / "raw.log").read_text().splitlines()


def synced(made: Workspace, name: str, *tables: str) -> dict[str, TableReport]:
    """Sync, and return the report of each table."""
    [report] = made.sync([name], resources=tables).connectors
    assert report.error is None, report.error
    return {table.name: table for table in report.tables}


def rows(made: Workspace, sql: str) -> list[tuple[Any, ...]]:
    return list(made.query(sql).rows)

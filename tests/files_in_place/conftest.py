"""Files of this test's own, older than the moment within which a file is looked at again in any case."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from dinobase.query.result import QueryResult
from dinobase.workspace import Workspace

Write: TypeAlias = Callable[..., Path]
_BEGUN = 1_700_000_000


class There:
    """A workspace whose connectors are read where they are; queries go through the gate."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace.open(root)

    def add(self, kind: str, path: Path | str, name: str = "shop", **given: str) -> list[str]:
        """Connect files; returns their tables."""
        added = self.workspace.add(kind, name=name, given={"path": str(path), **given})
        assert bool(added.in_place) == (given.get("mode") != "copy")
        return list(added.resources)

    def ask(self, sql: str, identity: str = "cli") -> QueryResult:
        """Answer a query."""
        return self.workspace.query(sql, identity=identity)

    def rows(self, sql: str, identity: str = "cli") -> list[tuple[Any, ...]]:
        """Return a query's rows."""
        return list(self.ask(sql, identity).rows)

    def plan(self, sql: str) -> str:
        """Return how DuckDB ran a query, without the frames of its picture."""
        text = str(self.rows(f"EXPLAIN ANALYZE {sql}"))
        return " ".join(text.replace("│", " ").replace("\\n", " ").split())

    def rules(self, text: str) -> None:
        """Write access rules beside what config.yaml holds."""
        path = self.workspace.paths.config
        path.write_text(path.read_text() + text)


@pytest.fixture
def there(tmp_path: Path) -> There:
    return There(tmp_path / "workspace")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file under `data/`; each writing is a second later than the one before."""
    times = iter(range(_BEGUN, _BEGUN + 10_000))

    def one(name: str, content: str | bytes) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        moment = next(times)
        os.utime(path, (moment, moment))
        return path

    return one

"""Driving the real command and reading the real lake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dinobase.workspace import Workspace as Opened

from .source import CONNECTOR

QUERIES = {
    "events": "SELECT id, epoch_us(updated_at) AS at, amount, text, tags FROM {name}.events",
    "log": "SELECT seq, what FROM {name}.log",
    "people": "SELECT id, name, address__city FROM {name}.people",
    "notes": "SELECT _people_id, id, text FROM {name}.notes",
}


def torture() -> bool:
    """Tell whether the full counts are asked for."""
    return os.environ.get("DINOBASE_TORTURE") == "1"


class Workspace:
    """A folder and the command that works in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {**os.environ, "DINOBASE_DIR": str(root), "PYTHONUNBUFFERED": "1"}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command."""
        command = [sys.executable, "-m", "dinobase", *words]
        return subprocess.Popen(
            command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def run(self, *words: str, code: int | None = 0) -> dict[str, Any]:
        """Run the command to its end and read its JSON."""
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        assert code is None or process.returncode == code, (words, process.returncode, out[-2000:], err[-2000:])
        return json.loads(out) if out.strip() else {}

    def add(self, name: str, url: str) -> None:
        """Connect a source."""
        folder = self.root / "connectors"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(CONNECTOR.format(name=name, url=url))
        self.run("add", name, "--no-check")

    def held(self, name: str) -> dict[str, set[tuple[Any, ...]]]:
        """Return what the tables hold, read in this process; fails where a row is there twice."""
        found = {}
        opened = Opened.open(self.root)
        for table, sql in QUERIES.items():
            answer = opened.query(sql.format(name=name), max_rows=0, timeout=60)
            rows = [tuple(plain(v) for v in row) for row in answer.rows]
            assert len(rows) == len(set(rows)), f"{table}: {len(rows) - len(set(rows))} rows twice"
            found[table] = set(rows)
        return found


def plain(value: Any) -> Any:
    """Make a JSON value comparable with the source's."""
    return tuple(value) if isinstance(value, list) else value

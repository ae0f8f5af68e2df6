"""A workspace in which packaged connectors talk to servers on loopback, driven by the command line, as by a person.

What the tables hold is asked in this process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from dinobase.workspace import Workspace
from tests.connectors.prove import CONFIGS

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit code, its output as JSON, its notes."""

    code: int
    json: Json
    notes: str


class Workbench:
    """One workspace folder; every command is a process of its own, queries are not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("DINOBASE_")}
        self.env |= {"DINOBASE_DIR": str(folder), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}

    def install(self, name: str, base_url: str, **changes: Json) -> None:
        """Put the packaged file into the user's folder, with the server's address and without a limit of its own.

        `changes` are keys of `client` that a test sets otherwise.
        """
        data = yaml.load((CONFIGS / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        data["client"] |= {"base_url": base_url, **changes}
        data["client"].pop("rate_limit", None)
        folder = self.folder / "connectors"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(
            yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Outcome:
        """Run a command to its end."""
        command = [sys.executable, "-m", "dinobase", *arguments]
        done = subprocess.run(
            command, env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=110, check=False
        )
        try:
            output = json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:
            output = done.stdout
        return Outcome(done.returncode, output, done.stderr)

    def succeed(self, *arguments: str) -> Json:
        """Run a command that must end well and return its output."""
        done = self.run(*arguments)
        assert done.code == 0, (arguments, done.code, done.json, done.notes)
        return done.json

    def rows(self, sql: str) -> list[dict[str, Json]]:
        """Return a query's rows."""
        found = Workspace.open(self.folder).query(sql, max_rows=0)
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def value(self, sql: str) -> Json:
        """Return a query's one value."""
        [row] = self.rows(sql)
        [value] = row.values()
        return value

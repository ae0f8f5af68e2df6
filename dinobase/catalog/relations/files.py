"""Where sketches rest: a Parquet file of hashes for each table, and what was seen of a connector's columns; derived.

A file that cannot be read is as good as none: its table is scanned again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from dinobase.catalog.relations.values import TableFacts
from dinobase.core.settings import Paths
from dinobase.lake import reader

FOLDER = "relations-1"


class SketchFiles:
    """The sketches of one workspace; DuckDB's hashes are those of one version of it."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._root = paths.cache / FOLDER / reader.VERSION

    def of(self, connector: str, table: str) -> Path:
        """Return the file of a table's hashes."""
        return self._root / connector / f"{hashlib.sha256(table.encode()).hexdigest()[:24]}.parquet"

    def read(self, connector: str) -> dict[str, TableFacts]:
        """Return what was seen, of the tables whose hashes are there."""
        folder = self._paths.make(self._root / connector)
        try:
            found = msgspec.json.decode((folder / "facts.json").read_bytes(), type=list[TableFacts])
        except (OSError, msgspec.MsgspecError):
            return {}
        return {one.table: one for one in found if self.of(connector, one.table).is_file()}

    def write(self, connector: str, tables: Sequence[TableFacts]) -> None:
        """Keep what was seen, and drop the hashes of tables that are gone."""
        folder = self._paths.make(self._root / connector)
        part = folder / f"facts-{os.getpid()}.new"
        part.write_bytes(msgspec.json.encode(list(tables)))
        part.replace(folder / "facts.json")
        kept = {self.of(connector, one.table) for one in tables}
        for file in folder.glob("*.parquet"):
            if file not in kept:
                file.unlink(missing_ok=True)


def forget(paths: Paths, connector: str) -> None:
    """Drop the sketches of a connector: of one that is removed, or from which a record was taken out."""
    for folder in (paths.cache / FOLDER).glob(f"*/{connector}"):
        shutil.rmtree(folder, ignore_errors=True)

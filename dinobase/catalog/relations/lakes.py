"""The lakes of a run in one reading instance: attached when they are needed, a few at a time, with bounded memory."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from dinobase.catalog.relations.sketch import Scanned, scan
from dinobase.catalog.relations.values import Place
from dinobase.catalog.relations.versions import Contents, contents
from dinobase.core.errors import LakeError
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.location import Storage
from dinobase.lake.sql import ident, qualified

_AT_ONCE = 8
_COPIED = 8_000_000  # values that are held outside their lakes while pairs are counted
_MEMORY, _THREADS = "512MB", 2


class Lakes:
    """What is there, each lake at the version that it had when it was first looked at."""

    def __init__(self, storage: Storage, paths: Paths) -> None:
        self._storage = storage
        self._contents: dict[str, Contents | None] = {}
        self._temp = paths.cache / "tmp" / f"relate-{os.getpid()}"
        self._connection: Any = None
        self._attached: list[str] = []
        self._copies: dict[Place, tuple[str, int]] = {}
        self._number = 0
        self._last = ""

    def __enter__(self) -> Self:
        """Begin; the instance is opened by the first that needs it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the instance and drop what it spilled."""
        if self._connection is not None:
            self._connection.close()
        shutil.rmtree(self._temp, ignore_errors=True)
        if isinstance(error, reader.DuckDBError) and not isinstance(error, reader.InterruptError):
            reason = str(error).split("\n", maxsplit=1)[0]
            raise LakeError(f"The lake could not be read: {reason}", code="lake.read", hint="dinobase doctor") from None

    @property
    def connection(self) -> Any:
        """The instance; lakes stand in it under their names."""
        if self._connection is None:
            self._connection = reader.open_reader(reader.Limits(_MEMORY, _THREADS, str(self._temp)))
        return self._connection

    def held(self, connector: str) -> Contents | None:
        """Return what a lake holds, None where nothing was synced yet."""
        if connector not in self._contents:
            self._contents[connector] = contents(self._storage.lake(connector))
        return self._contents[connector]

    def has(self, side: Place) -> bool:
        """Say whether a side's columns are there, as far as its lake was looked at."""
        held = self._contents.get(side.connector)
        if held is None:
            return side.connector not in self._contents
        return side.table in held.tables and self.types(side).keys() >= set(side.columns)

    def types(self, side: Place) -> dict[str, str]:
        """Return the types of a table's columns."""
        held = self.held(side.connector)
        return {column.name: column.type for column in held.columns.get(side.table, ())} if held else {}

    def _there(self, connector: str) -> Contents:
        held = self.held(connector)
        if held is None:
            raise LakeError(
                f"{connector} holds no lake any more", code="lake.absent", hint=f"dinobase sync {connector}"
            )
        return held

    def use(self, names: Sequence[str]) -> None:
        """Attach these lakes, and let others go where there are many."""
        missing = [name for name in dict.fromkeys(names) if name not in self._attached]
        for name in [one for one in self._attached if one not in names][: max(0, len(self._attached) - _AT_ONCE)]:
            self.connection.execute(f"DETACH {ident(name)}")
            self._attached.remove(name)
        if missing:
            views = [self._there(name).view for name in missing]
            reader.attach_lakes(self.connection, [(view.location, view.snapshot) for view in views])
            self._attached += missing

    def keys(self, connector: str) -> dict[str, list[str]]:
        """Return table -> its primary key as the load knows it."""
        self.use([connector])
        state = qualified(connector, "main", "_dinobase_state")
        with suppress(reader.DuckDBError):  # another program made this lake
            rows = self.connection.execute(f"SELECT resource, value FROM {state} WHERE key = 'key'").fetchall()
            return {table: json.loads(value) for table, value in rows if value}
        return {}

    def scan(self, connector: str, table: str, file: Path) -> Scanned:
        """Look at one table."""
        self.use([connector])
        held = self._there(connector)
        name = qualified(connector, "main", table)
        return scan(self.connection, name, held.columns[table], held.tables[table].rows, file)

    def source(self, side: Place) -> str:
        """Return where a side's columns are read: a copy of them, unless there are too many values."""
        if side in self._copies:
            self._copies[side] = self._copies.pop(side)  # the newest now, which goes last
            return self._copies[side][0]
        self.use([*{side.connector, self._last}] if self._last else [side.connector])
        self._last = side.connector
        name = qualified(side.connector, "main", side.table)
        size = self._there(side.connector).tables[side.table].rows * len(side.columns)
        if size > _COPIED // 4:
            return name
        while sum(cells for _, cells in self._copies.values()) + size > _COPIED:
            oldest = next(iter(self._copies))
            self.connection.execute(f"DROP TABLE {self._copies.pop(oldest)[0]}")
        self._number += 1
        copy = f"temp.main.side_{self._number}"
        columns = ", ".join(map(ident, side.columns))
        self.connection.execute(f"CREATE TEMP TABLE side_{self._number} AS SELECT {columns} FROM {name}")
        self._copies[side] = copy, size
        return copy

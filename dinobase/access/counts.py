"""How many rows of a table an identity sees, where its rules take rows away: counted through its views."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.access.guard import Guard
from dinobase.lake import reader
from dinobase.lake.introspect import LakeView
from dinobase.lake.sql import qualified


def count(guard: Guard, view: LakeView, names: Sequence[str]) -> dict[str, int]:
    """Return table -> its rows for this identity."""
    if not names:
        return {}
    connection = reader.open_reader(reader.Limits())
    try:
        opened = guard.attach(connection, [view])
        reader.lock(connection, [view.location.data])
        found = {}
        for name in names:
            guard.prepare(connection, opened, view, view.tables[name.lower()])
            sql = f"SELECT count(*) FROM {qualified(view.location.name, 'main', name)}"
            found[name] = int(connection.execute(sql).fetchone()[0])
        return found
    finally:
        connection.close()

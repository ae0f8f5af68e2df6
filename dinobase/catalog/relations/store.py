"""Counted relationships in the workspace's records: numbers and versions, never a value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dinobase.catalog.relations.values import Evidence, Pair, Place, Relationship
from dinobase.core.clock import iso, now
from dinobase.lake.records import Records, open_records, read_records

_SINCE = 7  # the migration that makes the table
_FIELDS = (
    "child_connector, child_table, child_columns, parent_connector, parent_table, parent_columns, form, origin, shown,"
    " evidence, child_version, parent_version, at"
)


class Ledger:
    """The relationships of one workspace."""

    def __init__(self, state: Path, catalog: str = "") -> None:
        self._state = state
        self._catalog = catalog

    def all(self) -> list[Relationship]:
        """Return every pair that was counted."""
        return self._read("", [])

    def of(self, connector: str, table: str) -> list[Relationship]:
        """Return what holds of a table, as child and as parent, and what else its children may belong to."""
        where = (
            "JOIN (SELECT DISTINCT child_connector AS c, child_table AS t FROM relationships"
            " WHERE (child_connector = ? AND child_table = ?) OR (parent_connector = ? AND parent_table = ?)) AS own"
            " ON own.c = child_connector AND own.t = child_table WHERE shown = 1"
        )
        return self._read(where, [connector, table, connector, table])

    def _read(self, where: str, values: Sequence[str]) -> list[Relationship]:
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            if records is None:
                return []
            order = (
                "ORDER BY child_connector, child_table, child_columns, parent_connector, parent_table, parent_columns"
            )
            return [_kept(row) for row in records.rows(f"SELECT {_FIELDS} FROM relationships {where} {order}", values)]

    def replace(self, gone: Iterable[Relationship], news: Iterable[Relationship]) -> None:
        """Take out what is not so any more and put in what was counted, in one transaction."""
        dropped, added = list(gone), list(news)
        if not dropped and not added:
            return
        with open_records(self._state, self._catalog) as records, records.changes():
            for one in [*dropped, *added]:
                _drop(records, one)
            for one in added:
                _add(records, one)

    def forget(self, connector: str) -> None:
        """Drop all of a connector that is removed."""
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run("DELETE FROM relationships WHERE child_connector = ? OR parent_connector = ?", [connector] * 2)


def _side(side: Place) -> list[str]:
    return [side.connector, side.table, json.dumps(side.columns)]


def _drop(records: Records, one: Relationship) -> None:
    records.run(
        "DELETE FROM relationships WHERE child_connector = ? AND child_table = ? AND child_columns = ?"
        " AND parent_connector = ? AND parent_table = ? AND parent_columns = ?",
        [*_side(one.pair.child), *_side(one.pair.parent)],
    )


def _add(records: Records, one: Relationship) -> None:
    evidence = json.dumps({"counts": asdict(one.evidence), "rank": one.rank, "group": one.group})
    records.run(
        f"INSERT INTO relationships ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            *_side(one.pair.child), *_side(one.pair.parent), json.dumps(one.pair.forms), one.origin, int(one.holds),
            evidence, *one.versions, one.at or iso(now()),
        ],
    )  # fmt: skip


def _kept(row: Sequence[Any]) -> Relationship:
    child, parent = (Place(row[n], row[n + 1], tuple(json.loads(row[n + 2]))) for n in (0, 3))
    pair = Pair(child, parent, tuple(json.loads(row[6])))
    kept = json.loads(row[9])
    counts, versions = Evidence(**kept["counts"]), (row[10], row[11])
    return Relationship(pair, row[7], counts, versions, bool(row[8]), kept["rank"], kept["group"], row[12])

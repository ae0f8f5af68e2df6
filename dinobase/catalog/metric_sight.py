"""Which metrics are there for an identity: those that name no table, and no column, that is not there for it.

One that is not there is answered as one that was never defined: by its name, its SQL or an error nobody learns of what
access rules hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from dinobase.catalog.metrics import Known, Metric, below
from dinobase.core.errors import LakeError
from dinobase.lake.introspect import LakeColumn, LakeTable, columns_at, view_lake
from dinobase.lake.metadata import open_metadata

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.lake.location import Storage

_Lake = tuple[Mapping[str, LakeTable], Mapping[int, list[LakeColumn]]]


class _Shown(Mapping[str, Metric]):
    """The metrics that are there."""

    def __init__(self, known: Known, sight: Sight) -> None:
        self._known = known
        self._sight = sight
        self._seen: dict[str, bool] = {}

    def __getitem__(self, key: str) -> Metric:
        metric = self._known[key]
        if key not in self._seen:
            self._seen[key] = self._sight.shows(metric, self._known)
        if not self._seen[key]:
            raise KeyError(key)
        return metric

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._known if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Sight:
    """What one identity sees of the metrics, as the lakes are now; for one question."""

    def __init__(self, guard: Guard | None, storage: Storage) -> None:
        self._guard = guard
        self._storage = storage
        self._lakes: dict[str, _Lake] = {}
        self._tables: dict[str, Mapping[str, LakeTable]] = {}
        self._denied: dict[tuple[str, str], frozenset[str]] = {}

    def of(self, known: Known) -> Known:
        """Return those that are there; each is looked at when it is asked for."""
        if self._guard is None or self._guard.policy.sees_everything:
            return known
        return _Shown(known, self)

    def shows(self, metric: Metric, known: Known) -> bool:
        """Tell whether a metric is there, with all that it comes to; `known` are all metrics, seen or not."""
        if self._guard is None or self._guard.policy.sees_everything:
            return True
        parts = below(metric, known, lambda one: one.uses)
        if any(name.lower() not in known for part in parts for name in part.uses):
            return False
        reads = {place for part in parts for place in part.reads}
        if not all(self._there(*place) for place in reads):
            return False
        denied = self._denied_in(reads)
        return not any(_names(part, denied) for part in parts)

    def columns(self, metric: Metric, known: Known) -> tuple[tuple[str, str], ...]:
        """Return the columns that a metric gives, without names that are not there for this identity."""
        if self._guard is None or self._guard.policy.sees_everything:
            return metric.columns
        parts = below(metric, known, lambda one: one.uses)
        denied = self._denied_in({place for part in parts for place in part.reads})
        return tuple(column for column in metric.columns if column[0].lower() not in denied)

    def _denied_in(self, reads: Iterable[tuple[str, str]]) -> frozenset[str]:
        return frozenset[str]().union(*(self._of(*place) for place in reads))

    def _there(self, connector: str, table: str) -> bool:
        """Tell whether a table is there; of one that the lake does not have, the rules alone tell."""
        guard = self._guard
        assert guard is not None
        if guard.policy.open(connector):
            return True
        if not guard.policy.connector(connector):
            return False
        tables, _ = self._lake(connector)
        if table.lower() in tables:
            if connector not in self._tables:
                self._tables[connector] = guard.tables(connector, tables)
            return table.lower() in self._tables[connector]
        return guard.policy.table(connector, table)

    def _of(self, connector: str, table: str) -> frozenset[str]:
        """Return the columns of a table that are not there, in lower case."""
        place = (connector, table.lower())
        if place not in self._denied:
            self._denied[place] = self._columns(connector, table)
        return self._denied[place]

    def _columns(self, connector: str, table: str) -> frozenset[str]:
        from dinobase.access.guard import owner_of

        guard = self._guard
        assert guard is not None
        if guard.policy.open(connector):
            return frozenset()
        tables, listed = self._lake(connector)
        names = [table]
        found = tables.get(table.lower())
        if found is not None and not found.table_id:
            names.append(owner_of(found.name, tables))
        denied = set()
        for name in names:
            own = tables.get(name.lower())
            for column in listed.get(own.table_id, []) if own is not None else []:
                owner = own.name if own is not None else name
                rule = guard.policy.rule(connector, owner, column.name)
                if guard.policy.pii == "deny":  # else what is personal is there, masked: nobody need look
                    rule = guard.column(connector, owner, column.name)
                if rule == "deny":
                    denied.add(column.name.lower())
        return frozenset(denied)

    def _lake(self, connector: str) -> _Lake:
        if connector not in self._lakes:
            try:
                view = view_lake(self._storage.lake(connector))
                with open_metadata(view.location) as metadata:
                    self._lakes[connector] = (view.tables, columns_at(metadata, view.snapshot))
            except LakeError:
                self._lakes[connector] = ({}, {})
        return self._lakes[connector]


def _names(metric: Metric, columns: Iterable[str]) -> bool:
    """Tell whether any of these columns stands in what a metric says; in lower case."""
    said = " ".join((metric.sql, metric.description, *metric.tests)).lower()
    words = set(re.findall(r"\w+", said))
    return any(name in words or (not re.fullmatch(r"\w+", name) and name in said) for name in columns)

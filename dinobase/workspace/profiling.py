"""Profiles where they are needed: looked at when somebody asks, by `maintain`, and where nobody waits for a sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from dinobase.catalog.examine import Examiner
from dinobase.catalog.fill import fill
from dinobase.core.errors import DinobaseError, LakeError
from dinobase.core.settings import Paths
from dinobase.lake.introspect import view_lake
from dinobase.lake.location import Storage
from dinobase.workspace import rules

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.catalog.annotations import Words
    from dinobase.catalog.profiles import TableProfile
    from dinobase.catalog.tables import TableDescription
    from dinobase.spec.config import Config

_SECONDS = 0.4  # after it, a short description begins no further table


class Workspace(Protocol):
    """What is needed of one; it imports this module, so that this one cannot name it."""

    paths: Paths

    def storage(self) -> Storage:
        """Return where the lakes are."""

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules."""


def filled(
    workspace: Workspace,
    tables: Sequence[TableDescription],
    words: Mapping[str, Words],
    identity: str,
    *,
    full: bool = False,
) -> list[TableDescription]:
    """Return dressed descriptions with what the rows show; without it where a lake cannot be looked at."""
    storage, guard = workspace.storage(), workspace.guard(identity)
    examiner = Examiner(storage, workspace.paths, rules.finder(workspace.paths))
    profiles: dict[str, Mapping[str, TableProfile]] = {}
    hidden: set[tuple[str, str]] = set()
    for schema in dict.fromkeys(table.schema for table in tables):
        names = [table.table for table in tables if table.schema == schema]
        profiles[schema] = {}
        with suppress(DinobaseError):
            profiles[schema] = examiner.current(schema, names, seconds=0.0 if full else _SECONDS)
        if guard is not None and profiles[schema]:
            there = view_lake(storage.lake(schema)).tables
            hidden |= {(schema, name) for name in names if guard.filtered(schema, name, there)}

    def one(table: TableDescription) -> TableDescription:
        def clear(column: str) -> bool:
            if guard is None:
                return True
            masked = guard.column(table.schema, table.table, column) != "show"
            return not masked and (table.schema, table.table) not in hidden

        seen = profiles[table.schema].get(table.table)
        return fill(table, seen, words[table.schema], clear, full=full)

    return [one(table) for table in tables]


def look_at(names: Iterable[str], config: Config, paths: Paths) -> int:
    """Look at what is another than it was, of these connectors; returns how many tables are known then."""
    storage = Storage(paths.lakes, config.storage.url, config.storage.catalog)
    examiner = Examiner(storage, paths, rules.finder(paths))
    count = 0
    for name in names:
        with suppress(LakeError):
            count += len(examiner.current(name))
    return count

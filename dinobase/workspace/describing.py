"""Descriptions of tables: what the lake and the connector's file say, and then what was said of them here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from dinobase.catalog.annotations import Book
from dinobase.catalog.describe import Describer
from dinobase.catalog.dress import dress
from dinobase.catalog.freshness import freshness_of
from dinobase.catalog.metric_notes import notes, reading
from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.spec import compiled
from dinobase.sync import registry, sources
from dinobase.workspace import profiling, relating

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.catalog.tables import TableDescription
    from dinobase.lake.location import Storage
    from dinobase.spec.config import Config
    from dinobase.spec.models import Connector


_SHORT, _LONG = 0.4, 10.0  # seconds after which no further table is looked at for what it joins


class Workspace(Protocol):
    """What is needed of one; it imports this module, so that this one cannot name it."""

    paths: Paths

    def config(self) -> Config:
        """Read config.yaml."""

    def storage(self) -> Storage:
        """Return where the lakes are."""

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules."""

    def find_connector(self, name: str) -> Connector | None:
        """Return a connector's definition."""


def describe(
    workspace: Workspace, names: Sequence[str], samples: int, identity: str, *, full: bool = False
) -> list[TableDescription]:
    """Describe tables for an identity; `full` looks at all of them, else at as many as takes no time."""
    relating.before_describing(workspace, names, seconds=_LONG if full else _SHORT)
    tables = bare(workspace, names, samples, identity, full=full)
    book = Book(workspace.paths.state, workspace.storage().catalog)
    words = {schema: book.words(schema) for schema in dict.fromkeys(table.schema for table in tables)}
    dressed = [dress(table, words[table.schema]) for table in tables]
    filled = profiling.filled(workspace, dressed, words, identity, full=full)
    told = notes(workspace.paths.state, workspace.storage(), workspace.guard(identity))
    return [replace(t, metrics=reading(told, f"{t.schema}.{t.table}") or None) for t in filled] if told else filled


def bare(
    workspace: Workspace, names: Sequence[str], samples: int, identity: str, *, full: bool = False
) -> list[TableDescription]:
    """Describe tables as if nothing had been said of them here."""
    freshness = freshness_of(workspace.config().model_dump())
    guard = workspace.guard(identity)
    describer = Describer(workspace.storage(), workspace.paths, freshness, workspace.find_connector, guard=guard)
    return describer.describe(names, samples=samples, full=full)


def definition(workspace: Workspace, name: str) -> Connector | None:
    """Return a connected connector's definition; what the lake holds is described even where it is not valid."""
    paths = workspace.paths
    entry = workspace.config().connectors.get(name)
    if entry is not None and registry.is_python(entry.type, paths):
        from dinobase.workspace import python_kinds

        return python_kinds.definition(name, paths)
    path = sources.find(entry.type, paths) if entry else None
    if path is None:
        return None
    from dinobase.workspace import servers

    try:
        return servers.expanded(name, compiled.load(path, paths), paths)
    except errors.SpecError:
        return None

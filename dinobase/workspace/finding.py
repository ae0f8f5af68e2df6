"""What is here, where something is, and what has changed: for one identity, from the index and the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from dinobase.catalog.annotations import Book
from dinobase.catalog.freshness import freshness_of
from dinobase.catalog.index import Definitions, Index
from dinobase.catalog.metric_notes import MetricNote, matching, notes
from dinobase.catalog.runs import RunLog
from dinobase.core.settings import Paths
from dinobase.spec.config_plain import plain_config
from dinobase.sync import facts, registry
from dinobase.workspace import rules

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.catalog.info import Info
    from dinobase.catalog.search import Found
    from dinobase.catalog.tables import TableDescription
    from dinobase.lake.location import Storage
    from dinobase.query.difference import TableDiff
    from dinobase.query.engine import QueryEngine
    from dinobase.spec.models import Connector


class Workspace(Protocol):
    """What is needed of one; it imports this module, so that this one cannot name it."""

    paths: Paths

    def storage(self) -> Storage:
        """Return where the lakes are."""

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules."""

    def engine(self, identity: str = "cli", *, keep: int = 0) -> QueryEngine:
        """Return what answers an identity's queries."""

    def describe(self, names: Sequence[str], *, samples: int = 3, identity: str = "cli") -> list[TableDescription]:
        """Describe tables."""

    def find_connector(self, name: str) -> Connector | None:
        """Return a connector's definition."""


def info(workspace: Workspace, identity: str) -> Info:
    """Say what is here."""
    from dinobase.catalog.info import collect

    config = plain_config(workspace.paths)
    freshness = freshness_of(config)
    log = RunLog(workspace.paths.state, config["storage"]["catalog"])
    guard = workspace.guard(identity)
    with _index(workspace, freshness).current() as db:
        found = collect(db, freshness, log.last_syncs(freshness), guard)
    return replace(found, metrics=_metrics(workspace, guard))


def search(workspace: Workspace, query: str, limit: int, identity: str) -> Found:
    """Find tables."""
    from dinobase.catalog.search import search as find
    from dinobase.catalog.search import words_of

    guard = workspace.guard(identity)
    with _index(workspace, freshness_of(plain_config(workspace.paths))).current() as db:
        found = find(db, query, limit=limit, guard=guard)
    told = matching(_metrics(workspace, guard), words_of(query), limit)
    return replace(found, metrics=told, hint="") if told else found


def diff(workspace: Workspace, table: str, since: str, until: str, limit: int, identity: str) -> TableDiff:
    """Compare two versions of a table."""
    from dinobase.query.diff import diff as compare

    [described] = workspace.describe([_one(table)], samples=0, identity=identity)
    engine = workspace.engine(identity, keep=2)
    key = described.primary_key or ()
    return compare(engine, workspace.storage(), table, key, since=since, until=until, limit=limit)


def _metrics(workspace: Workspace, guard: Guard | None) -> list[MetricNote]:
    return notes(workspace.paths.state, workspace.storage(), guard)


def _one(table: str) -> str:
    from dinobase.core.errors import UsageError

    if "." not in table:
        raise UsageError(f"{table} is no table", hint=f"dinobase diff {table}.TABLE --since 1d")
    return table


def _index(workspace: Workspace, connectors: Iterable[str]) -> Index:
    paths = workspace.paths
    config = plain_config(paths)["connectors"]
    storage = workspace.storage()
    book = Book(paths.state, storage.catalog)
    said = book.stamps()
    return Index(
        storage,
        paths,
        list(connectors),
        Definitions(
            workspace.find_connector,
            lambda name: f"{_stamp(name, config[name]['type'], paths)}{said.get(name, '')}",
            book.words,
        ),
        rules.of_files(paths),
    )


def _stamp(name: str, kind: str, paths: Paths) -> str:
    """Return what tells one state of a connector's file from another."""
    path = registry.file_of(kind, paths) or facts.path_of(name, paths)
    if not path.exists():
        return ""
    state = path.stat()
    met = paths.state / f"{name}.mcp.json"  # what an MCP server said of its tools
    said = met.stat().st_mtime_ns if met.exists() else ""
    return f"{path}:{state.st_mtime_ns}:{state.st_size}{said}"

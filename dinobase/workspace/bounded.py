"""Data of a given age at most: the copy where it is young enough, else records read live, else a sync; says which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from dinobase.core.clock import now
from dinobase.core.errors import DinobaseError, UsageError
from dinobase.core.settings import can_write
from dinobase.kinds import duration
from dinobase.query.decision import Lookup, Told
from dinobase.query.result import Source
from dinobase.workspace import refreshing

if TYPE_CHECKING:
    from dinobase.core.values import Observer
    from dinobase.sync.report import SyncReport
    from dinobase.workspace import Workspace

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def parse(text: str) -> float:
    """Read `10m`; raises UsageError."""
    found = duration.seconds(text)
    if found is None:
        raise UsageError(f"max_age cannot be `{text}`", hint=f"Allowed: {duration.ALLOWED}.")
    return found


def fresh(workspace: Workspace, sql: str, max_age: float, identity: str, observe: Observer) -> Told:
    """Bring what a SELECT reads up to date where it is older than so many seconds."""
    engine = workspace.engine(identity)
    lookups, sources = engine.look(sql)
    old = {source.table: source for source in sources if _age(source) is None or (_age(source) or 0) > max_age}
    told = _looked_up(workspace, identity, [one for one in lookups if one.full_name in _lower(old)])
    said = {note.partition(":")[0].partition(" ")[0].lower() for note in told.notes}
    rest = {name: one for name, one in old.items() if name not in told.live and name.lower() not in said}
    if not rest:
        return told
    if not can_write(workspace.paths.state):
        notes = [f"{name}: this workspace cannot be written to, so the copy is shown as it is" for name in rest]
        return Told((*told.notes, *notes), told.live)
    return Told((*told.notes, *_synced(workspace, list(rest.values()), identity, observe)), told.live)


def _looked_up(workspace: Workspace, identity: str, lookups: Sequence[Lookup]) -> Told:
    if not lookups:
        return Told()
    engine = workspace.engine(identity)
    return workspace.live(engine, identity)(tuple(lookups))


def _synced(workspace: Workspace, sources: Sequence[Source], identity: str, observe: Observer) -> list[str]:
    """Sync the tables, or the whole connector where a table is part of another one; returns what came of it."""
    names: dict[str, str] = {}
    for source in sources:
        connector, _, table = source.table.partition(".")
        definition = workspace.find_connector(connector)
        known = {resource.name for resource in definition.resources} if definition is not None else set()
        names[source.table] = source.table if table in known else connector
    try:
        report = refreshing.refresh(workspace, list(dict.fromkeys(names.values())), identity, observe)
    except DinobaseError as error:
        return [f"{source.table}: could not be synced ({error.message}): this is the copy" for source in sources]
    return [_note(source, names[source.table], report) for source in sources]


def _note(source: Source, name: str, report: SyncReport) -> str:
    connector, _, table = name.partition(".")
    one = next((c for c in report.connectors if c.name == connector), None)
    failed = None if one is None else one.error
    if one is not None and failed is None:
        mine = [t for t in one.tables if not table or t.name == table]
        failed = next((t.error for t in mine if t.error), None)
    if one is None or failed:
        why = f" ({failed['message']})" if failed else ""
        return f"{source.table}: could not be synced{why}: this is the copy"
    age = _age(source)
    was = "was never synced" if age is None else f"was {_span(age)} old"
    return f"{source.table}: synced for this answer, as the copy {was}"


def _lower(names: dict[str, Source]) -> set[str]:
    return {*names, *(name.lower() for name in names)}


def _age(source: Source) -> float | None:
    if source.synced_at is None:
        return None
    return (now() - datetime.fromisoformat(source.synced_at)).total_seconds()


def _span(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return "0 s"

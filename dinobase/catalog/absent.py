"""Why a table is not there: it was never synced, it has another name, or its listing has had no rows so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dinobase.catalog.runs import RunLog
from dinobase.core.errors import UnknownName, did_you_mean

if TYPE_CHECKING:
    from dinobase.access.guard import Guard

_SHOWN = 12


def no_table(connector: str, table: str, there: Mapping[str, Any], log: RunLog, guard: Guard | None) -> UnknownName:
    """Return the error for a table that is not there; `there` are the ones that are, by lower-cased name."""
    name = f"{connector}.{table}"
    since = _synced_without_rows(connector, table, log, guard)
    if since:
        return UnknownName(
            f"{name} was synced at {since} and has had no rows yet, so it has no columns",
            code="unknown.table",
            hint=f"`dinobase connector test {connector}` shows what the API answers.",
            table=name,
            synced_at=since,
        )
    near = did_you_mean(table.lower(), there)
    known = [f"{connector}.{one.name}" for one in there.values()]
    if near:
        hint = f"Did you mean {connector}.{there[near].name}?"
    elif known:
        hint = f"There are: {', '.join(known[:_SHOWN])}{' ...' if len(known) > _SHOWN else ''}."
    else:
        hint = f"dinobase sync {connector}"
    return UnknownName(f"There is no table {name}", code="unknown.table", hint=hint, table=name)


def not_then(connector: str, table: str, version: int) -> UnknownName:
    """Return the error for a table that is there now and was not in a past version."""
    name = f"{connector}.{table}"
    return UnknownName(
        f"{name} was not there in version {version}",
        code="unknown.table",
        hint=f"`dinobase history {name}` lists the versions that changed it.",
        table=name,
        version=version,
    )


def no_tables(connector: str, log: RunLog) -> UnknownName:
    """Return the error for a connector without a table."""
    times = [last.synced_at for last in log.last_syncs([connector]).values() if last.synced_at]
    if not times:
        return UnknownName(f"{connector} has no tables yet", code="unknown.table", hint=f"dinobase sync {connector}")
    return UnknownName(
        f"{connector} was synced at {max(times)} and has had no rows yet, so it has no tables",
        code="unknown.table",
        hint=f"`dinobase connector test {connector}` shows what the API answers.",
        synced_at=max(times),
    )


def _synced_without_rows(connector: str, table: str, log: RunLog, guard: Guard | None) -> str:
    for (_, name), last in log.last_syncs([connector]).items():
        if name.lower() == table.lower() and (guard is None or guard.policy.table(connector, name)):
            return last.synced_at or ""
    return ""

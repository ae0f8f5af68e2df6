"""The instructions that a client reads first: what is here now, and the shortest way to an answer.

They are in front of every conversation, so they hold names, what is wrong, and no lists of tables; a hundred connectors
fit too. When something was synced, each answer says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dinobase.catalog import metric_notes
from dinobase.mcp import answers

if TYPE_CHECKING:
    from dinobase.workspace import Workspace
    from dinobase.workspace.results import Connectors, ConnectorSummary

_DETAILED = 12
_NAMED = 100

_HOW = """\
Business data from APIs as SQL tables connector.table that join across connectors.
Search, describe all tables that a question needs in one call, then one query. Lambdas: lambda x: x + 1.
Amounts marked cents are hundredths. Answers name each table's version and age; \
where stale data would mislead, set max_age (10m). The past: FROM stripe.customers c AT (VERSION => 3).
Writes change the source: check query's plan, then confirm."""


def briefing(workspace: Workspace, identity: str) -> str:
    """Compute the instructions."""
    guard = workspace.guard(identity)
    metrics = metric_notes.notes(workspace.paths.state, workspace.storage(), guard)
    nothing = answers.nothing(identity, limited=guard is not None)
    return compose(workspace.connectors(identity=identity), [metric.name for metric in metrics], nothing=nothing)


def compose(found: Connectors, metrics: Sequence[str] = (), *, nothing: str = "") -> str:
    """Write the instructions for what is connected, and name the metrics; `nothing` is said where nothing is."""
    if not found.connectors:
        return f"{_HOW}\n{nothing or answers.nothing('', limited=False)}"
    if len(found.connectors) <= _DETAILED:
        told = "; ".join(_detailed(one) for one in found.connectors)
    else:
        names = [one.name for one in found.connectors]
        rest = f" and {len(names) - _NAMED} more (list_connectors)" if len(names) > _NAMED else ""
        told = f"{', '.join(names[:_NAMED])}{rest}"
    return "\n".join(filter(None, [_HOW, f"Connected: {told}.", metric_notes.names(metrics)]))


def _detailed(one: ConnectorSummary) -> str:
    kind = f" ({one.type})" if one.type != one.name else ""
    wrong = "" if one.last_sync and not one.is_stale else ", stale" if one.last_sync else ", never synced"
    return f"{one.name}{kind}{wrong}"

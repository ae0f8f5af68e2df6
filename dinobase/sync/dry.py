"""What a sync would ask for: nothing is requested, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dinobase.spec.models import Resource
from dinobase.sync import incremental
from dinobase.sync.report import PlannedTable


def planned(resources: Sequence[Resource], cursors: Mapping[str, str], *, full_refresh: bool) -> list[PlannedTable]:
    """Return one line per resource; `cursors` are the committed ones."""
    tables = []
    for resource in resources:
        committed = None if full_refresh else cursors.get(resource.name)
        plan = resource.incremental
        continues = plan is not None and committed is not None
        tables.append(
            PlannedTable(
                name=resource.name,
                mode="incremental" if continues else "full",
                write_disposition=resource.write_disposition or "replace",
                request=f"{resource.endpoint.method} {resource.endpoint.path or resource.name}",
                start_value=incremental.start_value(plan, committed) if plan is not None else None,
                parent=resource.parent.resource if resource.parent else None,
            )
        )
    return tables

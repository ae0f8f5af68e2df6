"""What a sync would ask for: nothing is requested, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dinobase.spec.models import Resource
from dinobase.sync import incremental
from dinobase.sync.report import PlannedTable


def planned(
    resources: Sequence[Resource], memories: Mapping[str, Mapping[str, str]], *, full_refresh: bool
) -> list[PlannedTable]:
    """Return one line per resource; `memories` is what the lake remembers of each."""
    tables = []
    for resource in resources:
        plan = resource.incremental
        committed = None if full_refresh else incremental.committed(plan, memories.get(resource.name, {}))
        tables.append(
            PlannedTable(
                name=resource.name,
                mode="incremental" if committed is not None else "full",
                write_disposition=resource.write_disposition or "replace",
                request=f"{resource.endpoint.method} {resource.endpoint.path or resource.name}",
                start_value=incremental.start_value(plan, committed) if plan is not None else None,
                parent=resource.parent.resource if resource.parent else None,
            )
        )
    return tables

"""A plan and its outcome as an identity with access rules reads them: what it does not see as it is, is masked.

Who approves sees everything; this is for whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dinobase.access.guard import Guard
from dinobase.access.masks import MASK
from dinobase.mutate.values import Json


def planned(guard: Guard | None, result: dict[str, Json], paths: Mapping[str, Any]) -> dict[str, Json]:
    """Return a plan, a batch of them, or what was applied at once; `paths`: table -> column -> place in the record."""
    if guard is None:
        return result
    found = dict(result)
    if "mutations" in found:
        found["mutations"] = [planned(guard, each, paths) for each in found["mutations"]]
    if isinstance(found.get("previews"), list):
        found["previews"] = [_preview(guard, each, paths) for each in found["previews"]]
    if isinstance(found.get("preview"), dict):
        found["preview"] = _preview(guard, found["preview"], paths)
    return outcome(guard, found)


def outcome(guard: Guard | None, result: dict[str, Json]) -> dict[str, Json]:
    """Return what came of a mutation without the values that the source's words may hold."""
    if guard is None:
        return result
    if "mutations" in result:
        return {**result, "mutations": [outcome(guard, each) for each in result["mutations"]]}
    if "steps" not in result:
        return result
    steps = [{k: _code(step) if k == "error" else v for k, v in step.items()} for step in result["steps"]]
    return {**result, "steps": steps}


def _code(step: Mapping[str, Json]) -> str:
    status = step.get("http_status")
    return f"status {status}" if status else "the record is otherwise at the source"


def _preview(guard: Guard, preview: Mapping[str, Json], paths: Mapping[str, Any]) -> dict[str, Json]:
    source, table = str(preview["source"]), str(preview["table"])
    places = paths.get(f"{source}.{table}", {})

    def hidden(column: str) -> bool:
        return guard.covers(source) and guard.column(source, table, column, places.get(column, ())) != "show"

    masked = False
    changes = []
    for change in preview["changes"]:
        masked = masked or any(hidden(column) for column in change["columns"])
        columns = {
            column: {side: MASK if value is not None and hidden(column) else value for side, value in values.items()}
            for column, values in change["columns"].items()
        }
        changes.append({**change, "columns": columns})
    whole = masked or (guard.covers(source) and any(hidden(c) for c in places))
    requests = [{**r, "body": MASK} if whole and "body" in r else r for r in preview["requests"]]
    return {**preview, "changes": changes, "requests": requests}

"""resource_defaults under each resource: its own key wins, mappings merge, a null removes."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any


def merge_defaults(data: Json) -> Json:
    """Return the file's data with every resource complete; what has the wrong shape is left for validation."""
    if not isinstance(data, dict) or not isinstance(data.get("resources"), list):
        return data
    defaults = data.get("resource_defaults")
    base = defaults if isinstance(defaults, dict) else {}
    return {**data, "resources": [_resource(base, item) for item in data["resources"]]}


def _resource(base: dict[str, Json], own: Json) -> Json:
    if not isinstance(own, dict):
        return own
    merged = deep_merge(base, own)
    endpoint = merged.get("endpoint")
    if isinstance(endpoint, dict) and isinstance(endpoint.get("params"), dict):
        params = {key: value for key, value in endpoint["params"].items() if value is not None}
        merged["endpoint"] = {**endpoint, "params": params}
    return merged


def deep_merge(base: dict[str, Json], own: dict[str, Json]) -> dict[str, Json]:
    """Lay `own` over `base`: mappings merge key by key, unless both name a `type` and it differs."""
    merged = dict(base)
    for key, value in own.items():
        under = base.get(key)
        if value is None and key in base:
            del merged[key]
        elif isinstance(value, dict) and isinstance(under, dict) and not _other_type(under, value):
            merged[key] = deep_merge(under, value)
        else:
            merged[key] = value
    return merged


def _other_type(under: dict[str, Json], value: dict[str, Json]) -> bool:
    return "type" in under and "type" in value and under["type"] != value["type"]

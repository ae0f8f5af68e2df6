"""A write's body against what the vendor allows: keys, types and values; nothing is said where nobody says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from dinobase.mutate.endpoints import operation
from dinobase.spec.models import Connector, WriteEndpoint
from tests.connectors.emulator import values
from tests.connectors.emulator.places import get, steps
from tests.connectors.emulator.shapes import WriteShape

Json: TypeAlias = Any


def wrong_in(write: WriteEndpoint, content: Json, shape: WriteShape | None, connector: Connector) -> Iterator[str]:
    """Yield what is wrong with a body."""
    del connector
    if write.mutation and isinstance(content, dict):
        content = content.get("variables")
    rows = {
        path.rsplit(".", 1)[-1]
        for path in (write.columns.values() if isinstance(write.columns, dict) else write.columns or [])
    }
    for path, value in _fixed(write.body):
        if path[-1] not in rows and get(content, list(path)) != value:
            yield f"the body has {get(content, list(path))} at {'.'.join(path)}, not {value}"
    if shape is None or shape.body is None:
        return
    form = write.body_format == "form"
    yield from _against(content if content is not None else {}, shape.body, "body", form=form)
    if operation(write) != "create":
        return
    items = [content]
    if write.bulk:
        items = get(content, steps(write.bulk_body_path)) if write.bulk_body_path else content
    for name in shape.required:
        if any(get(item, [*steps(name)]) is None for item in items if isinstance(item, dict)):
            yield f"the body lacks {name}, which the vendor requires"


def _fixed(template: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    for key, value in template.items() if isinstance(template, dict) else ():
        if isinstance(value, dict):
            yield from _fixed(value, (*path, key))
        elif not isinstance(value, list) and not (isinstance(value, str) and "{" in value):
            yield (*path, key), value


def _against(value: Json, schema: Json, at: str, *, form: bool) -> Iterator[str]:
    if value is None or (isinstance(schema, str) and schema in {"json", "null", "any"}):
        return
    if isinstance(schema, dict):
        yield from _structured(value, schema, at, form=form)
    elif isinstance(schema, list):
        if not any(str(value).lower() == str(allowed).lower() for allowed in schema):
            yield f"{at} is `{value}`, none of {schema[:8]}"
    elif not form and not _is(value, schema):
        yield f"{at} is `{str(value)[:60]}`, not {schema}"


def _structured(value: Json, schema: dict[str, Json], at: str, *, form: bool) -> Iterator[str]:
    if values.ITEMS in schema:
        if not isinstance(value, list):
            if not (form and value == ""):
                yield f"{at} is `{str(value)[:60]}`, not an array"
            return
        for item in value:
            yield from _against(item, schema[values.ITEMS], f"{at}[]", form=form)
        return
    if not isinstance(value, dict):
        if not (form and value == ""):
            yield f"{at} is `{str(value)[:60]}`, not an object"
        return
    for key, inner in value.items():
        if key in schema:
            yield from _against(inner, schema[key], f"{at}.{key}", form=form)
        elif values.OTHERS not in schema and schema:
            yield f"{at}.{key} is not in the vendor's request"


def _is(value: Json, schema: str) -> bool:
    if schema in {"integer", "unix", "unix_ms"}:
        whole = isinstance(value, float) and value.is_integer()  # as JSON Schema has it
        return whole or (isinstance(value, int) and not isinstance(value, bool))
    if schema == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if schema == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str)

"""A change as the request that sends it: address, parameters, headers and body. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote_plus

from dinobase.core.errors import QueryError
from dinobase.core.values import HttpRequest
from dinobase.kinds.origin import leads_away
from dinobase.kinds.read.rest import combined, encode, join, plain
from dinobase.kinds.template import render, render_json, strings
from dinobase.mutate.change import RowChange
from dinobase.mutate.endpoints import Path, Target
from dinobase.mutate.values import Json, Row, dumps, loads
from dinobase.spec.models import Client, WriteEndpoint

_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")


def build(target: Target, client: Client, changes: Sequence[RowChange], bodies: Sequence[Json]) -> HttpRequest:
    """Return the request that sends changes; `bodies` are their `row_body`s."""
    endpoint = target.endpoint
    values = names_of(target, changes[0])
    content = body(target, changes, bodies, values)
    headers = combined({"Accept": "application/json"}, client.headers, endpoint.headers)
    data: bytes | None = None
    if content is not None and endpoint.body_format == "form":
        data = form(content)
        headers = combined({"Content-Type": "application/x-www-form-urlencoded"}, headers)
    elif content is not None:
        data = dumps(content).encode()
        headers = combined({"Content-Type": "application/json"}, headers)
    home = endpoint.base_url or target.resource.endpoint.base_url or client.base_url
    url = address(home, endpoint.path, values)
    params = tuple(pair for name, value in render_json(endpoint.params, values).items() for pair in pairs(name, value))
    return HttpRequest(endpoint.method, url, params, headers, data)


def repeatable(endpoint: WriteEndpoint) -> bool:
    """Tell whether the source knows a write again by its key."""
    return bool(endpoint.idempotency_header or endpoint.idempotency_body_path)


def keyed(request: HttpRequest, endpoint: WriteEndpoint, key: str) -> HttpRequest:
    """Return a request with its idempotency key, in a header or in the body."""
    if endpoint.idempotency_header:
        request = request.with_header(endpoint.idempotency_header, key)
    if not endpoint.idempotency_body_path:
        return request
    place = tuple(endpoint.idempotency_body_path.removeprefix("$.").split("."))
    if endpoint.body_format == "form":
        field = form(_nested(place, key))
        return replace(request, body=b"&".join(part for part in (request.body, field) if part))
    content = loads(request.body.decode()) if request.body else {}
    if isinstance(content, dict):
        _put(content, place, key)
    headers = combined({"Content-Type": "application/json"}, request.headers)
    return replace(request, headers=headers, body=dumps(content).encode())


def address(home: str, template: str, values: Mapping[str, Json]) -> str:
    """Return where a request goes; a value that is an address itself (`{+uri}`) must be one at home.

    Else whoever writes a key into SQL has our credentials sent to a host of their own.
    """
    url = plain(join(home, path(template, values)))
    if template.startswith("{") and leads_away(url, home):
        raise QueryError(
            f"`{url}` is at another host than the API, so it is not asked with its credentials", code="write.value"
        )
    return url


def path(template: str, values: Mapping[str, Json]) -> str:
    """Fill an address; a value that would lead elsewhere is refused."""
    for value in values.values():
        if isinstance(value, str) and "{" in template and _DOTS.search(value) and _used(template, value, values):
            raise QueryError(f"`{value}` cannot stand in an address", code="write.value", value=value)
    return render(template, values, in_path=True)


def _used(template: str, value: str, values: Mapping[str, Json]) -> bool:
    return any(f"{{{n}}}" in template or f"{{+{n}}}" in template for n, v in values.items() if v == value)


def names_of(target: Target, change: RowChange) -> Row:
    """Return what the placeholders of a request stand for: the row as the source has it now."""
    row = change.row if change.operation == "create" else (change.old or {})
    values = {**row, **{name: row[c] for name, c in target.aliases.items() if c in row}}
    if len(target.table.own) == 1 and target.table.own[0] in row:
        values["id"] = row[target.table.own[0]]
    for name in target.names():
        values.setdefault(name, row.get(target.column_of(name)))
    return values


def row_body(target: Target, change: RowChange, live: Json = None) -> Json:
    """Return one row's part of the body, None where it has none; `live` is the source's own record, if it was read."""
    if change.operation == "delete":
        return None
    if change.operation == "update" and target.full:
        return whole(target, change, live)
    content: dict[str, Json] = {}
    for column in change.columns:
        if target.writable(column):
            _put(content, target.body_path(column), _value(target, change, column))
    return content


def _value(target: Target, change: RowChange, column: str) -> Json:
    """Return a column's new value; in a form, members that are gone are sent empty."""
    new = (change.new or {}).get(column)
    old = (change.old or {}).get(column)
    if target.endpoint.body_format == "form" and isinstance(new, dict) and isinstance(old, dict):
        return {**{key: None for key in old if key not in new}, **new}
    return new


def whole(target: Target, change: RowChange, live: Json) -> dict[str, Json]:
    """Return the whole record with the changes in it, less what `columns` leaves out."""
    content: dict[str, Json] = {}
    row = change.new or {}
    if isinstance(live, dict) and target.endpoint.columns is None:
        content = _copied(live)
        for column in change.columns:
            place = target.table.paths.get(column) or target.body_path(column)
            _put(content, place, row.get(column))
        nest = target.endpoint.request_body_path
        inner = at(content, tuple(nest.split("."))) if nest else None
        return inner if isinstance(inner, dict) else content
    for column, value in row.items():
        if not target.writable(column) or column.startswith("_dinobase") or column in target.aliases.values():
            continue
        source = target.table.paths.get(column)
        kept = isinstance(live, dict) and column not in change.columns and source is not None and has(live, source)
        sent = at(live, source) if kept and source is not None else value
        if sent is None and column not in change.columns and not kept:
            continue
        _put(content, target.body_path(column), sent)
    return content


def body(target: Target, changes: Sequence[RowChange], bodies: Sequence[Json], values: Mapping[str, Json]) -> Json:
    """Return the whole body, None where the request has none."""
    endpoint = target.endpoint
    nest = tuple(endpoint.request_body_path.split(".")) if endpoint.request_body_path else ()
    if endpoint.mutation:
        content = bodies[0] or {}
        if endpoint.bulk:
            content = [_item(target, change, (), each) for change, each in zip(changes, bodies, strict=True)]
        return {"query": endpoint.mutation, "variables": _variables(endpoint, values, content)}
    fixed = render_json(endpoint.body, values) if endpoint.body is not None else None
    if not endpoint.bulk:
        return _laid(fixed, _nested(nest, bodies[0]))
    items = [_item(target, change, nest, each) for change, each in zip(changes, bodies, strict=True)]
    if endpoint.bulk_body_path:
        return _laid(fixed, _nested(tuple(endpoint.bulk_body_path.split(".")), items))
    return items


def _variables(endpoint: WriteEndpoint, values: Mapping[str, Json], content: Json) -> Json:
    """Return a mutation's variables; the changes lie over what `variables` says of the same one, such as its id."""
    name = endpoint.request_body_path
    if not name:  # each column is a variable of its own
        return _laid(render_json(endpoint.variables, values, keep_types=True), content)
    filled = render_json(endpoint.variables, {**values, name: content}, keep_types=True)
    if f"{{{name}}}" not in {text for _, text in strings(endpoint.variables)}:
        nest = tuple(name.split("."))
        _put(filled, nest, _laid(at(filled, nest), content))
    return filled


def _item(target: Target, change: RowChange, nest: Path, content: Json) -> Json:
    item: dict[str, Json] = {}
    if change.operation != "create":
        for column in target.table.own:
            source = target.table.paths.get(column) or (column,)
            item[source[-1]] = (change.old or {}).get(column)
    inner = _nested(nest, content)
    return {**item, **inner} if isinstance(inner, dict) else item


def _nested(nest: Path, content: Json) -> Json:
    if content is None:
        return None
    for name in reversed(nest):
        content = {name.removesuffix("[0]"): [content]} if name.endswith("[0]") else {name: content}
    return content


def _laid(fixed: Json, content: Json) -> Json:
    """Lay the rows' part over the fixed one."""
    if isinstance(fixed, list) and isinstance(content, list) and len(fixed) == len(content) == 1:
        return [_laid(fixed[0], content[0])]
    if not isinstance(fixed, dict) or not isinstance(content, dict):
        return fixed if content is None else content
    merged = dict(fixed)
    for key, value in content.items():
        merged[key] = _laid(merged[key], value) if isinstance(merged.get(key), dict | list) else value
    return merged


def _put(content: dict[str, Json], place: Path, value: Json) -> None:
    for name in place[:-1]:
        inner = content.get(name)
        if not isinstance(inner, dict):
            inner = content[name] = {}
        content = inner
    content[place[-1]] = value


def has(record: Json, place: Path) -> bool:
    """Tell whether a record has anything at a place; a null on the way is a null there."""
    for name in place:
        if record is None:
            return True
        if not isinstance(record, dict) or name not in record:
            return False
        record = record[name]
    return True


def at(record: Json, place: Path) -> Json:
    """Return what a record has at a place, None where nothing is."""
    for name in place:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value


def form(content: Json) -> bytes:
    """Encode a body as a form: objects write `name[key]`, lists `name[0]`, null and what is empty an empty value."""
    fields = [pair for name, value in content.items() for pair in _fields(str(name), value)]
    return "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in fields).encode()


def _fields(name: str, value: Json) -> Iterator[tuple[str, str]]:
    if value is None or value in ({}, []):
        yield name, ""
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(f"{name}[{key}]", item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _fields(f"{name}[{number}]", item)
    else:
        yield name, value if isinstance(value, str) else dumps(value)


def pairs(name: str, value: Json) -> Iterator[tuple[str, str]]:
    """Write one query parameter; null is left out."""
    if value is None:
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from pairs(name, item)
    else:
        yield name, value if isinstance(value, str) else dumps(value)


def shown_url(request: HttpRequest) -> str:
    """Return the URL as it goes out."""
    return encode(request.url, request.params)

"""What an account's own schema says of a table: its words become annotations of the source, its fields are asked for.

Each sync of the table tells all of it anew: what is the same leaves no trace, what is gone at the source is taken back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dinobase.catalog.annotations import CONFIDENCE, Book, Said, Target, Value
from dinobase.core.errors import FetchError
from dinobase.core.settings import Paths
from dinobase.load.naming import column_name
from dinobase.spec.fields import Fields
from dinobase.spec.kept import keep
from dinobase.spec.models import Column, Connector, Endpoint, Resource

if TYPE_CHECKING:
    from dinobase.extract.session import Session

_AUTHOR = "sync"
_CODES = 100  # an enumeration of more is a list of data
_TRUTH = frozenset({"true", "false"})
_LONGEST_TEXT = 6_000  # of names in an address
_LONGEST_WORD = 2_000


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field as the account has it; `asked`: it is asked for beside those that the file names."""

    name: str
    label: str
    text: str
    values: Mapping[str, str]
    type: str
    asked: bool


async def listed(session: Session, resource: Resource) -> list[OwnField]:
    """Ask for the account's fields, by one listing; raises FetchError."""
    from dinobase.extract import runner  # those who only ask for what is remembered need no HTTP

    plan = resource.fields
    assert plan is not None
    endpoint = Endpoint(path=plan.path, params=plan.params, data_selector=plan.data_selector)
    asked = resource.model_copy(update={"endpoint": endpoint, "incremental": None, "parent": None, "fields": None})
    found = []
    async with aclosing(runner.read(session, asked)) as batches:
        async for batch in batches:
            found += [field for raw in batch.records if (field := _field(plan, json.loads(bytes(raw)))) is not None]
    if not found:
        raise FetchError("the listing holds no field", code="fetch.fields")
    return found


def _field(plan: Fields, record: Mapping[str, Any]) -> OwnField | None:
    name = _text(_at(record, plan.name))
    if not name:
        return None
    texts = [_text(_at(record, path)) for path in plan.description]
    return OwnField(
        name,
        texts[0] if len(texts) > 1 else "",
        texts[-1] if texts else "",
        _codes(plan, _at(record, plan.values) if plan.values else None),
        plan.types.get(_text(_at(record, plan.type)), "") if plan.type else "",
        bool(plan.ask) and all((_at(record, at) or False) == (value or False) for at, value in plan.ask_where.items()),
    )


def _codes(plan: Fields, listed: Any) -> dict[str, str]:
    """Return the codes with their meanings; none of a truth value, nor of a list that is data."""
    if not isinstance(listed, list) or len(listed) > _CODES:
        return {}
    pairs = [(_text(_at(one, plan.value)), _text(_at(one, plan.label))) for one in listed if isinstance(one, dict)]
    found = {code: meaning for code, meaning in pairs if code}
    return {} if {code.lower() for code in found} <= _TRUTH else found


def say(book: Book, connector: str, resource: Resource, found: Sequence[OwnField]) -> None:
    """Annotate what the fields mean, and take back what the source says no more."""
    words = {(*said.target.place, said.key): said for said in _words(connector, resource, found)}
    gone = [
        Said(one.target, one.key, None, "source", one.confidence, _AUTHOR)
        for keys in book.words(connector).said.values()
        for several in keys.values()
        for one in several
        if one.origin == "source" and one.target.table == resource.name and (*one.target.place, one.key) not in words
    ]
    book.say([*words.values(), *gone])


def _words(connector: str, resource: Resource, found: Sequence[OwnField]) -> list[Said]:
    said: list[Said] = []

    def tell(column: str, key: str, value: Value) -> None:
        target = Target(connector, resource.name, column)
        said.append(Said(target, key, value, "source", CONFIDENCE["source"], _AUTHOR))

    named = _named(resource)
    for field in found:
        if not field.asked and named is not None and field.name not in named:
            continue  # the table has no such column
        column = _column(resource, field.name)
        known = resource.columns.get(column) or resource.columns.get(field.name)
        if field.text:
            told = field.text if not field.label or field.label in field.text else f"{field.label}: {field.text}"
            tell(column, "description", told[:_LONGEST_WORD])
        elif field.label and (known is None or not known.description):
            tell(column, "description", field.label)
        if field.values:
            plain = all(code == meaning or not meaning for code, meaning in field.values.items())
            tell(column, "values", list(field.values) if plain else field.values)
    return said


def _named(resource: Resource) -> set[str] | None:
    """Return the fields that the file names, None where the API sends all."""
    key = resource.fields.ask if resource.fields is not None else ""
    for container in (resource.endpoint.body, resource.endpoint.params):
        if key and isinstance(container, dict) and key in container:
            named = container[key]
            return set(named.split(",") if isinstance(named, str) else named)
    return None


def _column(resource: Resource, name: str) -> str:
    plan = resource.fields
    under = plan.under if plan is not None else ""
    lifted = not under or under in resource.lift
    return column_name([name] if lifted else [*under.split("."), name])


def remember(paths: Paths, connector: str, resource: Resource, found: Sequence[OwnField]) -> None:
    """Keep which fields are asked for, for whoever reads single records."""
    asked = {field.name: field.type for field in found if field.asked}
    kept = {**remembered(paths, connector), resource.name: asked}
    keep(paths, paths.state / f"{connector}.fields.json", json.dumps(kept))


def remembered(paths: Paths, connector: str) -> dict[str, dict[str, str]]:
    """Return table -> the fields that are asked for -> their types, as the last sync found them."""
    try:
        found: dict[str, dict[str, str]] = json.loads((paths.state / f"{connector}.fields.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def asking_all(connector: Connector, paths: Paths, name: str) -> Connector:
    """Return a definition whose resources ask for the account's own fields too."""
    if not any(resource.fields is not None and resource.fields.ask for resource in connector.resources):
        return connector
    known = remembered(paths, name)
    resources = [asking(resource, known.get(resource.name, {})) for resource in connector.resources]
    return connector.model_copy(update={"resources": resources})


def asking(resource: Resource, fields: Mapping[str, str]) -> Resource:
    """Return a resource that asks for these fields too, and knows their types."""
    plan = resource.fields
    if plan is None or not plan.ask or not fields:
        return resource
    columns = {_column(resource, name): Column(type=kind) for name, kind in fields.items() if kind}
    endpoint, retrieve = resource.endpoint, resource.retrieve
    names = [name.replace("{", "{{").replace("}", "}}") for name in fields]
    more = {"body": _more(endpoint.body, plan.ask, names), "params": _more(endpoint.params, plan.ask, names)}
    update: dict[str, Any] = {
        "endpoint": endpoint.model_copy(update=more),
        "columns": {**columns, **resource.columns},
    }
    if retrieve is not None:
        update["retrieve"] = retrieve.model_copy(update={"params": _more(retrieve.params, plan.ask, names)})
    return resource.model_copy(update=update)


def _more(container: Any, key: str, names: Sequence[str]) -> Any:
    """Return a body or parameters that name these fields beside those they name: a list, or text with commas."""
    named = container.get(key) if isinstance(container, dict) else None
    if isinstance(named, list):
        return {**container, key: [*named, *(name for name in names if name not in named)]}
    if isinstance(named, str):
        text, there = named, set(named.split(","))
        for name in names:
            if name not in there and len(text) + len(name) < _LONGEST_TEXT:
                text = f"{text},{name}"
        return {**container, key: text}
    return container


def _at(record: Any, path: str) -> Any:
    for step in path.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())

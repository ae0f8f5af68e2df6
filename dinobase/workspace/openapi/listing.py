"""Which operations list records, and what each list says of itself: where they are, what names them, what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dinobase.spec.writes import singulars
from dinobase.workspace.openapi.document import Document, Operation, Schema, spelt

Json: TypeAlias = Any

_HOLE = re.compile(r"\{([^{}]+)\}")
_LISTS = ("data", "items", "results", "records", "values", "list", "elements", "entries", "value", "objects")
_TAKEN = {"id", "name", "version", "resources", "format", "replace", "check", "no_check", "help", "as", "copy", "mode"}
_KEYS = ("id", "uuid", "gid", "uid", "key", "sid", "guid", "_id", "Id", "ID", "slug", "code")
_CHANGED = (
    "updated_at",
    "updatedAt",
    "modified_at",
    "modifiedAt",
    "updated",
    "modified",
    "last_modified",
    "lastModified",
    "last_updated",
    "lastUpdated",
    "updated_on",
    "date_updated",
    "updated_time",
    "modified_on",
    "updatedDate",
)
_CREATED = ("created_at", "createdAt", "created", "created_on", "date_created", "created_time", "timestamp", "date")
_FILTER = re.compile(
    r"^(?:filter[\[.])?(?P<field>[a-z_]*?)(?:[_\[.\-]?(?P<how>since|after|gte|ge|gt|min|from|start))\]?$", re.IGNORECASE
)


@dataclass(slots=True)
class Found:
    """A list endpoint; `holes` are the placeholders of its path that no parent fills."""

    operation: Operation
    name: str
    selector: str
    record: dict[str, Schema]
    answer: Schema
    headers: Schema
    key: str = ""
    parent: Found | None = None
    parent_field: str = ""
    holes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def param(self) -> str:
        """Return the placeholder that this list's rows fill in its children's paths."""
        return f"row_of_{self.name}"


def lists(document: Document) -> list[Found]:
    """Return all list endpoints, parents before their children, each under a name of its own."""
    found: list[Found] = []
    for operation in document.operations():
        if operation.method != "get" or _is_one(operation.path):
            continue
        made = _found(document, operation)
        if made is not None:
            found.append(made)
    found.sort(key=lambda each: (each.operation.path.count("{"), each.operation.path.count("/")))
    by_path = {each.operation.path.rstrip("/"): each for each in found}
    taken: dict[str, int] = {}
    for each in found:
        _place(each, by_path)
    kept = [each for each in found if not each.holes or each.parent is None]
    for each in kept:
        _name(each, taken)
    return kept


def _is_one(path: str) -> bool:
    return path.rstrip("/").endswith("}")


def _found(document: Document, operation: Operation) -> Found | None:
    answer, headers = document.answer(operation)
    where = records_at(document, answer, _words(operation.path)[-1:] or [""])
    if where is None:
        return None
    selector, record = where
    properties = document.properties(record)
    made = Found(operation, "", selector, properties, answer, headers)
    made.key = _key(document, properties, _words(operation.path)[-1:])
    return made


def records_at(document: Document, answer: Schema, words: list[str]) -> tuple[str, Schema] | None:
    """Return the path of the array of objects in an answer and its elements; None where there is none or no telling."""
    whole = document.items(answer)
    if whole is not None:
        return ("$", whole) if document.properties(whole) else None
    arrays = list(_arrays(document, answer))
    if not arrays:
        return None
    wanted = (*words, *_LISTS)
    for depth in (1, 2):
        mine = [(path, record) for path, record in arrays if path.count(".") == depth - 1]
        for name in wanted:
            for path, record in mine:
                if path.rsplit(".", 1)[-1].lower() == name.lower():
                    return path, record
        if len(mine) == 1:
            return mine[0]
    return None


def _arrays(document: Document, schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    for name, inner in document.properties(schema).items():
        if not re.fullmatch(r"[\w-]+", name):
            continue
        where = f"{path}.{name}" if path else name
        items = document.items(inner)
        if items is not None and document.properties(items):
            yield where, items
        elif items is None and not path and name.lower() in {*_LISTS, "_embedded", "response", "result"}:
            yield from _arrays(document, inner, where)


def _words(path: str) -> list[str]:
    return [part for part in path.split("/") if part and "{" not in part and not re.fullmatch(r"v?\d+(\.\d+)*", part)]


def _key(document: Document, record: dict[str, Schema], words: list[str]) -> str:
    singular = {form for word in words for form in singulars(spelt(word))}
    for name in (*_KEYS, *(n for n in record if spelt(n) in {f"{s}_id" for s in singular})):
        if name in record and document.kind(record[name]) in {"string", "integer", "number"}:
            return name
    return ""


def _place(each: Found, by_path: dict[str, Found]) -> None:
    """Find the parent: the list whose path is this one's up to before its last placeholder."""
    path = each.operation.path
    holes = list(_HOLE.finditer(path))
    if not holes:
        return
    above = by_path.get(path[: holes[-1].start()].rstrip("/"))
    if above is not None and above is not each and above.key and not above.holes:
        each.parent, each.parent_field = above, above.key
        hole = holes[-1][1]
        if spelt(hole) in {spelt(n) for n in above.record} and spelt(hole) not in {"id", above.key}:
            each.parent_field = next(n for n in above.record if spelt(n) == spelt(hole))
        return
    each.holes = [hole[1] for hole in holes]


def _name(each: Found, taken: dict[str, int]) -> None:
    words = [spelt(re.sub(r"\.\w+$", "", word)) for word in _words(each.operation.path)] or ["records"]
    name = words[-1]
    if name in taken and each.parent is not None:
        name = f"{min(singulars(each.parent.name), key=len)}_{name}"
    elif name in taken and len(words) > 1:
        name = f"{words[-2]}_{name}"
    name = re.sub(r"[^a-z0-9_]", "_", name).strip("_") or "records"
    name = f"t_{name}" if name[0].isdigit() else name
    number = taken.get(name, 0) + 1
    taken[name] = number
    each.name = name if number == 1 else f"{name}_{number}"
    taken.setdefault(each.name, 1)


def path_of(each: Found) -> str:
    """Return the path as the file has it: parents' placeholders under their own names, others as credentials."""
    path = each.operation.path
    current: Found | None = each
    while current is not None and current.parent is not None:
        holes = list(_HOLE.finditer(current.operation.path))
        start = holes[-1].start()
        path = f"{path[:start]}{{{current.parent.param}}}{path[start + len(holes[-1][0]) :]}"
        current = current.parent
    path = _HOLE.sub(lambda m: m[0] if m[1].startswith("row_of_") else f"{{{credential(m[1])}}}", path)
    return path.lstrip("/")


def credential(hole: str) -> str:
    """Return the credential that a placeholder becomes which no list fills; `id` and some flags are taken."""
    name = re.sub(r"[^a-z0-9_]", "_", spelt(hole)).strip("_") or "value"
    return f"the_{name}" if name in _TAKEN or name[0].isdigit() else name


@dataclass(frozen=True, slots=True)
class Changes:
    """How changes are asked for; `style` is the format that the API takes, "" for its own."""

    cursor: str
    param: str
    style: str


def changes(document: Document, each: Found) -> Changes | None:
    """Return the filter by change, None where there is none that is surely one."""
    fields = {spelt(name): name for name in each.record}
    moments = [fields[spelt(n)] for n in (*_CHANGED, *_CREATED) if spelt(n) in fields]
    for name, schema in each.operation.parameters.items():
        match = _FILTER.match(name)
        if match is None:
            continue
        word = spelt(match["field"]) if match["field"] else ""
        cursor = next((m for m in moments if word and (word in spelt(m) or spelt(m).startswith(word))), "")
        if not cursor and name.lower() in {"since", "updated_since", "modified_since", "updated_after"}:
            cursor = next((m for m in moments if spelt(m) in {spelt(c) for c in _CHANGED}), "")
        if not cursor or document.kind(schema) not in {"string", "integer", "number", ""}:
            continue
        style = "unix" if document.kind(schema) in {"integer", "number"} else ""
        if schema.get("format") == "date":
            style = "date"
        return Changes(cursor, name, style)
    return None

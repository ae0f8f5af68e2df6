"""Which operations change the records of a list, and what each takes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dinobase.spec.writes import singulars
from dinobase.workspace.openapi.document import Document, Operation, Schema, spelt
from dinobase.workspace.openapi.listing import Found, path_of, records_at

Json: TypeAlias = Any

_HOLE = re.compile(r"\{[^{}]+\}")
_WHAT = {"post": "create", "patch": "update", "put": "update", "delete": "delete"}


@dataclass(slots=True)
class Write:
    """A write endpoint of the file; `whole` are the record's fields that are objects and are written as one."""

    name: str
    method: str
    path: str
    table: str
    operation: str
    nest: str = ""
    columns: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    response: str = ""
    form: bool = False


@dataclass(frozen=True, slots=True)
class Single:
    """How one record is read by its key."""

    path: str
    selector: str


def item_path(each: Found) -> str:
    """Return the path of one record below a list, its placeholder as `{id}`."""
    return f"{path_of(each)}/{{id}}"


def items_of(document: Document) -> dict[tuple[str, str], Operation]:
    """Return operations by method and path, every placeholder written alike."""
    return {(o.method, _alike(o.path)): o for o in document.operations()}


def _alike(path: str) -> str:
    return _HOLE.sub("{}", path.rstrip("/"))


def retrieve(document: Document, each: Found, known: dict[tuple[str, str], Operation]) -> Single | None:
    """Return how one record is read, None where there is no such operation or its answer is another."""
    found = known.get(("get", f"{_alike(each.operation.path)}/{{}}"))
    if found is None or not each.key:
        return None
    answer, _ = document.answer(found)
    selector = _record_in(document, answer, each)
    return None if selector is None else Single(item_path(each), "" if selector == "$" else selector)


def writes(document: Document, each: Found, known: dict[tuple[str, str], Operation]) -> list[Write]:
    """Return the write endpoints of a list."""
    path = _alike(each.operation.path)
    found: list[Write] = []
    for method in ("post", "patch", "put", "delete"):
        operation = known.get((method, path if method == "post" else f"{path}/{{}}"))
        what = _WHAT[method]
        if operation is None or not each.key or what in {write.operation for write in found}:
            continue
        made = _write(document, each, operation, what)
        if made is not None:
            found.append(made)
    return found


def _write(document: Document, each: Found, operation: Operation, what: str) -> Write | None:
    singular = min(singulars(each.name), key=len)
    path = path_of(each) if what == "create" else item_path(each)
    made = Write(f"{what}_{singular}", operation.method.upper(), path, each.name, what)
    if what == "delete":
        return made
    body, made.form = document.body(operation)
    fields = document.properties(body)
    if len(fields) == 1 and not made.form:
        [(name, inner)] = fields.items()
        if document.properties(inner) and document.items(inner) is None:
            made.nest, fields = name, document.properties(inner)
    known = {spelt(name): name for name in reversed(each.record)}
    made.columns = [
        name
        for name, schema in fields.items()
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
        and spelt(name) in known
        and name != each.key
        and not schema.get("readOnly")
        and _same(document, schema, each.record[known[spelt(name)]])
    ]
    made.whole = [known[spelt(name)] for name in made.columns if document.kind(fields[name]) == "object"]
    required = [name for name in _required(document, body, made.nest) if name not in made.columns]
    if not made.columns or (what == "create" and required):
        return None
    answer, _ = document.answer(operation)
    made.response = _record_in(document, answer, each) or ""
    return made


def _same(document: Document, written: Schema, held: Schema) -> bool:
    """Tell whether what is written is of the kind that is read: another kind is another field under one name."""
    numbers = {"integer", "number"}
    mine, theirs = document.kind(written), document.kind(held)
    return mine == theirs or {mine, theirs} <= numbers or not mine or not theirs


def _required(document: Document, body: Schema, nest: str) -> list[str]:
    inside = document.properties(body).get(nest, {}) if nest else body
    found = list(inside.get("required") or ()) if isinstance(inside.get("required"), list) else []
    for part in inside.get("allOf") or ():
        found += (document.follow(part) or {}).get("required") or []
    return [name for name in found if isinstance(name, str)]


def _record_in(document: Document, answer: Schema, each: Found) -> str | None:
    """Return where the record stands in an answer about one: the body, or one object in it."""
    fields = document.properties(answer)
    if each.key in fields:
        return "$"
    if records_at(document, answer, []) is not None and each.key not in fields:
        return None
    inner = [name for name, schema in fields.items() if each.key in document.properties(schema)]
    return inner[0] if len(inner) == 1 and re.fullmatch(r"[\w-]+", inner[0]) else None

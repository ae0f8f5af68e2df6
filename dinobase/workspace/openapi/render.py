"""The file's text: what the specification says, and what it leaves open as comments beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from dinobase.core import errors
from dinobase.workspace.openapi.document import Document, Schema, spelt
from dinobase.workspace.openapi.listing import Changes, Found, changes, credential, lists, path_of
from dinobase.workspace.openapi.paging import paginator, size
from dinobase.workspace.openapi.writing import Write, items_of, retrieve, writes

Json: TypeAlias = Any

_HOLE = re.compile(r"\{\+?([^{}]+)\}")


def render(name: str, document: Document, *, url: str = "", most: int = 0) -> str:
    """Return the file for a specification; `most` limits its tables, 0 is all of them."""
    found = lists(document)
    kept = [each for each in found if _is_whole(each)]
    if not kept:
        raise errors.UsageError(
            "The specification describes no list of records",
            hint="A list answers a GET with an array of objects, described by a schema.",
        )
    if most:
        kept = _first(kept, most)
    known = items_of(document)
    base, variables = document.server()
    defaults = {credential(key): value for key, value in variables.items()}
    hostless = not url and "://" not in base
    base = _with_credentials(url or (f"https://api.example.com{base}" if hostless else base))
    auth, asked = _authentication(document)
    holes = {credential(hole) for each in kept for hole in each.holes} | set(_HOLE.findall(base))
    info = document.data.get("info") or {}
    title = " ".join(str(info.get("title") or name).split())
    lines = [
        f"name: {name}",
        f"description: {_quoted(title)}  # say what data it gives, in a sentence",
        'category: ""',
        f"docs_url: {_quoted(str((document.data.get('externalDocs') or {}).get('url') or ''))}",
        "",
        "credentials:" if asked or holes else "credentials: []",
    ]
    for key in asked:
        lines += _credential(name, key, secret=key not in {"username", "client_id"}, default=None)
    for hole in sorted(holes - set(asked)):
        lines += _credential(name, hole, secret=False, default=defaults.get(hole) or None)
    lines += ["", "client:", *(["  # The specification names no host."] if hostless else [])]
    lines += [f"  base_url: {_quoted(base)}", *auth]
    lines += ["  # Look up the documented limit: rate_limit: {requests: 100, per: 1m}", ""]
    first = next((e for e in kept if e.parent is None and not _needs(document, e)), None)
    if first is not None:
        lines += ["check:", f"  path: {_quoted(path_of(first))}", ""]
    left = len(found) - len(kept)
    if left and not most:
        lines.append(f"# {left} lists are left out: their paths need values that no other list gives.")
    lines.append("resources:")
    made: list[Write] = []
    for each in kept:
        taken = {write.name for write in made}
        mine = [write for write in writes(document, each, known) if write.name not in taken]
        lines += _resource(document, each, known, {name for write in mine for name in write.whole})
        made += mine
    if made:
        lines += ["", "write_endpoints:"]
        for write in made:
            lines += _write(write)
    return "\n".join(lines) + "\n"


def _is_whole(each: Found) -> bool:
    current: Found | None = each
    while current is not None:
        if current.holes and current is not each:
            return False
        current = current.parent
    return True


def _first(found: list[Found], most: int) -> list[Found]:
    """Return the first lists with all their parents."""
    kept: list[Found] = []
    for each in found:
        if len(kept) >= most:
            break
        if each.parent is None or each.parent in kept:
            kept.append(each)
    return kept


def _needs(document: Document, each: Found) -> list[str]:
    """Return the query parameters that the API requires and nothing here gives."""
    found = []
    for parameter in (*each.operation.spec.get("parameters", []), *_shared(document, each)):
        known = document.follow(parameter)
        if isinstance(known, dict) and known.get("in") == "query" and known.get("required"):
            found.append(str(known["name"]))
    return found


def _shared(document: Document, each: Found) -> Sequence[Json]:
    item = document.data["paths"][each.operation.path]
    shared: Sequence[Json] = item.get("parameters", [])
    return shared


def _resource(document: Document, each: Found, known: Json, whole: set[str]) -> list[str]:
    pager, doubts = paginator(document, each)
    asked = changes(document, each)
    params = _params(document, each, pager, doubts)
    if asked is not None and each.key:
        params[asked.param] = "{incremental.start_value}"
    summary = " ".join(str(each.operation.spec.get("summary") or "").split())[:120]
    lines = [f"  - name: {each.name}", f"    description: {_quoted(summary)}"]
    lines += [f"    # To settle: {doubt}." for doubt in doubts]
    lines += ["    endpoint:", f"      path: {_quoted(path_of(each))}"]
    lines += [f"      params: {json.dumps(params)}"] if params else []
    lines += [f"      data_selector: {_quoted(each.selector)}", f"      paginator: {json.dumps(pager)}"]
    lines.append(
        f"    primary_key: {_quoted(each.key)}"
        if each.key
        else "    # Which field names a row? Without primary_key the table is replaced at each sync."
    )
    if each.parent is not None:
        parent = {"resource": each.parent.name, "field": each.parent_field, "param": each.parent.param}
        lines.append(f"    parent: {json.dumps(parent)}")
    lines.append(_incremental(each, asked))
    single = retrieve(document, each, known) if each.parent is None else None
    if single is not None:
        selector = f", data_selector: {_quoted(single.selector)}" if single.selector else ""
        lines.append(f"    retrieve: {{path: {_quoted(single.path)}{selector}}}")
    if whole:
        columns = {name: {"type": "JSON"} for name in sorted(whole)}
        lines.append(f"    columns: {json.dumps(columns)}  # objects, read and written as one")
    return lines


def _params(document: Document, each: Found, pager: dict[str, Json], doubts: list[str]) -> dict[str, Json]:
    """Return the parameters that a listing needs: a page's size, and what the API requires and gives a default."""
    params: dict[str, Json] = {}
    about = size(document, each)
    if about is not None and pager["type"] not in {"offset", "page_number"}:
        params[about[0]] = about[1]
    for name in _needs(document, each):
        schema = each.operation.parameters.get(name, {})
        default = schema.get("default", next(iter(schema.get("enum") or []), None))
        if name in params or name in pager.values():
            continue
        if default is None:
            doubts.append(f"the API requires the parameter `{name}`")
        else:
            params[name] = default
    return params


def _incremental(each: Found, asked: Changes | None) -> str:
    if asked is None:
        return "    # No parameter looks like a filter by change: the list is read in full."
    style = {"format": asked.style} if asked.style else {}
    incremental = {"cursor_path": asked.cursor, "initial_value": "2015-01-01T00:00:00Z", **style}
    if each.key:
        return f"    incremental: {json.dumps(incremental)}  # does the filter take changes, or only new rows?"
    return f"    # With a primary_key: incremental: {json.dumps(incremental)}"


def _write(write: Write) -> list[str]:
    lines = [f"  - name: {write.name}", f"    resource: {write.table}", f"    operation: {write.operation}"]
    lines += [f"    method: {write.method}", f"    path: {_quoted(write.path)}"]
    if write.nest:
        lines.append(f"    request_body_path: {_quoted(write.nest)}")
    if write.form:
        lines.append("    body_format: form")
    if write.response:
        lines.append(f"    response_path: {_quoted(write.response)}")
    if write.operation != "delete":
        columns = {spelt(name): name for name in write.columns}
        lines.append(f"    columns: {json.dumps(columns)}")
    return lines


def _credential(name: str, key: str, *, secret: bool, default: str | None) -> list[str]:
    lines = [
        f"  - name: {key}",
        f'    flag: "--{key.replace("_", "-")}"',
        f"    env: {name.upper()}_{key.upper()}",
        f"    prompt: {_quoted(' '.join([name, *key.split('_')]))}",
        f"    secret: {'true' if secret else 'false'}",
        '    help: ""  # where a person finds it',
    ]
    return [*lines, f"    default: {_quoted(default)}"] if default else lines


def _with_credentials(url: str) -> str:
    return _HOLE.sub(lambda m: f"{{{credential(m[1])}}}", url)


def _authentication(document: Document) -> tuple[list[str], list[str]]:
    """Return the lines of `auth` and the credentials that it needs."""
    for scheme in document.schemes():
        made = _of_scheme(scheme)
        if made is not None:
            return made
    return ["  # The specification names no way to authenticate.", "  auth: {type: bearer, token: '{api_key}'}"], [
        "api_key"
    ]


def _of_scheme(scheme: Schema) -> tuple[list[str], list[str]] | None:
    kind, word = str(scheme.get("type", "")).lower(), str(scheme.get("scheme", "")).lower()
    if kind == "basic" or word == "basic":
        return ['  auth: {type: http_basic, username: "{username}", password: "{password}"}'], ["username", "password"]
    if word == "bearer" or kind == "openidconnect":
        return ['  auth: {type: bearer, token: "{access_token}"}'], ["access_token"]
    if kind == "apikey" and scheme.get("in") in {"header", "query", "cookie"}:
        name = _quoted(str(scheme.get("name")))
        if str(scheme.get("name")).lower() == "authorization":
            lines = [
                "  # Which word stands before the key? prefix: Token",
                '  auth: {type: bearer, token: "{api_key}"}',
            ]
            return lines, ["api_key"]
        return [f'  auth: {{type: api_key, name: {name}, location: {scheme["in"]}, api_key: "{{api_key}}"}}'], [
            "api_key"
        ]
    if kind == "oauth2":
        return [
            "  # The API has OAuth2; a token made by hand is used here. Else: type: oauth2 with token_url and grant.",
            '  auth: {type: bearer, token: "{access_token}"}',
        ], ["access_token"]
    return None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

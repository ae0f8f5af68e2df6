"""A first REST draft: a file that validates as it is, with the next decisions as comments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.spec import load, names
from dinobase.spec.vault import write_private
from dinobase.workspace import results
from dinobase.workspace.definitions import problems

_AUTH = {
    "bearer": ("api_key", '  auth: {type: bearer, token: "{api_key}"}'),
    "api_key": ("api_key", '  auth: {type: api_key, name: X-API-Key, api_key: "{api_key}"}  # or location: query'),
    "http_basic": ("password", '  auth: {type: http_basic, username: "{username}", password: "{password}"}'),
    "none": ("", "  auth: {type: none}"),
}


def create(
    name: str,
    *,
    url: str,
    endpoints: Sequence[str],
    data_selector: str | None,
    primary_key: str | None,
    auth: str,
    replace: bool,
    paths: Paths,
) -> results.Drafted:
    """Write `connectors/<name>.yaml`."""
    _check_url(url)
    _check_endpoints(endpoints)
    return keep(name, render(name, url, endpoints, data_selector, primary_key, auth), replace=replace, paths=paths)


def from_openapi(name: str, source: str, *, url: str, replace: bool, paths: Paths) -> results.Drafted:
    """Write `connectors/<name>.yaml` from a specification: a file or an address; `url` wins over its server."""
    from dinobase.workspace.openapi import document
    from dinobase.workspace.openapi.render import render as rendered

    if url:
        _check_url(url)
    names.check(name)
    return keep(name, rendered(name, document.read(source), url=url), replace=replace, paths=paths)


def keep(name: str, text: str, *, replace: bool, paths: Paths) -> results.Drafted:
    """Write a file that is valid, or nothing."""
    names.check(name)
    path = paths.connectors / f"{name}.yaml"
    if path.exists() and not replace:
        raise errors.UsageError(
            f"{path} is there already",
            code="connector.exists",
            hint=f"Use `--replace`, or: dinobase connector edit {name}",
            file=str(path),
        )
    loaded = load.load_text(text.encode(), str(path), stem=name)
    if loaded.connector is None:
        raise errors.SpecError(str(path), loaded.errors, hint="The draft would not be valid; nothing was written.")
    paths.make(paths.root)
    paths.make(paths.connectors)
    write_private(path, text)
    return results.Drafted(name, str(path), problems(loaded.warnings))


def render(
    name: str, url: str, endpoints: Sequence[str], data_selector: str | None, primary_key: str | None, auth: str
) -> str:
    """Return the file's text."""
    credential, auth_line = _AUTH[auth]
    prefix = name.upper()
    lines = [f"name: {name}", f"description: {_quoted(f'{name}: what the API is and what data it gives')}", ""]
    if credential:
        lines.append("credentials:")
        if auth == "http_basic":
            lines += _credential("username", f"{prefix}_USERNAME", f"{name} user name", secret=False)
        lines += _credential(credential, f"{prefix}_{credential.upper()}", f"{name} {credential.replace('_', ' ')}")
        lines.append("")
    lines += ["client:", f"  base_url: {_quoted(url)}", auth_line]
    lines += [
        "  # How the listing goes on: cursor, json_link, header_link, offset, page_number or single_page.",
        "  paginator: {type: single_page}",
        "",
        "resources:",
    ]
    taken: set[str] = set()
    for endpoint in endpoints:
        lines += _resource(endpoint, data_selector, primary_key, taken)
    return "\n".join(lines) + "\n"


def _credential(name: str, env: str, prompt: str, *, secret: bool = True) -> list[str]:
    return [
        f"  - name: {name}",
        f'    flag: "--{name.replace("_", "-")}"',
        f"    env: {env}",
        f"    prompt: {_quoted(prompt)}",
        f"    secret: {'true' if secret else 'false'}",
    ]


def _resource(endpoint: str, data_selector: str | None, primary_key: str | None, taken: set[str]) -> list[str]:
    path, _, query = endpoint.lstrip("/").partition("?")
    table = _table(path, taken)
    lines = [f"  - name: {table}", "    endpoint:", f"      path: {_quoted(path)}"]
    if query:
        pairs = ", ".join(f"{_quoted(k)}: {_quoted(v)}" for k, v in parse_qsl(query, keep_blank_values=True))
        lines.append(f"      params: {{{pairs}}}")
    if data_selector:
        lines.append(f"      data_selector: {_quoted(data_selector)}")
    if primary_key:
        lines.append(f"    primary_key: {_quoted(primary_key)}")
    else:
        lines.append("    # primary_key: id  # with it rows are merged, without it the table is replaced each time")
    lines.append("    # incremental: {cursor_path: updated_at, initial_value: '2024-01-01T00:00:00Z'}")
    return lines


def _table(path: str, taken: set[str]) -> str:
    words = [w for w in Path(urlsplit(path).path).with_suffix("").parts if w not in {"/", "."} and "{" not in w]
    name = base = names.propose(words[-1]) if words else "records"
    number = 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise errors.UsageError(f"`--url {url}` is no web address", hint="For example: --url https://api.acme.com/v1/")
    if parts.username or parts.password:
        raise errors.UsageError(
            "The URL holds a user name or password", hint="Leave them out; `dinobase add` asks for credentials."
        )


def _check_endpoints(endpoints: Sequence[str]) -> None:
    for endpoint in endpoints:
        if "{" in endpoint or "}" in endpoint:
            raise errors.UsageError(
                f"`--endpoint {endpoint}` needs a value from another resource",
                hint="Draft its parent, then add it to the file with `parent: {resource, field, param}`.",
            )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

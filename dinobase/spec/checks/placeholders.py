"""Every `{placeholder}` has something that defines it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from dinobase.core.errors import did_you_mean
from dinobase.kinds.base import Kind
from dinobase.kinds.template import Placeholder, TemplateError, placeholders, strings
from dinobase.spec.checks.references import ancestry
from dinobase.spec.models import Connector, Resource
from dinobase.spec.report import Path, Report
from dinobase.spec.requests import sent_by

_CURSORS = ("incremental.start_value", "incremental.end_value")


def known_everywhere(report: Report, connector: Connector) -> None:
    """Allow credentials alone outside resources and writes."""
    known = _credentials(connector)
    client = connector.client
    parts: list[tuple[Path, Any]] = [
        (("client", "base_url"), client.base_url),
        (("client", "headers"), client.headers),
        (("client", "allow_hosts"), client.allow_hosts),
    ]
    if client.auth is not None:
        parts.append((("client", "auth"), _facts(client.auth)))
    parts += [(("auth_methods", name), _facts(auth)) for name, auth in connector.auth_methods.items()]
    if connector.check is not None:
        asked = connector.check
        parts += [(("check", "path"), asked.path), (("check", "params"), asked.params), (("check", "body"), asked.body)]
    if connector.server is not None:
        parts += [(("server", key), value) for key, value in connector.server.model_dump().items()]
    for path, value in parts:
        _check(report, path, value, known)


def in_resources(report: Report, connector: Connector) -> None:
    """Allow a resource's request its cursor and the params of its ancestors."""
    by_name = {resource.name: resource for resource in connector.resources if resource.name}
    credentials = _credentials(connector)
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index)
        endpoint = resource.endpoint
        params = _ancestors_params(resource, by_name)
        known = [*credentials, *params, *(_CURSORS if resource.incremental else ())]
        if report.faulty((*path, "parent")):
            continue
        _check(report, (*path, "endpoint", "path"), endpoint.path, [*known, *endpoint.params], resource)
        _check(report, (*path, "endpoint", "params"), endpoint.params, known, resource)
        _check(report, (*path, "endpoint", "body"), endpoint.body, known, resource)
        _check(report, (*path, "variables"), resource.variables, known, resource)
        _check(report, (*path, "arguments"), resource.arguments, known, resource)
        cursors = _CURSORS if resource.incremental else ()
        _check(report, (*path, "endpoint", "headers"), endpoint.headers, [*credentials, *cursors], resource)
        for field in ("base_url", "data_selector"):
            _check(report, (*path, "endpoint", field), getattr(endpoint, field), credentials)
        _check(report, (*path, "data_selector"), resource.data_selector, credentials)
        if resource.fields is not None:
            for field in ("path", "params", "data_selector"):
                _check(report, (*path, "fields", field), getattr(resource.fields, field), credentials)
        if resource.incremental is not None:
            _check(report, (*path, "incremental", "initial_value"), resource.incremental.initial_value, credentials)
        _parent_used(report, path, resource)


def of_rows(report: Report, connector: Connector) -> None:
    """Allow look-ups and writes any column of the row."""
    for index, resource in enumerate(connector.resources):
        if resource.retrieve is not None:
            path: Path = ("resources", index, "retrieve")
            _check(report, (*path, "path"), resource.retrieve.path, None)
            _check(report, (*path, "params"), resource.retrieve.params, None)
    for index, write in enumerate(connector.write_endpoints):
        path = ("write_endpoints", index)
        for field in ("path", "params", "body", "variables"):
            _check(report, (*path, field), getattr(write, field), None)
        for field in ("base_url", "headers"):
            _check(report, (*path, field), getattr(write, field), _credentials(connector))


def unused_credentials(report: Report, connector: Connector) -> None:
    """Warn of credentials that nothing uses."""
    used = {part.name for text in _all_strings(connector) for part in _parts(text)}
    for index, credential in enumerate(connector.credentials):
        if credential.name and credential.name not in used and not report.errors:
            message = f"nothing uses the credential `{credential.name}`."
            hint = f'Write "{{{credential.name}}}" where it goes, or remove it.'
            report.warn(("credentials", index, "name"), "unused_credential", message, hint)


def cursor_unused(report: Report, connector: Connector) -> None:
    """Warn of an incremental resource that never sends its cursor."""
    for index, resource in enumerate(connector.resources):
        if resource.incremental is None or report.faulty(("resources", index)):
            continue
        if resource.incremental.order == "desc":  # the newest come first: what is behind the cursor is not asked for
            continue
        if not any(part.name in _CURSORS for text in sent_by(resource) for part in _parts(text)):
            hint = 'Put "{incremental.start_value}" into params, path, body or a header.'
            message = f"`{resource.name}` never sends its cursor: every sync fetches the whole listing."
            report.warn(("resources", index, "incremental"), "cursor_unused", message, hint, key=True)


def clashes(report: Report, connector: Connector) -> None:
    """Refuse a credential whose name means something else where it is put in."""
    taken = {r.parent.param: f"the param of `{r.name}`" for r in connector.resources if r.parent and r.parent.param}
    by_row = [r.retrieve.path for r in connector.resources if r.retrieve] + [w.path for w in connector.write_endpoints]
    if any(part.name == "id" for text in by_row for part in _parts(text)):
        taken.setdefault("id", "the primary key in the paths of look-ups and writes")
    for index, credential in enumerate(connector.credentials):
        name = credential.name
        if name in taken:
            message = f"the credential `{name}` has the name of {taken[name]}: `{{{name}}}` would mean both."
            report.error(("credentials", index, "name"), "name_clash", message, "Rename the credential.")


def _check(
    report: Report, path: Path, value: Any, known: Iterable[str] | None, resource: Resource | None = None
) -> None:
    for inner, text in strings(value, path):
        try:
            found = placeholders(text)
        except TemplateError as error:
            report.error(inner, "template", f"`{report.at(inner)}`: {error.message}.", error.hint)
            continue
        for part in found:
            if known is None:
                _row_name(report, inner, part)
            elif part.name not in (names := list(dict.fromkeys(known))):
                message = f"nothing defines `{{{part.name}}}` in {report.at(inner)}."
                report.error(inner, "placeholder", message, _hint(part.name, names, resource))


def _row_name(report: Report, path: Path, part: Placeholder) -> None:
    if "." in part.name:
        message = f"`{{{part.name}}}` in {report.at(path)} is no column."
        report.error(path, "placeholder", message, "Write the column's own name: `address__city`, not `address.city`.")


def _hint(name: str, known: list[str], resource: Resource | None) -> str:
    if name in _CURSORS and resource is not None:
        return f"`{resource.name}` has no `incremental`: add `incremental: {{cursor_path: updated_at}}`."
    if name in _CURSORS:
        return "The cursor can be used in a resource's path, params, body, headers and variables only."
    if name.startswith("resources."):
        return "Name the parent instead: `parent: {resource: ..., field: ..., param: ...}`."
    guess = did_you_mean(name, known)
    shown = ", ".join(f"{{{item}}}" for item in known) or "nothing"
    return (f"Did you mean `{{{guess}}}`? " if guess else "") + f"Defined here: {shown}."


def _parent_used(report: Report, path: Path, resource: Resource) -> None:
    if resource.parent is None or not resource.parent.param:
        return
    endpoint = resource.endpoint
    parts: tuple[Any, ...] = (
        endpoint.path,
        endpoint.params,
        endpoint.body,
        resource.variables,
        resource.arguments,
    )
    used = {part.name for value in parts for _, text in strings(value) for part in _parts(text)}
    if resource.parent.param not in used:
        place = (*path, "parent", "param")
        guess = did_you_mean(resource.parent.param, used)
        message = (
            f"`{{{resource.parent.param}}}` is in neither path, params nor body: all parents would get one request."
        )
        hint = f"Did you mean `{guess}`?" if guess else f"Put `{{{resource.parent.param}}}` into the path."
        report.error(place, "parent_unused", message, hint)


def _ancestors_params(resource: Resource, by_name: dict[str, Resource]) -> list[str]:
    line = [by_name[name] for name in ancestry(resource, by_name) if name in by_name]
    return [item.parent.param for item in line if item.parent is not None and item.parent.param]


def _credentials(connector: Connector) -> list[str]:
    return [credential.name for credential in connector.credentials if credential.name]


def _parts(text: str) -> list[Placeholder]:
    try:
        return placeholders(text)
    except TemplateError:
        return []


def _facts(kind: Kind) -> dict[str, Any]:
    return {key: value for key, value in kind.model_dump().items() if key != "type"}


def _all_strings(connector: Connector) -> Iterator[str]:
    data = connector.model_dump()
    del data["credentials"]
    for resource in data["resources"]:
        del resource["query"]
    for _, text in strings(data):
        yield text


CHECKS = (known_everywhere, in_resources, of_rows, clashes, unused_credentials, cursor_unused)

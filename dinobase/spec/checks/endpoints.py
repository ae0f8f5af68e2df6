"""Requests as they can be made: addresses, hosts, statuses, bodies, authentication that is complete."""

from __future__ import annotations

from typing import Any

from dinobase.kinds import duration
from dinobase.kinds.auth.oauth2 import OAuth2
from dinobase.kinds.base import Kind
from dinobase.kinds.path import PathError, compile_path
from dinobase.spec.models import Connector
from dinobase.spec.report import Path, Report, said

_SECRET_FIELDS = ("token", "api_key", "password", "client_secret", "refresh_token")


def addresses(report: Report, connector: Connector) -> None:
    """Require http addresses, and bare host names."""
    found: list[tuple[Path, str | None]] = [(("client", "base_url"), connector.client.base_url)]
    found += [
        (("resources", i, "endpoint", "base_url"), resource.endpoint.base_url)
        for i, resource in enumerate(connector.resources)
    ]
    found += [(("write_endpoints", i, "base_url"), write.base_url) for i, write in enumerate(connector.write_endpoints)]
    for path, url in found:
        if url is None or report.faulty(path) or connector.type == "mcp":
            continue
        if not url.startswith(("http://", "https://", "{")):
            hint = f"Write `https://{url.split('://')[-1]}`." if url else "Write the API's address."
            report.error(path, "base_url", f"`{report.at(path)}` is {said(url)}: no http address.", hint)
        elif "?" in url or "#" in url:
            hint = "Put what is behind `?` into `params`."
            report.warn(path, "base_url", f"`{report.at(path)}` holds a query or fragment.", hint)
    for i, host in enumerate(connector.client.allow_hosts):
        if "/" in host or not host:
            host_path: Path = ("client", "allow_hosts", i)
            hint = f"Write `{host.split('://')[-1].split('/')[0] or 'files.example.com'}`."
            report.error(host_path, "host", f"`{report.at(host_path)}` is {said(host)}: no host name.", hint)


def spans(report: Report, connector: Connector) -> None:
    """Require a unit in every duration."""
    client = connector.client
    found: list[tuple[Path, str]] = [(("client", "retry", "max_wait"), client.retry.max_wait)]
    if client.rate_limit is not None:
        found.append((("client", "rate_limit", "per"), client.rate_limit.per))
    for path, text in found:
        seconds = duration.seconds(text)
        if seconds is None or seconds <= 0:
            report.error(path, "duration", f"`{report.at(path)}` is `{text}`.", f"Allowed: {duration.ALLOWED}.")


def statuses(report: Report, connector: Connector) -> None:
    """Require statuses of failures."""
    found: list[tuple[Path, tuple[int, ...]]] = [(("client", "retry", "statuses"), connector.client.retry.statuses)]
    found += [
        (("resources", i, "empty_statuses"), resource.empty_statuses) for i, resource in enumerate(connector.resources)
    ]
    meant = connector.client.errors.statuses if connector.client.errors else {}
    places: list[tuple[Path, int]] = [((*path, n), s) for path, listed in found for n, s in enumerate(listed)]
    places += [(("client", "errors", "statuses", word), status) for word, status in meant.items()]
    for place, status in places:
        if not 400 <= status <= 599:  # HTTP's classes of failures
            report.error(place, "status", f"`{report.at(place)}` is {status}.", "Allowed: 400 to 599.")


def failures(report: Report, connector: Connector) -> None:
    """Require a place where a failure inside a 200 is told."""
    errors = connector.client.errors
    path: Path = ("client", "errors")
    if errors is None or report.faulty(path):
        return
    if not errors.ok_path and not errors.error_path:
        message = f"{report.at(path)} has neither ok_path nor error_path."
        hint = "ok_path: a flag that is false; error_path: where the API's word for the failure stands."
        report.error(path, "errors", message, hint, key=True)
    elif errors.statuses and not errors.error_path:
        message = f"`error_path` is missing in {report.at(path)}: statuses are of the words there."
        report.error((*path, "error_path"), "missing_key", message)


def optional(report: Report, connector: Connector) -> None:
    """Refuse `optional` where no key can be missing."""
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index, "endpoint", "optional")
        selector = resource.endpoint.data_selector
        if not resource.endpoint.optional or report.faulty((*path[:-1], "data_selector")):
            continue
        if connector.type != "rest" or not selector or not _names_a_key(selector):
            hint = "Write `data_selector` as keys with dots: `data.items`."
            report.error(path, "optional", f"`{report.at(path)}` needs a data_selector that ends in a key.", hint)


def _names_a_key(selector: str) -> bool:
    try:
        parts = compile_path(selector).parts
    except PathError:
        return True  # said already
    return parts is not None and bool(parts) and isinstance(parts[-1], str)


def bodies(report: Report, connector: Connector) -> None:
    """Refuse a GET with a body, and parameters that a query cannot carry."""
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index, "endpoint")
        endpoint = resource.endpoint
        if endpoint.body is not None and endpoint.method == "GET" and not report.faulty((*path, "method")):
            message = f"`{resource.name}` has a body and is asked for by GET."
            report.error((*path, "body"), "get_body", message, "Add `method: POST`, or move it to `params`.", key=True)
        if endpoint.path is not None and "?" in endpoint.path:
            hint = "Put what is behind `?` into `params`."
            report.warn((*path, "path"), "query_in_path", f"`{report.at((*path, 'path'))}` holds a query.", hint)
        _params(report, (*path, "params"), endpoint.params)
    if connector.check is not None:
        _params(report, ("check", "params"), connector.check.params)


def _params(report: Report, path: Path, params: dict[str, Any]) -> None:
    for name, value in params.items():
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, dict | list) for item in items):
            hint = "Allowed: text, number, true, false, or a list of them; write nested JSON as text in quotes."
            message = f"`{report.at((*path, name))}` is nested, which a query cannot be."
            report.error((*path, name), "param", message, hint)


def authentication(report: Report, connector: Connector) -> None:
    """Require what an OAuth grant needs; warn of secrets in the file."""
    found: list[tuple[Path, Kind | None]] = [(("client", "auth"), connector.client.auth)]
    found += [(("auth_methods", name), auth) for name, auth in connector.auth_methods.items()]
    found += [(("server", "auth"), connector.server.auth)] if connector.server else []
    for path, auth in found:
        if isinstance(auth, OAuth2):
            _oauth(report, path, auth)
        for field in _SECRET_FIELDS:
            value = getattr(auth, field, "")
            if value and "{" not in value:
                hint = f'Ask for it: `credentials: [{{name: {field}}}]`, and write "{{{field}}}" here.'
                report.warn(
                    (*path, field), "secret", f"`{report.at((*path, field))}` holds a secret in the file.", hint
                )


def _oauth(report: Report, path: Path, auth: OAuth2) -> None:
    needs = {
        "authorization_code": "authorize_url",
        "refresh_token": "refresh_token",
        "client_credentials": "client_secret",
    }[auth.grant]
    if not getattr(auth, needs):
        message = f"`{needs}` is missing in {report.at(path)}: the grant {auth.grant} needs it."
        report.error((*path, needs), "missing_key", message)


def resources_there(report: Report, connector: Connector) -> None:
    """Require at least one resource; an MCP server names its own."""
    if connector.type != "mcp" and not connector.resources and not report.faulty(("resources",)):
        report.error(("resources",), "no_resources", "`resources` is empty.", "Add one: `- name: customers`.", key=True)


def misplaced(report: Report, connector: Connector) -> None:
    """Refuse keys in a REST resource that belong in `endpoint`."""
    if connector.type != "rest":
        return
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index)
        for field in ("data_selector", "paginator"):
            if getattr(resource, field) is not None:
                message = f"`{report.at((*path, field))}` belongs in `endpoint`."
                report.error((*path, field), "misplaced", message, f"Write `endpoint: {{{field}: ...}}`.", key=True)
        for field in ("query", "variables"):
            if getattr(resource, field):
                message = f"`{report.at((*path, field))}` is for GraphQL."
                report.error((*path, field), "misplaced", message, "Add `type: graphql`, or remove it.", key=True)


CHECKS = (addresses, spans, statuses, failures, optional, bodies, authentication, resources_there, misplaced)

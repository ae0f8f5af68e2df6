"""MCP definitions: a server that can be started or reached, and keys that mean something for it."""

from __future__ import annotations

import re

from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.paginate.offset import Offset
from dinobase.kinds.paginate.page_number import PageNumber
from dinobase.kinds.paginate.single_page import SinglePage
from dinobase.spec.models import Connector
from dinobase.spec.report import Path, Report
from dinobase.spec.servers import Server

_STDIO = ("command", "env", "cwd")
_HTTP = ("url", "headers", "auth")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW", re.IGNORECASE)
_ELSEWHERE = {
    "client": "The server's address or command belongs in `server`.",
    "auth_methods": "Write `server: {auth: ...}`.",
    "check": "`add` asks the server what it has.",
    "write_endpoints": "Tools that write are called by `dinobase mcp call`.",
}
_OF_REQUESTS = ("endpoint", "query", "variables", "auth", "retrieve", "empty_statuses")
_OF_TOOLS = ("tool", "arguments", "text")


def server(report: Report, connector: Connector) -> None:
    """Require what the transport needs, and nothing of the other one."""
    if connector.type != "mcp":
        for key in ("server", "tools"):
            if getattr(connector, key) is not None:
                message = f"`{key}` is for MCP servers."
                report.error((key,), "misplaced", message, "Add `type: mcp`, or remove it.", key=True)
        return
    for key, hint in _ELSEWHERE.items():
        if (key,) in report.document.keys:
            report.error((key,), "misplaced", f"`{key}` is for APIs over HTTP.", hint, key=True)
    if connector.server is None:
        if not report.faulty(("server",)):
            hint = "server: {transport: stdio, command: ...} or {transport: streamable_http, url: ...}"
            report.error(("server",), "missing_key", "`server` is missing in the file.", hint)
    else:
        _transport(report, connector.server)


def _transport(report: Report, server: Server) -> None:
    stdio = server.transport == "stdio"
    needed = "command" if stdio else "url"
    for key in _HTTP if stdio else _STDIO:
        if getattr(server, key):
            path: Path = ("server", key)
            message = f"`server.{key}` means nothing for `transport: {server.transport}`."
            report.error(path, "misplaced", message, f"It takes {', '.join(_STDIO if stdio else _HTTP)}.", key=True)
    if not getattr(server, needed) and not report.faulty(("server", needed)):
        hint = "For example: npx -y @modelcontextprotocol/server-memory" if stdio else "For example: https://host/mcp"
        report.error(("server", needed), "missing_key", f"`{needed}` is missing in server.", hint)
    elif stdio:
        try:
            server.words  # noqa: B018 - whether its quotes close
        except ValueError as error:
            report.error(("server", "command"), "command", f"`server.command`: {error}.", "Or write it as a list.")
    elif not server.url.startswith(("http://", "https://", "{")):
        report.error(("server", "url"), "base_url", f"`server.url` is `{server.url[:60]}`: no http address.")
    for name, value in {**server.env, **server.headers}.items():
        if _SECRET.search(name) and value and "{" not in value:
            place: Path = ("server", "env" if name in server.env else "headers", name)
            hint = (
                f"Ask for it: `credentials: [{{name: {name.lower().replace('-', '_')}}}]`, and write it in braces here."
            )
            report.warn(place, "secret", f"`{report.at(place)}` holds a secret in the file.", hint)


def tables(report: Report, connector: Connector) -> None:
    """Refuse keys of the other kind in a resource, and paginators that cannot go into arguments."""
    mcp = connector.type == "mcp"
    for index, resource in enumerate(connector.resources):
        path: Path = ("resources", index)
        for key in _OF_REQUESTS if mcp else _OF_TOOLS:
            if key in resource.model_fields_set and getattr(resource, key) not in (None, "", (), {}):
                hint = "Write `tool` and `arguments`." if mcp else "Add `type: mcp`, or remove it."
                message = f"`{report.at((*path, key))}` is for {'APIs over HTTP' if mcp else 'MCP servers'}."
                report.error((*path, key), "misplaced", message, hint, key=True)
        paginator = resource.paginator
        if mcp and paginator is not None and not isinstance(paginator, Cursor | Offset | PageNumber | SinglePage):
            hint = "Allowed: cursor, offset, page_number, single_page; their parameters are arguments."
            message = f"`{report.at((*path, 'paginator'))}`: a tool has no links."
            report.error((*path, "paginator", "type"), "paginator", message, hint)


CHECKS = (server, tables)

"""A definition of an MCP server, written from what the command line says; what may be secret goes into the vault.

Values of `--env` and `--header` and the bearer token become credentials, so that the file holds none of them; a
reference `${VAR}` anywhere becomes one too, and stays a reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dinobase.core import errors, secrets
from dinobase.core.settings import Paths
from dinobase.spec import names
from dinobase.spec.checks.naming import snake
from dinobase.spec.vault import Vault, is_reference
from dinobase.workspace import results
from dinobase.workspace.draft import keep

_REFERENCE = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*\})")


class Draft:
    """Turns texts into templates and remembers the credentials that they need."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.envs: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return a text whose references are placeholders."""
        parts = _REFERENCE.split(text)
        return "".join(self._placeholder(part[2:-1], part) if is_reference(part) else _escaped(part) for part in parts)

    def secret(self, name: str, text: str) -> str:
        """Return a placeholder for a whole value, unless its secret parts are references already."""
        return self.text(text) if _REFERENCE.search(text) else self._placeholder(name, text)

    def _placeholder(self, name: str, value: str) -> str:
        called = snake(name)
        if called in {"name", "replace", "no_check", "resources", "format", "help", "version", "dir", "id"}:
            called = f"{called}_value"
        if not is_reference(value):
            secrets.register(value)
            self.envs[called] = re.sub(r"[^A-Za-z0-9]", "_", name).upper()
        else:
            self.envs[called] = value[2:-1]
        self.values[called] = value
        return f"{{{called}}}"


def create(
    name: str,
    *,
    transport: str,
    command: str = "",
    env: Mapping[str, str] | None = None,
    url: str = "",
    headers: Mapping[str, str] | None = None,
    bearer: str = "",
    replace: bool = False,
    paths: Paths,
) -> results.Drafted:
    """Write `connectors/<name>.yaml`, and keep what it needs for `add`."""
    names.check(name)
    draft = Draft()
    server = _server(draft, transport, command, env or {}, url, headers or {}, bearer)
    written = keep(name, render(name, server, draft), replace=replace, paths=paths)
    if draft.values:
        Vault(paths).put(name, draft.values)
    return written


def render(name: str, server: Mapping[str, Any], draft: Draft) -> str:
    """Return the file's text."""
    lines = [f"name: {name}", "type: mcp", f"description: {_quoted(f'{name}: what the server knows')}", ""]
    if draft.values:
        lines.append("credentials:")
        for called, variable in draft.envs.items():
            lines.append(f"  - {{name: {called}, env: {variable}, prompt: {_quoted(variable)}, secret: true}}")
        lines.append("")
    lines.append("server:")
    lines += [f"  {key}: {_quoted(value)}" for key, value in server.items()]
    lines += [
        "",
        "# A table per tool that only reads is found when the server is met. To say more:",
        "# tools: {include: [query_*], exclude: [get_env]}",
        "# resources:",
        "#   - name: open_issues",
        "#     tool: list_issues",
        "#     arguments: {state: open}",
        "#     primary_key: id",
    ]
    return "\n".join(lines) + "\n"


def _server(
    draft: Draft,
    transport: str,
    command: str,
    env: Mapping[str, str],
    url: str,
    headers: Mapping[str, str],
    bearer: str,
) -> dict[str, Any]:
    stdio = transport == "stdio"
    given = {"--command": command, "--env": env, "--url": url, "--header": headers, "--bearer": bearer}
    wrong = [flag for flag in (("--url", "--header", "--bearer") if stdio else ("--command", "--env")) if given[flag]]
    needed = "--command" if stdio else "--url"
    if wrong:
        raise errors.UsageError(
            f"{wrong[0]} means nothing for --transport {transport}", hint=f"It needs {needed}.", flag=wrong[0]
        )
    if not given[needed]:
        example = '--command "npx -y @modelcontextprotocol/server-memory"' if stdio else "--url https://host/mcp"
        raise errors.UsageError(f"--transport {transport} needs {needed}", hint=f"For example: {example}")
    server: dict[str, Any] = {"transport": transport}
    if stdio:
        server["command"] = draft.text(command)
        if _names_a_file(command):
            server["cwd"] = _escaped(str(Path.cwd()))
        if env:
            server["env"] = {key: draft.secret(key, value) for key, value in env.items()}
        return server
    server["url"] = draft.text(url)
    if headers:
        server["headers"] = {key: draft.secret(key, value) for key, value in headers.items()}
    if bearer:
        server["auth"] = {"type": "bearer", "token": draft.secret("token", bearer)}
    return server


def _names_a_file(command: str) -> bool:
    """Tell whether a word of the command is a file here, so that it has to be started here."""
    return any(not word.startswith(("/", "-")) and Path(word).exists() for word in command.split())


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

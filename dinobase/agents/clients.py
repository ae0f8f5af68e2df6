"""The clients that can be set up: where each keeps its servers on each platform, and in which shape."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dinobase.core.errors import UnknownName, did_you_mean
from dinobase.core.settings import env

SERVER = "dinobase"


@dataclass(frozen=True, slots=True)
class Command:
    """How a client starts the server."""

    program: str
    args: Sequence[str]
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """`keys` lead to the server's entry; `skills` is its folder of skills, where it has one."""

    name: str
    title: str
    file: Callable[[Path], Path]
    keys: tuple[str, ...] = ("mcpServers", SERVER)
    syntax: Literal["json", "toml"] = "json"
    extra: tuple[tuple[str, Any], ...] = ()
    skills: tuple[str, ...] = ()
    restart: str = ""

    def entry(self, command: Command) -> dict[str, Any]:
        """Return what the client wants to know."""
        found: dict[str, Any] = {**dict(self.extra), "command": command.program, "args": list(command.args)}
        if command.env:
            found["env"] = dict(command.env)
        return found


def _in_home(*parts: str) -> Callable[[Path], Path]:
    return lambda home: home.joinpath(*parts)


def _in_settings(*parts: str) -> Callable[[Path], Path]:
    """Return a place below the folder where the platform's programs keep their settings."""

    def place(home: Path) -> Path:
        if sys.platform == "darwin":
            return home.joinpath("Library", "Application Support", *parts)
        if sys.platform == "win32":
            return Path(env("APPDATA") or home / "AppData" / "Roaming").joinpath(*parts)
        return Path(env("XDG_CONFIG_HOME") or home / ".config").joinpath(*parts)

    return place


def _zed(home: Path) -> Path:
    if sys.platform == "win32":
        return Path(env("APPDATA") or home / "AppData" / "Roaming") / "Zed" / "settings.json"
    base = Path(env("XDG_CONFIG_HOME") or home / ".config") if sys.platform != "darwin" else home / ".config"
    return base / "zed" / "settings.json"


def _codex(home: Path) -> Path:
    return Path(env("CODEX_HOME") or home / ".codex") / "config.toml"


_SHARED_SKILLS = (".agents", "skills")
_STDIO = (("type", "stdio"),)
_CLINE = ("Code", "User", "globalStorage", "saoudrizwan.claude-dev", "settings", "cline_mcp_settings.json")
CLIENTS: tuple[Client, ...] = (
    Client("claude-code", "Claude Code", _in_home(".claude.json"), extra=_STDIO, skills=(".claude", "skills")),
    Client(
        "claude-desktop",
        "Claude Desktop",
        _in_settings("Claude", "claude_desktop_config.json"),
        restart="Quit Claude and start it again.",
    ),
    Client("cursor", "Cursor", _in_home(".cursor", "mcp.json"), skills=_SHARED_SKILLS),
    Client("codex", "Codex", _codex, keys=("mcp_servers", SERVER), syntax="toml", skills=_SHARED_SKILLS),
    Client(
        "vscode",
        "VS Code",
        _in_settings("Code", "User", "mcp.json"),
        keys=("servers", SERVER),
        extra=_STDIO,
        skills=_SHARED_SKILLS,
    ),
    Client("gemini", "Gemini CLI", _in_home(".gemini", "settings.json"), skills=_SHARED_SKILLS),
    Client(
        "windsurf",
        "Windsurf",
        _in_home(".codeium", "windsurf", "mcp_config.json"),
        skills=_SHARED_SKILLS,
        restart="Press Refresh in its list of MCP servers.",
    ),
    Client("zed", "Zed", _zed, keys=("context_servers", SERVER), skills=_SHARED_SKILLS),
    Client(
        "copilot",
        "GitHub Copilot CLI",
        _in_home(".copilot", "mcp-config.json"),
        extra=(("type", "local"), ("tools", ["*"])),
        skills=_SHARED_SKILLS,
    ),
    Client("kiro", "Kiro", _in_home(".kiro", "settings", "mcp.json")),
    Client("cline", "Cline", _in_settings(*_CLINE)),
)
NAMES = tuple(client.name for client in CLIENTS)


def client(name: str) -> Client:
    """Return a client by name; raises UnknownName."""
    for one in CLIENTS:
        if one.name == name:
            return one
    near = did_you_mean(name, NAMES)
    hint = f"Did you mean {near}?" if near else f"Known: {', '.join(NAMES)}. Others: dinobase mcp-config cursor"
    raise UnknownName(f"There is no client {name}", code="unknown.client", hint=hint, name=name, known=list(NAMES))

"""The commands, and nothing loaded but the module of the one that was called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import argparse

    from dinobase.cli.parse import Parser


@dataclass(frozen=True, slots=True)
class Command:
    """`module` is below cli/commands and imported on use; `result` names the type of its JSON, for `schema`."""

    name: str
    group: str
    module: str
    summary: str
    result: str = ""


class Module(Protocol):
    """What a module of cli/commands holds."""

    def arguments(self, parser: Parser) -> None:
        """Say what the command takes."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it, print it, return the exit code."""


_RESULTS = "dinobase.workspace.results"
COMMANDS: tuple[Command, ...] = (
    Command("init", "Set up", "init", "Make a workspace, or say where its data goes", f"{_RESULTS}:Initialised"),
    Command("add", "Set up", "add", "Connect an API and check its credentials", f"{_RESULTS}:Added"),
    Command("remove", "Set up", "remove", "Disconnect, and drop the data unless told", f"{_RESULTS}:Removed"),
    Command("connectors", "Set up", "connectors", "What is connected, and what could be", f"{_RESULTS}:Connectors"),
    Command("connector", "Set up", "connector", "Write, check and try connector files"),
    Command("sync", "Data", "sync", "Bring new and changed rows into the tables", "dinobase.sync.report:SyncReport"),
    Command("query", "Data", "query", "Ask in SQL, across all connectors", "dinobase.query.result:QueryResult"),
    Command("describe", "Data", "describe", "What a table holds, column by column", f"{_RESULTS}:Described"),
    Command("history", "Data", "history", "The versions of a table, and what each changed", f"{_RESULTS}:History"),
    Command("status", "Keep", "status", "How fresh everything is, and what failed", f"{_RESULTS}:Status"),
    Command("maintain", "Keep", "maintain", "Merge small files, drop versions past the retention", f"{_RESULTS}:Maintained"),
    Command("doctor", "Keep", "doctor", "Check the installation; each finding has a remedy", f"{_RESULTS}:Checkup"),
    Command("schema", "More", "schema", "JSON Schema of what a command prints"),
    Command("completion", "More", "completion", "Completion for bash, zsh or tcsh"),
)

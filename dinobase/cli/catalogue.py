"""The commands, and nothing loaded but the module of the one that was called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import argparse

    from dinobase.cli.parse import Parser


@dataclass(frozen=True, slots=True)
class Command:
    """`module` is below cli/commands and imported on use; `results`: command line -> type of the JSON it prints."""

    name: str
    group: str
    module: str
    summary: str
    results: tuple[tuple[str, str], ...] = ()


class Module(Protocol):
    """What a module of cli/commands holds."""

    def arguments(self, parser: Parser) -> None:
        """Say what the command takes."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it, print it, return the exit code."""


_R = "dinobase.workspace.results"
_M = "dinobase.workspace.mcp_results"
_W = "dinobase.workspace.write_results"
_A = "dinobase.workspace.annotating"
_D = "dinobase.workspace.metrics"
COMMANDS: tuple[Command, ...] = (
    Command("init", "Set up", "init", "Make a workspace, or say where its data goes", (("init", f"{_R}:Initialised"),)),
    Command("add", "Set up", "add", "Connect an API and check its credentials", (("add", f"{_R}:Added"),)),
    Command("auth", "Set up", "auth", "Allow the access in your browser (OAuth2)", (("auth", f"{_R}:Authorized"),)),
    Command(
        "set",
        "Set up",
        "set",
        "How often a connector is synced, when it is stale",
        (("set", "dinobase.workspace.setting:Settled"),),
    ),
    Command("remove", "Set up", "remove", "Disconnect, and drop the data unless told", (("remove", f"{_R}:Removed"),)),
    Command(
        "connectors",
        "Set up",
        "connectors",
        "What is connected, and what could be",
        (("connectors", f"{_R}:Connectors"), ("connectors --available", f"{_R}:Available")),
    ),
    Command(
        "connector",
        "Set up",
        "connector",
        "Write, check and try connector files",
        (
            ("connector create", f"{_R}:Drafted"),
            ("connector edit", f"{_R}:Validated"),
            ("connector list", f"{_R}:Definitions"),
            ("connector test", f"{_R}:Tried"),
            ("connector validate", f"{_R}:Validated"),
        ),
    ),
    Command(
        "sync",
        "Data",
        "sync",
        "Bring new and changed rows into the tables",
        (("sync", "dinobase.sync.report:SyncReport"), ("sync --dry-run", "dinobase.sync.report:DryRun")),
    ),
    Command(
        "refresh",
        "Data",
        "refresh",
        "Bring in what is new, of all or of what is stale",
        (("refresh", "dinobase.sync.report:SyncReport"),),
    ),
    Command("info", "Data", "info", "What is here, short", (("info", "dinobase.catalog.info:Info"),)),
    Command(
        "search",
        "Data",
        "search",
        "Find tables by names, meanings and values",
        (("search", "dinobase.catalog.search:Found"),),
    ),
    Command(
        "query",
        "Data",
        "query",
        "Ask in SQL, across all connectors; plan writes",
        (("query", f"{_R}:Queried"), ("query UPDATE", f"{_W}:Planned"), ("query BATCH", f"{_W}:PlannedBatch")),
    ),
    Command(
        "describe",
        "Data",
        "describe",
        "What a table holds, column by column",
        (("describe", "dinobase.catalog.tables:TableDescription"), ("describe A B", f"{_R}:Described")),
    ),
    Command(
        "annotate",
        "Data",
        "annotate",
        "Say what a table or column means",
        (("annotate", f"{_A}:Annotated"), ("annotate --auto", "dinobase.workspace.filling:Filling")),
    ),
    Command(
        "annotations",
        "Data",
        "annotations",
        "What is said of a table, by whom, and what counts",
        (("annotations", f"{_A}:Annotations"),),
    ),
    Command(
        "gaps",
        "Data",
        "gaps",
        "What tables and columns leave unsaid, with samples",
        (("gaps", "dinobase.catalog.gaps:Gaps"),),
    ),
    Command(
        "metric",
        "Data",
        "metric",
        "Named definitions with tests, for FROM metric('NAME')",
        (
            ("metric add", f"{_D}:MetricAdded"),
            ("metric list", f"{_D}:MetricList"),
            ("metric show", f"{_D}:MetricShown"),
            ("metric test", f"{_D}:MetricsTested"),
            ("metric remove", f"{_D}:MetricRemoved"),
        ),
    ),
    Command(
        "history",
        "Data",
        "history",
        "The versions of a table, and what each changed",
        (("history", "dinobase.query.history:TableHistory"),),
    ),
    Command(
        "install",
        "Agents",
        "install",
        "Set an agent's client up, in one command",
        (("install", "dinobase.agents.install:Installed"),),
    ),
    Command(
        "mcp",
        "Agents",
        "mcp",
        "Tools of other MCP servers that are connected",
        (
            ("mcp servers", f"{_M}:McpServers"),
            ("mcp info", f"{_M}:McpInfo"),
            ("mcp search", f"{_M}:McpFound"),
            ("mcp call", f"{_M}:McpCalled"),
            ("mcp instructions", f"{_M}:McpInstructions"),
        ),
    ),
    Command("mcp-config", "Agents", "mcp_config", "Print what a client's file needs"),
    Command(
        "confirm",
        "Writes",
        "confirm",
        "Approve a planned write, and send it",
        (("confirm", f"{_W}:Applied"), ("confirm BATCH", f"{_W}:AppliedBatch")),
    ),
    Command(
        "cancel",
        "Writes",
        "cancel",
        "Take back a write that waits for its approval",
        (("cancel", f"{_W}:Cancelled"),),
    ),
    Command(
        "mutations",
        "Writes",
        "mutations",
        "Writes that were planned and sent; go on, give up, verify",
        (
            ("mutations", f"{_W}:Mutations"),
            ("mutations abandon", f"{_W}:Applied"),
            ("mutations approve-code", f"{_W}:ApproveCode"),
            ("mutations resume", f"{_W}:Applied"),
            ("mutations show", f"{_W}:Shown"),
            ("mutations show BATCH", f"{_W}:ShownBatch"),
            ("mutations verify", f"{_W}:Verified"),
        ),
    ),
    Command("undo", "Writes", "undo", "Plan what takes a write back", (("undo", f"{_W}:Planned"),)),
    Command(
        "approval-key",
        "Writes",
        "approval_key",
        "A passphrase that a person's approval takes",
        (("approval-key", "dinobase.workspace.approving:ApprovalKey"),),
    ),
    Command("serve", "Agents", "serve", "MCP for agents, on stdio or HTTP"),
    Command(
        "token",
        "Agents",
        "token",
        "Tokens for agents that come over HTTP",
        (
            ("token create", "dinobase.access.tokens:TokenCreated"),
            ("token list", "dinobase.access.tokens:Tokens"),
            ("token revoke", "dinobase.access.tokens:TokenRevoked"),
        ),
    ),
    Command(
        "diff",
        "Data",
        "diff",
        "What changed in a table, with old and new values",
        (("diff", "dinobase.query.difference:TableDiff"),),
    ),
    Command("status", "Keep", "status", "How fresh everything is, and what failed", (("status", f"{_R}:Status"),)),
    Command(
        "schedule",
        "Keep",
        "schedule",
        "What is due when; what starts the scheduler",
        (
            ("schedule", "dinobase.workspace.schedule_state:Schedule"),
            ("schedule install", "dinobase.workspace.schedule_state:Units"),
        ),
    ),
    Command(
        "maintain",
        "Keep",
        "maintain",
        "Merge small files, drop versions past the retention",
        (("maintain", "dinobase.workspace.upkeep:Maintained"),),
    ),
    Command(
        "forget",
        "Keep",
        "forget",
        "Take a record out of everything that is kept here",
        (("forget", "dinobase.workspace.forgetting:Forgotten"),),
    ),
    Command(
        "doctor",
        "Keep",
        "doctor",
        "Check the installation; each finding has a remedy",
        (("doctor", f"{_R}:Checkup"),),
    ),
    Command("schema", "More", "schema", "JSON Schema of what a command prints"),
    Command("completion", "More", "completion", "Completion for bash, zsh, fish, tcsh, PowerShell"),
)

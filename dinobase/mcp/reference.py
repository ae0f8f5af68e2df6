"""The tools as docs/mcp.md shows them: made of what clients are told, so that the page cannot differ from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dinobase.mcp.handlers import TOOLS
from dinobase.mcp.tools import Tool


def markdown() -> str:
    """Return a section per tool."""
    return "\n".join(_section(tool) for tool in TOOLS)


def _section(tool: Tool) -> str:
    lines = [f"### {tool.name}\n", f"{tool.description}\n", f"It {_effect(tool)}.\n"]
    schema = tool.arguments.model_json_schema()  # with the limits, which clients are not told
    if schema["properties"]:
        lines += ["| Argument | Type | Default |", "| --- | --- | --- |"]
        required = schema.get("required", [])
        for name, facts in schema["properties"].items():
            default = "required" if name in required else f"`{json.dumps(facts['default'])}`"
            lines.append(f"| `{name}` | {_type(facts)} | {default} |")
        lines.append("")
    return "\n".join(lines)


def _effect(tool: Tool) -> str:
    if tool.read_only:
        return "only reads"
    if tool.plans:
        return "reads, or makes a plan of a write; see [below](#writes) for what clients are told of it"
    if tool.destructive:
        return "changes records at the source"
    what = "tables" if tool.open_world else "what is said or planned"
    return f"changes {what} here, nothing at the source"


def _type(facts: Mapping[str, Any]) -> str:
    if facts["type"] == "array":
        return f"list of {facts.get('minItems', 0)} to {facts['maxItems']} {facts['items']['type']}s"
    span = f", {facts['minimum']} to {facts['maximum']}" if "minimum" in facts else ""
    return f"{facts['type']}{span}"

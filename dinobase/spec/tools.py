"""What a server lists -> which tools only read, and the tables that they make. Pure.

A tool counts as reading where the server's annotation says so, else where its name begins with a word for reading and
holds none for writing; what the server calls destructive never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from dinobase.core.errors import RequestError, did_you_mean
from dinobase.spec.checks.naming import snake
from dinobase.spec.models import Connector, Resource
from dinobase.spec.servers import Tools

RESOURCES = "resources/list"  # the method, in the place of a tool: what the server offers to read
_READS = frozenset({"list", "get", "search", "read", "find", "fetch", "show", "describe", "lookup", "view", "count"})
_WRITES = frozenset(
    """
    add append apply approve archive assign call cancel change clear click close commit copy create delete deploy
    disable drop edit enable exec execute import insert install invoke mark merge modify move open patch post publish
    purge push put remove rename replace reset restart restore revoke run save send set start stop submit sync toggle
    trigger truncate type unsubscribe update upload upsert write
    """.split()  # noqa: SIM905 - a list literal would be fifty lines
)
_LONGEST_NAME = 120  # of a table: it is part of names of files
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")
_DEEPEST = 8  # of an argument's schema


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as its server lists it; a hint is None where the server gives none."""

    name: str
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    read_only_hint: bool | None = None
    destructive_hint: bool | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """The arguments without which it cannot be called."""
        return tuple(str(name) for name in self.schema.get("required") or ())

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Name -> JSON Schema of each argument."""
        found = self.schema.get("properties")
        return found if isinstance(found, Mapping) else {}


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server said of itself the last time it was asked; `seen` is when."""

    server: str
    version: str
    protocol: str
    instructions: str
    tools: tuple[Tool, ...]
    resources: bool
    seen: str

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Listing:
        """Read what was kept; raises TypeError, KeyError where it is another version's."""
        return cls(**{**data, "tools": tuple(Tool(**tool) for tool in data["tools"])})

    def tool(self, name: str) -> Tool | None:
        """Find a tool by its own name, else by its table's."""
        exact = next((tool for tool in self.tools if tool.name == name), None)
        return exact or next((tool for tool in self.tools if snake(tool.name) == name), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a tool may be called without asking, and why."""

    reads: bool
    why: str


@dataclass(frozen=True, slots=True)
class Expanded:
    """A definition with a table per tool that can be read; `left_out`: tool -> why it is no table."""

    connector: Connector
    left_out: Mapping[str, str]


def spoken(text: str, longest: int) -> str:
    """Return a server's own words without what steers a terminal, cut at a length that nobody need read."""
    found = _CONTROL.sub(" ", text[: longest + 1])
    return f"{found[: longest - 1]}…" if len(found) > longest else found


def judge(tool: Tool, tools: Tools | None, named: Sequence[str] = (), prefix: str = "") -> Judged:
    """Say whether a tool only reads; `named` are those that the definition's resources call, `prefix` is shared."""
    rules = tools or Tools()
    if tool.read_only_hint is not True and (
        tool.destructive_hint or (tool.read_only_hint is False and tool.destructive_hint is None)
    ):
        return Judged(reads=False, why="the server says that it may destroy")
    if tool.name in named or _any(rules.include, tool.name):
        return Judged(reads=True, why="the definition names it")
    if _any(rules.exclude, tool.name):
        return Judged(reads=False, why="the definition excludes it")
    if tool.read_only_hint is not None:
        told = tool.read_only_hint and not tool.destructive_hint
        return Judged(reads=told, why=f"the server says that it {'only reads' if told else 'writes'}")
    words = _words(tool.name.removeprefix(prefix))
    if words and words[0] in _READS and not _WRITES.intersection(words):
        return Judged(reads=True, why=f"its name begins with {words[0]}")
    return Judged(reads=False, why="neither the server nor its name says that it only reads")


def judged(connector: Connector, listing: Listing) -> dict[str, Judged]:
    """Judge every tool of a server."""
    named = [resource.tool or resource.name for resource in connector.resources]
    named = [tool.name for name in named if (tool := listing.tool(name)) is not None]
    prefix = _shared(listing.tools)
    return {tool.name: judge(tool, connector.tools, named, prefix) for tool in listing.tools}


def expand(connector: Connector, listing: Listing) -> Expanded:
    """Return the definition with its declared tables first, then a table per tool that can be read as it is."""
    verdicts = judged(connector, listing)
    left_out: dict[str, str] = {}
    tables: list[Resource] = []
    covered: set[str] = set()
    for resource in connector.resources:
        tool = listing.tool(resource.tool or resource.name)
        if tool is None:
            tables.append(resource.model_copy(update={"tool": resource.tool or resource.name}))
            continue
        covered.add(tool.name)
        if verdicts[tool.name].reads:
            described = resource.description or _first_line(tool.description)
            tables.append(resource.model_copy(update={"tool": tool.name, "description": described}))
        else:
            left_out[tool.name] = verdicts[tool.name].why
    taken = {table.name for table in tables}
    for tool in listing.tools:
        if tool.name in covered:
            continue
        if not verdicts[tool.name].reads:
            left_out[tool.name] = verdicts[tool.name].why
        elif tool.required:
            left_out[tool.name] = f"it needs {', '.join(tool.required)}: give `arguments` in `resources` of the file"
        elif len(snake(tool.name)) > _LONGEST_NAME:
            left_out[tool.name] = f"a table's name has at most {_LONGEST_NAME} letters: give one in `resources`"
        else:
            tables.append(_table(_free(snake(tool.name), taken), tool.name, _first_line(tool.description)))
    excluded = _any((connector.tools or Tools()).exclude, "resources")
    if listing.resources and not excluded and RESOURCES not in {table.tool for table in tables}:
        words = "What the server offers to read, with the text of what is text."
        tables.append(_table(_free("resources", taken), RESOURCES, words))
    return Expanded(connector.model_copy(update={"resources": tables}), left_out)


def _table(name: str, tool: str, description: str) -> Resource:
    return Resource(name=name, tool=tool, description=description or None, write_disposition="replace")


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found


def _any(patterns: Sequence[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _words(name: str) -> list[str]:
    return snake(name).split("_")


def _shared(tools: Sequence[Tool]) -> str:
    """Return the first word with its separator where all tools begin with it (`slack_list_channels`), else ''."""
    heads = {match[0] if (match := re.match(r"[A-Za-z0-9]+[-_./]", tool.name)) else "" for tool in tools}
    head = heads.pop() if len(heads) == 1 and len(tools) > 1 else ""
    return "" if head[:-1].lower() in _READS | _WRITES else head


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def fitted(tool: Tool, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as the tool's schema types them: text here may be a number there. Raises RequestError."""
    known = tool.arguments
    unknown = [name for name in given if known and name not in known and not tool.schema.get("additionalProperties")]
    missing = [name for name in tool.required if given.get(name) is None]
    if unknown or missing:
        near = did_you_mean(unknown[0], known) if unknown else ""
        said = f"has no argument `{unknown[0]}`" if unknown else f"needs {', '.join(f'`{name}`' for name in missing)}"
        listed = ", ".join(f"{name}{'' if name in tool.required else ' (optional)'}" for name in known) or "none"
        raise RequestError(
            f"the tool `{tool.name}` {said}",
            code="mcp.arguments",
            hint=f"{f'Did you mean `{near}`? ' if near else ''}Its arguments: {listed}.",
            tool=tool.name,
        )
    return {name: _fitted(value, _types(known.get(name))) for name, value in given.items()}


def _fitted(value: Any, types: set[str]) -> Any:
    if not isinstance(value, str) or not types or "string" in types:
        return value
    try:
        read = json.loads(value)
    except ValueError:
        return value
    kinds = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object", type(None): "null"}
    kind = kinds.get(type(read), "string")
    return read if kind in types or (kind == "integer" and "number" in types) else value


def _types(schema: Any, depth: int = 0) -> set[str]:
    """Return the JSON types that an argument may have; empty where its schema does not say."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return set()
    stated = schema.get("type")
    found = {each for each in (stated if isinstance(stated, list) else [stated]) if isinstance(each, str)}
    for key in ("anyOf", "oneOf"):
        parts = schema.get(key)
        for part in parts if isinstance(parts, list) else ():
            found |= _types(part, depth + 1)
    return found

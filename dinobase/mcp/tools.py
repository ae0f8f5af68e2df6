"""A tool is one typed function: its signature is the schema, its docstring the description, both as short as can be.

Schemas lose what no model needs (titles, limits); arguments are checked against the signature, and a
fault names the argument, what was found and what is allowed.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from dinobase.core.errors import UsageError, did_you_mean
from dinobase.mcp.call import Call

Handler: TypeAlias = Callable[..., Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Tool:
    """What is listed, and what runs; `plans`: it takes writes too, so that its hints hang on who may write."""

    name: str
    description: str
    schema: Mapping[str, Any]
    run: Handler
    arguments: type[BaseModel] = field(repr=False)
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False
    plans: bool = False

    async def call(self, call: Call, given: Mapping[str, Any]) -> str:
        """Check the arguments and run; raises UsageError."""
        try:
            checked = self.arguments.model_validate(given)
        except ValidationError as error:
            raise self._wrong(error) from None
        return await self.run(call, **{name: getattr(checked, name) for name in type(checked).model_fields})

    def _wrong(self, error: ValidationError) -> UsageError:
        found = []
        hint = ""
        known = list(self.arguments.model_fields)
        for problem in error.errors(include_url=False):
            name = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                near = did_you_mean(name, known)
                found.append(f"there is no argument {name}")
                hint = f"Did you mean {near}?" if near else f"Arguments: {', '.join(known)}."
            else:
                found.append(f"{name}: {problem['msg'].lower()}")
        return UsageError(f"{self.name}: {'; '.join(found)}", hint=hint)


_LEFT_OUT = frozenset({"title", "minimum", "maximum", "minItems", "maxItems"})
_SILENT = frozenset({"limit", "timeout", "budget"})  # what is left out by default, a text or the answer says


def tool(
    function: Handler,
    *,
    read_only: bool = True,
    destructive: bool = False,
    idempotent: bool = True,
    open_world: bool = False,
    plans: bool = False,
) -> Tool:
    """Make a tool of a function whose first parameter is the Call."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints[parameter.name], default)
    model = create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)
    return Tool(
        name=function.__name__,
        description=" ".join((function.__doc__ or "").split()),
        schema=_short(model.model_json_schema()),
        run=function,
        arguments=model,
        read_only=read_only,
        destructive=destructive,
        idempotent=idempotent,
        open_world=open_world,
        plans=plans,
    )


def _short(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Drop titles, defaults of nothing, and the limits that a refusal names anyway."""
    found: dict[str, Any] = {"type": "object", "properties": {}}
    for name, facts in schema.get("properties", {}).items():
        found["properties"][name] = {
            key: value
            for key, value in facts.items()
            if key not in _LEFT_OUT and not (key == "default" and (value in ("", [], False) or name in _SILENT))
        }
        if found["properties"][name].get("items", {}).get("additionalProperties") is True:
            found["properties"][name]["items"] = {"type": "object"}
    if schema.get("required"):
        found["required"] = schema["required"]
    return found if found["properties"] else {"type": "object"}

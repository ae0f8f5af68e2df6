"""The reference of the connector file, generated from the models, so that it cannot say anything else than they do.

`cog -r docs/connector-yaml.md` puts the tables into the guide; `python -m dinobase.spec.docs FILE` writes the schema.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dinobase.kinds import auth, paginate
from dinobase.kinds.base import Kind
from dinobase.spec import config_models, models, servers
from dinobase.spec.schema import schema_text
from dinobase.spec.shapes import members, wanted
from dinobase.spec.validation import model_of

_PLACES = (models, servers, config_models, auth, paginate)


def table(name: str) -> str:
    """Return the Markdown table of a model's keys."""
    model = _model(name)
    rows = ["| Key | What it takes | Default | Meaning |", "|---|---|---|---|"]
    for key, field in model.model_fields.items():
        kind = key == "type" and len(get_args(field.annotation)) == 1
        meaning = "Which kind this is." if kind else field.description or _inherited(key)
        default = "required" if kind else _default(field)
        rows.append(f"| `{key}` | {_takes(field.annotation)} | {default} | {_cell(meaning)} |")
    return "\n".join(rows) + "\n"


def _model(name: str) -> type[BaseModel]:
    for place in _PLACES:
        found = getattr(place, name, None)
        if isinstance(found, type) and issubclass(found, Kind):
            return model_of(found)
    raise LookupError(name)


def _inherited(key: str) -> str:
    """Take the words of a resource for what resource_defaults has of it."""
    field = models.Resource.model_fields.get(key)
    return field.description if field else ""


def _takes(annotation: Any) -> str:
    parts = list(dict.fromkeys(_one(member) for member in members(annotation)))
    return " or ".join(parts) if len(parts) <= 3 else f"one of {len(parts)} kinds, by `type`"


def _one(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if annotation is Any:
        return "any value"
    return wanted(annotation)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value in (None, "", (), [], {}):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "" if isinstance(value, BaseModel) else f"`{value}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(schema_text(), encoding="utf-8")

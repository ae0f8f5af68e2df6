"""A row condition from config.yaml -> SQL that can stand in a view: one expression over one table's own columns."""

from __future__ import annotations

from typing import Any

from dinobase.core.errors import DinobaseError
from dinobase.lake.sql import parse_tree

_REFUSED = frozenset({"SUBQUERY", "WINDOW", "STAR", "PARAMETER", "LAMBDA", "DEFAULT"})


def checked(connection: Any, condition: str, where: str) -> str:
    """Return the condition in parentheses; what it cannot decide about a row, it does not show."""
    text = f"SELECT\n{condition}\n"
    tree = parse_tree(connection, text)
    if tree.get("error"):
        raise _faulty(where, str(tree.get("error_message", "it is no SQL expression")).split("\n")[0])
    statements = tree["statements"]
    node = statements[0]["node"]
    items = node.get("select_list", [])
    alone = len(statements) == 1 and node.get("type") == "SELECT_NODE" and len(items) == 1
    if not alone or node.get("where_clause") or node["from_table"].get("type") != "EMPTY" or node.get("modifiers"):
        raise _faulty(where, "it is more than one expression")
    kind = _refused(items[0])
    if kind:
        raise _faulty(where, f"it holds a {kind.lower()}")
    return f"TRY((\n{condition}\n)::BOOLEAN)"


def _refused(tree: Any) -> str:
    stack = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("class") in _REFUSED:
                return str(value["class"])
            if value.get("function_name") in {"error", "getvariable", "current_setting", "random", "nextval"}:
                return f"call of {value['function_name']}()"
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return ""


def _faulty(where: str, reason: str) -> DinobaseError:
    """Say what is wrong without the condition: whom it restricts may not read it."""
    return DinobaseError(
        f"The row condition of {where} cannot be used: {reason}",
        hint="Write one condition over the table's own columns in config.yaml, such as `livemode = true`.",
        code="access.rule",
    )

"""Which table and operation a write endpoint means, read from its name: `batch_update_companies`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

Operation: TypeAlias = Literal["create", "update", "delete", "upsert"]

OPERATIONS: tuple[Operation, ...] = get_args(Operation)

_NAME = re.compile(r"(?:batch_|bulk_)?(create|update|delete|upsert)_(.+)")
_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "indices": "index"}


def operation_of(name: str) -> Operation | None:
    """Return the operation in a name, None where it has none."""
    match = _NAME.fullmatch(name)
    return next((op for op in OPERATIONS if match and op == match[1]), None)


def table_of(name: str, tables: Sequence[str]) -> str | None:
    """Return the table that a name means: itself, its singular or its plural."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    if match[2] in tables:
        return match[2]
    wanted = singulars(match[2])
    return next((table for table in tables if singulars(table) & wanted), None)


def singulars(word: str) -> set[str]:
    """Return what a word may be the plural of, itself too; only the last part of `order_lines` changes."""
    head, cut, last = word.rpartition("_")
    forms = {last}
    if last in _IRREGULAR:
        forms.add(_IRREGULAR[last])
    if last.endswith("ies") and len(last) > len("ties"):
        forms.add(last[:-3] + "y")
    if last.endswith(("ses", "xes", "zes", "ches", "shes")):
        forms.add(last[:-2])
    if last.endswith("s") and not last.endswith(("ss", "us", "is")):
        forms.add(last[:-1])
    return {f"{head}{cut}{form}" for form in forms}

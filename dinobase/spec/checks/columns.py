"""Columns: types that DuckDB knows, under keys that are names or paths."""

from __future__ import annotations

import re

from dinobase.core.errors import did_you_mean
from dinobase.spec import sql_types
from dinobase.spec.models import Connector
from dinobase.spec.report import Path, Report

_KEY = re.compile(r"[^\s.\[\]]+(?:\[\]|\.[^\s.\[\]]+)*")


def column_types(report: Report, connector: Connector) -> None:
    """Refuse types that DuckDB does not know, and keys that are neither names nor paths."""
    for index, resource in enumerate(connector.resources):
        for name, column in resource.columns.items():
            path: Path = ("resources", index, "columns", name)
            if column.type is not None and sql_types.canonical(column.type) is None:
                known = list(sql_types.NAMES)
                guess = sql_types.NAMES.get(did_you_mean(column.type.upper(), known), "")
                hint = (f"Did you mean `{guess}`? " if guess else "") + f"Allowed: {sql_types.ALLOWED}."
                message = f"`{report.at((*path, 'type'))}` is `{column.type}`, which is no type."
                report.error((*path, "type"), "column_type", message, hint)
            if not _KEY.fullmatch(name):
                hint = "Write a column's name, or its source path: `address.city`, `items.data[].price`."
                report.error(path, "column_key", f"`{name}` is neither a column nor a path.", hint, key=True)


CHECKS = (column_types,)

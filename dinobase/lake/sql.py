"""Quoting: every name and value that becomes SQL text passes through here."""

from __future__ import annotations

import json
from typing import Any


def ident(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote a string value."""
    return "'" + value.replace("'", "''") + "'"


def qualified(*names: str) -> str:
    """Quote a dotted name."""
    return ".".join(ident(name) for name in names)


def parse_tree(connection: Any, sql: str) -> dict[str, Any]:
    """Return DuckDB's own parse tree of SELECTs, bound to nothing; `error` is true for anything else."""
    # a bound parameter would make the driver import uuid, decimal and platform
    text = connection.execute(f"SELECT json_serialize_sql({literal(sql)}::VARCHAR)").fetchone()[0]
    tree: dict[str, Any] = json.loads(text)
    return tree


def statement_kinds(connection: Any, sql: str) -> list[str]:
    """Return `SELECT`, `DELETE`, `COPY`... of each statement; ask a locked instance, as parsing IMPORT reads files."""
    return [str(statement.type).rpartition(".")[2] for statement in connection.extract_statements(sql)]


def statements(connection: Any, sql: str) -> list[tuple[str, str]]:
    """Return the kind and the own text of each statement; ask a locked instance."""
    return [(str(s.type).rpartition(".")[2], str(s.query).strip()) for s in connection.extract_statements(sql)]


def tokenized(sql: str) -> list[tuple[int, Any]]:
    """Return where each of the parser's tokens begins, in bytes, and of what kind it is; comments are left out."""
    import _duckdb  # only statements that change data need it

    return list(_duckdb.tokenize(sql))

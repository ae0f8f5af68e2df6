"""The text around a statement: where it ends, what EXPLAIN explains, and why anything but SELECT is refused."""

from __future__ import annotations

import re
from collections.abc import Collection

from dinobase.query.decision import Refused

# Compiled when first used: most statements need neither.
_PIECE = r"[eE]'(?:[^'\\\\]|\\\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|;|."


def cut_end(sql: str) -> str:
    """Cut the semicolon that ends a statement, and what follows it, so that the text can stand in a FROM."""
    if ";" not in sql:
        return sql
    for token in re.finditer(_PIECE, sql, re.DOTALL):
        if token[0] == ";" and sql[: token.start()].strip():
            return sql[: token.start()]
    return sql


_GAP = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_EXPLAIN = rf"{_GAP}EXPLAIN\b{_GAP}(?P<analyze>ANALYZE\b)?(?:{_GAP}\((?!\s*SELECT)[^()]*\)(?=[\s/-]))?"


def explained(sql: str) -> tuple[str, str]:
    """Return EXPLAIN's own words and the statement that it explains, '' where the text is no EXPLAIN."""
    found = re.match(_EXPLAIN, sql, re.IGNORECASE | re.DOTALL)
    if found is None:
        return "", ""
    return ("EXPLAIN ANALYZE " if found["analyze"] else "EXPLAIN "), sql[found.end() :]


_INSTEAD = {
    "INSERT": "", "UPDATE": "", "DELETE": "", "MERGE_INTO": "",
    "COPY": "Use `dinobase query ... --format csv > file` to write a file.",
    "EXPORT": "Use `dinobase query ... --format csv > file` to write a file.",
    "COPY_DATABASE": "Use `dinobase query ... --format csv > file` to write a file.",
    "ATTACH": "`dinobase add` connects a database or a folder of files.",
    "DETACH": "Connectors are attached by name when a query names them.",
    "LOAD": "Extensions are those that dinobase ships.",
    "CREATE": "Use WITH name AS (...) for a step; of PIVOT write `FROM t PIVOT (sum(x) FOR y IN ('a', 'b'))`.",
    "CREATE_FUNC": "Use WITH name AS (...) for a step.",
    "DROP": "`dinobase remove` takes a connector out.",
    "ALTER": "The connector's file decides on columns.",
    "SET": "Use --timeout and --max-rows; other settings are fixed.",
    "VARIABLE_SET": "Use --timeout and --max-rows; other settings are fixed.",
    "PRAGMA": "Read information_schema.columns, or DESCRIBE connector.table.",
    "SELECT": "Read information_schema.columns, or DESCRIBE connector.table.",
    "CALL": "`dinobase maintain`, `dinobase history` and `dinobase sync` do such work.",
    "TRANSACTION": "Each call reads one version of each connector.",
    "VACUUM": "`dinobase maintain` does it.",
    "ANALYZE": "`dinobase maintain` does it.",
    "PREPARE": "Send the SELECT itself.",
    "EXECUTE": "Send the SELECT itself.",
}  # fmt: skip
WRITE = "write.statement"  # who asked hands the text to the planner of writes
_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE_INTO"})


def refuse(kinds: Collection[str]) -> Refused:
    """Decide about a text that is not only SELECTs; `kinds` are DuckDB's own words for its statements."""
    first = next((kind for kind in kinds if kind not in {"SELECT", "EXPLAIN"}), next(iter(kinds), "SELECT"))
    if first in _WRITES and set(kinds) <= _WRITES:
        return Refused(
            WRITE,
            f"{first.replace('_INTO', '')} changes data: it is planned, previewed and approved, not queried",
            "Workspace.write(sql) plans it.",
            {"kinds": sorted(set(kinds))},
        )
    if len(kinds) > 1 and first in _WRITES:
        return Refused("query.several", f"{len(kinds)} statements in one call", "Send one SELECT a call.")
    hint = _INSTEAD.get(first, "") or "Send one SELECT."
    name = "PRAGMA" if first == "SELECT" else first.replace("_", " ")
    return Refused(
        "query.refused", f"{name} is not a query: only SELECT runs here", hint, {"kinds": sorted(set(kinds))}
    )

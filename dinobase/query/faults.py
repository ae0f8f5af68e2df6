"""DuckDB's errors -> ours: short, with the nearest name from our own catalog, never DuckDB's own candidates.

DuckDB proposes names from everything that is attached and prints aliases of the instance; none of that passes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from dinobase.core.errors import DinobaseError, LakeError, QueryError, UnknownName, did_you_mean
from dinobase.core.secrets import redact
from dinobase.query.hints import call_fault, other_fault, syntax_hint

_COLUMN = re.compile(
    r'Referenced column "(?P<a>[^"]+)"'
    r'|Table "[^"]*" does not have a column named "(?P<b>[^"]+)"'
    r'|[Cc]olumn "?(?P<c>[^"\s]+)"? (?:does not exist|not found)'
    r'|does not have a column named "(?P<d>[^"]+)"'
    r'|column named "(?P<e>[^"]+)"'
)
_RELATION = re.compile(r'Referenced table "([^"]+)" not found')
_CUT = re.compile(
    r"\.?\s+Either add it to|\n\s*\n|\n\s*(?:Candidate|Did you mean|LINE \d|Possible)|\s*Did you mean", re.IGNORECASE
)
_MAX_COLUMNS = 12


def syntax_error(tree: Mapping[str, Any], sql: str) -> QueryError:
    """Say where the parser stopped."""
    message = str(tree.get("error_message", "syntax error")).split("\n")[0]
    place = str(tree.get("position", ""))
    context: dict[str, Any] = {}
    where = ""
    if place.isdigit():
        before = sql[: int(place)]  # the parser counts characters here, bytes in its tree
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        where = f" (line {line}, column {column})"
        context = {"line": line, "column": column}
    if "NOT IMPLEMENTED" in message:  # what the parser knows of other dialects
        message = "syntax that DuckDB does not have"
    hint = syntax_hint(message, sql) or "DuckDB's dialect: identifiers in double quotes, text in single quotes."
    return QueryError(f"{message[:1].upper()}{message[1:]}{where}", code="query.syntax", hint=hint, **context)


def about_a_column(error: Exception) -> bool:
    """Say whether `fault` needs to know the columns that there are."""
    return type(error).__name__ == "BinderException" and _COLUMN.search(str(error)) is not None


def fault(error: Exception, columns: Collection[str], sql: str = "") -> DinobaseError:
    """Map what DuckDB raised while binding or running; `columns` are those of the tables that the query names."""
    text = redact(str(error))  # the key of hashed values stands in views
    kind = type(error).__name__
    found = _COLUMN.search(text)
    if kind == "BinderException" and found:
        return _unknown_column(next(name for name in found.groups() if name), columns)
    relation = _RELATION.search(text)
    if kind == "BinderException" and relation:
        return UnknownName(
            f"There is no table or alias {relation[1]} in this query",
            code="unknown.alias",
            hint="Use the alias that FROM gives, or the table's own name.",
        )
    message = _short(text)
    if kind in {"IOException", "HTTPException", "InternalException", "FatalException"}:
        return LakeError(f"The lake's data could not be read: {message}", code="lake.read", hint="dinobase doctor")
    if kind == "OutOfMemoryException":
        return _out_of_memory()
    call = call_fault(text, sql)
    if call is not None:
        return QueryError(call[0], code="query.faulty", hint=call[1])
    hint = other_fault(text, sql)
    if not hint and kind == "ConversionException":
        hint = "TRY_CAST gives NULL where a value does not convert."
    return QueryError(message, code="query.faulty", hint=hint)


def _unknown_column(name: str, columns: Collection[str]) -> UnknownName:
    near = did_you_mean(name, columns)
    if near:
        hint = f"Did you mean {near}?"
    elif columns:
        shown = sorted(columns)
        rest = f" and {len(shown) - _MAX_COLUMNS} more" if len(shown) > _MAX_COLUMNS else ""
        hint = f"Columns: {', '.join(shown[:_MAX_COLUMNS])}{rest}."
    else:
        hint = "dinobase describe connector.table"
    return UnknownName(f"There is no column {name}", code="unknown.column", hint=hint, column=name)


def _out_of_memory() -> DinobaseError:
    return DinobaseError(
        "The query needs more memory than it may use",
        code="query.memory",
        hint="Aggregate or filter earlier, or select fewer columns.",
    )


def _short(text: str) -> str:
    first = _CUT.split(text.strip(), maxsplit=1)[0]
    first = re.sub(r"^[A-Z][A-Za-z ]*(?:Error|Exception): ", "", first)
    return " ".join(first.split())[:300].rstrip(".")


def memory_error() -> DinobaseError:
    """Return the error for memory that even the process did not get."""
    return _out_of_memory()

"""Decides from DuckDB's own parse tree what a statement may do; what the walker does not know does not run.

Tables, functions, schemas and node types are allow-listed. No I/O: the tree goes in, a decision comes out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from dinobase.core.errors import did_you_mean
from dinobase.query.decision import Decision, Read, Refused, TableUse
from dinobase.query.functions import OPERATORS, SCALARS, TABLE_FUNCTIONS
from dinobase.query.statement import cut_end

SYSTEM = "_dinobase"
INFORMATION = "information_schema"
RESULT = "result"  # what was too large to show, as tables
SYSTEM_TABLES = ("sync_runs", "sync_run_tables", "mutations", "mutation_steps")
INFORMATION_TABLES = ("schemata", "tables", "columns")
_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_REFS = frozenset({"JOIN", "SUBQUERY", "EXPRESSION_LIST", "EMPTY", "PIVOT"})
_OTHER_TYPES = frozenset(
    {
        "ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER", "ORDER_DEFAULT", "ASCENDING",
        "DESCENDING",
    }
)  # fmt: skip
_CLASSES = frozenset(
    {
        "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION",
        "LAMBDA", "OPERATOR", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
    }
)  # fmt: skip
_FILE_COLUMNS = frozenset({"filename", "file_index", "file_row_number"})  # DuckLake's hidden ones name files on disk
_MAX_LIST = 8


class _RefusedError(Exception):
    def __init__(self, code: str, reason: str, hint: str, **context: Any) -> None:
        super().__init__(reason)
        self.refused = Refused(code, reason, hint, context)


def decide(tree: Mapping[str, Any], sql: str, connectors: Collection[str], *, explain: str = "") -> Decision:
    """Decide about one parsed text; `tree` is json_serialize_sql's answer without an error."""
    statements = tree.get("statements", [])
    if not statements:
        return Refused("query.empty", "There is no statement", 'dinobase query "SELECT ..."')
    if len(statements) > 1:
        return Refused("query.several", f"{len(statements)} statements in one call", "Send one SELECT a call.")
    node = statements[0].get("node")
    shown = _shown(node, connectors)
    if shown is not None:
        return shown
    walk = _Walk(connectors)
    try:
        walk.query(node, frozenset())
    except _RefusedError as error:
        return error.refused
    except RecursionError:
        return Refused("query.refused", "The statement is nested too deeply", "Break it up with WITH.")
    text = cut_end(sql)
    if walk.information:
        text = _rename_information(text, walk.places)
    return Read(
        text,
        tuple(walk.uses),
        frozenset(walk.system),
        frozenset(walk.information),
        any(name in text.lower() for name in _FILE_COLUMNS),
        explain,
        tuple(walk.handles),
    )


class _Walk:
    """Collects what a tree reads; raises at the first thing that is not allowed."""

    def __init__(self, connectors: Collection[str]) -> None:
        self.connectors = {name.lower(): name for name in connectors}
        self.uses: dict[TableUse, None] = {}
        self.system: set[str] = set()
        self.handles: dict[str, None] = {}
        self.information: set[str] = set()
        self.places: list[int] = []

    def query(self, node: Any, scope: frozenset[str]) -> None:
        """Walk a query node; the common tables that it defines hold inside it, each after its definition."""
        if not isinstance(node, dict) or node.get("type") not in _NODES:
            raise _unknown("a query of an unknown kind")
        for entry in (node.get("cte_map") or {}).get("map", []):
            name = _folded(entry["key"])
            inner = entry["value"]["query"]["node"]
            recursive = inner.get("type") == "RECURSIVE_CTE_NODE"
            self.query(inner, scope | {name} if recursive else scope)
            scope |= {name}
        own = _folded(node.get("cte_name") or "")
        for key, value in node.items():
            if key == "cte_map":
                continue
            inside = scope | {own} if own and key in {"right", "child"} else scope
            self.any(value, inside)

    def any(self, value: Any, scope: frozenset[str]) -> None:
        """Walk whatever stands in the tree."""
        if isinstance(value, list):
            for item in value:
                self.any(item, scope)
        elif isinstance(value, dict):
            self._dict(value, scope)

    def _dict(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        kind = node.get("type")
        if "class" in node:
            self._expression(node)
        elif isinstance(kind, str):
            if kind in _NODES:
                self.query(node, scope)
                return
            self._reference(node, kind, scope)
            if kind == "BASE_TABLE":
                return
        for value in node.values():
            self.any(value, scope)

    def _expression(self, node: dict[str, Any]) -> None:
        kind = node["class"]
        if kind in {"FUNCTION", "WINDOW"}:
            self._function(node)
        elif kind == "PARAMETER":
            raise _RefusedError("query.refused", "Parameters have no values here", "Write the value into the SQL.")
        elif kind not in _CLASSES:
            raise _unknown(f"an expression of kind {kind}")

    def _function(self, node: dict[str, Any]) -> None:
        name = str(node.get("function_name", "")).lower()
        if name in SCALARS or (node.get("is_operator") and name in OPERATORS) or name in OPERATORS:
            return
        from dinobase.query.hints import OTHER_DIALECTS  # only what is refused needs it

        near = did_you_mean(name, (known for known in SCALARS if known[0] == name[:1]))
        hint = f"Did you mean {near}()?" if near else "Functions on values, dates, text, lists and JSON are allowed."
        if "`" in name:  # to DuckDB an operator
            raise _RefusedError("query.syntax", "A backtick quotes nothing here", 'Names are quoted "so", not `so`.')
        if name in OTHER_DIALECTS:
            hint = f"Write {OTHER_DIALECTS[name]}."
        if name in TABLE_FUNCTIONS:
            return
        raise _RefusedError("query.function", f"The function {name}() may not be called", hint, function=name)

    def _reference(self, node: dict[str, Any], kind: str, scope: frozenset[str]) -> None:
        if kind == "BASE_TABLE":
            self._table(node, scope)
        elif kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", "")).lower()
            if name not in TABLE_FUNCTIONS:
                hint = f"Allowed: {', '.join(f'{n}()' for n in sorted(TABLE_FUNCTIONS))}."
                if name == "metric":  # queries have it written out before
                    hint = "A query reads FROM metric('name'); a write takes the metric's own SELECT."
                raise _RefusedError("query.function", f"The table function {name}() may not be called", hint)
        elif kind == "SHOW_REF":
            if node.get("query") is None or node.get("show_type") not in {"DESCRIBE", "SUMMARY"}:
                raise _RefusedError("query.refused", "SHOW stands alone", "Read information_schema.tables instead.")
        elif kind not in _REFS and kind not in _OTHER_TYPES and not kind.endswith("_TYPE_INFO"):
            raise _unknown(f"a part of kind {kind}")

    def _table(self, node: dict[str, Any], scope: frozenset[str]) -> None:
        catalog, schema, table = (str(node.get(k) or "") for k in ("catalog_name", "schema_name", "table_name"))
        at = node.get("at_clause")
        if not catalog and _folded(schema) in {"", "recurring"} and _folded(table) in scope:
            if at is not None:
                raise _RefusedError("query.at", "A step of WITH has one version", "Put AT behind the table in it.")
            return
        if not schema and not catalog:
            raise self._bare(table)
        owner = catalog or schema
        if catalog and schema.lower() != "main":
            raise _RefusedError(
                "unknown.table",
                f"There is no schema {schema} in {catalog}",
                f"A connector's tables are {catalog}.<table>; write `{catalog}.{table}`.",
            )
        if owner.lower() == SYSTEM:
            self.system.add(_listed(table, SYSTEM_TABLES, SYSTEM))
            return
        if owner.lower() == INFORMATION and not catalog:
            self.information.add(_listed(table, INFORMATION_TABLES, INFORMATION))
            self.places.append(int(node["query_location"]))
            return
        if owner.lower() == RESULT:
            self._handle(table, at)
        else:
            self._connector_table(owner, table, at)

    def _handle(self, table: str, at: Any) -> None:
        if at is not None:
            raise _RefusedError("query.at", "A kept result has one version", "Leave AT out.")
        self.handles[table.lower()] = None

    def _connector_table(self, owner: str, table: str, at: Any) -> None:
        known = self.connectors.get(owner.lower())
        if known is None:
            raise self._unknown_connector(owner, table)
        if table.lower().startswith(SYSTEM):
            raise _RefusedError("unknown.table", f"There is no table {known}.{table}", f"dinobase describe {known}")
        if at is not None:
            _check_at(at)
        use = TableUse(known, table, _Frozen(at) if at else None)
        self.uses.setdefault(use, None)

    def _bare(self, table: str) -> _RefusedError:
        if re.search(r"[./\\:*?]", table):
            return _RefusedError("query.refused", "Files cannot be read by name", "Query a connector's table.")
        near = did_you_mean(table.lower(), self.connectors)
        hint = f"Tables are written connector.table, such as {near or next(iter(self.connectors), 'stripe')}.{table}."
        return _RefusedError("unknown.table", f"There is no table {table}", hint, table=table)

    def _unknown_connector(self, owner: str, table: str) -> _RefusedError:
        near = did_you_mean(owner.lower(), self.connectors)
        known = list(self.connectors.values())
        shown = ", ".join(known[:_MAX_LIST]) + (f" and {len(known) - _MAX_LIST} more" if len(known) > _MAX_LIST else "")
        hint = f"Did you mean {self.connectors[near]}.{table}?" if near else f"Connectors: {shown or 'none yet'}."
        return _RefusedError("unknown.connector", f"There is no connector {owner}", hint, connector=owner)


def _folded(name: Any) -> str:
    """Return a name as DuckDB compares it: no letter but A to Z has another case, not even the Kelvin sign's `k`."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in str(name))


class _Frozen(dict[str, Any]):
    """An AT clause that can be a part of a key."""

    def __hash__(self) -> int:  # type: ignore[override]  # never changed after it was made
        return hash(str(sorted(self)))


def _check_at(at: Mapping[str, Any]) -> None:
    """Refuse an AT that depends on anything but itself."""
    stack: list[Any] = [at.get("expr")]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if value.get("class") in {"SUBQUERY", "COLUMN_REF", "STAR", "WINDOW", "PARAMETER"}:
                raise _RefusedError(
                    "query.at", "AT takes a literal", "AT (VERSION => 3) or AT (TIMESTAMP => '2026-01-31 12:00:00+00')."
                )
            if (
                value.get("class") == "FUNCTION"
                and str(value.get("function_name", "")).lower() not in SCALARS | OPERATORS
            ):
                raise _RefusedError("query.at", "AT takes a literal", "AT (VERSION => 3)")
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _listed(table: str, known: Iterable[str], schema: str) -> str:
    if table.lower() in known:
        return table.lower()
    raise _RefusedError(
        "unknown.table",
        f"There is no table {schema}.{table}",
        f"There are: {', '.join(f'{schema}.{t}' for t in known)}.",
    )


def _unknown(what: str) -> _RefusedError:
    return _RefusedError(
        "query.refused", f"The statement holds {what}, which cannot be checked", "Write it as a SELECT."
    )


def _shown(node: Any, connectors: Collection[str]) -> Decision | None:
    """Answer SHOW TABLES, SHOW DATABASES and DESCRIBE without a name from our own catalog."""
    ref = node.get("from_table") if isinstance(node, dict) else None
    if not isinstance(ref, dict) or ref.get("type") != "SHOW_REF" or ref.get("query") is not None:
        return None
    name = str(ref.get("table_name", "")).strip('"').lower()
    schema = str(ref.get("schema_name") or ref.get("catalog_name") or "")
    tables = f"SELECT table_schema AS connector, table_name AS name FROM {SYSTEM}.info.tables"
    if ref.get("show_type") == "SHOW_FROM":
        if schema.lower() not in {c.lower() for c in connectors}:
            near = did_you_mean(schema.lower(), connectors)
            hint = f"Did you mean {near}?" if near else "dinobase connectors"
            return Refused("unknown.connector", f"There is no connector {schema}", hint, {"connector": schema})
        where = f" WHERE lower(table_schema) = '{schema.lower().replace(chr(39), chr(39) * 2)}'"
        return Read(f"{tables}{where} ORDER BY ALL", information=frozenset({"tables"}), ours=True)
    if name in {"tables", "__show_tables_expanded", ""}:
        return Read(f"{tables} ORDER BY ALL", information=frozenset({"tables"}), ours=True)
    if name in {"databases", "schemas"}:
        sql = f"SELECT schema_name AS connector FROM {SYSTEM}.info.schemata ORDER BY ALL"
        return Read(sql, information=frozenset({"schemata"}), ours=True)
    return Refused("query.refused", f"SHOW {name.upper()} is not answered", "SHOW TABLES or DESCRIBE connector.table.")


def means(tree: Any, decided: Any) -> bool:
    """Tell whether a text to run reads as what was decided about, our own tables in place of information_schema."""
    return bool(_plain(tree, {}) == _plain(decided, {"catalog_name": SYSTEM, "schema_name": "info"}))


def _plain(value: Any, information: Mapping[str, str]) -> Any:
    """Return a tree without places, its tables of information_schema with these names."""
    if isinstance(value, list):
        return [_plain(item, information) for item in value]
    if not isinstance(value, Mapping):
        return value
    found = {key: _plain(item, information) for key, item in value.items() if key != "query_location"}
    is_information = str(found.get("schema_name", "")).lower() == INFORMATION and not found.get("catalog_name")
    return {**found, **information} if is_information and found.get("type") == "BASE_TABLE" else found


def _rename_information(sql: str, places: Iterable[int]) -> str:
    """Point information_schema at our own tables: by place in the text, where the parser saw the name."""
    data = sql.encode()
    for place in sorted(places, reverse=True):
        found = re.compile(rb'"?information_schema"?', re.IGNORECASE).match(data, place)
        if found:
            data = data[:place] + f"{SYSTEM}.info".encode() + data[found.end() :]
    return data.decode()

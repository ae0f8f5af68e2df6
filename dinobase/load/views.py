"""Each array of objects is also a view `table__array`: the parent's key, the position, one column per field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dinobase.lake.sql import ident, literal
from dinobase.load.structure import Structure

INDEX = "_index"


def view_name(table: str, column: str) -> str:
    """Return `orders__items`."""
    return f"{table}__{column}"


def view_sql(table: str, column: str, key: Sequence[str], structure: Structure) -> str:
    """Return the CREATE VIEW; names in it have no catalog, so that it works under any name the lake is attached as."""
    parents = {f"_{table}_{name}": name for name in key}
    fields = structure.columns(dict.fromkeys((*parents, INDEX), ()))
    items = f"json_extract(t.{ident(column)}, '$[*]')"
    selected = [f"t.{ident(name)} AS {ident(alias)}" for alias, name in parents.items()]
    selected.append(f"e.i - 1 AS {ident(INDEX)}")
    selected += [f"{_field(key_, structure.fields[key_])} AS {ident(name)}" for key_, name in fields.items()]
    return (
        f"CREATE VIEW lake.{ident(view_name(table, column))} AS SELECT {', '.join(selected)} FROM {ident(table)} t, "
        f"LATERAL (SELECT unnest({items}) AS v, generate_subscripts({items}, 1) AS i) e"
    )


def _field(key: str, kind: str) -> str:
    path = literal("/" + key.replace("~", "~0").replace("/", "~1"))
    if kind == "JSON":
        return f"json_extract(e.v, {path})"
    text = f"json_extract_string(e.v, {path})"
    return text if kind == "VARCHAR" else f"TRY_CAST({text} AS {kind})"


def wanted(table: str, key: Sequence[str], structures: Mapping[str, Structure], taken: set[str]) -> dict[str, str]:
    """Return view name -> CREATE VIEW, less the names that tables have."""
    return {
        view_name(table, column): view_sql(table, column, key, structure)
        for column, structure in sorted(structures.items())
        if structure.fields and view_name(table, column) not in taken
    }

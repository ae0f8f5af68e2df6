"""What PostgreSQL says of itself: tables and views that the user may read, their columns, keys, comments, enums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dinobase.extract.readers.base import ForeignKey, SourceColumn, SourceTable
from dinobase.extract.readers.options import Selection, names_of
from dinobase.extract.readers.postgres_types import NativeType, reading
from dinobase.lake.foreign import Foreign
from dinobase.lake.sql import literal, qualified

_SYSTEM = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'"

# Domains lie three deep at most, as far as anybody has seen; a deeper one is read as text.
_COLUMNS = """
SELECT n.nspname AS s, c.relname AS t, a.attname AS c,
  CASE WHEN b.typelem <> 0 AND b.typlen = -1 THEN e.typname ELSE b.typname END AS name,
  (b.typelem <> 0 AND b.typlen = -1) AS is_array,
  coalesce(nullif(a.atttypmod, -1), nullif(t0.typtypmod, -1), nullif(t1.typtypmod, -1), nullif(t2.typtypmod, -1),
    -1)::int4 AS modifier,
  a.attnotnull AS is_filled, coalesce(col_description(c.oid, a.attnum), '') AS description,
  coalesce(obj_description(c.oid, 'pg_class'), '') AS about, c.reltuples::int8 AS rows,
  format_type(a.atttypid, a.atttypmod) AS native,
  CASE WHEN b.typtype = 'e' THEN (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder)::text FROM pg_enum l
    WHERE l.enumtypid = b.oid) ELSE '[]' END AS labels
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t0 ON t0.oid = a.atttypid
LEFT JOIN pg_type t1 ON t0.typtype = 'd' AND t1.oid = t0.typbasetype
LEFT JOIN pg_type t2 ON t1.typtype = 'd' AND t2.oid = t1.typbasetype
LEFT JOIN pg_type t3 ON t2.typtype = 'd' AND t3.oid = t2.typbasetype
JOIN pg_type b ON b.oid = coalesce(t3.oid, t2.oid, t1.oid, t0.oid)
LEFT JOIN pg_type e ON e.oid = b.typelem
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition AND {schemas}
  AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY 1, 2, a.attnum
"""
_KEYS = """
SELECT n.nspname AS s, c.relname AS t,
  (SELECT json_agg(a.attname ORDER BY k.n)::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num WHERE k.n <= i.indnkeyatts) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL AND {schemas}
  AND NOT EXISTS (SELECT 1 FROM unnest(i.indkey::int2[]) k(num) JOIN pg_attribute a ON a.attrelid = c.oid
    AND a.attnum = k.num WHERE NOT a.attnotnull)
ORDER BY 1, 2, i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""
_FOREIGN = """
SELECT n.nspname AS s, c.relname AS t, fn.nspname AS fs, f.relname AS ft,
  (SELECT json_agg(a.attname ORDER BY k.n)::text FROM unnest(x.conkey) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num) AS columns,
  (SELECT json_agg(a.attname ORDER BY k.n)::text FROM unnest(x.confkey) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = k.num) AS to_columns
FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class f ON f.oid = x.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE x.contype = 'f' AND {schemas} ORDER BY 1, 2, x.conname
"""


@dataclass(frozen=True, slots=True)
class Catalog:
    """Tables, and the native type of each of their columns by (table's name, column)."""

    tables: tuple[SourceTable, ...]
    types: dict[tuple[str, str], NativeType]


def read(source: Foreign, selection: Selection) -> Catalog:
    """Read the catalog; raises FetchError."""
    import json

    chosen = _SYSTEM
    if selection.schemas:
        chosen = f"n.nspname IN ({', '.join(map(literal, selection.schemas))})"
    rows = source.rows(f"SELECT * FROM {source.query(_COLUMNS.format(schemas=chosen))}")
    rows = [row for row in rows if selection.wants(row[0], row[1])]
    schemas = [row[0] for row in rows]
    first = selection.schemas[0] if selection.schemas else _first(schemas)
    names = names_of(list(dict.fromkeys((row[0], row[1]) for row in rows)), first)
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    for schema, table, columns in source.rows(f"SELECT * FROM {source.query(_KEYS.format(schemas=chosen))}"):
        keys.setdefault((schema, table), tuple(json.loads(columns)))
    links: dict[tuple[str, str], list[ForeignKey]] = {}
    for schema, table, fs, ft, columns, to in source.rows(
        f"SELECT * FROM {source.query(_FOREIGN.format(schemas=chosen))}"
    ):
        if (fs, ft) in names:
            link = ForeignKey(tuple(json.loads(columns)), names[fs, ft], tuple(json.loads(to)))
            links.setdefault((schema, table), []).append(link)
    tables: dict[tuple[str, str], SourceTable] = {}
    types: dict[tuple[str, str], NativeType] = {}
    for s, t, column, name, is_array, modifier, filled, description, about, count, native, labels in rows:
        called = names[s, t]
        kind = NativeType(name, modifier, is_array)
        types[called, column] = kind
        seen = reading(column, kind)
        made = SourceColumn(
            column,
            seen.type if seen is not None else "DECIMAL(38,9)",
            native,
            not filled,
            description,
            tuple(json.loads(labels)),
        )
        table = tables.get((s, t)) or SourceTable(called, qualified(s, t), (), description=about, rows=count)
        tables[s, t] = replace(table, columns=(*table.columns, made))
    found = []
    for at, table in tables.items():
        have = {c.name for c in table.columns}
        key = keys.get(at, ())
        found.append(
            replace(
                table,
                key=key if set(key) <= have else (),
                foreign_keys=tuple(k for k in links.get(at, ()) if set(k.columns) <= have),
            )
        )
    return Catalog(tuple(found), types)


def _first(schemas: Sequence[str]) -> str:
    return "public" if "public" in schemas or not schemas else min(schemas)

"""Counts what a baseline's DuckDB file holds, run by that baseline's own interpreter: rows, keys, sum of amounts."""

from __future__ import annotations

import json
import sys

import duckdb

database, *tables = sys.argv[1:]
found = {}
with duckdb.connect(database, read_only=True) as connection:
    for table in tables:
        try:
            row = connection.execute(
                f"SELECT count(*), count(DISTINCT id), coalesce(sum(amount_cents), 0)::BIGINT FROM bench.{table}"
            ).fetchone()
        except duckdb.CatalogException:
            row = (0, 0, 0)
        found[table] = row
print(json.dumps(found))

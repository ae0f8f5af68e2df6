"""The floor: COPY to a CSV file, DuckDB's CREATE TABLE AS from it, and nothing of what a copy needs to stay right."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import psycopg


def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    begun = time.perf_counter()
    file = folder / "orders.csv"
    with (
        psycopg.connect(url) as connection,
        connection.cursor() as cursor,
        file.open("wb") as out,
        cursor.copy("COPY orders TO STDOUT (FORMAT csv, HEADER)") as rows,
    ):
        for part in rows:
            out.write(part)
    copied = time.perf_counter()
    types = "types = {'amount': 'DECIMAL(12,2)', 'meta': 'JSON'}"
    with duckdb.connect(str(folder / "bare.duckdb")) as database:
        database.execute(f"CREATE TABLE orders AS FROM read_csv('{file}', header = true, {types})")
    print(json.dumps({"copy": copied - begun, "load": time.perf_counter() - copied}))


if __name__ == "__main__":
    main()

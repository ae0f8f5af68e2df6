"""A lake goes as a whole: under both locks, data before catalog, so that a kill leaves what a second try can drop."""

from __future__ import annotations

import shutil
from pathlib import Path

from dinobase.core.errors import LakeError
from dinobase.lake.location import LakeLocation
from dinobase.lake.lock import sync_lock, write_lock
from dinobase.lake.sql import ident


def drop_lake(location: LakeLocation, state: Path) -> None:
    """Drop tables, history and files; raises lake.locked while it is being synced."""
    with sync_lock(location, state), write_lock(location, state):
        if location.on_disk:
            if Path(location.data).exists():
                shutil.rmtree(location.data)
        else:
            _empty(location, state)
        if location.on_postgres:
            _drop_schema(location)
        else:
            for suffix in ("-wal", "-shm", ""):
                Path(f"{location.catalog}{suffix}").unlink(missing_ok=True)


def _empty(location: LakeLocation, state: Path) -> None:
    """Let the lake itself remove its files from a bucket: it knows each of them."""
    from dinobase.lake.connection import ALIAS, Writer  # DuckDB: only where files are not on disk

    writer = Writer(location, state / "tmp")
    try:
        writer.attach()
        kinds = (("VIEW", "duckdb_views()", "view_name"), ("TABLE", "duckdb_tables()", "table_name"))
        for kind, listing, column in kinds:
            names = writer.rows(f"SELECT {column} FROM {listing} WHERE database_name = '{ALIAS}' AND NOT internal")
            for (name,) in names:
                writer.run(f"DROP {kind} {ALIAS}.{ident(name)}")
        writer.run(f"CALL ducklake_expire_snapshots('{ALIAS}', older_than => now())")
        writer.run(f"CALL ducklake_cleanup_old_files('{ALIAS}', cleanup_all => true)")
    finally:
        writer.close()


def _drop_schema(location: LakeLocation) -> None:
    import psycopg  # only where the catalog is PostgreSQL

    try:
        with psycopg.connect(location.catalog, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {ident(location.meta_schema)} CASCADE".encode())
    except psycopg.Error as error:
        raise LakeError(
            f"the catalog's PostgreSQL refused: {str(error).strip().splitlines()[0]}",
            code="lake.catalog",
            hint="check `storage.catalog` in config.yaml, then `dinobase doctor`",
            connector=location.name,
        ) from None

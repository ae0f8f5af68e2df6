"""Whether extensions load, and catalog and storage answer: for `doctor`; each returns what it saw and what is wrong."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import _duckdb

from dinobase.core.errors import LakeError
from dinobase.core.secrets import redact
from dinobase.core.settings import env
from dinobase.lake.attach import STORAGE_ENV, extensions, secret_sql
from dinobase.lake.extensions import SEALED, extension_path
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.metadata import lake_exists, open_metadata
from dinobase.lake.sql import literal

_PROBE = ".dinobase-probe.csv"  # one name, overwritten each time


def loadable(name: str) -> str:
    """Return what keeps an extension from loading, '' where nothing does."""
    try:
        _instance([name]).close()
    except LakeError as error:
        return f"{error.message} ({error.hint})"
    except _duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


def probe_catalog(storage: Storage, _: Path) -> tuple[str, str]:
    """Connect to PostgreSQL, or write beside the SQLite catalogs."""
    if not storage.lake("probe").on_postgres:
        return f"SQLite in {storage.lakes}", _writable(storage.lakes)
    import psycopg  # only where the catalog is PostgreSQL

    try:
        with psycopg.connect(storage.catalog, connect_timeout=10) as connection:
            row = connection.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
    except psycopg.Error as error:
        return "", redact(str(error).strip().splitlines()[0])
    if not (row and row[0]):
        return "", "PostgreSQL answers, but this user may not create schemas in it"
    return "PostgreSQL answers and takes new schemas", ""


def probe_storage(storage: Storage, _: Path) -> tuple[str, str]:
    """Write a small file where data goes, and read it back."""
    location = storage.lake("probe")
    if location.on_disk:
        folder = Path(storage.url) if storage.url else storage.lakes
        return f"{folder} takes files", _writable(folder)
    place = f"{storage.url.rstrip('/')}/{_PROBE}"
    try:
        connection = _instance(extensions(location))
        try:
            secret = secret_sql(_at(location, storage.url), {name: env(name) or "" for name in STORAGE_ENV})
            if secret:
                connection.execute(secret)
            connection.execute(f"COPY (SELECT 42 AS answer) TO {literal(place)} (FORMAT csv)")
            connection.execute(f"SELECT answer FROM read_csv({literal(place)})").fetchall()
        finally:
            connection.close()
    except (_duckdb.Error, LakeError) as error:
        return "", redact(str(error).splitlines()[0])
    return f"{storage.url} takes files and gives them back", ""


def unreadable(location: LakeLocation) -> str:
    """Return what keeps a lake's catalog from being read, '' where nothing does or nothing was synced yet."""
    try:
        if lake_exists(location):
            with open_metadata(location) as metadata:
                metadata.rows("SELECT max(snapshot_id) FROM ducklake_snapshot")
                if not location.on_postgres:
                    found = str(metadata.rows("PRAGMA quick_check(1)")[0][0])
                    return "" if found == "ok" else f"{location.catalog} is damaged: {found.splitlines()[0]}"
    except LakeError as error:
        return error.message
    return ""


def held_locks(state: Path) -> list[str]:
    """Return `stripe.sync`... for each lock that a running process holds."""
    import filelock

    held = []
    for path in sorted(state.glob("*.lock")):
        lock = filelock.FileLock(path, timeout=0)
        try:
            with lock:
                pass
        except filelock.Timeout:
            held.append(path.stem)
    return held


def _at(location: LakeLocation, url: str) -> LakeLocation:
    return LakeLocation(location.name, location.catalog, f"{url.rstrip('/')}/")


def _writable(folder: Path) -> str:
    place = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    if not os.access(place, os.W_OK | os.X_OK):
        return f"{place} cannot be written"
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".dinobase-probe"):
            return ""
    except OSError as error:
        return f"{place}: {error.strerror}"


def _instance(names: Iterable[str]) -> _duckdb.DuckDBPyConnection:
    connection = _duckdb.connect(":memory:", config={**SEALED, "threads": "1"})
    try:
        for name in names:
            connection.execute(f"LOAD {literal(extension_path(name))}")
    except BaseException:
        connection.close()
        raise
    return connection

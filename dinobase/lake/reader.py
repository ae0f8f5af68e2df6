"""A DuckDB instance that can only read: opened, given the lakes that one query names, then locked for good.

The order matters: limits with the connection, then LOAD and ATTACH, then the allowed folders, external access off,
configuration locked. What the lock cannot stop (ATTACH of SQLite files, catalog functions) the gate does.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import _duckdb

from dinobase.core.errors import LakeError
from dinobase.core.secrets import redact
from dinobase.core.settings import can_write, env
from dinobase.lake.attach import STORAGE_ENV, attach_sql, extensions, secret_sql
from dinobase.lake.extensions import SEALED, extension_path
from dinobase.lake.location import LakeLocation
from dinobase.lake.sql import literal
from dinobase.lake.unwritable import own_folder, readable

DuckDBError = _duckdb.Error
InterruptError = _duckdb.InterruptException
OutOfMemory = _duckdb.OutOfMemoryException
VERSION: str = _duckdb.__version__


@dataclass(frozen=True, slots=True)
class Limits:
    """What one instance may use; `temp` is the folder where a query may spill."""

    memory: str = "1GB"
    threads: int = 1
    temp: str = ""
    temp_size: str = "4GB"


def open_reader(limits: Limits) -> Any:
    """Open an empty instance in memory, not locked yet."""
    config: dict[str, Any] = {
        **SEALED,
        "allow_community_extensions": "false",
        "memory_limit": limits.memory,
        "threads": str(limits.threads),
    }
    if limits.temp:
        temp = limits.temp
        if not can_write(os.path.dirname(temp)):  # noqa: PTH120
            temp = str(own_folder() / f"spill-{os.getpid()}")
        with contextlib.suppress(OSError):  # DuckDB makes the last folder alone, and says so where it cannot spill
            os.makedirs(os.path.dirname(temp), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
        config["temp_directory"] = temp
    connection = _duckdb.connect(":memory:", config=config)
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")  # it would write into our stdout
    if limits.temp:
        connection.execute(f"SET max_temp_directory_size = {literal(limits.temp_size)}")
    return connection


def attach_lakes(
    connection: Any, lakes: Sequence[tuple[LakeLocation, int | None]], aliases: Mapping[str, str] | None = None
) -> None:
    """Attach each lake READ_ONLY under its connector's name or alias, pinned to a version where one is given."""
    needed: dict[str, None] = {}
    for location, _ in lakes:
        for name in extensions(location):
            needed[name] = None
    try:
        for name in needed:
            connection.execute(f"LOAD {literal(extension_path(name))}")
        variables = {name: env(name) or "" for name in STORAGE_ENV}
        for location, snapshot in lakes:
            secret = secret_sql(location, variables)
            if secret:
                connection.execute(secret)
            alias = (aliases or {}).get(location.name, "")
            if not location.on_postgres:
                location = replace(location, catalog=readable(location.catalog))  # noqa: PLW2901 - where it is read
            connection.execute(attach_sql(location, alias, read_only=True, snapshot=snapshot))
    except _duckdb.Error as error:
        reason = redact(str(error))
        for location, _ in lakes:
            if location.on_postgres:  # its URL may hold a password, and the driver repeats it
                reason = reason.replace(location.catalog, "PostgreSQL")
        raise LakeError(f"A lake cannot be opened: {reason}", code="lake.open", hint="dinobase doctor") from None


def lock(connection: Any, folders: Iterable[str]) -> None:
    """Close the instance: these folders stay readable, nothing else, and no setting changes any more."""
    allowed = ", ".join(literal(folder) for folder in folders)
    connection.execute(
        f"SET allowed_directories = [{allowed}];"
        "SET python_enable_replacements = false;"
        "SET enable_external_access = false;"
        "SET lock_configuration = true"
    )

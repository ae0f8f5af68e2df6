"""Parquet: its own types, but for those that a lake does not keep; files that differ meet in text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dinobase.extract.readers import staging
from dinobase.extract.readers.duckdb_types import kept
from dinobase.extract.readers.file_listing import Entry
from dinobase.lake.files import Files
from dinobase.lake.sql import ident, literal

SUFFIXES = (".parquet", ".pq", ".parq")
_SMALL = {"TINYINT": 0, "SMALLINT": 1, "INTEGER": 2, "BIGINT": 3}


def columns(files: Files, address: str) -> dict[str, str]:
    """Return a file's columns and their types as DuckDB reads them."""
    found = files.rows(f"DESCRIBE SELECT * FROM {_relation(address)}")
    return {str(name): str(type_) for name, type_, *_ in found}


def in_lake(columns: Mapping[str, str]) -> dict[str, str]:
    """Return what columns are in the lake."""
    return {name: kept(type_) for name, type_ in columns.items()}


def both(one: str, other: str) -> str:
    """Return the type in which the values of both stay what they are."""
    if one == other:
        return one
    if one in _SMALL and other in _SMALL:
        return max(one, other, key=_SMALL.__getitem__)
    if {one, other} == {"FLOAT", "DOUBLE"}:
        return "DOUBLE"
    return "VARCHAR"


def read(
    files: Files, entry: Entry, own: Mapping[str, str], parts: Mapping[str, str], of: Mapping[str, str], folder: Path
) -> tuple[list[Path], int]:
    """Copy a file's rows; `own`: its columns' names in the lake, `parts` those of its folders, `of` all types."""
    fields = [f"{literal(entry.name)} AS {ident('_file')}"]
    for key, name in parts.items():
        value = entry.partitions[key]
        fields.append(f"CAST({'NULL' if value is None else literal(value)} AS {of[name]}) AS {ident(name)}")
    fields += [f"CAST({ident(c)} AS {of[name]}) AS {ident(name)}" for c, name in own.items() if c not in parts]
    return staging.copy(files, f"SELECT {', '.join(fields)} FROM {_relation(entry.address)}", folder)


def _relation(address: str) -> str:
    return f"read_parquet({literal(address)}, hive_partitioning = false)"

"""From a relation in DuckDB to Parquet files of a bounded size; what a value's type would not keep stops the read."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from dinobase.core.errors import FetchError
from dinobase.lake.foreign import Foreign
from dinobase.lake.sql import ident, literal

Copied: TypeAlias = tuple[list[Path], int]
ODD = "odd value"  # what DuckDB raises for a value that its column's type would not keep
_FILE_SIZE = "32MB"
_FORMAT = f"FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {{rows}}, FILE_SIZE_BYTES '{_FILE_SIZE}'"
# A row group is in memory as a whole: wide rows take smaller ones, and in the end more memory than a load has.
_TRIES = ((20_000, ""), (2_048, ""), (2_048, "256MB"), (2_048, "1GB"))


@dataclass(frozen=True, slots=True)
class Reading:
    """How one column is read.

    remote: the expression in the source's own SQL; type: what it is in Parquet and in the lake; odd: the condition, in
    the source's SQL, of a value that would not survive it, "" where every value does. A value that the cast to `type`
    refuses is odd too. local: what DuckDB makes of what comes, before the cast.
    """

    column: str
    remote: str
    type: str
    odd: str = ""
    local: str = "{0}"


def remote_sql(readings: Sequence[Reading], place: str, where: str) -> str:
    """Return the SELECT that the source runs; columns are `c0`, `c1`... and, where values may be odd, `odd`."""
    fields = [f"{r.remote} AS c{n}" for n, r in enumerate(readings)]
    odd = [f"({r.odd})" for r in readings if r.odd]
    if odd:
        fields.append(f"({' OR '.join(odd)}) AS odd")
    return f"SELECT {', '.join(fields)} FROM {place}{where}"


def local_sql(readings: Sequence[Reading], names: Mapping[str, str], relation: str) -> str:
    """Return the SELECT over what the source gives, with the names and types of the lake."""
    fields = ", ".join(
        f"CAST({r.local.format(f'c{n}')} AS {r.type}) AS {ident(names[r.column])}" for n, r in enumerate(readings)
    )
    guard = f" WHERE CASE WHEN odd THEN error({literal(ODD)}) ELSE true END" if any(r.odd for r in readings) else ""
    return f"SELECT {fields} FROM {relation}{guard}"


def copy(source: Foreign, select: str, folder: Path) -> Copied:
    """Write a relation's rows to files in a folder that is made anew; returns them and how many rows they hold."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for size, memory in _TRIES:
        shutil.rmtree(folder, ignore_errors=True)
        if memory:
            source.run(f"SET memory_limit = {literal(memory)}")
        try:
            rows = source.one(f"COPY ({select}) TO {literal(str(folder))} ({_FORMAT.format(rows=size)})")
        except FetchError as error:
            if "Out of Memory" not in error.message or (size, memory) == _TRIES[-1]:
                raise
            source.again()
            continue
        return sorted(folder.glob("*.parquet")), int(rows or 0)
    raise AssertionError("the last try returns or raises")


def is_odd(error: FetchError) -> bool:
    """Tell whether a read stopped at a value that its column's type would not keep."""
    return any(sign in error.message for sign in (ODD, "Conversion Error", "dimension", "Invalid Input Error"))


def greatest(source: Foreign, files: Sequence[Path], column: str, type_: str) -> str | None:
    """Return the greatest value of a staged column as text; what is not finite orders nothing."""
    if not files:
        return None
    finite = f" WHERE isfinite({ident(column)})" if type_ in {"DATE", "TIMESTAMP", "TIMESTAMPTZ", "DOUBLE"} else ""
    names = ", ".join(literal(str(f)) for f in files)
    found = source.one(f"SELECT CAST(max({ident(column)}) AS VARCHAR) FROM read_parquet([{names}]){finite}")
    return None if found is None else str(found)


def size(files: Sequence[Path]) -> int:
    """Return how many bytes the files hold."""
    return sum(f.stat().st_size for f in files)

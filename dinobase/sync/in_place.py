"""Tables whose rows stay where they are: the lake has their columns, no row, and the note of how a query reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dinobase.access.in_place import RECIPE, known_of
from dinobase.core.errors import FetchError
from dinobase.extract.readers.base import Opened
from dinobase.extract.readers.files_in_place import FilesInPlace
from dinobase.lake.connection import Writer
from dinobase.lake.sql import ident, literal
from dinobase.load import typed
from dinobase.load.schema import TableSchema

__all__ = ["RECIPE", "emptied"]


def emptied(
    writer: Writer, opened: Opened, table: str, recipe: str, schema: TableSchema, files: Sequence[Path], folder: Path
) -> list[Path]:
    """Return a file without rows that has the table's columns; rows that were staged prove that they are read alike.

    Raises FetchError where a value would be another where it is.
    """
    staged = [f for f in files if f.suffix == ".parquet"]
    if staged and isinstance(opened, FilesInPlace):
        _prove(writer, opened, table, recipe, schema, staged)
    return typed.placeholder(writer, schema, {}, folder)


def _prove(
    writer: Writer, opened: FilesInPlace, table: str, recipe: str, schema: TableSchema, staged: Sequence[Path]
) -> None:
    there = opened.relation(table, known_of(recipe, schema.to_json()))
    listed = ", ".join(literal(str(f)) for f in staged)
    here = f"SELECT * FROM read_parquet([{listed}], union_by_name = true)"
    for column in schema:
        name = ident(column.name)
        one = f"SELECT CAST({name} AS VARCHAR) AS v FROM ({there})"
        other = f"SELECT CAST({name} AS VARCHAR) AS v FROM ({here})"
        if writer.rows(f"SELECT 1 FROM (({one} EXCEPT ALL {other}) UNION ALL ({other} EXCEPT ALL {one})) LIMIT 1"):
            raise FetchError(
                f"{table} cannot be read where it is without loss: values of {column.name} would come otherwise",
                code="source.in_place",
                hint="add it with --copy: numbers of many digits, and records of unlike shape, come whole that way",
            )

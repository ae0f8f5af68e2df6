"""JSON that is read where it is: each column is taken from the record by its path; a sync has proved that it can be."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.extract.readers.base import Known
from dinobase.extract.readers.json_files import LONGEST
from dinobase.lake.sql import ident, literal

_FILE = "_file"


def select(known: Known, addresses: Sequence[str], where: str, partitions: Sequence[str], hive: str) -> str:
    """Return the SELECT of files' records; `where` gives a row's file, `hive` tells DuckDB what their folders say."""
    listed = ", ".join(map(literal, addresses))
    fields = []
    for name, type_ in known.types.items():
        path = known.paths.get(name, (name,))
        if path == (_FILE,):
            value = where
        elif len(path) == 1 and path[0] in partitions:
            value = f"CAST({ident(path[0])} AS {type_})"
        elif path == (f"{_FILE}_",):  # a record's own field of that name
            value = f"coalesce({_value(literal(f'/{_FILE}'), type_)}, {_value(literal(f'/{_FILE}_'), type_)})"
        else:
            value = _value(literal("".join(f"/{_escaped(step)}" for step in path)), type_)
        fields.append(f"{value} AS {ident(name)}")
    return (
        f"SELECT {', '.join(fields)} FROM read_json_objects([{listed}], format = 'auto', "
        f"maximum_object_size = {LONGEST}, {hive}, filename = '_dinobase_file')"
    )


def _value(pointer: str, type_: str) -> str:
    if type_ == "JSON":
        return f"CASE WHEN json_type(json, {pointer}) <> 'NULL' THEN json_extract(json, {pointer}) END"
    if type_.endswith("[]"):
        return f"CAST(CASE WHEN json_type(json, {pointer}) <> 'NULL' THEN json_extract(json, {pointer}) END AS {type_})"
    text = f"json_extract_string(json, {pointer})"
    return text if type_ == "VARCHAR" else f"CAST({text} AS {type_})"


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")

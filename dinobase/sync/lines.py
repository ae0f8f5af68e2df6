"""NDJSON that a source in Python brought: it becomes columns the way an API's records do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from dinobase.lake.connection import Writer
from dinobase.load.fit import fits
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import TableSchema
from dinobase.load.spool import Segment
from dinobase.load.structure import Structure


def land(
    writer: Writer, table: str, schema: TableSchema, files: Sequence[Path], types: Mapping[str, str]
) -> tuple[TableSchema, list[Path], Mapping[str, Structure], list[str]]:
    """Return columns, typed Parquet, what arrays hold, and notes; the schema widens to what came.

    types: source column -> its type, of those that the reader knows better than their JSON tells.
    """
    if not files:
        return schema, [], {}, []
    has = {c.path[0]: c.type for c in schema if len(c.path) == 1}
    types = {name: type_ for name, type_ in types.items() if has.get(name, type_) == type_}
    landing = Landing(writer, schema, Shaping(types=types), fits=partial(fits, writer, table))
    for number, path in enumerate(files):
        text = path.read_bytes()
        lines = text.split(b"\n")
        landing.stage(Segment(number, path, len(lines) - 1, max(map(len, lines))), text)
    return landing.schema, landing.finish(), landing.structures, list(landing.notes)

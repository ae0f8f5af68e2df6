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
    writer: Writer, table: str, schema: TableSchema, files: Sequence[Path]
) -> tuple[TableSchema, list[Path], Mapping[str, Structure], list[str]]:
    """Return columns, typed Parquet, what arrays hold, and notes; the schema widens to what came."""
    if not files:
        return schema, [], {}, []
    landing = Landing(writer, schema, Shaping(), fits=partial(fits, writer, table))
    for number, path in enumerate(files):
        text = path.read_bytes()
        lines = text.split(b"\n")
        landing.stage(Segment(number, path, len(lines) - 1, max(map(len, lines))), text)
    return landing.schema, landing.finish(), landing.structures, list(landing.notes)

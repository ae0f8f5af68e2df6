"""When the rows or columns of a lake's tables were last other than now: equal while nothing changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dinobase.core.errors import LakeError
from dinobase.lake.introspect import LakeColumn, LakeTable, LakeView, columns_at, view_lake
from dinobase.lake.location import LakeLocation
from dinobase.lake.metadata import Metadata, open_metadata


@dataclass(frozen=True, slots=True)
class Contents:
    """A lake's tables, without views, their columns and versions, each by the table's name."""

    view: LakeView
    tables: Mapping[str, LakeTable]
    columns: Mapping[str, Sequence[LakeColumn]]
    versions: Mapping[str, str]


def contents(location: LakeLocation) -> Contents | None:
    """Return what a lake holds now, None where nothing was synced yet."""
    try:
        view = view_lake(location)
        with open_metadata(location) as metadata:
            columns = columns_at(metadata, view.snapshot)
            marks = _marks(metadata, view.snapshot)
    except LakeError as error:
        if error.error_code == "lake.absent":
            return None
        raise
    tables = {table.name: table for table in view.tables.values() if table.table_id}
    return Contents(
        view,
        tables,
        {name: columns.get(table.table_id, []) for name, table in tables.items()},
        {name: marks.get(table.table_id, "0") for name, table in tables.items()},
    )


def _marks(metadata: Metadata, snapshot: int) -> dict[int, str]:
    """Return table id -> the snapshot of its last change, and what else tells two states apart."""
    found: dict[int, list[int]] = {}
    for what, table in (("record_count", "data_file"), ("delete_count", "delete_file"), ("column_id", "column")):
        sql = (
            f"SELECT table_id, max(begin_snapshot), count(*), sum({what}) FROM ducklake_{table} "
            "WHERE begin_snapshot <= ? AND (end_snapshot IS NULL OR end_snapshot > ?) GROUP BY table_id"
        )
        for number, begun, count, total in metadata.rows(sql, [snapshot, snapshot]):
            mark = found.setdefault(int(number), [0])
            mark[0] = max(mark[0], int(begun))
            mark += [int(count), int(total or 0)]
    return {table: ".".join(map(str, mark)) for table, mark in found.items()}

"""The greatest cursor of a run, compared as an instant or a number where it is one, kept in the source's own text.

Texts that are neither are ordered only where they are of one length and have no spaces in them (ULIDs, object ids);
otherwise no cursor is committed and the next sync lists everything: slow, never wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dinobase.kinds import moments
from dinobase.lake.connection import Writer
from dinobase.lake.sql import ident, literal
from dinobase.load.schema import TIMES, Column
from dinobase.load.stage import CURSOR

_EPOCH = {"unix": 1, "unix_ms": 1000}
_READ = {f"moment {n}": sql.format(c="c") for n, sql in enumerate(moments.SQL)}  # texts that no CAST reads


@dataclass(frozen=True, slots=True)
class Mark:
    """`text` as the source wrote it, None where there is none; `note` says why it did not move."""

    text: str | None
    note: str = ""


def advance(
    writer: Writer,
    files: Sequence[Path],
    column: Column | None,
    previous: str | None,
    *,
    cap: datetime | None,
    unit: str | None,
) -> Mark:
    """Return the cursor to commit: the greatest of this run and the previous one, at most `cap`.

    `cap` is the moment at which a listing began that the cursor does not order; `unit` is unix or unix_ms for numbers.
    """
    if column is None or not files:
        return Mark(previous)
    source = (
        f"(SELECT {ident(CURSOR)} AS c FROM read_parquet([{', '.join(literal(str(f)) for f in files)}]) "
        f"WHERE {ident(CURSOR)} IS NOT NULL{f' UNION ALL SELECT {literal(previous)}' if previous is not None else ''})"
    )
    typed = _typed(writer, source, column)
    if typed is None:
        return Mark(previous, f"`{column.name}` has no order as a cursor; every sync lists everything")
    limit, value = "", _READ.get(typed, f"CAST(c AS {typed})")
    if cap is not None and (typed == "TIMESTAMPTZ" or typed in _READ):
        limit = f" WHERE {value} <= {literal(cap.isoformat())}::TIMESTAMPTZ"
    elif cap is not None and unit in _EPOCH and typed != "VARCHAR":
        limit = f" WHERE {value} <= {cap.timestamp() * _EPOCH[unit]:.3f}"
    found = writer.one(f"SELECT arg_max(c, {value}) FROM {source}{limit}")
    return Mark(previous if found is None else _as_sent(str(found), column))


def _as_sent(text: str, column: Column) -> str:
    """Write a whole number of a DOUBLE column without the point that only its type gave it."""
    if column.type != "DOUBLE" or not float(text).is_integer():
        return text
    return str(int(float(text)))


def _typed(writer: Writer, source: str, column: Column) -> str | None:
    """Return the SQL type, or the reading, under which these texts have an order; None where there is none."""
    if column.type in TIMES:
        candidates = ["TIMESTAMPTZ"]
    elif column.type in {"BIGINT", "DOUBLE"}:
        candidates = [column.type, "DOUBLE"]
    else:
        candidates = ["TIMESTAMPTZ", "DECIMAL(38,0)", "DOUBLE", *_READ]
    for candidate in candidates:
        value = _READ.get(candidate, f"TRY_CAST(c AS {candidate})")
        lost = writer.one(f"SELECT count(*) FROM {source} WHERE {value} IS NULL")
        if lost == 0 and (candidate != "DECIMAL(38,0)" or _integers(writer, source)):
            return candidate
    shape = writer.rows(f"SELECT count(DISTINCT length(c)), count(*) FILTER (WHERE c LIKE '% %') FROM {source}")
    return "VARCHAR" if shape and shape[0][0] == 1 and shape[0][1] == 0 else None


def _integers(writer: Writer, source: str) -> bool:
    return bool(writer.one(f"SELECT count(*) = 0 FROM {source} WHERE NOT regexp_full_match(c, '-?\\d+')"))

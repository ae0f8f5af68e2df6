"""What a table's rows show of its columns, kept beside the lakes for one state of the table; derived, never said.

Values that may be somebody's are not kept: none of a column that is personal data, and of text only what stands in
several rows. So what a profile holds is never the only trace of a record that was taken out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.core.clock import iso, now
from dinobase.lake.records import open_records, read_records

METHOD = "2"  # another one looks at everything anew
_SINCE = 9  # the migration that makes the table
Money: TypeAlias = Literal["", "cents", "units", "open"]


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column; `distinct` is an estimate where the table was sampled. `money`: what an amount's values speak for.

    `values` are all there are of an enumeration, `top` the most frequent with how often they were seen.
    `because` tells of each of unit and pii by what it was recognised. `inside`: place in JSON, a list or a structure ->
    the kind of personal data that stands there.
    """

    name: str
    type: str
    nulls: int = 0
    distinct: int | None = None
    least: Any = None
    greatest: Any = None
    top: Sequence[tuple[Any, int]] = ()
    values: Sequence[str] = ()
    unit: str = ""
    money: Money = ""
    pii: str = ""
    because: Mapping[str, str] = field(default_factory=dict)
    inside: Mapping[str, str] = field(default_factory=dict)

    @property
    def personal(self) -> dict[str, str]:
        """Return the column, or places inside it as they are annotated, with the kind of personal data."""
        if self.pii:
            return {self.name: self.pii}
        return {f"{self.name}{'' if at.startswith('[') else '.'}{at}": kind for at, kind in self.inside.items()}


@dataclass(frozen=True, slots=True)
class TableProfile:
    """One table at one state; `looked_at` is how many of its rows were read for more than counting.

    `newest` is the greatest value of `newest_column`, which tells when a row was changed or made; `gone` are personal
    columns that the table had once, and their kinds.
    """

    table: str
    stamp: str
    version: int
    rows: int
    looked_at: int
    columns: Sequence[ColumnProfile]
    newest: str = ""
    newest_column: str = ""
    at: str = ""
    gone: Mapping[str, str] = field(default_factory=dict)

    @property
    def personal(self) -> dict[str, str]:
        """Return what is personal in the columns that are there, and in those that were."""
        return {**self.gone, **{place: kind for column in self.columns for place, kind in column.personal.items()}}

    def column(self, name: str) -> ColumnProfile | None:
        """Return a column's profile."""
        return next((one for one in self.columns if one.name.lower() == name.lower()), None)


class ProfileBook:
    """The profiles of a workspace."""

    def __init__(self, state: Path, catalog: str = "") -> None:
        self._state = state
        self._catalog = catalog

    def kept(self, connector: str, table: str = "") -> dict[str, TableProfile]:
        """Return table -> its profile, of whatever state it was made."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            if records is None:
                return {}
            where, values = (" AND table_name = ?", [connector, table]) if table else ("", [connector])
            rows = records.rows(
                f"SELECT table_name, stamp, version, at, facts FROM profiles WHERE connector = ?{where}", values
            )
        return {str(row[0]): _read(*row) for row in rows if str(row[1]).startswith(f"{METHOD}:")}

    def keep(self, connector: str, profiles: Sequence[TableProfile], *, gone: Sequence[str] = ()) -> None:
        """Keep profiles in place of older ones; drop those of tables that are gone."""
        if not profiles and not gone:
            return
        moment = iso(now())
        with open_records(self._state, self._catalog) as records, records.changes():
            for name in (*gone, *(one.table for one in profiles)):
                records.run("DELETE FROM profiles WHERE connector = ? AND table_name = ?", [connector, name])
            for one in profiles:
                records.run(
                    "INSERT INTO profiles (connector, table_name, stamp, version, at, facts) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (connector, table_name) DO NOTHING",  # another process was as quick
                    [connector, one.table, one.stamp, one.version, moment, _written(one)],
                )

    def forget(self, connector: str) -> None:
        """Drop what was seen of a connector: of one that is removed, or from which a record was taken out."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            if records is None or not records.rows("SELECT 1 FROM profiles WHERE connector = ? LIMIT 1", [connector]):
                return
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run("DELETE FROM profiles WHERE connector = ?", [connector])


def stamp_of(version: str) -> str:
    """Return the stamp of a table's state."""
    return f"{METHOD}:{version}"


def _written(profile: TableProfile) -> str:
    columns = [{k: v for k, v in asdict(c).items() if v not in (None, "", (), [], {})} for c in profile.columns]
    facts = {"rows": profile.rows, "looked_at": profile.looked_at, "columns": columns, "newest": profile.newest}
    return json.dumps({**facts, "newest_column": profile.newest_column, "gone": dict(profile.gone)}, ensure_ascii=False)


def _read(table: str, stamp: str, version: int, at: str, text: str) -> TableProfile:
    facts = json.loads(text)
    columns = [ColumnProfile(**{**c, "top": [tuple(pair) for pair in c.get("top", ())]}) for c in facts.pop("columns")]
    return TableProfile(table=table, stamp=stamp, version=int(version), at=at, columns=columns, **facts)

"""A worksheet's cells -> names of columns, texts and types. Pure: what a cell is, is told by two renderings of it.

The API renders a date as a number (days since 1899-12-30) or as text as it is shown, and a number as a number both
times: a cell that is a number once and a text then is a date, a time or a duration.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_DAY_0 = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - the spreadsheet's own time
_DAY_MS = 86_400_000
_DURATIONS = 366  # days: what is shown as a time and lies before 1901 is a duration
_WHOLE = 2**53  # from here on a double is not every whole number
_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#ERROR!", "#SPILL!", "#CALC!"}
)
_TYPES: Mapping[frozenset[str], str] = {
    frozenset({"bool"}): "BOOLEAN",
    frozenset({"int"}): "BIGINT",
    frozenset({"int", "float"}): "DOUBLE",
    frozenset({"float"}): "DOUBLE",
    frozenset({"date"}): "DATE",
    frozenset({"moment"}): "TIMESTAMP",
    frozenset({"date", "moment"}): "TIMESTAMP",
    frozenset({"time"}): "TIME",
}


def letter(number: int) -> str:
    """Return what the sheet calls a column, counted from 0: A, Z, AA."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def header(cells: Sequence[Any], width: int) -> list[str]:
    """Return a name for each of `width` columns: the cell's text, `column C` where it is empty, `amount 2` if again."""
    names: list[str] = []
    taken: set[str] = {str(cell).strip().lower() for cell in cells}
    seen: set[str] = set()
    for number in range(max(width, len(cells))):
        base = str(cells[number]).strip() if number < len(cells) else ""
        base = base or f"column {letter(number)}"
        name, more = base, 2
        while name.lower() in seen or (name != base and name.lower() in taken):
            name, more = f"{base} {more}", more + 1
        seen.add(name.lower())
        names.append(name)
    return names


def alike(serial: Sequence[Sequence[Any]], shown: Sequence[Sequence[Any]]) -> bool:
    """Tell whether two renderings are of one state of the sheet, as far as can be seen."""
    return [len(row) for row in serial] == [len(row) for row in shown] and all(
        a == b or type(a) is type(b) or (_is_number(a) and isinstance(b, str | int | float))
        for one, other in zip(serial, shown, strict=True)
        if one != other
        for a, b in zip(one, other, strict=True)
    )


class Cells:
    """Takes cells column by column, and says in the end what each column is."""

    def __init__(self) -> None:
        self._kinds: dict[int, set[str]] = {}
        self._errors: Counter[tuple[int, str]] = Counter()

    def row(self, serial: Sequence[Any], shown: Sequence[Any]) -> dict[str, str]:
        """Return a row's texts by `c` and the column's number; nothing of what is empty."""
        found = {}
        for number, (value, text) in enumerate(zip(serial, shown, strict=True)):
            if value is None or value == "":
                continue
            if isinstance(value, str) and value in _ERRORS:
                self._errors[number, value] += 1
                continue
            kind, found[f"c{number}"] = cell(value, text)
            self._kinds.setdefault(number, set()).add(kind)
        return found

    def types(self) -> dict[int, str]:
        """Return the type of each column that has values; what is of several kinds is text."""
        return {number: _TYPES.get(frozenset(kinds), "VARCHAR") for number, kinds in self._kinds.items()}

    def notes(self, names: Sequence[str]) -> list[str]:
        """Say which errors of formulas became NULL."""
        return [
            f"{names[number]}: {error} in {count} {'cell' if count == 1 else 'cells'}, NULL here"
            for (number, error), count in sorted(self._errors.items())
        ]


def cell(value: Any, shown: Any) -> tuple[str, str]:
    """Return what a value is, and its text in SQL."""
    if isinstance(value, bool):
        return "bool", "true" if value else "false"
    if not _is_number(value):
        return "text", str(value)
    if isinstance(shown, str):
        return _moment(value, shown)
    if isinstance(value, int) and abs(value) < _WHOLE:
        return "int", str(value)
    return "float", repr(float(value))


def _moment(days: float, shown: str) -> tuple[str, str]:
    milliseconds = round(days * _DAY_MS)
    try:
        moment = _DAY_0 + dt.timedelta(milliseconds=milliseconds)
    except OverflowError:
        return "text", shown
    exact = "milliseconds" if milliseconds % 1000 else "seconds"
    if 0 <= milliseconds < _DAY_MS:
        return "time", moment.time().isoformat(exact)
    if milliseconds % _DAY_MS == 0 and ":" not in shown:
        return "date", moment.date().isoformat()
    if abs(days) < _DURATIONS:
        return "text", shown
    return "moment", moment.isoformat(" ", exact)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

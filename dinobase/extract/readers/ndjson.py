"""Records of Python as NDJSON of a bounded size: numbers keep their digits, times are ISO, bytes such as SQL writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from dinobase.core.errors import FetchError

_SEGMENT = 4 << 20
_ROWS = 5_000

DECIMAL = "DECIMAL(38,9)"  # a fixed one: a table's column does not change with each longer number
_WHOLE, _FRACTION = 29, 9
_LONGEST = 300  # digits before or after the point, of a number that is written as one
_ODD = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_TYPES = {"DECIMAL": {"DECIMAL", "BIGINT"}, "BLOB": {"BLOB"}}
_CALLED = {"DECIMAL": DECIMAL}

Other = Callable[[Any], Any]


class Lines:
    """Writes records to files in a folder."""

    def __init__(self, folder: Path, other: Other | None = None) -> None:
        """`other` says what a value is that JSON and Python's own types do not know."""
        self._folder = folder
        self._encode = msgspec.json.Encoder(decimal_format="number", enc_hook=other or plain).encode
        self._lines: list[bytes] = []
        self._size = 0
        self.files: list[Path] = []
        self.rows = self.bytes = 0
        self._seen: dict[str, set[str]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Write one; raises FetchError where a value of it cannot be."""
        record = {name: self._looked_at(name, value) for name, value in record.items()}
        try:
            line = self._encode(record)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise FetchError(
                f"record {self.rows + 1} cannot be written as JSON: {error}",
                code="source.record",
                hint="see which of its values is of an unusual type",
            ) from None
        self._lines.append(line)
        self._size += len(line)
        self.rows += 1
        self.bytes += len(line)
        if self._size >= _SEGMENT or len(self._lines) >= _ROWS:
            self.flush()

    def types(self) -> dict[str, str]:
        """Return the fields whose values JSON has no word for, and which are of one type throughout."""
        found = {}
        for name, seen in self._seen.items():
            for type_, allowed in _TYPES.items():
                if type_ in seen and seen <= allowed:
                    found[name] = _CALLED.get(type_, type_)
        return found

    def _looked_at(self, name: str, value: Any) -> Any:
        """Return a value as it is written, and remember what it is."""
        kind = type(value)
        if kind is str or value is None:
            if value is not None:
                self._seen.setdefault(name, set()).add("VARCHAR")
            return value
        seen = self._seen.setdefault(name, set())
        if kind is float:
            seen.add("DOUBLE")
            return _ODD.get(str(value), value)
        if kind is bytes:
            seen.add("BLOB")
            return "".join(f"\\x{byte:02X}" for byte in value)
        if isinstance(value, Decimal):
            seen.add("DECIMAL" if _fits(value) else "VARCHAR")
            return value if value.is_finite() and abs(value.adjusted()) < _LONGEST else str(value)
        seen.add("BIGINT" if kind is int else "VARCHAR")
        return value

    def flush(self) -> None:
        """End the file that is begun."""
        if not self._lines:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{len(self.files):06}.ndjson"
        path.write_bytes(b"\n".join(self._lines) + b"\n")
        self.files.append(path)
        self._lines.clear()
        self._size = 0


def _fits(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    return -exponent <= _FRACTION and len(digits) + exponent <= _WHOLE


def plain(value: Any) -> Any:
    """Return a value that JSON has for one that it has not: children of Python's own types, and what has a text."""
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    for name in ("model_dump", "_asdict", "tolist"):
        if hasattr(value, name):
            return getattr(value, name)()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str | int | float):  # pydantic's and others' children of these
        return str(value) if isinstance(value, str) else value + 0
    raise TypeError(f"a {type(value).__name__} has no place in JSON")

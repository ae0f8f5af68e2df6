"""Records of Python as NDJSON of a bounded size: numbers keep their digits, times are ISO, bytes base64."""

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
        self._exact: dict[str, bool] = {}  # fields that held a Decimal, and whether all of their values go into DECIMAL
        self._loose: set[str] = set()

    def add(self, record: Mapping[str, Any]) -> None:
        """Write one; raises FetchError where a value of it cannot be."""
        try:
            line = self._encode(record)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise FetchError(
                f"record {self.rows + 1} cannot be written as JSON: {error}",
                code="source.record",
                hint="see which of its values is of an unusual type",
            ) from None
        for name, value in record.items():
            if isinstance(value, Decimal):
                self._exact[name] = self._exact.get(name, True) and _fits(value)
            elif value is not None and type(value) is not int:
                self._loose.add(name)
        self._lines.append(line)
        self._size += len(line)
        self.rows += 1
        self.bytes += len(line)
        if self._size >= _SEGMENT or len(self._lines) >= _ROWS:
            self.flush()

    def types(self) -> dict[str, str]:
        """Return the fields that are decimal numbers throughout."""
        return {name: DECIMAL for name, fits in self._exact.items() if fits and name not in self._loose}

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

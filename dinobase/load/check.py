"""Would a typed read of these records keep every value? DuckDB's own read succeeds silently where it rounds or drops.

Every record of a segment is decoded against a msgspec structure made from the schema: an unknown key, another type, an
integer past 64 bits fails it. What the structure cannot see, digits that no double holds, a scan of the bytes finds.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from dinobase.kinds.select import Elements
from dinobase.load.lattice import BIGINT_MAX, BIGINT_MIN
from dinobase.load.schema import JSON, TIMES, UNKNOWN, UNKNOWN_LIST, Column, Path, TableSchema

_INT64 = Annotated[int, msgspec.Meta(ge=BIGINT_MIN, le=BIGINT_MAX)]
_TYPES: dict[str, Any] = {
    "BOOLEAN": bool | None,
    "BIGINT": _INT64 | None,
    "DOUBLE": float | None,
    "VARCHAR": str | _INT64 | None,
    JSON: msgspec.Raw,
    UNKNOWN: None,
    "BOOLEAN[]": list[bool | None] | None,
    "BIGINT[]": list[_INT64 | None] | None,
    "DOUBLE[]": list[float | None] | None,
    "VARCHAR[]": list[str | None] | None,
    UNKNOWN_LIST: list[None] | None,
    **dict.fromkeys(TIMES, str | None),
}
_DECLARED = str | _INT64 | float | None  # read as text and cast
_LONG_NUMBER = b" " + b"0" * 16
_LARGE = 4 << 20  # bytes of an array, from which on its memory counts for more than the time
_PART = 1 << 20
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw])
_LONG_FRACTION = re.compile(rb"\.\d{8}")
# Two of each, since a literal start is found faster; what follows the digits tells a number from an id.
_SMALL = [re.compile(e + rb"-\d+[\s,\]}]") for e in (b"e", b"E")]
_TINY = [re.compile(e + rb"-\d{3,}[\s,\]}]") for e in (b"e", b"E")]
_UNNAMEABLE = re.compile('[\x00-\x1f"\\\\\ud800-\udfff]')  # what msgspec or SQL cannot have in a name


def _scan_table() -> bytes:
    """Map digits to 0, what may stand before a number to a space, the rest to a letter."""
    table = bytearray(b"a" * 256)
    table[ord("0") : ord("9") + 1] = b"0" * 10
    for byte in b" \t\r\n,:[-":
        table[byte] = ord(" ")
    return bytes(table)


_SCAN = _scan_table()


class Checker:
    """Made anew for each schema."""

    def __init__(self, schema: TableSchema, *, thorough: bool = False) -> None:
        tree = Tree(schema)
        self.plain = tree.plain and len(schema.columns) > 0
        types = {c.type for c in schema} - {"BOOLEAN", "BIGINT", "VARCHAR", "VARCHAR[]", UNKNOWN, *TIMES}
        self._scans = bool(types)
        # Where doubles are all that could lose digits, DuckDB finds the large ones (load/stage.py) and a number of more
        # than 15 digits below those has at least eight behind its point: one quick search instead of a scan.
        self.guarded = types == {"DOUBLE"} and not thorough
        record = _structure(tree, ()) if self.plain else dict[str, Any]
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(record)
        self._array: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[record])  # type: ignore[valid-type] # made here

    def holds(self, text: bytes, *, array: bool = False) -> bool:
        """Tell whether a typed read of these records (NDJSON, or an array) is exact."""
        if not self.plain:
            return False
        try:
            if array:
                self._count(text)
            else:
                self._decoder.decode_lines(text)
        except (msgspec.MsgspecError, RecursionError):
            return False
        return self._digits_hold(text)

    def cut(self, array: msgspec.Raw | bytes) -> Elements | None:
        """Return an array's records all at once, None where a typed read of them may not be exact."""
        if not self.plain:
            return None
        try:
            rows = self._count(array)
        except (msgspec.MsgspecError, RecursionError):
            return None
        inside = memoryview(array)[1:-1]
        text = inside if len(inside) > _LARGE else bytes(inside)  # a small one is not worth the body that it is of
        return Elements(text, rows, self) if rows and self._digits_hold(text) else None

    def _count(self, array: msgspec.Raw | bytes) -> int:
        """Decode an array's records, of a large one each by itself: all at once they take several times its memory."""
        if len(memoryview(array)) <= _LARGE:
            return len(self._array.decode(array))
        rows = 0
        for record in _RECORDS.decode(array):
            self._decoder.decode(record)
            rows += 1
        return rows

    def _digits_hold(self, text: bytes | memoryview) -> bool:
        if not self._scans or (self.guarded and not any(p.search(text) for p in _SUSPECT)):
            return True
        return not has_long_number(text)


_SUSPECT = (_LONG_FRACTION, *_SMALL)


def has_long_number(text: bytes | memoryview) -> bool:
    """Tell whether a number of 16 digits or more, or one near zero, stands outside the strings.

    Sees a few too many, never one too few: parts of a large text overlap by more than what is searched for.
    """
    for start in range(0, len(text), _PART):
        part = bytes(text[start : start + _PART + 4 * len(_LONG_NUMBER)])
        if _LONG_NUMBER in b" " + part.translate(_SCAN, b"."):
            return True
    return any(p.search(text) for p in _TINY)


class Tree:
    """The columns by their places in the record."""

    def __init__(self, schema: TableSchema) -> None:
        self.leaves: dict[Path, Column] = {c.path: c for c in schema}
        self.children: dict[Path, list[str]] = {(): []}
        seen: set[Path] = set()
        for column in schema:
            for depth in range(len(column.path)):
                here = column.path[: depth + 1]
                if here not in seen:
                    seen.add(here)
                    self.children.setdefault(column.path[:depth], []).append(column.path[depth])
        self.plain = not any(path in self.children for path in self.leaves) and all(
            len({key.lower() for key in keys}) == len(keys) and not any(map(_unreadable, keys))
            for keys in self.children.values()
        )


def _unreadable(key: str) -> bool:
    return not key or _UNNAMEABLE.search(key) is not None


def _structure(tree: Tree, path: Path) -> type[msgspec.Struct]:
    keys = tree.children[path]
    fields = [(f"f{n}", _field(tree, (*path, key)), None) for n, key in enumerate(keys)]
    return msgspec.defstruct(
        "Record",
        fields,
        rename={f"f{n}": key for n, key in enumerate(keys)},
        forbid_unknown_fields=True,
        gc=False,
    )


def _field(tree: Tree, path: Path) -> Any:
    column = tree.leaves.get(path)
    if column is None:
        return _structure(tree, path) | None
    return _TYPES.get(column.type, list[_DECLARED] | None if column.type.endswith("[]") else _DECLARED)

"""Messages of a log as rows: an object's fields are columns, all else is one value; our columns keep their names."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

VALUE = "value"


def row(ours: Mapping[str, Any], body: bytes | None) -> dict[str, Any]:
    """Return a message as a row; a field that is called as one of ours is `message_key` for `_key`."""
    try:
        fields = msgspec.json.decode(body or b"", type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {**ours, VALUE: text(body)}
    found: dict[str, Any] = dict(ours)
    for name, value in fields.items():
        called = name
        while called in found or (called != name and called in fields):
            called = f"message{called}"
        found[called] = value
    return found


def text(given: bytes | None) -> str | bytes | None:
    """Return bytes as text where they are such."""
    try:
        return None if given is None else given.decode()
    except UnicodeDecodeError:
        return given


def called(places: Iterable[str]) -> dict[str, str]:
    """Return what each topic or stream is called here: `orders-eu.v1` is `orders_eu_v1`.

    Where two would have one name both keep their own: what comes later never takes a name that another has read under.
    """
    wished = {place: re.sub("[.-]", "_", place).lower() for place in sorted(places)}
    often = Counter(wished.values())
    names = {place: name if often[name] == 1 else place for place, name in wished.items()}
    alike = Counter(name.lower() for name in names.values())  # SQL knows no upper and lower case
    return {place: _free(name, place, alone=alike[name.lower()] == 1) for place, name in names.items()}


def _free(name: str, place: str, *, alone: bool) -> str:
    name = name if alone else f"{name}_{zlib.crc32(place.encode()):08x}"
    return f"main__{name}" if name.lower().startswith("_dinobase") else name

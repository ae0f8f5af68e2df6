"""Messages of a log as rows: an object's fields are columns, all else is one value; our columns keep their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from dinobase.extract.readers.options import names_of

VALUE = "value"


def row(ours: Mapping[str, Any], body: bytes | None) -> dict[str, Any]:
    """Return a message as a row; a field that is called as one of ours is `message_key` for `_key`."""
    try:
        fields = msgspec.json.decode(body or b"", type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {**ours, VALUE: text(body)}
    return {**ours, **{f"message{name}" if name in ours else name: value for name, value in fields.items()}}


def text(given: bytes | None) -> str | bytes | None:
    """Return bytes as text where they are such."""
    try:
        return None if given is None else given.decode()
    except UnicodeDecodeError:
        return given


def called(places: Iterable[str]) -> dict[str, str]:
    """Return what each topic or stream is called here: `orders-eu.v1` is `orders_eu_v1`."""
    places = list(places)
    names = names_of([("", place.replace(".", "_").replace("-", "_").lower()) for place in places], "")
    return dict(zip(places, names.values(), strict=True)) if len(names) == len(places) else {p: p for p in places}

"""A child's record carries its ancestors' values under names of ours; no field of the record ever takes their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from dinobase.kinds.body import Raw

_ESCAPE = b"\\u00"  # a key may be written so that its bytes do not show it


def _quiet(key: str, renamed: str) -> None:
    del key, renamed


def with_tags(
    records: Sequence[Raw | bytes], tags: bytes, clash: Callable[[str, str], None] = _quiet
) -> Sequence[Raw | bytes]:
    """Put members (`"a":1`, no braces) first into every record.

    A field of such a name gets another, which `clash` hears; one that says what the tag says is left out.
    """
    if not tags:
        return records
    head, alone = b"{" + tags + b",", b"{" + tags + b"}"
    own = msgspec.json.decode(alone, type=dict[str, msgspec.Raw])
    marks = (*(msgspec.json.encode(key) for key in own), _ESCAPE)
    tagged: list[Raw | bytes] = []
    for record in records:
        raw = bytes(record)
        if any([mark in raw for mark in marks]):  # noqa: C419 - a list is faster than a generator here
            raw = _freed(raw, own, clash)
        rest = raw[1:]
        tagged.append(alone if rest.lstrip() == b"}" else head + rest)
    return tagged


def _freed(record: bytes, tags: dict[str, msgspec.Raw], clash: Callable[[str, str], None]) -> bytes:
    """Return the record without fields of the tags' names."""
    try:
        fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:  # lone surrogates: what is behind the field's name stays, under the name that is free
        return _renamed_blindly(record, tags, clash)
    if fields.keys().isdisjoint(tags):
        return record
    members = []
    for key, value in fields.items():
        name = key
        if key in tags:
            if bytes(value).strip() == bytes(tags[key]):
                continue
            while name in fields or name in tags:
                name += "_"
            clash(key, name)
        members.append(msgspec.json.encode(name) + b":" + bytes(value))
    return b"{" + b",".join(members) + b"}"


def _renamed_blindly(record: bytes, tags: dict[str, msgspec.Raw], clash: Callable[[str, str], None]) -> bytes:
    for key in tags:
        quoted, other = msgspec.json.encode(key), msgspec.json.encode(f"{key}_")
        if quoted in record:
            record = record.replace(quoted, other)
            clash(key, f"{key}_")
    return record

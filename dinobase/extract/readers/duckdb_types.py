"""DuckDB's own types as a lake keeps them: what Parquet or the lake would round or refuse becomes text. Pure."""

from __future__ import annotations

import re

_QUOTED = r"'(?:[^']|'')*'"
_TEXT = re.compile(
    rf"ENUM\({_QUOTED}(?:, {_QUOTED})*\)|\b(?:HUGEINT|UHUGEINT|BIGNUM|BIT|INTERVAL|TIME_NS|TIME WITH TIME ZONE"
    r"|GEOMETRY|VARIANT)\b"
)
_MOMENTS = re.compile(r"\bTIMESTAMP_(?:S|MS)\b")
_FIXED = re.compile(r"\[\d+\]")
_LABELS = re.compile(_QUOTED)


def kept(type_: str) -> str:
    """Return the lake's type for one of DuckDB's, nested ones too; a union is text as a whole."""
    if "UNION(" in type_:
        return "VARCHAR"
    found = _TEXT.sub("VARCHAR", type_)
    found = _FIXED.sub("[]", _MOMENTS.sub("TIMESTAMP", found))
    return found.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")


def labels(type_: str) -> tuple[str, ...]:
    """Return an enum's values."""
    if not type_.startswith("ENUM("):
        return ()
    return tuple(word[1:-1].replace("''", "'") for word in _LABELS.findall(type_))

"""The closed list of column types a connector may give, each under the one name that the lake uses."""

from __future__ import annotations

import re

NAMES = {
    **{name: name for name in ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE")},
    **{name: name for name in ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "VARCHAR", "DATE", "TIME", "UUID")},
    **{name: name for name in ("TIMESTAMP", "TIMESTAMPTZ", "INTERVAL", "BLOB", "JSON", "DECIMAL")},
    "BOOL": "BOOLEAN",
    "INT": "INTEGER",
    "LONG": "BIGINT",
    "REAL": "FLOAT",
    "NUMERIC": "DECIMAL",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "BINARY": "BLOB",
    "BYTEA": "BLOB",
}
ALLOWED = f"{', '.join(sorted(set(NAMES.values())))}, DECIMAL(18,2), and with [] a list of one"

_TYPE = re.compile(r"([A-Z]+(?: [A-Z]+)*)(?: ?\( ?(\d{1,2}) ?(?:, ?(\d{1,2}) ?)?\))?((?:\[\])*)")
_MAX_DIGITS = 38
_KEPT = {"HUGEINT": "DECIMAL(38,0)"}  # Parquet has no such integer: DuckDB writes it as a double


def canonical(text: str) -> str | None:
    """Return the lake's name of a type, None where it is no type."""
    match = _TYPE.fullmatch(" ".join(text.upper().split()))
    if match is None or match[1] not in NAMES:
        return None
    name = _KEPT.get(NAMES[match[1]], NAMES[match[1]])
    if match[2] is not None:
        digits, scale = int(match[2]), int(match[3] or 0)
        if name != "DECIMAL" or not 1 <= digits <= _MAX_DIGITS or scale > digits:
            return None
        name = f"DECIMAL({digits},{scale})"
    return name + match[4]

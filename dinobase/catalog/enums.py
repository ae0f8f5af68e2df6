"""Which text columns are enumerations, and their values: few, short, and repeated; a guess at names keeps people out.

Looks at the first rows alone, so that a large table costs no more than a small one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dinobase.lake.sql import ident, qualified

_ROWS = 20_000
_MOST = 50
_LONGEST = 60
_PERSONAL = re.compile(
    r"(?:^|_)(?:e?mails?|phones?|mobile\w*|fax|(?:first|last|full|middle|display|user|nick|given|family|maiden)_?names?"
    r"|name|firstname|lastname|surname|author\w*|owner\w*|login|username|address\w*|street|line1|line2|city|zip|postal\w*|postcode"
    r"|ips?|ip_address|card\w*|iban|ssn|passport|national\w*|tax_id|birth\w*|dob|secret\w*|token\w*|password\w*|apikey"
    r"|api_key|lat|lon|latitude|longitude)(?:_|$)"
)


def maybe_personal(column: str) -> bool:
    """Say whether a column's name sounds like personal data; such values are never indexed."""
    return bool(_PERSONAL.search(column.lower()))


def enum_values(connection: Any, schema: str, table: str, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return column -> its values, for the columns that are enumerations."""
    counts = ", ".join(
        f"count({ident(c)}), approx_count_distinct({ident(c)}), max(length({ident(c)}))" for c in columns
    )
    source = f"(SELECT * FROM {qualified(schema, 'main', table)} LIMIT {_ROWS})"
    row = connection.execute(f"SELECT {counts} FROM {source}").fetchone()
    found = {}
    for place, column in enumerate(columns):
        filled, distinct, longest = row[3 * place : 3 * place + 3]
        if not filled or distinct > _MOST * 1.2 or distinct * 2 > filled or longest > _LONGEST:
            continue
        name = ident(column)
        values = connection.execute(
            f"SELECT DISTINCT {name} FROM {source} WHERE {name} IS NOT NULL ORDER BY 1 LIMIT {_MOST + 1}"
        ).fetchall()
        if len(values) <= _MOST:
            found[column] = [value for (value,) in values if value.strip()]
    return found

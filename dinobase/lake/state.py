"""What a lake remembers of each resource, in a table that changes in the same transaction as the rows.

Keys: `cursor` (the committed high-water mark), `schema` (columns and their source paths), `key` (the primary key),
`views`, and what the sync keeps for children.
"""

from __future__ import annotations

from collections.abc import Mapping

from dinobase.lake.connection import ALIAS, STATE, Writer
from dinobase.lake.sql import literal


def read(writer: Writer) -> dict[str, dict[str, str]]:
    """Return resource -> key -> value."""
    state: dict[str, dict[str, str]] = {}
    for resource, key, value in writer.rows(f"SELECT resource, key, value FROM {ALIAS}.{STATE}"):
        state.setdefault(resource, {})[key] = value
    return state


def write(writer: Writer, resource: str, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Bring the stored values of one resource from `before` to `after`; True where something changed."""
    changed = {k: v for k, v in after.items() if before.get(k) != v}
    gone = [k for k in before if k not in after]
    for key in (*changed, *gone):
        if key in before:
            writer.run(f"DELETE FROM {ALIAS}.{STATE} WHERE resource = {literal(resource)} AND key = {literal(key)}")
    for key, value in changed.items():
        writer.run(f"INSERT INTO {ALIAS}.{STATE} VALUES ({literal(resource)}, {literal(key)}, {literal(value)})")
    return bool(changed or gone)

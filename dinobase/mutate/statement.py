"""What a plan at a database looks like: the statement that is shown, values left out. Pure."""

from __future__ import annotations

from dinobase.mutate.change import RowChange, Table
from dinobase.spec.models import Connector


def is_database(connector: Connector) -> bool:
    """Tell whether writes go to a database: its address is not one of HTTP."""
    return not connector.client.base_url.startswith(("http://", "https://")) and bool(connector.write_endpoints)


def statement(table: Table, change: RowChange) -> str:
    """Return the statement as a preview shows it, a `?` for each value."""
    name = _quoted(table.name)
    where = " AND ".join(f"{_quoted(k)} = ?" for k in table.key)
    if change.operation == "delete":
        return f"DELETE FROM {name} WHERE {where}"
    if change.operation == "update":
        return f"UPDATE {name} SET {', '.join(f'{_quoted(c)} = ?' for c in change.columns)} WHERE {where}"
    names = ", ".join(map(_quoted, change.columns))
    return f"INSERT INTO {name} ({names}) VALUES ({', '.join('?' for _ in change.columns)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

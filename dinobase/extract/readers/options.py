"""The words that all databases take at `add`, and what they mean: which schemas, which tables, what tracks change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from dinobase.core.errors import UsageError
from dinobase.spec.models import Credential

CONNECTION = Credential(
    name="connection_string",
    env="",
    prompt="Connection string",
    help="kind://user:password@host:port/database; ${VAR} reads it from the environment at each run.",
)
SCHEMAS = Credential(
    name="schemas", secret=False, required=False, help="Schemas to read, the first one's tables under their own names."
)
TABLES = Credential(name="tables", secret=False, required=False, help="Only these tables and views; globs: 'o*'.")
INCREMENTAL = Credential(
    name="incremental",
    secret=False,
    required=False,
    help="Column that tracks change: updated_at, or by table orders=changed_at,lines=none.",
)
MODE = Credential(
    name="mode",
    secret=False,
    required=False,
    help="copy (default): rows come into the lake at each sync; live: each query asks the database; cdc (PostgreSQL): "
    "the server's log says what changed.",
)
SLOT = Credential(
    name="slot",
    secret=False,
    required=False,
    help="With --mode cdc, the name of replication slot and publication; made up where it is left out.",
)
SELECTION = (SCHEMAS, TABLES, INCREMENTAL, MODE)
NO_CURSOR = "none"
LIVE = "live"
CAPTURED = "cdc"
_MODES = {
    "copy": "`dinobase sync` brings what has changed",
    LIVE: "each query asks the database",
    CAPTURED: "`dinobase sync` reads from the server's log what has changed",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What to read of a database; `cursors` by table, `cursor` for all others ("" detects one)."""

    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    cursor: str = ""
    cursors: Mapping[str, str] = field(default_factory=dict)
    live: bool = False
    slot: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str], modes: Sequence[str] = ("copy", LIVE)) -> Selection:
        """Read the options; raises UsageError."""
        mode = values.get("mode", "") or "copy"
        if mode not in modes:
            raise UsageError(
                f"`--mode {mode}` is not there",
                code="source.mode",
                hint=f"Allowed: {', '.join(f'{known} ({_MODES[known]})' for known in modes)}.",
            )
        if mode == CAPTURED and not values.get("slot"):
            raise UsageError(
                "`mode: cdc` needs `slot`, the name of a replication slot",
                code="source.slot",
                hint="`dinobase add postgres --mode cdc --replace` makes one up; or name one under `params`.",
            )
        if mode == LIVE and values.get("incremental"):
            raise UsageError(
                "`--incremental` is of copies: live, rows are read where they are", hint="Leave one of both out."
            )
        cursor = ""
        cursors = {}
        for word in split(values.get("incremental", "")):
            table, equals, column = word.partition("=")
            if equals:
                cursors[table.strip().lower()] = column.strip()
            else:
                cursor = word
        schemas, tables = (tuple(split(values.get(key, ""))) for key in ("schemas", "tables"))
        slot = values.get("slot", "") if mode == CAPTURED else ""
        return cls(schemas, tables, cursor, dict(cursors), mode == LIVE, slot)

    def wants(self, schema: str, table: str) -> bool:
        """Tell whether a table is chosen; a glob is of the table's name, or of `schema.table`."""
        return not self.tables or any(
            fnmatchcase(f"{schema}.{table}".lower() if "." in glob else table.lower(), glob.lower())
            for glob in self.tables
        )

    def cursor_of(self, name: str, place: str) -> str:
        """Return the column that was chosen for a table, `none` for none, "" where it is to be detected."""
        for key in (name, place):
            if key.lower() in self.cursors:
                return self.cursors[key.lower()]
        return self.cursor


def split(text: str) -> Sequence[str]:
    """Return the words between commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def names_of(places: Sequence[tuple[str, str]], first: str) -> dict[tuple[str, str], str]:
    """Return what each (schema, table) is called: the first schema's by their own names, others' as `ops__crew`.

    SQL knows no upper and lower case in names and the lake's own tables begin with `_dinobase`: who comes later to a
    name that is taken gets its schema before it, then a number behind it.
    """
    names: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    for schema, table in sorted(places, key=lambda p: (p[0] != first, p)):
        name = table if schema == first or not schema else f"{schema}__{table}"
        if name.lower().startswith("_dinobase"):
            name = f"{schema or 'main'}__{table}"
        number = 2
        base = name
        while name.lower() in taken:
            name = f"{base}_{number}"
            number += 1
        taken.add(name.lower())
        names[schema, table] = name
    return names


def address(url: str) -> str:
    """Return where a connection string leads, without user, password and options."""
    parts = urlsplit(url)
    if not parts.scheme:
        return "a database"
    if "@" in parts.path:  # a password with a slash that is not escaped
        return f"{parts.scheme}://{parts.path.rpartition('@')[2]}"
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"

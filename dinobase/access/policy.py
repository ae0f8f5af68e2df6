"""An identity -> what it may read, from `access:` of config.yaml. Pure; what no rule lets through is not there.

What an entry does not say, `default` says; without either all is readable. Names are compared in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

Masking: TypeAlias = Literal["show", "hash", "mask", "deny"]

CLI = "cli"
DEFAULT = "default"
SYSTEM = "_dinobase"
_STRICTNESS: tuple[Masking, ...] = ("show", "hash", "mask", "deny")


@dataclass(frozen=True, slots=True)
class Policy:
    """What one identity may read and write; patterns are globs, part by part."""

    identity: str
    sources: tuple[str, ...] = ("*",)
    hide: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    pii: Masking = "show"
    columns: tuple[tuple[str, Masking], ...] = ()
    writes: tuple[str, ...] | None = None

    @property
    def sees_everything(self) -> bool:
        """No rule takes anything away."""
        return "*" in self.sources and not (self.hide or self.rows or self.columns) and self.pii == "show"

    @property
    def sees_all_records(self) -> bool:
        """Whether `_dinobase.*` shows what others did."""
        return self.identity == CLI

    def connector(self, connector: str) -> bool:
        """Say whether anything of a connector may be there for this identity."""
        return connector.lower() != SYSTEM and any(_covers(p.split(".", 1)[0], connector) for p in self.sources)

    def table(self, connector: str, table: str) -> bool:
        """Say whether a table is there; the view of an array is there where its table is."""
        if connector.lower() == SYSTEM or table.lower().startswith(SYSTEM):
            return False
        return any(_matches(p, connector, table) for p in self.sources)

    def open(self, connector: str) -> bool:
        """Say whether all of a connector is readable as it is, so that its lake needs no views."""
        if self.pii != "show" or not any(_whole(p, connector) for p in self.sources):
            return False
        patterns = (*self.hide, *(p for p, _ in self.rows), *(p for p, _ in self.columns))
        return not any(_covers(p.split(".", 1)[0], connector) for p in patterns)

    def column(self, connector: str, table: str, column: str, pii: str | None = None) -> Masking:
        """Return what happens to a column; `pii` is its kind of personal data."""
        return self.rule(connector, table, column) or (self.pii if pii else "show")

    def rule(self, connector: str, table: str, column: str) -> Masking | None:
        """Return what a rule for this very column says: its own name before globs, the strictest of several globs."""
        name = (connector, table, column)
        if any(_matches(p, *name) for p in self.hide):
            return "deny"
        exact = [how for p, how in self.columns if p.lower() == ".".join(name).lower()]
        found = exact or [how for p, how in self.columns if _matches(p, *name)]
        return max(found, key=_STRICTNESS.index) if found else None

    def conditions(self, connector: str, table: str) -> tuple[str, ...]:
        """Return the SQL conditions that all must hold for a row to be there."""
        return tuple(sql for pattern, sql in self.rows if _matches(pattern, connector, table))

    def takes_rows(self, connector: str) -> bool:
        """Say whether any table of a connector may have rows that are not there."""
        return any(_covers(pattern.split(".", 1)[0], connector) for pattern, _ in self.rows)

    def may_write(self, connector: str, table: str) -> bool:
        """Say whether `access` lets it write this table; what `writes:` of config.yaml says comes on top."""
        if not self.table(connector, table):
            return False
        return self.writes is None or any(_matches(p, connector, table) for p in self.writes)

    def may_annotate(self, connector: str, table: str = "") -> bool:
        """Say whether it may say what a connector or a table means: with a list of `writes`, of what that covers."""
        if self.writes is None:
            return self.table(connector, table) if table else self.connector(connector)
        if table:
            return self.may_write(connector, table)
        return self.connector(connector) and any(_matches(p, connector) for p in self.writes)


def policy_of(access: Mapping[str, Mapping[str, Any]], identity: str) -> Policy:
    """Return an identity's policy; `access` is that part of config.yaml as plain data."""
    entries = [access.get(identity, {}), access.get(DEFAULT, {})]
    said = {key: next((e[key] for e in entries if e.get(key) is not None), None) for key in _KEYS}
    return Policy(
        identity,
        ("*",) if said["sources"] is None else tuple(said["sources"]),
        tuple(said["hide"] or ()),
        tuple((said["rows"] or {}).items()),
        said["pii"] or "show",
        tuple((said["columns"] or {}).items()),
        None if said["writes"] is None else tuple(said["writes"]),
    )


_KEYS = ("sources", "hide", "rows", "pii", "columns", "writes")


def _covers(pattern: str, name: str) -> bool:
    return fnmatchcase(name.lower(), pattern.lower())


def _matches(pattern: str, *names: str) -> bool:
    """Match part by part; a pattern of fewer parts covers all below it."""
    parts = pattern.split(".", len(names) - 1)
    return len(parts) <= len(names) and all(_covers(part, name) for part, name in zip(parts, names, strict=False))


def _whole(pattern: str, connector: str) -> bool:
    head, _, rest = pattern.partition(".")
    return rest in {"", "*"} and _covers(head, connector)

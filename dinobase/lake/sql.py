"""Quoting: every name and value that becomes SQL text passes through here."""

from __future__ import annotations


def ident(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote a string value."""
    return "'" + value.replace("'", "''") + "'"


def qualified(*names: str) -> str:
    """Quote a dotted name."""
    return ".".join(ident(name) for name in names)

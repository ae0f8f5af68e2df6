"""Redaction: a registered secret never appears in what leaves the process."""

from __future__ import annotations

import base64
import urllib.parse

MASK = "***"
_SHORTEST = 4  # below this a "secret" would blank out ordinary text
_known: dict[str, None] = {}


def register(value: str) -> str:
    """Make `redact` hide a value in all the forms it travels in; returns it."""
    if len(value) >= _SHORTEST:
        for form in (value, urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value)):
            _known[form] = None
    return value


def register_basic(username: str, password: str) -> None:
    """Hide the Base64 form that HTTP Basic sends."""
    register(base64.b64encode(f"{username}:{password}".encode()).decode())


def redact(text: str) -> str:
    """Return the text with every registered secret masked, longest first."""
    for value in sorted(_known, key=len, reverse=True):
        if value in text:
            text = text.replace(value, MASK)
    return text


def forget_all() -> None:
    """Empty the register; for tests."""
    _known.clear()

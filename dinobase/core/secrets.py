"""Redaction: a registered secret never appears in what leaves the process."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

MASK = "***"
_SHORTEST = 4  # below this a "secret" would blank out ordinary text
_UNLIKE_WORDS = 8  # from here on a secret is no word of ours by chance: it is masked in our own phrases too
_OURS = frozenset({"code", "resource", "connector", "table"})  # names that we or the user's files gave
_known: dict[str, None] = {}


def register(value: str) -> str:
    """Make `redact` hide a value in all the forms it travels in; returns it. A `${VAR}` is no secret but names one."""
    if len(value) >= _SHORTEST and not (value.startswith("${") and value.endswith("}")):
        quoted = urllib.parse.quote(value, safe="")
        forms = (value, quoted, urllib.parse.quote(value), urllib.parse.quote_plus(value), repr(value)[1:-1])
        escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
        encoded = (base64.b64encode(value.encode()).decode(), base64.urlsafe_b64encode(value.encode()).decode())
        for form in (*forms, *escaped, *encoded):
            _known[form] = None
        for line in value.splitlines():  # a key file's lines turn up one by one in tracebacks
            if len(line) >= _SHORTEST * 4:
                _known[line] = None
    return value


def register_basic(username: str, password: str) -> None:
    """Hide the Base64 form that HTTP Basic sends."""
    register(base64.b64encode(f"{username}:{password}".encode()).decode())


def redact(text: str, *, shortest: int = 0) -> str:
    """Return the text with every registered secret masked, longest first."""
    for value in sorted(_known, key=len, reverse=True):
        if value in text and len(value) >= shortest:
            text = text.replace(value, MASK)
    return text


def redact_own(text: str) -> str:
    """Return a phrase of ours, such as a hint, masked: a password `sync` does not take the command's name out of it."""
    return redact(text, shortest=_UNLIKE_WORDS)


def redact_error(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an error masked: what the API or a file said in full, our codes and keys not at all."""
    clean: dict[str, Any] = {key: value if key in _OURS else redact_json(value) for key, value in facts.items()}
    if isinstance(hint := facts.get("hint"), str):
        clean["hint"] = redact_own(hint)
    if isinstance(context := facts.get("context"), Mapping):
        clean["context"] = {str(k): redact_own(str(v)) if k in _OURS else redact_json(v) for k, v in context.items()}
    return clean


def register_url(url: str) -> None:
    """Hide the password that a URL holds."""
    parts = urllib.parse.urlsplit(url)
    password = parts.password
    if not password and not parts.scheme.startswith("http"):  # one with a slash that is not escaped ends no host
        password = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    if password:
        register(password)
        register(urllib.parse.unquote(password))


def redact_url(url: str) -> str:
    """Return a URL without its password."""
    parts = urllib.parse.urlsplit(url)
    if not parts.password:
        return url
    return url.replace(f":{parts.password}@", f":{MASK}@", 1)


def redact_json(value: object) -> object:
    """Return JSON data with the texts in it masked, keys too."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(key)): redact_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redact_json(item) for item in value]
    return value


def forget_all() -> None:
    """Empty the register; for tests."""
    _known.clear()

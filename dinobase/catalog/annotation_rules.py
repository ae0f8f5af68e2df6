"""Which words can be said of what: keys, their values, and what only a person may say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dinobase.catalog.annotations import NOT_PERSONAL, Origin, Target, Value
from dinobase.core.errors import UsageError, did_you_mean

KEYS: Mapping[str, str] = {
    "description": "what it means, in a sentence or two",
    "note": "what a reader must know to use it right",
    "unit": "of a column: cents, epoch_s, epoch_ms, percent, an ISO currency, or a word",
    "pii": "of a column: the kind of personal data; a person may say none",
    "values": "of a column: its codes, as a JSON list, or an object with their meanings",
    "deprecated": "true, false, or what to use instead",
    "owner": "who answers for it",
}
PII = (
    "email", "phone", "name", "address", "ip", "card", "iban", "national_id", "birth_date", "secret",
)  # fmt: skip
SPEAKERS: tuple[Origin, ...] = ("person", "agent", "model", "heuristic")
LONGEST = 4_000
_WRITABLE = "a text of whole characters, without NUL"
_OF_COLUMNS = ("unit", "pii", "values")
_KEY = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_TRUTH: Mapping[str, bool] = {"true": True, "yes": True, "false": False, "no": False}


def target_of(text: str) -> Target:
    """Read `stripe`, `stripe.customers`, `stripe.customers.email`; raises UsageError."""
    parts = [part.strip() for part in text.replace('"', "").split(".", 2)]
    if not all(parts) or not _writable(text):
        raise UsageError(
            f"`{_printable(text)}` is no target",
            code="annotation.target",
            hint="Write connector, connector.table or one column more.",
        )
    return Target(*parts)


def checked_key(key: str, target: Target) -> str:
    """Return a key in small letters; raises UsageError."""
    found = key.strip().lower()
    if not _KEY.fullmatch(found):
        raise UsageError(
            f"`{_printable(key)}` is no key",
            code="annotation.key",
            hint=f"One of {', '.join(KEYS)}, or a word of your own: small letters, digits, `_`, `.` and `-`.",
        )
    if found in _OF_COLUMNS and not target.column:
        raise UsageError(
            f"`{found}` is said of columns, and {target} is none",
            code="annotation.key",
            hint=f"dinobase annotate {target}.COLUMN {found} ..." if target.table else "Name connector.table.column.",
        )
    return found


def checked_value(key: str, value: Any, origin: Origin) -> Value:
    """Return a value as it is kept; raises UsageError."""
    if key == "values":
        return _codes(value)
    if key == "deprecated" and isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value.strip():
        raise _wrong(key, value, "a text that is not empty")
    text = value.strip()
    if len(text) > LONGEST:
        raise _wrong(key, f"{text[:40]}…", f"at most {LONGEST:,} characters")
    if not _writable(text):
        raise _wrong(key, text, _WRITABLE)
    if key == "deprecated":
        return _TRUTH.get(text.lower(), text)
    return _kind(text.lower(), origin) if key == "pii" else text


def _kind(kind: str, origin: Origin) -> str:
    if kind == NOT_PERSONAL:
        if origin != "person":
            raise _for_a_person("Only a person can say that a column is not personal data")
        return kind
    if kind not in PII:
        near = did_you_mean(kind, PII)
        raise _wrong("pii", kind, f"{', '.join(PII)} or none", near or "")
    return kind


def _codes(value: Any) -> Value:
    import json

    found = value
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            found = [part.strip() for part in value.split(",")]
    if isinstance(found, Mapping) and found and all(isinstance(v, str) for v in found.values()):
        meanings = {str(code): meaning for code, meaning in found.items()}
        if all(_writable(code + meaning) for code, meaning in meanings.items()):
            return meanings
    if isinstance(found, list) and found and all(isinstance(v, str) and v and _writable(v) for v in found):
        return list(found)
    raise _wrong("values", value, 'a list (`["open", "paid"]`, or open,paid) or an object with meanings')


def may_take_back(key: str, said: Origin, by: Origin) -> None:
    """Raise where one origin may not take back what another said."""
    if by != "person" and (said == "person" or key == "pii"):
        what = "that a column is personal data" if key == "pii" else "what a person said"
        raise _for_a_person(f"Only a person can take back {what}")


def _writable(text: str) -> bool:
    """Tell whether every catalog can keep a text: PostgreSQL takes no NUL, and no file half of a surrogate pair."""
    return "\0" not in text and _printable(text) == text


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _for_a_person(message: str) -> UsageError:
    return UsageError(message, code="annotation.person", hint="A person runs the same command on a terminal.")


def _wrong(key: str, value: Any, allowed: str, near: str = "") -> UsageError:
    return UsageError(
        f"`{key}` takes {allowed}, not `{_printable(str(value))}`",
        code="annotation.value",
        hint=f"Did you mean {near}?" if near else "dinobase annotate --input-schema",
    )

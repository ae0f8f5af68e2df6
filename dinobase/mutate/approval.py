"""Who approves a write: the rules of config.yaml, and whether somebody is that. Pure.

More rows than the rule allows need a human whatever it says, short of `deny`; so does a delete that no rule names.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

from dinobase.mutate.change import Operation

Approval: TypeAlias = Literal["auto", "agent", "human", "deny"]
STRICTNESS: tuple[Approval, ...] = ("auto", "agent", "human", "deny")
_WORDS: Mapping[Operation, str] = {"create": "insert", "update": "update", "delete": "delete"}
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def strictest(found: Iterable[Approval]) -> Approval:
    """Return the approval that satisfies all."""
    return max(found, key=STRICTNESS.index, default="auto")


def needed(
    writes: Mapping[str, Any], connector: str, table: str, operations: Sequence[Operation], rows: int
) -> Approval:
    """Return who approves; `writes` is that part of config.yaml as plain data, `rows` all that one call changes."""
    return strictest(_one(writes, connector, table, operation, rows) for operation in operations)


def _one(writes: Mapping[str, Any], connector: str, table: str, operation: Operation, rows: int) -> Approval:
    default = writes.get("default") or {}
    limit = int(default.get("max_rows", 50))
    said: Approval = default.get("approval", "agent")
    for rule in writes.get("rules") or ():
        if _matches(rule, connector, table, _WORDS[operation]):
            said = rule["approval"]
            limit = limit if rule.get("max_rows") is None else int(rule["max_rows"])
            break
    else:
        if operation == "delete":
            said = strictest([said, "human"])
    return strictest([said, "human"]) if rows > limit else said


def _matches(rule: Mapping[str, Any], connector: str, table: str, operation: str) -> bool:
    source = str(rule.get("source", "*")).lower()
    names = (connector.lower(), f"{connector}.{table}".lower())
    return any(fnmatchcase(name, source) for name in names) and rule.get("operation", "*") in {"*", operation}


def verifier(passphrase: str, salt: bytes) -> str:
    """Return what config.yaml keeps of the passphrase of human approvals."""
    digest = hashlib.scrypt(passphrase.encode(), salt=salt, dklen=32, n=_SCRYPT["n"], r=_SCRYPT["r"], p=_SCRYPT["p"])
    return f"scrypt:{salt.hex()}:{digest.hex()}"


def opens(passphrase: str, kept: str) -> bool:
    """Tell whether a passphrase is the one that config.yaml verifies."""
    parts = kept.split(":")
    if len(parts) != 3 or parts[0] != "scrypt":
        return False
    try:
        salt = bytes.fromhex(parts[1])
    except ValueError:
        return False
    return hmac.compare_digest(verifier(passphrase, salt), kept)


_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another
_ALIKE = str.maketrans("OIL", "011")
_GROUPS, _GROUP = 4, 5
CODE_BYTES = 20  # of randomness; a letter takes five bits of each


def code_of(random: bytes) -> str:
    """Return a one-time code of 100 bits, in groups that a person can read out."""
    letters = [_LETTERS[byte & 31] for byte in random[: _GROUPS * _GROUP]]
    return "-".join("".join(letters[n : n + _GROUP]) for n in range(0, len(letters), _GROUP))


def sealed(key: str, code: str, plans: Sequence[str], expires_at: str, verifies: str) -> str:
    """Return what the journal keeps of a code: signed with the workspace's key, good for these plans' hashes alone.

    verifies: the approval key's verifier when it was made; under another one it is void.
    """
    plain = "".join(c for c in code.upper().translate(_ALIKE) if c.isalnum())
    said = "\n".join(["approve", plain, *plans, expires_at, verifies])
    return hmac.new(bytes.fromhex(key), said.encode(), hashlib.sha256).hexdigest()

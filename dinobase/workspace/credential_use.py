"""Where a credential came from and where it rests, as `add` tells it."""

from __future__ import annotations

from dinobase.spec.credentials import Answer
from dinobase.workspace import results


def told(answer: Answer, rests: str) -> results.CredentialUse:
    """Say it of one; `rests` is what the vault said."""
    if answer.origin == "default":
        where = "not stored, the connector's own default"
    elif not answer.credential.secret:
        where = "stored in config.yaml"
    elif answer.stored != answer.value:
        where = f"stored as the reference {answer.stored}"
    elif rests == "keyring":
        where = "stored in the system keyring"
    else:
        where = "stored in credentials.json, which only you can read"
    origin = "env" if answer.origin == "reference" else answer.origin
    return results.CredentialUse(answer.credential.name, origin, where)

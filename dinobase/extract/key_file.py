"""A key file that is named by its path is read when it is used: replacing the file replaces the key."""

from __future__ import annotations

from pathlib import Path

from dinobase.core.errors import FetchRefused
from dinobase.core.secrets import register
from dinobase.kinds.auth.base import AuthKind
from dinobase.kinds.auth.google_service_account import GoogleServiceAccount

_LARGEST = 1 << 16


def opened(kind: AuthKind) -> AuthKind:
    """Return the kind with the file's text in place of its path."""
    if not isinstance(kind, GoogleServiceAccount) or kind.key_file.lstrip().startswith("{"):
        return kind
    path = Path(kind.key_file.strip()).expanduser()
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_LARGEST)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        raise FetchRefused(
            f"The key file `{path.name}` cannot be read: {reason}",
            code="auth.key_file",
            hint="Give its path, or its text, with `dinobase add NAME --replace`.",
        ) from None
    read = kind.model_copy(update={"key_file": text})
    for secret in read.secrets():
        register(secret)
    return read

"""What comes back from a person's browser: a code that is good once, or why there is none (RFC 6749, 4.1.2)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """`state` is None where a bare code was pasted: then the verifier alone ties it to the question."""

    code: str = ""
    state: str | None = None
    error: str = ""
    description: str = ""

    def belongs_to(self, state: str) -> bool:
        """Tell whether it answers the question that carried this state."""
        return self.state is None or self.state == state


def answer(text: str) -> Answer | None:
    """Read an address with a query, a query, or a bare code; None where there is none of them in the text."""
    text = text.strip().strip("'\"")
    if "code=" not in text and "error=" not in text:
        return Answer(unquote(text)) if text and not any(c in text for c in " ?=") else None
    query = urlsplit(text).query if "://" in text else text.lstrip("?")
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    if not fields.get("code") and not fields.get("error"):
        return None
    return Answer(
        fields.get("code", ""), fields.get("state", ""), fields.get("error", ""), fields.get("error_description", "")
    )


def challenge(verifier: str) -> str:
    """Return what the authorization request shows of the verifier (PKCE, RFC 7636, S256)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()

"""Failures that an API tells inside a 200: such an answer gets the status that its word means, and keeps the word."""

from __future__ import annotations

from dataclasses import replace

from dinobase.core.values import HttpResponse
from dinobase.kinds import body as bodies
from dinobase.kinds.base import Field, Kind
from dinobase.kinds.body import Body, MalformedError, Raw
from dinobase.kinds.path import compile_path

_UNKNOWN = 400
_SHOWN = 200
_NOTHING = frozenset({b"null", b'""', b"[]", b"{}", b"false", b"0"})


class Errors(Kind):
    """How the API says in the body that a request failed, though its status says that all is well."""

    ok_path: str = Field(default="", description="JSONPath to a flag; false is a failure.")
    error_path: str = Field(
        default="", description="JSONPath to the API's word for it; without ok_path whatever stands there is a failure."
    )
    statuses: dict[str, int] = Field(
        default_factory=dict,
        description="What a word means, as a status (`ratelimited: 429`); any other word is a failure like a 400.",
    )

    def read(self, response: HttpResponse) -> HttpResponse:
        """Return an answer as what it is: one that tells a failure gets its status, and the word in `said`."""
        if not 200 <= response.status < 300:
            return response
        try:
            body = bodies.read(response.body, response.headers.get("content-type", ""))
            word = self._word(body)
        except MalformedError:
            return response  # whoever reads the records says what is wrong with it
        return response if word is None else replace(response, status=self.statuses.get(word, _UNKNOWN), said=word)

    def _word(self, body: Body) -> str | None:
        """Return the API's word for a failure, None where it tells none."""
        found = compile_path(self.error_path).find(body) if self.error_path else None
        if self.ok_path and compile_path(self.ok_path).flag_in(body) is not False:
            return None
        if found is None or bytes(found) in _NOTHING:
            return f"{self.ok_path}: false" if self.ok_path else None
        return _text(found)


def _text(raw: Raw | bytes) -> str:
    text = bytes(raw)
    scalar = None if text[:1] in {b"{", b"["} else bodies.scalar(raw)
    return (text.decode(errors="replace") if scalar is None else scalar)[:_SHOWN]

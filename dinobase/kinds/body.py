"""A body is looked into without being altered: what is cut out of it are the API's own bytes."""

from __future__ import annotations

import json
import re
from typing import TypeAlias

import msgspec

Raw: TypeAlias = msgspec.Raw
Parts: TypeAlias = tuple[str | int, ...]
Container: TypeAlias = "dict[str, Raw] | list[Raw]"

_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_ARRAY = msgspec.json.Decoder(list[Raw])
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>\s*(.{1,120}?)\s*</title", re.IGNORECASE | re.DOTALL)
# msgspec stops at half a surrogate pair even in what it does not decode; 0xFF cannot occur in UTF-8.
_SURROGATE = re.compile(rb"\\\\|\\u([dD][89a-fA-F][0-9a-fA-F]{2})")
_MASKED = re.compile(rb"\xff([0-9a-fA-F]{4})\xff")
_BOM = b"\xef\xbb\xbf"


class MalformedError(Exception):
    """A body that cannot be used; the caller knows resource, URL and status and says them too."""

    def __init__(self, message: str, *, hint: str = "", code: str = "fetch.malformed") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class Body:
    """One JSON text in UTF-8 on one line; containers are taken apart once and only where a path leads."""

    __slots__ = ("_containers", "_masked", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._masked = False
        self._containers: dict[Parts, Container | None] = {}
        if raw and raw[0] not in b"{[":
            _check_scalar(raw)
        self._containers[()] = self._open_root() if raw and raw[0] in b"{[" else None

    @property
    def masked(self) -> bool:
        """Half surrogate pairs are hidden in it: what is in it is not yet the API's own bytes."""
        return self._masked

    @property
    def empty(self) -> bool:
        """No body, null, [] or {}."""
        return not self.raw or self.raw == b"null" or (self.raw[0] in b"{[" and not self._containers[()])

    def at(self, parts: Parts) -> Raw | bytes | None:
        """Return the value's own bytes, or None where nothing is there."""
        if not parts:
            return self.raw or None
        found = self._inner(parts)
        return unmask(bytes(found)) if found is not None and self._masked else found

    def container(self, parts: Parts) -> Container | None:
        """Return the object or array at a place, opened; None for anything else."""
        if parts not in self._containers:
            raw = self._inner(parts)
            self._containers[parts] = None if raw is None else _open(raw)
        return self._containers[parts]

    def items(self, parts: Parts) -> list[Raw] | list[bytes] | None:
        """Return the elements of the array at a place, each in its own bytes."""
        container = self.container(parts)
        if not isinstance(container, list):
            return None
        return [unmask(bytes(item)) for item in container] if self._masked else container

    def _inner(self, parts: Parts) -> Raw | None:
        container = self.container(parts[:-1])
        last = parts[-1]
        if isinstance(last, str):
            return container.get(last) if isinstance(container, dict) else None
        if isinstance(container, list) and -len(container) <= last < len(container):
            return container[last]
        return None

    def _open_root(self) -> Container:
        try:
            return _decode(self.raw)
        except msgspec.DecodeError as error:
            masked = _SURROGATE.sub(_mask, self.raw)
            if masked == self.raw:
                raise _malformed(self.raw, error) from None
        self._masked = True
        try:
            return _decode(masked)
        except msgspec.DecodeError as error:
            raise _malformed(self.raw, error) from None


def read(raw: bytes, content_type: str = "") -> Body:
    """Check bytes as they came off the wire and return them as a body."""
    text = _utf8(raw, content_type).strip(b" \t\r\n")
    if b"\n" in text or b"\r" in text:  # between tokens only: inside strings JSON has them escaped
        text = text.replace(b"\r", b" ").replace(b"\n", b" ") if _newlines_are_space(text) else text
    return Body(text)


def scalar(raw: Raw | bytes) -> str | None:
    """Return a scalar as text, a number in its own digits, null as None; raises for objects and arrays."""
    text = bytes(raw)
    if text == b"null":
        return None
    if text[:1] == b'"':
        try:
            return msgspec.json.decode(text, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return str(json.loads(text))
    if text[:1] in {b"{", b"["}:
        shown = text[:80].decode(errors="replace")
        raise MalformedError(f"a single value was expected where there is `{shown}`")
    return text.decode()


def unmask(raw: bytes) -> bytes:
    """Put back the escapes that had to be hidden from the decoder."""
    return _MASKED.sub(rb"\\u\1", raw)


def is_object(raw: Raw | bytes) -> bool:
    """Tell whether these bytes are a JSON object."""
    return bool(memoryview(raw)[0] == ord("{"))


def _open(raw: Raw) -> Container | None:
    first = memoryview(raw)[0]
    return _decode(raw) if first in b"{[" else None


def _decode(raw: Raw | bytes) -> Container:
    try:
        return _OBJECT.decode(raw) if memoryview(raw)[0] == ord("{") else _ARRAY.decode(raw)
    except RecursionError:
        raise MalformedError("the JSON is nested too deeply to be read (about 900 levels are possible)") from None


def _mask(match: re.Match[bytes]) -> bytes:
    return b"\xff" + match.group(1) + b"\xff" if match.group(1) else match.group()


def _check_scalar(raw: bytes) -> None:
    if raw[0] == ord("<"):
        title = _TITLE.search(raw[:4096])
        named = f" titled `{title.group(1).decode(errors='replace')}`" if title else ""
        raise MalformedError(
            f"the answer is an HTML or XML page{named} where JSON was expected",
            hint="Check base_url and path; a login or maintenance page often answers in place of an API.",
        )
    try:
        msgspec.json.decode(raw, type=Raw)
    except msgspec.DecodeError as error:
        raise _malformed(raw, error) from None


def _malformed(raw: bytes, error: Exception) -> MalformedError:
    reason = str(error).removeprefix("JSON is malformed: ")
    if "truncated" in reason:
        return MalformedError(f"the answer's JSON ends too early, after {len(raw)} bytes")
    return MalformedError(f"the answer is not valid JSON: {reason}")


def _utf8(raw: bytes, content_type: str) -> bytes:
    if raw.isascii() and b"\x00" not in raw[:4]:
        return raw
    raw = raw.removeprefix(_BOM)
    declared = _CHARSET.search(content_type)
    charset = declared.group(1) if declared else json.detect_encoding(raw)
    if charset.lower().replace("_", "-") in {"utf-8", "utf8"}:
        charset = "utf-8"
    try:
        text = raw.decode(charset)
    except LookupError:
        raise MalformedError(f"the answer says charset `{charset}`, which is not known") from None
    except UnicodeDecodeError as error:
        said = "as it says" if declared else "and says no charset"
        raise MalformedError(
            f"the answer is not {charset} {said}: byte 0x{raw[error.start]:02x} at {error.start}",
        ) from None
    return raw if charset == "utf-8" else text.lstrip("\ufeff").encode()


def _newlines_are_space(text: bytes) -> bool:
    try:
        msgspec.json.decode(_SURROGATE.sub(_mask, text), type=Raw)
    except (msgspec.DecodeError, RecursionError):
        return False  # left as it is, so that the error message shows the true fault
    return True

"""Where the records are in a body: each is cut out byte for byte, or the error says what was there instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from dinobase.kinds.body import Body, MalformedError, Parts, Raw, is_object
from dinobase.kinds.path import Path, compile_path

_SHOWN = 20

_ARRAY = msgspec.json.Decoder(list[Raw])


@dataclass(frozen=True, slots=True)
class Elements(Sequence[Raw]):
    """A page's records as the text between an array's brackets; `by` found that a typed read keeps all of them."""

    text: bytes | memoryview
    rows: int
    by: object = field(compare=False)

    def __len__(self) -> int:
        """Return the number of records."""
        return self.rows

    def __getitem__(self, at: Any) -> Any:
        """Return one record, or several, in their own bytes."""
        return self._all()[at]

    def __iter__(self) -> Iterator[Raw]:
        """Cut all records out once: by their places each would cost a look at the whole page."""
        return iter(self._all())

    def _all(self) -> list[Raw]:
        return _ARRAY.decode(b"".join((b"[", self.text, b"]")))


Cut: TypeAlias = Callable[[Raw | bytes], Elements | None]
"""Takes the text of an array to all its records at once; None where they have to be cut out one by one."""


class Selector:
    """The records of one resource's pages; without a path the list that the first page settles on stays the one."""

    __slots__ = ("_cut", "_key", "_path")

    def __init__(self, path: str | None, cut: Cut | None = None) -> None:
        self._cut = cut
        text = path.strip() if path else path
        while text and text.endswith(("[*]", "[]")):
            text = text.removesuffix("[*]").removesuffix("[]")
        self._path: Path | None = None if path is None else compile_path(text or "$")
        self._key = ""

    def records(self, body: Body) -> Sequence[Raw | bytes]:
        """Return the records, objects all; raises MalformedError where the path leads nowhere."""
        if body.empty:
            return ()
        return _objects(self._only_list(body)) if self._path is None else self._selected(body, self._path)

    def _selected(self, body: Body, path: Path) -> Sequence[Raw | bytes]:
        places = path.places(body)
        if not places:
            if path.may_be_nothing(body):
                return ()
            raise MalformedError(
                f"`{path.text}` (data_selector) matches nothing; the body has {_keys(body)}",
                hint="Set data_selector to the path of the array of records.",
                code="fetch.selector",
            )
        if len(places) == 1:
            return self._value(body, places[0])
        lists = [body.items(place) for place in places]
        if all(found is not None for found in lists):
            return _objects([item for found in lists if found for item in found])
        return _objects([found for place in places if (found := body.at(place)) is not None])

    def _value(self, body: Body, place: Parts) -> Sequence[Raw | bytes]:
        elements = self._elements(body, place)
        if elements is not None:
            return elements
        items = body.items(place)
        if items is not None:
            return _objects(items)
        value = body.at(place)
        if value is None or bytes(value) == b"null":
            _refuse_error_body(body)
            return ()
        if is_object(value):
            return [value]
        text = self._path.text if self._path else "$"
        shown = bytes(value)[:80].decode(errors="replace")
        raise MalformedError(
            f"`{text}` (data_selector) is `{shown}`, neither an array nor an object",
            hint="Set data_selector to the path of the array of records.",
            code="fetch.selector",
        )

    def _elements(self, body: Body, place: Parts) -> Elements | None:
        if self._cut is None or body.masked:
            return None
        array = body.at(place)
        return self._cut(array) if array is not None and memoryview(array)[0] == ord("[") else None

    def _only_list(self, body: Body) -> Sequence[Raw | bytes]:
        items = body.items(())
        if items is not None:
            return items
        top = body.container(())
        if not isinstance(top, dict):
            shown = body.raw[:80].decode(errors="replace")
            raise MalformedError(f"the body is `{shown}`, neither an array nor an object", code="fetch.selector")
        if self._key in top:
            return self._elements(body, (self._key,)) or body.items((self._key,)) or ()
        lists = {key: found for key in top if (found := body.items((key,))) is not None}
        full = [key for key, found in lists.items() if found and is_object(found[0])]
        if len(full) == 1:
            self._key = full[0]
            return lists[self._key]
        _refuse_error_body(body)
        if not full and lists and not any(lists.values()):
            return ()
        candidates = ", ".join(f"`{key}`" for key in (full or lists)) or "none"
        raise MalformedError(
            f"the records are not to be found without data_selector: lists at the top are {candidates}; "
            f"the body has {_keys(body)}",
            hint="Set data_selector to the path of the array of records.",
            code="fetch.selector",
        )


def left_out(body: Body, selector: str) -> bool:
    """Tell whether the list was left out for being empty: only the last key may be missing; raises where it failed."""
    *above, last = compile_path(selector).parts or ("",)
    container = None if body.empty else body.container(tuple(above))
    if not isinstance(container, dict) or last in container:
        return False
    _refuse_error_body(body)
    return True


def _objects(items: Sequence[Raw | bytes]) -> Sequence[Raw | bytes]:
    brace = ord("{")
    if all([memoryview(item)[0] == brace for item in items]):  # noqa: C419 - a list is faster than a generator here
        return items
    return [item if is_object(item) else b'{"value":' + bytes(item) + b"}" for item in items]


def _keys(body: Body) -> str:
    top = body.container(())
    if isinstance(top, list):
        return f"an array of {len(top)} elements at its top"
    if not isinstance(top, dict):
        return f"only `{body.raw[:80].decode(errors='replace')}`"
    names = ", ".join(f"`{key}`" for key in list(top)[:_SHOWN])
    return f"the keys {names}" + (f" and {len(top) - _SHOWN} more" if len(top) > _SHOWN else "")


def _refuse_error_body(body: Body) -> None:
    """Raise where a body without records says that something went wrong."""
    for key in ("error", "errors"):
        raw = body.at((key,))
        if raw is not None and bytes(raw) not in {b"null", b"[]", b"{}", b'""', b"false", b"0"}:
            shown = bytes(raw)[:200].decode(errors="replace")
            raise MalformedError(f"the answer says {key}: {shown}", code="fetch.error_body")

"""`{name}` placeholders: a brace is part of a placeholder or doubled; nothing is guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

from dinobase.core.errors import RequestError

Json: TypeAlias = Any

# `{{`, `}}`, `{name}` and `{+name}`; whatever else holds a brace matches the last branch and is an error.
_TOKEN = re.compile(r"\{\{|\}\}|\{(\+?)([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\}|[{}]")
# What RFC 3986 allows in a path beside letters and digits, without `?`, `#` and `%`, which would end it or decode.
_PATH_SAFE = "/:@!$&'()*+,;="


class TemplateError(RequestError):
    """A brace that is no placeholder, or a placeholder without a value; context: text, position."""

    code = "template.faulty"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`position` counts characters from the start of the text; `keep_slashes` is `{+name}`."""

    name: str
    keep_slashes: bool
    position: int


def placeholders(text: str) -> list[Placeholder]:
    """List the placeholders in order; raises TemplateError on a single brace."""
    if "{" not in text and "}" not in text:
        return []
    return [part for part in _parts(text) if isinstance(part, Placeholder)]


def render(text: str, values: Mapping[str, object], *, in_path: bool = False) -> str:
    """Put values in; `in_path` percent-encodes them (slashes too, unless `{+name}`)."""
    if "{" not in text and "}" not in text:
        return text
    return "".join(
        part if isinstance(part, str) else _text(part, _value(part, values, text), in_path=in_path)
        for part in _parts(text)
    )


def render_known(text: str, values: Mapping[str, object], *, in_path: bool = False) -> str:
    """Put in the values that are there and return a template again: other placeholders and doubled braces stay."""
    if "{" not in text and "}" not in text:
        return text
    out: list[str] = []
    for part in _parts(text):
        if isinstance(part, str):
            out.append(escape(part))
        elif part.name in values:
            out.append(escape(_text(part, values[part.name], in_path=in_path)))
        else:
            out.append(f"{{{'+' if part.keep_slashes else ''}{part.name}}}")
    return "".join(out)


def render_json(value: Json, values: Mapping[str, object], *, keep_types: bool = False) -> Json:
    """Render every string inside; with `keep_types` a string that is one placeholder becomes the value itself."""
    if isinstance(value, str):
        if keep_types:
            parts = list(_parts(value))
            if len(parts) == 1 and isinstance(parts[0], Placeholder):
                return _value(parts[0], values, value)
        return render(value, values)
    if isinstance(value, Mapping):
        return {key: render_json(item, values, keep_types=keep_types) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render_json(item, values, keep_types=keep_types) for item in value]
    return value


def render_json_known(value: Json, values: Mapping[str, object]) -> Json:
    """Apply `render_known` to every string inside."""
    if isinstance(value, str):
        return render_known(value, values)
    if isinstance(value, Mapping):
        return {key: render_json_known(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render_json_known(item, values) for item in value]
    return value


def strings(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Walk all strings inside a JSON value with their paths; keys are not templates."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))


def escape(text: str) -> str:
    """Double the braces, so that rendering gives the text back."""
    return text.replace("{", "{{").replace("}", "}}")


def _parts(text: str) -> Iterator[str | Placeholder]:
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            yield text[end : match.start()]
        end = match.end()
        token = match.group()
        if match.group(2):
            yield Placeholder(match.group(2), match.group(1) == "+", match.start())
        elif token in {"{{", "}}"}:
            yield token[0]
        else:
            raise TemplateError(
                f"`{token}` at character {match.start() + 1} is not part of a placeholder",
                hint=f"Write `{token}{token}` for a literal brace, or `{{name}}` for a value.",
                text=text,
                position=match.start(),
            )
    if end < len(text):
        yield text[end:]


def _value(part: Placeholder, values: Mapping[str, object], text: str) -> object:
    if part.name not in values:
        known = ", ".join(f"`{{{name}}}`" for name in sorted(values))
        raise TemplateError(
            f"nothing defines `{{{part.name}}}`",
            hint=f"Defined here: {known}." if known else "Nothing is defined here.",
            text=text,
            position=part.position,
        )
    return values[part.name]


def _text(part: Placeholder, value: object, *, in_path: bool) -> str:
    if value is None:
        text = ""
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = str(value)
    if not in_path:
        return text
    return quote(text, safe=_PATH_SAFE if part.keep_slashes else "")

"""A column as SQL that shows no more than a rule allows. Pure; no expression here can fail on any value.

A failing cast or JSON function would print the very value that it hides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dinobase.access.policy import Masking
from dinobase.lake.sql import ident, literal

MASK = "***"
_TRIMMED = "E' \\t\\r\\n'"
_TEXTS = ("VARCHAR", "JSON")


def column(name: str, kind: str, how: Masking, inside: Sequence[tuple[Sequence[str], Masking]], key: str) -> str | None:
    """Return the select item for a column, None where the column is not there; `kind` is its type in the lake."""
    quoted = ident(name)
    if how == "deny":
        return None
    if how != "show":
        return f"{_whole(quoted, kind, how, key)} AS {quoted}"
    hidden = [(tuple(steps), rule) for steps, rule in inside if rule != "show"]
    if not hidden:
        return quoted
    if kind != "JSON":
        strictest = "mask" if any(rule != "hash" for _, rule in hidden) else "hash"
        return f"{_whole(quoted, kind, 'mask' if strictest == 'mask' else 'hash', key)} AS {quoted}"
    expression = quoted
    for steps, rule in sorted(hidden):
        expression = _inside(expression, steps, rule, key)
    unreadable = literal(f'"{MASK}"')
    return (
        f"CASE WHEN {quoted} IS NULL OR json_valid({quoted}) THEN {expression} ELSE {unreadable}::JSON END AS {quoted}"
    )


def output_type(kind: str, how: Masking) -> str:
    """Return the type that a column has after a rule."""
    if how == "hash" and kind != "JSON":
        return "VARCHAR[]" if kind == "VARCHAR[]" else "VARCHAR"
    return kind


def _whole(value: str, kind: str, how: Masking, key: str) -> str:
    if kind == "VARCHAR[]":
        element = digest("x", key) if how == "hash" else _stars("x")
        return f"list_transform({value}, lambda x: {element})"
    if kind == "JSON":
        return _json(value, how, key)
    if how == "hash":
        return digest(value, key)
    return _stars(value) if kind == "VARCHAR" else f"CAST(NULL AS {kind})"


def _stars(value: str) -> str:
    return f"CASE WHEN {value} IS NULL THEN NULL ELSE {literal(MASK)} END"


def digest(value: str, key: str) -> str:
    """Return the keyed hash: SHA-256 of the key and the trimmed text, e-mails in lower case; 128 bits in hex."""
    text = f"trim(CAST({value} AS VARCHAR), {_TRIMMED})"
    folded = f"CASE WHEN contains({text}, '@') THEN lower({text}) ELSE {text} END"
    return f"left(sha256({literal(key)} || {folded}), 32)"


def _json(value: str, how: Masking, key: str) -> str:
    """Return a JSON value masked as a whole; hashed text has the hash that it would have outside JSON."""
    if how == "mask":
        inner = literal(f'"{MASK}"')
        return f"CASE WHEN {value} IS NULL THEN NULL ELSE {inner}::JSON END"
    text = f"CASE WHEN json_valid({value}) THEN json_extract_string({value}, '$') ELSE CAST({value} AS VARCHAR) END"
    return f"to_json({digest(f'({text})', key)})"


def _inside(value: str, steps: Sequence[str], how: Masking, key: str) -> str:
    """Return valid JSON in which what `steps` lead to is masked; `deny` takes the member out.

    An array on the way is gone through, declared or not; text where an object was declared is masked.
    """
    names = [step for step in steps if step != "[]"]
    return _bound(value, 0, lambda here: _step(here, names, how, key, 1, through=True))


def _step(value: str, names: Sequence[str], how: Masking, key: str, depth: int, *, through: bool) -> str:
    if not names or names[0] == "*":
        return _value(value, how, key, depth)
    pointer = literal("/" + names[0].replace("~", "~0").replace("/", "~1"))
    child = _bound(
        f"json_extract({value}, {pointer})",
        depth,
        lambda here: _step(here, names[1:], how, key, depth + 1, through=True),
    )
    member = literal(names[0])
    gone = f"json_object({member}, NULL)"  # the old member would be merged with the new one
    whole = _value(value, how, key, depth)
    array = whole
    if through:
        element = f"e{depth}"
        inner = _step(element, names, how, key, depth + 1, through=False)
        array = f"to_json(list_transform(json_extract({value}, '$[*]'), lambda {element}: {inner}))"
    return (
        f"CASE json_type({value}) WHEN 'ARRAY' THEN {array} WHEN 'VARCHAR' THEN {whole} "
        f"WHEN 'OBJECT' THEN CASE WHEN json_exists({value}, {pointer}) "
        f"THEN json_merge_patch(json_merge_patch({value}, {gone}), json_object({member}, {child})) ELSE {value} END "
        f"ELSE {value} END"
    )


def _bound(value: str, depth: int, make: Callable[[str], str]) -> str:
    """Give a value a name, so that the expression made of it repeats the name and not the value."""
    name = f"v{depth}"
    return f"list_transform([{value}], lambda {name}: {make(name)})[1]"


def _value(value: str, how: Masking, key: str, depth: int) -> str:
    if how == "deny":
        return "NULL::JSON"
    if how == "mask":
        return f"CASE json_type({value}) WHEN 'NULL' THEN {value} ELSE '\"{MASK}\"'::JSON END"
    item = f"json_extract_string(e{depth}, '$')"
    listed = f"to_json(list_transform(json_extract({value}, '$[*]'), lambda e{depth}: to_json({digest(item, key)})))"
    text = f"json_extract_string({value}, '$')"
    return (
        f"CASE json_type({value}) WHEN 'NULL' THEN {value} WHEN 'ARRAY' THEN {listed} "
        f"ELSE to_json({digest(text, key)}) END"
    )

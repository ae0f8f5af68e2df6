"""What pydantic found wrong, said in the file's own words: its keys, its places, what is allowed there.

pydantic's `loc` also holds names of union members, which are not in the file; the walk below follows the models' types.
"""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from dinobase.core.errors import did_you_mean
from dinobase.spec.report import Path, Report, names, near, said

# Words of other formats, and what stands for them here.
_FOREIGN = {
    "json": "Its name here is `body`.",
    "start_param": 'Write it as `params: {the_name: "{incremental.start_value}"}`.',
    "param": 'Write it as `params: {the_name: "{incremental.start_value}"}`.',
    "end_param": 'Write it as `params: {the_name: "{incremental.end_value}"}`.',
    "path_params": "Write them into `params`: a name that the path has as `{placeholder}` goes into the path.",
    "include_from_parent": "Each child row gets `_<parent>_<field>` by itself.",
    "response_actions": "See `retry.statuses` in `client` and `empty_statuses` in the resource.",
    "total_path_header": "Its name here is `total_header`.",
    "disposition": "Its name here is `write_disposition`.",
}
_FOREIGN_TYPES = {"none": "single_page", "page": "page_number", "auto": "cursor", "basic": "http_basic"}
_PLAIN = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where `loc` leads: key path, the model that holds the last key, the type of what stands there.

    `union` is the path at which a plain union (`text or list`) was entered, None outside one.
    """

    path: Path
    model: type[BaseModel]
    annotation: Any
    union: Path | None


def add_errors(report: Report, model: type[BaseModel], data: Any, errors: Sequence[ErrorDetails]) -> None:
    """Translate pydantic's errors; of a plain union's members the one that fits the value's shape speaks."""
    misfits: dict[Path, None] = {}
    inside: set[Path] = set()
    for error in errors:
        spot = walk(model, error["loc"])
        if spot.union is not None and spot.union == spot.path:
            misfits[spot.path] = None
            continue
        if spot.union is not None:
            inside.add(spot.union)
        _one(report, spot, error, data)
    for path in misfits:
        if path not in inside:
            _wrong_type(report, path, walk(model, path).annotation, data)


def _one(report: Report, spot: Spot, error: ErrorDetails, data: Any) -> None:
    kind, path = error["type"], spot.path
    if kind == "extra_forbidden":
        hint = _FOREIGN.get(str(path[-1])) or near(str(path[-1]), list(spot.model.model_fields))
        message = f"`{path[-1]}` in {report.at(path[:-1])} is not a key of this format."
        report.error(path, "unknown_key", message, hint, key=True)
    elif kind == "missing":
        _missing(report, path, spot.model.model_fields[str(path[-1])].description or "")
    elif kind == "union_tag_not_found":
        _missing(report, (*path, "type"), f"one of {names(_tags(spot.annotation))}.")
    elif kind == "union_tag_invalid":
        meant = _FOREIGN_TYPES.get(str(_get(data, (*path, "type"))), "")
        _wrong_value(report, (*path, "type"), _tags(spot.annotation), data, meant)
    elif kind == "literal_error":
        allowed = [str(v) for m in members(spot.annotation) if get_origin(m) is Literal for v in get_args(m)]
        _wrong_value(report, path, allowed, data)
    elif kind.startswith(("greater_than", "less_than")):
        limit = next(iter(error["ctx"].values()))
        words = {"greater_than": "more than", "greater_than_equal": "at least", "less_than": "less than"}
        message = (
            f"`{report.at(path)}` is {_show(_get(data, path))}; {words.get(kind, 'at most')} {limit:g} is allowed."
        )
        report.error(path, "wrong_value", message)
    else:
        _wrong_type(report, path, spot.annotation, data)


def _missing(report: Report, path: Path, description: str) -> None:
    # The place is that of the mapping, which may miss several: the code alone would make them one finding.
    message = f"`{path[-1]}` is missing in {report.at(path[:-1])}."
    report.error(path, "missing_key", message, f"{path[-1]}: {description}" if description else "")


def _wrong_value(report: Report, path: Path, allowed: list[str], data: Any, meant: str = "") -> None:
    found = _get(data, path)
    hint = f"Did you mean `{meant}`? Allowed: {names(allowed)}." if meant in allowed else near(str(found), allowed)
    report.error(path, "wrong_value", f"`{report.at(path)}` is {_show(found)}.", hint)


def _wrong_type(report: Report, path: Path, annotation: Any, data: Any) -> None:
    found = _get(data, path)
    source = report.document.sources.get(report.origin(path))
    allowed = list(dict.fromkeys(wanted(member) for member in members(annotation)))
    hint = ""
    if found is None:
        hint = "Give it a value, or remove the key."
    elif "text" in allowed and isinstance(found, dict) and list(found.values()) == [None]:
        hint = f'To YAML a bare brace begins a mapping: write "{{{next(iter(found))}}}" in quotes.'
    elif "text" in allowed and source is not None:
        kind = "true or false" if isinstance(found, bool) else "a number"
        hint = f'YAML reads {source} as {kind}: write "{source}" in quotes.'
    elif allowed == ["a whole number"] and isinstance(found, str) and found.lstrip("-").isdigit():
        hint = f"Write {found} without quotes."
    elif allowed == ["true or false"] and isinstance(found, str) and found.lower() in {"true", "false"}:
        hint = f"Write {found.lower()} without quotes."
    elif allowed[0].startswith("a list") and isinstance(found, str | int | float):
        hint = f"Write [{found}]."
    elif isinstance(found, str) and any(_tags(annotation)):
        kind = did_you_mean(_FOREIGN_TYPES.get(found, found), _tags(annotation))
        hint = f"Write {{type: {kind or _tags(annotation)[0]}}} and what it needs."
    elif allowed == ["a mapping"] and isinstance(found, list):
        hint = "Remove the dash: keys stand directly below."
    shown = f"the text {_show(found)}" if isinstance(found, str) else _show(found)
    message = f"`{report.at(path)}` is {shown}; {' or '.join(allowed)} is allowed."
    report.error(path, "wrong_type", message, hint)


def walk(root: type[BaseModel], loc: Sequence[str | int]) -> Spot:
    """Follow pydantic's `loc` along the types."""
    path: Path = ()
    model, annotation = root, root
    union: Path | None = None
    for part in loc:
        options = members(annotation)
        if len(options) > 1:
            chosen = [m for m in options if (_tag(m) if _is_model(m) else _word(m)) == part]
            if chosen:
                annotation = chosen[0]
                if not _is_model(annotation):
                    union = path
                continue
        annotation = next((m for m in options if _holds(m, part)), options[0])
        if _is_model(annotation):
            model = annotation
        path, annotation = (*path, part), _step(annotation, part)
    return Spot(path, model, annotation, union)


def _holds(annotation: Any, part: str | int) -> bool:
    wanted = {list, tuple} if isinstance(part, int) else {dict}
    return get_origin(annotation) in wanted or (isinstance(part, str) and _is_model(annotation))


def _step(annotation: Any, part: str | int) -> Any:
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return field.annotation if field else Any
    args = get_args(annotation)
    return args[1 if get_origin(annotation) is dict else 0] if args else Any


def members(annotation: Any) -> list[Any]:
    """Return a union's members without None; of what is no union, itself."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [m for member in get_args(annotation) if member is not type(None) for m in members(member)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tag(model: Any) -> str:
    """Return the `type` that names a member of a union, '' of what is no such member."""
    field = model.model_fields.get("type")
    return str(field.default) if field is not None and get_origin(field.annotation) is Literal else ""


def _tags(annotation: Any) -> list[str]:
    return [_tag(member) for member in members(annotation) if _is_model(member)]


def _word(annotation: Any) -> str:
    """Name a type as pydantic's `loc` does."""
    origin = get_origin(annotation)
    if origin in {list, dict}:
        return f"{origin.__name__}[{','.join(_word(arg) for arg in get_args(annotation))}]"
    return getattr(annotation, "__name__", "")


def wanted(annotation: Any) -> str:
    """Say in words what a type takes."""
    origin = get_origin(annotation)
    if origin in {list, tuple}:
        inner = wanted(get_args(annotation)[0])
        return "a list of " + {"text": "texts"}.get(inner, inner.removeprefix("a ") + "s")
    if origin is Literal:
        return f"one of {names([str(value) for value in get_args(annotation)])}"
    return _PLAIN.get(annotation, "a mapping")


def _get(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _show(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return said(value)
    return "a list" if isinstance(value, list) else "a mapping"

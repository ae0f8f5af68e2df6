"""Files are checked by pydantic: its models are made here from the kinds' own fields, once, when a file is checked.

What holds for one holds for the other: names, types, defaults, limits and descriptions have one source.
"""

from __future__ import annotations

import types
from functools import reduce
from operator import or_
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as PydanticField

from dinobase.kinds.base import ByTag, FieldInfo, Kind

K = TypeVar("K", bound=Kind)

_models: dict[type[Kind], type[BaseModel]] = {}
_kinds: dict[type[BaseModel], type[Kind]] = {}


class Strict(BaseModel):
    """No key that is not known, no value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=False, defer_build=True)


def model_of(kind: type[Kind]) -> type[BaseModel]:
    """Return the pydantic model of a kind, always the same."""
    if kind not in _models:
        _models[kind] = _made(kind)
        _kinds[_models[kind]] = kind
    return _models[kind]


def _made(kind: type[Kind]) -> type[BaseModel]:
    hints = get_type_hints(kind, include_extras=True)
    fields: dict[str, Any] = {
        name: (_translated(hints[name]), _described(field)) for name, field in kind.model_fields.items()
    }
    return create_model(kind.__name__, __base__=Strict, __doc__=kind.__doc__, **fields)


def validated(kind: type[K], data: Any) -> K:
    """Return the data as this kind; raises pydantic's ValidationError with all that is wrong."""
    return kind_of(kind, model_of(kind).model_validate(data))


def kind_of(kind: type[K], checked: BaseModel) -> K:
    """Return a checked model as the kind that it was made from."""
    made = _kind(checked)
    assert isinstance(made, kind)
    return made


def _described(field: FieldInfo) -> Any:
    facts: dict[str, Any] = dict(field.limits)
    if field.description:
        facts["description"] = field.description
    if field.strict is not None:
        facts["strict"] = field.strict
    factory = field.default_factory
    if factory is not None:
        if isinstance(factory, type) and issubclass(factory, Kind):
            factory = model_of(factory)
        return PydanticField(default_factory=factory, **facts)
    return PydanticField(**facts) if field.is_required else PydanticField(default=field.default, **facts)


def _translated(annotation: Any) -> Any:
    """Return the annotation with models in place of kinds."""
    if isinstance(annotation, type) and issubclass(annotation, Kind):
        return model_of(annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = [PydanticField(discriminator=m.key) if isinstance(m, ByTag) else m for m in args[1:]]
        return Annotated[(_translated(args[0]), *marks)]
    if origin in {Union, types.UnionType}:
        return reduce(or_, [_translated(arg) for arg in args])
    if origin in {list, dict, tuple}:
        return origin[tuple(_translated(arg) for arg in args)]
    return annotation


def _kind(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _kinds[type(value)](**{name: _kind(getattr(value, name)) for name in value.model_fields_set})
    if isinstance(value, dict):
        return {key: _kind(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_kind(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_kind(item) for item in value)
    return value

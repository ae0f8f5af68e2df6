"""What every kind is: a closed, frozen value whose fields are the documentation and whose methods do no I/O.

Reading a class costs nothing beyond its definition: pydantic, which checks files against these fields, comes in only
where a file is checked (`spec.validation` makes its models from these classes). The methods carry pydantic's names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self, dataclass_transform

_NONE_GIVEN: Any = object()


@dataclass(slots=True, eq=False, repr=False)
class FieldInfo:
    """What a file may give for one key; `gt`, `ge`, `le` are limits of numbers, in the field's own unit."""

    default: Any
    default_factory: Callable[[], Any] | None
    description: str
    limits: dict[str, float]
    strict: bool | None

    @property
    def is_required(self) -> bool:
        """A file has to give it."""
        return self.default is _NONE_GIVEN and self.default_factory is None

    def value(self) -> Any:
        """Return what stands where a file gives nothing."""
        return self.default_factory() if self.default_factory is not None else self.default


def Field(  # noqa: N802 - the name that readers of pydantic models know
    *,
    default: Any = _NONE_GIVEN,
    default_factory: Callable[[], Any] | None = None,
    description: str = "",
    strict: bool | None = None,
    gt: float | None = None,
    ge: float | None = None,
    le: float | None = None,
) -> Any:
    """Describe a key; `strict=False` takes a list for a tuple and a whole number for a float."""
    limits = {name: limit for name, limit in (("gt", gt), ("ge", ge), ("le", le)) if limit is not None}
    return FieldInfo(default, default_factory, description, limits, strict)


@dataclass(frozen=True, slots=True)
class ByTag:
    """In an annotation: the key of a mapping that says which member of a union is meant."""

    key: str


class _Given:
    """Which fields were given, beside what all hold."""

    __slots__ = ("__dict__", "model_fields_set")

    model_fields_set: frozenset[str]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field,))
class Kind(_Given):
    """Fields come from a connector file; unknown keys are errors; strings may hold `{placeholders}` until rendered."""

    __slots__ = ()

    model_fields: ClassVar[dict[str, FieldInfo]] = {}

    def __init_subclass__(cls) -> None:
        """Collect the fields; a class without Field gives a default, or none."""
        fields = dict(cls.model_fields)
        for name in cls.__dict__.get("__annotations__", ()):  # noqa: RUF063 - inspect takes 4 ms to import
            given = cls.__dict__.get(name, _NONE_GIVEN)
            fields[name] = given if isinstance(given, FieldInfo) else FieldInfo(given, None, "", {}, None)
            if given is not _NONE_GIVEN:
                delattr(cls, name)
        cls.model_fields = fields

    def __init__(self, **given: Any) -> None:
        """Take values that are known to be right; a missing or an unknown name is a TypeError."""
        values = self.__dict__
        object.__setattr__(self, "model_fields_set", frozenset(given))
        for name, field in type(self).model_fields.items():
            if name in given:
                values[name] = given.pop(name)
            elif field.is_required:
                raise TypeError(f"{type(self).__name__} needs {name}")
            else:
                values[name] = field.value()
        if given:
            raise TypeError(f"{type(self).__name__} has no {', '.join(given)}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: values are shared."""
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __eq__(self, other: object) -> bool:
        """Two of one class with equal fields are equal."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Return the same for equal values."""
        return hash((type(self), self.model_dump_json()))

    def __repr__(self) -> str:
        """Name the class alone: fields may hold credentials."""
        return f"<{type(self).__name__}>"

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Return the same with other values; they are taken as they are."""
        made = type(self)(**{**self.__dict__, **update})
        object.__setattr__(made, "model_fields_set", self.model_fields_set | set(update))
        return made

    def model_dump(self, *, exclude_defaults: bool = False) -> dict[str, Any]:
        """Return plain data, as JSON has it: mappings, lists, scalars."""
        return {
            name: _plain(self.__dict__[name], exclude_defaults=exclude_defaults)
            for name, field in type(self).model_fields.items()
            if not exclude_defaults or field.is_required or self.__dict__[name] != field.value()
        }

    def model_dump_json(self) -> str:
        """Return the data as JSON text: equal for equal values."""
        return json.dumps(self.model_dump(), default=str, separators=(",", ":"))


def _plain(value: Any, *, exclude_defaults: bool) -> Any:
    if isinstance(value, Kind):
        return value.model_dump(exclude_defaults=exclude_defaults)
    if isinstance(value, Mapping):
        return {key: _plain(item, exclude_defaults=exclude_defaults) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, exclude_defaults=exclude_defaults) for item in value]
    return value

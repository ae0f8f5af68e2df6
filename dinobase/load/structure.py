"""What objects inside a JSON array look like, from `json_group_structure`: raw JSON types, nothing guessed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dinobase.load import lattice, naming

_TYPES = {"VARCHAR": "VARCHAR", "BOOLEAN": "BOOLEAN", "DOUBLE": "DOUBLE", "BIGINT": "BIGINT", "UBIGINT": lattice.BIG}


@dataclass(frozen=True, slots=True)
class Structure:
    """Fields of the elements: key -> VARCHAR, BOOLEAN, BIGINT, DOUBLE or JSON."""

    fields: dict[str, str]

    @classmethod
    def parse(cls, text: str | None, *, long: bool = True) -> Structure | None:
        """Read a structure; None unless it is an array of objects. long: there may be integers past 64 bits."""
        data: Any = json.loads(text) if text else None
        if not isinstance(data, list) or len(data) != 1 or not isinstance(data[0], dict):
            return None
        types = _TYPES if long else {**_TYPES, "UBIGINT": "BIGINT"}
        return cls(
            {
                key: types.get(kind, "JSON") if isinstance(kind, str) else "JSON"
                for key, kind in data[0].items()
                if "\0" not in key  # which no SQL can name
            }
        )

    def join(self, other: Structure | None) -> Structure:
        """Return the structure that holds both."""
        if other is None:
            return self
        fields = dict(other.fields)
        for key, kind in self.fields.items():
            fields[key] = lattice.join(fields[key], kind) if key in fields else kind
        return Structure(fields)

    def columns(self, taken: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """Return key -> column name, none of them one of `taken`."""
        names = naming.assign([(key,) for key in self.fields], taken)
        return {path[0]: name for path, name in names.items()}

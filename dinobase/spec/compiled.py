"""Checked connector files, kept as what they mean: a sync needs neither YAML nor pydantic.

A copy holds for the very bytes that it was made of and for this version of the package. It holds no credentials.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeAlias

from dinobase.core.settings import VERSION, Paths
from dinobase.kinds.base import Kind
from dinobase.spec.kept import keep
from dinobase.spec.models import Connector

Json: TypeAlias = Any

_FORMAT = 1


def load(path: Path, paths: Paths) -> Connector:
    """Return what a file means, as `load_connector` does; raises SpecError with every problem."""
    try:
        seal = f"{VERSION}/{_FORMAT}/{path}/{hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError:
        seal = ""
    copy = paths.cache / "definitions" / f"{path.stem}.json"
    found = _kept(copy, seal) if seal else None
    if found is not None:
        return found
    from dinobase.spec.load import load_connector

    connector = load_connector(path)
    if seal:
        try:
            text = json.dumps({"seal": seal, "definition": _plain(connector)}, allow_nan=False)
        except (TypeError, ValueError):  # YAML has values that JSON has not
            return connector
        keep(paths, copy, text)
    return connector


def _kept(copy: Path, seal: str) -> Connector | None:
    try:
        data = json.loads(copy.read_bytes())
        if data["seal"] != seal:
            return None
        connector = _value(data["definition"], _classes(Kind))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return connector if isinstance(connector, Connector) else None


def _plain(value: Json) -> Json:
    """Return a value with its class beside it: ["Kind's name", fields], ["l", ...], ["t", ...], ["d", pairs]."""
    if isinstance(value, Kind):
        given = {name: _plain(getattr(value, name)) for name in sorted(value.model_fields_set)}
        return [type(value).__name__, given]
    if isinstance(value, dict):
        if any(not isinstance(key, str) for key in value):
            raise TypeError("a key that is no text")
        return ["d", {key: _plain(item) for key, item in value.items()}]
    if isinstance(value, list | tuple):
        return ["l" if isinstance(value, list) else "t", [_plain(item) for item in value]]
    return value


def _value(data: Json, classes: dict[str, type[Kind]]) -> Json:
    if not isinstance(data, list):
        return data
    tag, content = data
    if tag == "l":
        return [_value(item, classes) for item in content]
    if tag == "t":
        return tuple(_value(item, classes) for item in content)
    given = {key: _value(item, classes) for key, item in content.items()}
    return given if tag == "d" else classes[tag](**given)


def _classes(kind: type[Kind]) -> dict[str, type[Kind]]:
    found = {sub.__name__: sub for sub in kind.__subclasses__()}
    for sub in list(found.values()):
        found |= _classes(sub)
    return found

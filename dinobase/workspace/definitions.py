"""Connector files as people see them: found, listed, checked, drafted; nothing here talks to an API."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dinobase.core import errors
from dinobase.core.errors import Problem
from dinobase.core.settings import Paths
from dinobase.sync import registry, sources
from dinobase.workspace import results


def list_all(paths: Paths) -> results.Definitions:
    """List files; a file that is not valid is listed all the same."""
    found = []
    for name, origin in sources.names(paths).items():
        path = _file(name, paths)
        text = str(head(path).get("description") or "")
        found.append(
            results.Definition(name, origin, str(path), overrides=sources.shadows(name, paths), description=text)
        )
    return results.Definitions(found)


def available(paths: Paths, search: str) -> results.Available:
    """List what `add` knows by category: packaged files from their index, a user's from its head; none is validated.

    Every word of `search` must be in name, category or description.
    """
    packaged = sources.described()
    found = []
    in_python = registry.python_names(paths)
    for name, origin in sources.names(paths).items():
        if name in in_python:
            continue
        known = packaged.get(name) if origin == "packaged" else None
        found.append(_described(name, known or head(_file(name, paths)), origin, paths))
    found += [_in_python(name, paths) for name in in_python]
    words = search.lower().split()
    chosen = [e for e in found if all(w in f"{e.name} {e.category} {e.description}".lower() for w in words)]
    return results.Available(sorted(chosen, key=lambda e: (e.category or "~", e.name)))


def _described(name: str, data: dict[str, Any], origin: str, paths: Paths) -> results.AvailableConnector:
    indexed = "proven" in data
    return results.AvailableConnector(
        name=name,
        category=str(data.get("category") or ""),
        description=str(data.get("description") or ""),
        credentials=_credentials(data.get("credentials")),
        definition=origin,
        overrides=sources.shadows(name, paths),
        proven=data["proven"] if indexed else (),
        tables=data["tables"] if indexed else len(data.get("resources") or ()),
        writes=data["writes"] if indexed else len(data.get("write_endpoints") or ()),
        docs_url=str(data.get("docs_url") or ""),
    )


def _in_python(name: str, paths: Paths) -> results.AvailableConnector:
    """Describe a source in Python, from its entry alone: what it asks for, `add NAME --help` says."""
    entry = registry.entry(name, paths)
    return results.AvailableConnector(name, entry.category, entry.description, [], "packaged", overrides=False)


def head(path: Path) -> dict[str, Any]:
    """Return a file's data without validation; {} where it is no YAML mapping."""
    import yaml

    try:
        data = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return {}
    return data if isinstance(data, dict) else {}


def validate(target: str, paths: Paths) -> results.Validated:
    """Check a file, by name or path."""
    from dinobase.spec import load

    is_path = target.endswith((".yaml", ".yml")) or "/" in target
    path = Path(target) if is_path else _file(target, paths)
    if is_path and not path.is_file():
        raise errors.UnknownName(f"There is no file {target}", code="unknown.file", hint="Check the path.", file=target)
    loaded = load.validate(path)
    tables = [r.name for r in loaded.connector.resources] if loaded.connector else []
    return results.Validated(
        file=str(path),
        valid=loaded.connector is not None,
        problems=problems(loaded.errors),
        warnings=problems(loaded.warnings),
        resources=tables,
    )


def problems(found: Sequence[Problem]) -> list[results.ProblemInfo]:
    """Turn findings into what is printed."""
    return [results.ProblemInfo(p.line, p.column, p.code, p.path, p.message, p.hint) for p in found]


def file_to_edit(name: str, paths: Paths) -> tuple[Path, bool]:
    """Return the user's file; a packaged one is copied there first (then the second is true)."""
    path = _file(name, paths)
    own = paths.connectors / f"{name}.yaml"
    if path.parent == paths.connectors:
        return path, False
    paths.make(paths.root)
    paths.make(paths.connectors)
    shutil.copyfile(path, own)
    return own, True


def _file(name: str, paths: Paths) -> Path:
    """Return the YAML file of a name, also where a program of ours reads it; raises UnknownName."""
    return sources.find(name, paths) or registry.definition(name, paths)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of connector files."""
    from dinobase.spec import schema

    return schema.connector_schema()


def _credentials(data: object) -> list[results.CredentialInfo]:
    entries = [e for e in data if isinstance(e, dict)] if isinstance(data, list) else []
    return [
        results.CredentialInfo(
            name=str(e.get("name") or ""),
            flag=str(e.get("flag") or f"--{str(e.get('name') or '').replace('_', '-')}"),
            env=str(e.get("env") or ""),
            prompt=str(e.get("prompt") or ""),
            secret=e.get("secret") is not False,
            required=e.get("required") is not False,
            help=str(e.get("help") or ""),
        )
        for e in entries
    ]

"""Writes: an engine for this workspace, which finds connectors with their credentials in."""

from __future__ import annotations

from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.extract.readers.sql_writing import WritableKind
from dinobase.mutate.database import Source
from dinobase.mutate.engine import MutationEngine
from dinobase.spec import compiled, credentials
from dinobase.spec.config import Config
from dinobase.spec.models import Connector
from dinobase.spec.resolve import resolve
from dinobase.spec.vault import Vault
from dinobase.sync import registry
from dinobase.sync.own_fields import asking_all
from dinobase.workspace import python_kinds


def engine(config: Config, paths: Paths) -> MutationEngine:
    """Return the engine; a connector's file is read once, when a statement names it."""
    known: dict[str, Connector] = {}

    def find(name: str) -> Connector:
        if name not in config.connectors:
            raise UnknownName(
                f"`{name}` is not connected", code="unknown.connector", hint="dinobase connectors", name=name
            )
        if name not in known:
            known[name] = resolved(name, config, paths)
        return known[name]

    def source(name: str) -> Source:
        kind, values = python_kinds.opened_by(name, config.connectors[name], paths)
        assert isinstance(kind, WritableKind)
        return Source(kind, values)

    return MutationEngine(paths, config.model_dump(), find, source)


def resolved(name: str, config: Config, paths: Paths) -> Connector:
    """Return a connector that is connected, with its credentials in."""
    entry = config.connectors[name]
    if registry.is_python(entry.type, paths):
        return python_kinds.writable(name, entry, paths)
    connector = compiled.load(registry.definition(entry.type, paths), paths)
    answers = credentials.recall(name, connector.credentials, Vault(paths), entry.params)
    found = resolve(connector, credentials.values(connector.credentials, answers))
    return asking_all(found, paths, name)

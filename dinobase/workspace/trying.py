"""`connector test`: one page per selected resource from the real API; nothing is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dinobase.core import errors, secrets
from dinobase.core.settings import Paths
from dinobase.core.values import Event, JsonScalar, ParentRow
from dinobase.extract.runner import Sample, sample
from dinobase.extract.sessions import session_for
from dinobase.load.exact import decode
from dinobase.load.infer import Shaping, infer
from dinobase.load.schema import TableSchema
from dinobase.spec import credentials
from dinobase.spec.config import load_config
from dinobase.spec.credentials import Ask
from dinobase.spec.load import load_connector
from dinobase.spec.models import Connector, Resource
from dinobase.spec.resolve import resolve
from dinobase.spec.vault import Vault
from dinobase.sync import plan, registry
from dinobase.workspace import results


def test(
    name: str, *, given: Mapping[str, str], ask: Ask | None, resources: Sequence[str], paths: Paths
) -> results.Tried:
    """Use what `add` stored where NAME is connected, else flags, environment and prompt."""
    entry = load_config(paths).connectors.get(name)
    connector = load_connector(registry.definition(entry.type if entry else name, paths))
    kept = entry.resources if entry else None
    if connector.type != "mcp":  # an MCP server is asked for its tables first
        plan.choose(connector, kept, resources)
    if entry is not None and not given:
        answers = credentials.recall(name, connector.credentials, Vault(paths), entry.params)
    else:
        answers = credentials.gather(name, connector.credentials, given, ask)
    resolved = resolve(connector, credentials.values(connector.credentials, answers))
    paths.make(paths.root)
    return results.Tried(name, asyncio.run(_try_all(resolved, name, kept, resources, paths)))


async def _try_all(
    resolved: Connector, name: str, kept: Sequence[str] | None, asked: Sequence[str], paths: Paths
) -> list[results.ResourceTried]:
    tried: list[results.ResourceTried] = []
    firsts: dict[str, tuple[dict[str, Any], ParentRow | None]] = {}
    async with session_for(resolved, name=name, state_dir=paths.make(paths.state), observe=_ignore) as session:
        connector = await session.definition()
        chosen = [resource.name for resource in plan.choose(connector, kept, asked)]
        for resource in plan.ordered(connector):
            if resource.name not in chosen and not _is_ancestor(connector, resource.name, chosen):
                continue
            parent: ParentRow | None = None
            if resource.parent is not None:
                above = firsts.get(resource.parent.resource)
                if above is None:
                    reason = f"no row of {resource.parent.resource} to ask with"
                    tried.append(results.ResourceTried(resource.name, "skipped", 0, (), error={"message": reason}))
                    continue
                parent = _child_of(resource, *above)
            try:
                page = await sample(session, resource, parent=parent)
                records = [decode(record) for record in page.records]
            except errors.DinobaseError as error:
                if resource.name in chosen:
                    facts = secrets.redact_error(error.as_dict()["error"])
                    tried.append(results.ResourceTried(resource.name, "error", 0, (), error=facts))
                continue
            if records:
                firsts[resource.name] = (json.loads(page.records[0]), parent)
            if resource.name in chosen:
                tried.append(_seen(resource, page, records))
    return tried


def _seen(resource: Resource, page: Sample, records: list[dict[str, Any]]) -> results.ResourceTried:
    types = {name: column.type for name, column in resource.columns.items() if column.type}
    lift = tuple(tuple(path.split(".")) for path in resource.lift)
    schema = infer(records, TableSchema(), Shaping(resource.max_nesting, lift, types))
    declared = [name for name in resource.columns if schema.find(name) is None and "[" not in name]
    return results.ResourceTried(
        name=resource.name,
        status="ok",
        rows=len(records),
        columns=[results.ColumnSeen(column.name, column.sql_type) for column in schema],
        next_page=page.next_page,
        cursor=_cursor(resource, records),
        absent=declared if declared and records else None,
    )


def _cursor(resource: Resource, records: list[dict[str, Any]]) -> str | None:
    if resource.incremental is None or not resource.incremental.cursor_path or not records:
        return None
    value = _at(records[-1], resource.incremental.cursor_path)
    return None if value is None else str(value)


def _child_of(resource: Resource, record: dict[str, Any], above: ParentRow | None) -> ParentRow:
    assert resource.parent is not None
    value: JsonScalar = _at(record, resource.parent.field)
    params = {**(above.params if above else {}), resource.parent.param: value}
    return ParentRow(params, {**(above.tags if above else {}), plan.tag(resource.parent): value})


def _at(record: Any, path: str) -> Any:
    for key in path.removeprefix("$.").split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _is_ancestor(connector: Connector, name: str, chosen: Sequence[str]) -> bool:
    below = (connector.resource(c) for c in chosen)
    return any(parent.resource == name for r in below if r is not None for parent in plan.lineage(connector, r))


def _ignore(_: Event) -> None:
    return

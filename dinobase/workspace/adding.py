"""Adding and removing: nothing is kept unless all of it is; a refusal leaves the workspace as it was."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dinobase.core import errors, secrets
from dinobase.core.settings import Paths
from dinobase.core.values import Event
from dinobase.spec import compiled, config, config_edit, credentials, names
from dinobase.spec.credentials import Answer, Ask
from dinobase.spec.resolve import resolve
from dinobase.spec.vault import Vault
from dinobase.sync import plan, registry
from dinobase.workspace import consents, credential_use, key_files, python_kinds, results, server_adding

if TYPE_CHECKING:
    from dinobase.spec.models import Connector


_REFUSALS = (401, 403)


def add(
    kind: str,
    *,
    name: str | None,
    given: Mapping[str, str],
    ask: Ask | None,
    resources: Sequence[str] | None,
    check: bool,
    replace: bool,
    paths: Paths,
) -> results.Added:
    """Resolve credentials, prove them, keep them, and only then name the connector in config.yaml."""
    connected = config.load_config(paths).connectors
    if name is None and kind in connected and registry.file_of(kind, paths) is None:
        kind, name = connected[kind].type, kind  # `add stripe_eu --replace`
    called = names.check(name or kind)
    before = connected.get(called)
    if registry.is_python(kind, paths):
        if before is not None:
            _may_replace(called, kind, before.type, replace=replace)
        return python_kinds.add(
            called,
            kind,
            given=given,
            ask=ask,
            resources=resources,
            before=before,
            check=check,
            keep=lambda answers, chosen: _keep(called, kind, answers, chosen, before, paths),
            paths=paths,
        )
    path = registry.definition(kind, paths)
    if before is not None:
        _may_replace(called, kind, before.type, replace=replace)
    connector = compiled.load(path, paths)
    if connector.type == "mcp":
        return server_adding.add(
            called,
            kind,
            connector,
            definition=str(path),
            given=given,
            ask=ask,
            resources=resources,
            before=before,
            check=check,
            keep=lambda answers, chosen: _keep(called, kind, answers, chosen, before, paths),
            paths=paths,
        )
    kept = resources if resources is not None else (before.resources if before else ())
    chosen = plan.choose(connector, kept, ())
    answers = key_files.placed(connector, credentials.gather(called, connector.credentials, given, ask))
    resolved = resolve(connector, credentials.values(connector.credentials, answers))
    waits = consents.missing(resolved, called, paths)  # there is nothing to prove before somebody allows it
    seen = prove(resolved, called, [r.name for r in chosen], paths) if check and not waits else None
    rests = _keep(called, kind, answers, resources, before, paths)
    consents.settle(resolved, called, paths)
    return results.Added(
        name=called,
        type=kind,
        definition=str(path),
        resources=[r.name for r in chosen],
        credentials=[credential_use.told(answer, rests) for answer in answers.values()],
        replaced=before is not None,
        check=seen,
        authorization=consents.told(resolved, waits),
    )


def prove(
    resolved: Connector, name: str, chosen: Sequence[str], paths: Paths, *, authorised: bool = False
) -> results.CheckSeen:
    """Send one cheap request; raises where the API refuses. `authorised`: the connector is there already."""
    from dinobase.extract.runner import CheckResult, check  # HTTP: only where there is something to ask
    from dinobase.extract.session import Session

    first = [r for r in resolved.resources if r.name in chosen] or resolved.resources
    narrowed = resolved.model_copy(update={"resources": first})

    async def ask() -> CheckResult:
        async with Session(narrowed, name=name, state_dir=paths.make(paths.state), observe=_ignore) as session:
            return await check(session)

    paths.make(paths.root)
    seen = asyncio.run(ask())
    if not seen.ok:
        refused = seen.status in _REFUSALS
        advice = "Check the credentials" if refused else "See whether the API is up and the connector fits it"
        hint = f"{advice}; `--no-check` adds it all the same."
        if authorised:
            hint = f"See whether the account that was signed in with may do this: dinobase auth {name}"
        raise errors.FetchRefused(
            f"`{name}` {'is authorised, and yet' if authorised else 'was not added'}: {secrets.redact(seen.detail)}",
            code="credential.refused" if refused else "check.failed",
            hint=hint,
            url=secrets.redact(seen.url),
            status=seen.status,
        )
    url = secrets.redact(seen.url)
    brought = "" if seen.records is None else f" with {results.count(seen.records, 'record')}"
    return results.CheckSeen(
        ok=True, url=url, status=seen.status, detail=f"{url} answered {seen.status}{brought}", records=seen.records
    )


def remove(name: str, *, keep_data: bool, paths: Paths) -> results.Removed:
    """Forget credentials and the entry in config.yaml; drop the lake unless it is kept."""
    from dinobase.catalog.profiles import ProfileBook
    from dinobase.catalog.relations import files as sketches
    from dinobase.catalog.relations.store import Ledger
    from dinobase.catalog.runs import RunLog
    from dinobase.lake.location import Storage

    settings = config.load_config(paths)
    location = Storage(paths.lakes, settings.storage.url, settings.storage.catalog).lake(name)
    from dinobase.lake.drop import drop_lake
    from dinobase.lake.metadata import lake_exists

    there = lake_exists(location)
    entry = settings.connectors.get(name)
    left = python_kinds.release(name, entry, paths) if entry is not None else None
    if there and not keep_data:
        drop_lake(location, paths.state)
        RunLog(paths.state, settings.storage.catalog).forget(name)
        ProfileBook(paths.state, settings.storage.catalog).forget(name)
        Ledger(paths.state, settings.storage.catalog).forget(name)
        sketches.forget(paths, name)
    Vault(paths).delete(name)
    config_edit.drop_connector(paths, name)
    _forget_state(name, paths)
    if not there:
        return results.Removed(name, "none", left=left)
    if keep_data:
        return results.Removed(name, "kept", location.data, left)
    return results.Removed(name, "dropped", left=left)


def _forget_state(name: str, paths: Paths) -> None:
    """Tokens, rate limit and checkpoints go with the connector; lock files stay, another process may wait on one."""
    for suffix in ("tokens", "renewing", "consent", "limit", "source.json", "mcp.json", "fields.json"):
        (paths.state / f"{name}.{suffix}").unlink(missing_ok=True)
    shutil.rmtree(paths.spool / name, ignore_errors=True)


def _keep(
    called: str,
    kind: str,
    answers: Mapping[str, Answer],
    resources: Sequence[str] | None,
    before: config.ConnectorConfig | None,
    paths: Paths,
) -> str:
    paths.make(paths.root)
    entry = before or config.ConnectorConfig(type=kind)
    update: dict[str, object] = {"params": credentials.plain_items(answers)}
    if resources is not None:
        update["resources"] = list(resources)
    if before is not None:
        _forget_state(called, paths)  # tokens and checkpoints may be another account's
    vault = Vault(paths)
    rests = vault.put(called, credentials.secret_items(answers))
    try:
        config_edit.put_connector(paths, called, entry.model_copy(update=update), replace=before is not None)
    except BaseException:
        if before is None:
            vault.delete(called)
        raise
    return rests


def _may_replace(name: str, kind: str, before: str, *, replace: bool) -> None:
    if not replace:
        raise errors.UsageError(
            f"`{name}` is connected already",
            code="connector.exists",
            hint=f"`--replace` connects it anew; `--name {name}_2` adds a second account.",
            name=name,
        )
    if before != kind:
        raise errors.UsageError(
            f"`{name}` is a `{before}`, and its tables are too",
            code="connector.type",
            hint=f"`dinobase remove {name}` first, or choose another `--name`.",
            name=name,
        )


def _ignore(_: Event) -> None:
    return

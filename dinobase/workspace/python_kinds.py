"""Sources in Python as the workspace sees them: added, known offline by what they said of themselves, and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from dinobase.access.in_place import stays
from dinobase.core import errors, secrets, settings
from dinobase.core.settings import Paths
from dinobase.core.values import Observer
from dinobase.lake.location import LakeLocation
from dinobase.spec import config, credentials, names
from dinobase.spec.credentials import Answer, Ask
from dinobase.spec.vault import Vault, is_reference
from dinobase.sync import facts, plan, registry
from dinobase.workspace import credential_use, results

if TYPE_CHECKING:
    from dinobase.access.pii import Declared
    from dinobase.extract.readers.base import SourceKind, SourceTable
    from dinobase.spec.models import Connector
    from dinobase.sync.request import SyncRequest

Keep = Callable[[Mapping[str, Answer], Sequence[str] | None], str]


def definition(name: str, paths: Paths) -> Connector:
    """Return what a connected source was found to hold when it was last looked at."""
    return facts.connector_of(name, "", facts.load(name, paths))


def opened_by(name: str, entry: config.ConnectorConfig, paths: Paths) -> tuple[SourceKind, Mapping[str, str]]:
    """Return a connected source's kind and the values that open it; raises CredentialMissing."""
    kind = registry.python_kind(entry.type, paths)
    assert kind is not None
    return kind, credentials.values(
        kind.credentials, credentials.recall(name, kind.credentials, Vault(paths), entry.params)
    )


def writable(name: str, entry: config.ConnectorConfig, paths: Paths) -> Connector:
    """Return what a connected source was found to hold, and what of it can be written."""
    from dinobase.extract.readers.sql_writing import WritableKind

    found = definition(name, paths)
    kind = registry.python_kind(entry.type, paths)
    if not isinstance(kind, WritableKind):
        return found
    target = kind.target(opened_by(name, entry, paths)[1])
    return facts.writing_to(found, target) if target else found


def declared(name: str, paths: Paths) -> Declared:
    """Return which columns of a connected source promise personal data by their names."""
    from dinobase.access.pii import declared as of_connector

    return of_connector(definition(name, paths))


def add(
    called: str,
    kind: str,
    *,
    given: Mapping[str, str],
    ask: Ask | None,
    resources: Sequence[str] | None,
    before: config.ConnectorConfig | None,
    check: bool,
    keep: Keep,
    paths: Paths,
) -> results.Added:
    """Look at the source, keep what opens it, and what it holds."""
    found = registry.python_kind(kind, paths)
    assert found is not None
    names.check(called)
    answers = _settled(found, credentials.gather(called, found.credentials, found.settled(given), ask))
    values = credentials.values(found.credentials, answers)
    kept = resources if resources is not None else (before.resources if before else ())
    tables: Sequence[SourceTable] = ()
    seen = None
    if check:
        tables, seen = _look(called, found, values)
    chosen = plan.choose(facts.connector_of(called, "", tables), kept, ()) if check else []
    if before is not None and (old := _values(called, found, before, paths)) is not None and _kept(found, old):
        release(called, before, paths)  # another slot is made by the next sync
    rests = keep(answers, resources)
    if check:
        facts.save(called, paths, tables)
    return results.Added(
        name=called,
        type=kind,
        definition=registry.entry(kind, paths).import_path,
        resources=[r.name for r in chosen],
        credentials=[credential_use.told(a, rests) for a in answers.values()],
        replaced=before is not None,
        check=seen,
        in_place=stays(kind, values) or None,
    )


def _settled(kind: SourceKind, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Return the answers as the kind keeps them, those of the environment and of a person too; references stay."""
    settled = kind.settled(credentials.values(kind.credentials, answers))
    return {
        name: answer
        if is_reference(answer.stored) or not answer.value or settled.get(name, answer.value) == answer.value
        else replace(answer, stored=settled[name], value=settled[name])
        for name, answer in answers.items()
    }


def _look(name: str, kind: SourceKind, values: Mapping[str, str]) -> tuple[Sequence[SourceTable], results.CheckSeen]:
    try:
        with closing(kind.open(values, None)) as opened:
            tables = opened.tables()
            address = opened.address
    except errors.FetchError as error:
        raise type(error)(
            f"`{name}` was not added: {secrets.redact(error.message)}",
            code=error.error_code,
            hint=f"{error.hint}; `--no-check` adds it all the same.",
        ) from None
    detail = f"{address} has {results.count(sum(not t.of for t in tables), 'table')} that may be read"
    return tables, results.CheckSeen(ok=True, url=address, status=0, detail=detail, records=None)


def release(name: str, entry: config.ConnectorConfig, paths: Paths) -> str | None:
    """Take away what a source keeps for us; returns what stays there and what to do, None where nothing does."""
    kind = registry.python_kind(entry.type, paths)
    values = _values(name, kind, entry, paths) if kind is not None else None
    what = _kept(kind, values) if kind is not None and values is not None else ""
    if not what or values is None:
        return None
    from dinobase.extract.readers.base import LeavingKind

    assert isinstance(kind, LeavingKind)
    try:
        kind.release(values)
    except errors.FetchError as error:
        return secrets.redact(f"{what}: {error.message}. {error.hint}")
    return None


def standings(config_: config.Config, paths: Paths) -> Iterator[results.Finding]:
    """Say how what sources keep for us stands; each is asked."""
    for name, entry in config_.connectors.items():
        found = standing(name, entry, paths)
        if found is not None:
            yield found


def standing(name: str, entry: config.ConnectorConfig, paths: Paths) -> results.Finding | None:
    """Ask a source how what it keeps for us stands; None where it keeps nothing."""
    from dinobase.extract.readers.base import LeavingKind

    kind = registry.python_kind(entry.type, paths)
    values = _values(name, kind, entry, paths) if kind is not None else None
    if kind is None or values is None or not _kept(kind, values):
        return None
    assert isinstance(kind, LeavingKind)
    try:
        well, detail = kind.standing(values)
    except errors.FetchError as error:
        return results.Finding(f"capture {name}", "fail", error.message, error.hint)
    advice = "" if well else f"dinobase sync {name} makes a new one and reads all anew."
    return results.Finding(f"capture {name}", "ok" if well else "warn", detail, advice)


def _values(name: str, kind: SourceKind, entry: config.ConnectorConfig, paths: Paths) -> Mapping[str, str] | None:
    try:
        answers = credentials.recall(name, kind.credentials, Vault(paths), entry.params)
    except errors.DinobaseError:
        return None  # without credentials nothing was ever kept, or nothing can be taken away
    return credentials.values(kind.credentials, answers)


def _kept(kind: SourceKind, values: Mapping[str, str]) -> str:
    from dinobase.extract.readers.base import LeavingKind

    return kind.keeps(values) if isinstance(kind, LeavingKind) else ""


def request(
    name: str,
    entry: config.ConnectorConfig,
    resources: Sequence[str],
    location: LakeLocation,
    *,
    full_refresh: bool,
    observe: Observer,
    catalog: str,
    paths: Paths,
) -> SyncRequest:
    """Return what a sync of the source is; it is opened when it runs."""
    from dinobase.sync.reading import Source
    from dinobase.sync.request import SyncRequest

    kind = registry.python_kind(entry.type, paths)
    assert kind is not None
    answers = credentials.recall(name, kind.credentials, Vault(paths), entry.params)
    values = credentials.values(kind.credentials, answers)
    return SyncRequest(
        name=name,
        connector=facts.connector_of(name, "", ()),
        resources=(),
        location=location,
        paths=paths,
        identity="",
        observe=observe,
        full_refresh=full_refresh,
        catalog=catalog,
        resume_after=settings.resume_after(),
        source=Source(kind, values, entry.resources, resources),
    )

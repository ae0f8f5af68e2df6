"""What commands print: typed, every key always there; new keys may be added, none is renamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dinobase.catalog.tables import TableDescription
from dinobase.query.result import Kept, Summary


def count(number: int, what: str) -> str:
    """Return `1 table`, `2 tables`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Initialised:
    """`created` is false where a workspace was there and was only looked at or changed."""

    workspace: str
    created: bool
    storage: str
    catalog: str


@dataclass(frozen=True, slots=True)
class CredentialUse:
    """Where a credential came from and where it rests; never its value."""

    name: str
    origin: str
    stored: str


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """What the cheap request saw."""

    ok: bool
    url: str
    status: int
    detail: str
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """One connector that is connected now; `resources` are those that a sync will bring.

    `authorization` is there where a person has to allow the access: `missing` until `dinobase auth NAME`; `in_place`
    where rows stay where they are and can be queried at once.
    """

    name: str
    type: str
    definition: str
    resources: Sequence[str]
    credentials: Sequence[CredentialUse]
    replaced: bool
    check: CheckSeen | None = None
    authorization: Literal["allowed", "missing"] | None = None
    in_place: bool | None = None


@dataclass(frozen=True, slots=True)
class Authorized:
    """A person allowed the access; `renews`: it goes on after `expires_at` without anybody."""

    name: str
    scopes: Sequence[str]
    expires_at: str | None
    renews: bool
    check: CheckSeen | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """`kept` says where the data still is, `left` what stays at the source and how it is taken away there."""

    name: str
    data: Literal["dropped", "kept", "none"]
    kept: str | None = None
    left: str | None = None


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table and what it holds."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class ConnectorSummary:
    """One connected connector; older data than `freshness` is stale."""

    name: str
    type: str
    tables: Sequence[TableRows]
    last_sync: str | None
    is_stale: bool
    definition: str = "packaged"
    freshness: str = ""


@dataclass(frozen=True, slots=True)
class Connectors:
    """What is connected."""

    connectors: Sequence[ConnectorSummary]


@dataclass(frozen=True, slots=True)
class CredentialInfo:
    """What `add` will ask for."""

    name: str
    flag: str
    env: str
    prompt: str
    secret: bool = True
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class AvailableConnector:
    """What could be connected; `proven` says by what: the vendor's `spec`, the `emulator`, the `live` API."""

    name: str
    category: str
    description: str
    credentials: Sequence[CredentialInfo]
    definition: str = "packaged"
    overrides: bool = False
    proven: Sequence[str] = ()
    tables: int = 0
    writes: int = 0
    docs_url: str = ""


@dataclass(frozen=True, slots=True)
class Available:
    """Everything that `add` knows."""

    available: Sequence[AvailableConnector]


@dataclass(frozen=True, slots=True)
class Definition:
    """A connector file; `overrides` where a packaged one of its name is hidden by it."""

    name: str
    origin: Literal["user", "packaged"]
    path: str
    overrides: bool
    description: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """All connector files."""

    definitions: Sequence[Definition]


@dataclass(frozen=True, slots=True)
class ProblemInfo:
    """One finding in a file."""

    line: int
    column: int
    code: str
    path: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Validated:
    """`valid` is whether there are no problems; warnings do not count."""

    file: str
    valid: bool
    problems: Sequence[ProblemInfo]
    warnings: Sequence[ProblemInfo]
    resources: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """A connector file that was written."""

    name: str
    path: str
    warnings: Sequence[ProblemInfo] = ()


@dataclass(frozen=True, slots=True)
class ColumnSeen:
    """A column and the type that one page suggests."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ResourceTried:
    """One page of one resource."""

    name: str
    status: Literal["ok", "error", "skipped"]
    rows: int
    columns: Sequence[ColumnSeen]
    next_page: bool | None = None
    cursor: str | None = None
    absent: Sequence[str] | None = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """One page per selected resource against the real API."""

    name: str
    resources: Sequence[ResourceTried]


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One table; `status` is its last sync's."""

    name: str
    rows: int
    status: str
    last_sync: str | None
    is_stale: bool
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a person has allowed is not there, or no longer; `next` is the command that brings it back."""

    state: Literal["missing", "revoked"]
    next: str


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """One connector; `authorization` is there where a person has to act.

    capture: how what its source keeps for us stands, as the source says; None where nothing is kept or nobody asked.
    """

    name: str
    type: str
    status: str
    last_sync: str | None
    is_stale: bool
    tables: Sequence[TableStatus]
    sync_interval: str | None = None
    freshness: str = ""
    error: str | None = None
    authorization: Authorization | None = None
    capture: Finding | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole workspace."""

    workspace: str
    storage: str
    catalog: str
    connectors: Sequence[ConnectorStatus]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the doctor; `remedy` is what to do where it is not ok."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Checkup:
    """`healthy` is whether nothing failed."""

    healthy: bool
    checks: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class SourceRead:
    """One table that was read: at which version, synced when, and how the last sync of it ended."""

    table: str
    snapshot: int
    synced_at: str | None
    is_stale: bool
    last_sync_status: str | None
    live: bool = False


@dataclass(frozen=True, slots=True)
class Queried:
    """What `query` prints for a read."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    row_count: int
    truncated: bool
    sources: Sequence[SourceRead]
    column_types: Sequence[str]
    notes: Sequence[str]
    handle: Kept | None = None
    summary: Summary | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What `describe` prints of several tables; of one it prints the description itself."""

    tables: Sequence[TableDescription]

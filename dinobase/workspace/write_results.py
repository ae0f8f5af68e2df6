"""What commands print of writes: the shapes that `dinobase schema` publishes and golden files hold.

The engine's answers are these; keys that may be absent are so where they would say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

Approval: TypeAlias = Literal["auto", "agent", "human"]
Status: TypeAlias = Literal[
    "pending_confirmation", "cancelled", "expired", "executing", "executed", "partial", "failed", "abandoned"
]


class OldNew(TypedDict):
    """One value, before and after."""

    old: Any
    new: Any


class Change(TypedDict):
    """One row; `operation` is absent for an update."""

    key: Mapping[str, Any]
    columns: Mapping[str, OldNew]
    operation: NotRequired[Literal["insert", "delete"]]


class Request(TypedDict):
    """One call as it is sent, secrets hidden."""

    method: str
    url: str
    body: NotRequired[Any]
    content_type: NotRequired[str]
    idempotency_header: NotRequired[str]
    idempotency_body_path: NotRequired[str]


class Returning(TypedDict):
    """What RETURNING gave."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]


class Preview(TypedDict):
    """What is going to happen."""

    operation: Literal["insert", "update", "delete", "merge", "undo"]
    source: str
    table: str
    rows_affected: int
    changes: Sequence[Change]
    requests: Sequence[Request]
    calls: int
    seconds: float
    undoable: bool
    not_undoable: Sequence[str]
    not_writable: Sequence[str]
    warnings: Sequence[str]
    returning: NotRequired[Returning]


class Planned(TypedDict):
    """A write that waits for its approval; what is confirmed is the hash of its plan."""

    mutation_id: str
    status: Literal["pending_confirmation"]
    approval: Approval
    preview: Preview
    hash: str
    expires_at: str


class PlannedBatch(TypedDict):
    """Writes of one call: one hash, one approval."""

    batch_id: str
    status: Literal["pending_confirmation"]
    approval: Approval
    mutations: Sequence[Planned]
    hash: str
    expires_at: str


class Step(TypedDict):
    """One row: `call` is the request it went with; done, failed, conflict, unknown or not_tried."""

    step: int
    call: int
    operation: Literal["create", "update", "delete"]
    key: Mapping[str, Any]
    status: Literal["done", "failed", "conflict", "unknown", "not_tried"]
    http_status: NotRequired[int]
    error: NotRequired[str]


class Applied(TypedDict):
    """What came of a mutation; `preview` is there where nobody had to approve it."""

    mutation_id: str
    status: Literal["executed", "partial", "failed", "abandoned"]
    succeeded: int
    failed: int
    conflicts: int
    unknown: int
    not_tried: int
    steps: Sequence[Step]
    preview: NotRequired[Preview]


class AppliedBatch(TypedDict):
    """What came of all mutations of one call."""

    batch_id: str
    status: Literal["executed", "partial", "failed", "abandoned"]
    succeeded: int
    failed: int
    conflicts: int
    unknown: int
    not_tried: int
    mutations: Sequence[Applied]
    previews: NotRequired[Sequence[Preview]]


class Cancelled(TypedDict):
    """What is not going to happen."""

    mutation_id: NotRequired[str]
    batch_id: NotRequired[str]
    status: Literal["cancelled"]


class Mutation(TypedDict):
    """A write as the journal lists it."""

    mutation_id: str
    batch_id: str
    identity: str
    connector: str
    table_name: str
    operation: Literal["insert", "update", "delete", "merge", "undo"]
    sql: str
    status: Status
    approval: Approval
    rows: int
    plan_hash: str
    created_at: str
    expires_at: str
    approved_by: str | None
    approved_at: str | None
    finished_at: str | None
    undo_of: str | None


class Mutations(TypedDict):
    """The newest first."""

    mutations: Sequence[Mutation]


class Shown(Mutation):
    """All that is known of one; `preview` is null where the journal no longer keeps it."""

    preview: Preview | None
    steps: Sequence[Step]


class ShownBatch(TypedDict):
    """All that is known of the mutations of one call."""

    batch_id: str
    mutations: Sequence[Shown]


class Verified(TypedDict):
    """The journal as its hashes say it was written."""

    status: Literal["intact"]
    records: int


class ApproveCode(TypedDict):
    """Good once, for this plan, or for these together, until the first expires."""

    mutation_id: NotRequired[str]
    batch_id: NotRequired[str]
    ids: NotRequired[Sequence[str]]
    code: str
    expires_at: str

"""config.yaml as typed models: what SPEC.md names is a field here; no field holds a secret."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from dinobase.kinds.base import Field, Kind

Approval: TypeAlias = Literal["auto", "agent", "human", "deny"]
Masking: TypeAlias = Literal["show", "mask", "hash", "deny"]


class StorageConfig(Kind):
    """Where lakes are; both parts optional."""

    url: str = Field(default="", description="Data files: s3://, gs://, az:// or an absolute folder.")
    catalog: str = Field(default="", description="Catalog: postgresql://host/db; else SQLite files.")


class ConnectorConfig(Kind):
    """One connector of the workspace."""

    type: str = Field(description="Its definition: the name of a connector file.")
    sync_interval: str = Field(
        default="", description="When it is due: every 15m, 1h, 1d, at a cron expression's moments, or `never`."
    )
    freshness: str = Field(
        default="", description="Older data is stale: 2h, `never`. Default: 1h, a database's 6h, a file's never."
    )
    resources: list[str] = Field(
        default_factory=list, description="What is synced: names, or `+name` beside the default set."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="Values of credentials that are no secrets.")


class WriteDefault(Kind):
    """What holds where no rule matches."""

    approval: Approval = Field(default="agent", description="Who approves a write.")
    max_rows: int = Field(default=50, ge=0, description="More rows than this need a human.")


class WriteRule(Kind):
    """The first rule that matches a write decides."""

    source: str = Field(default="*", description="Connector or table; `*` and globs.")
    operation: Literal["insert", "update", "delete", "*"] = Field(default="*", description="Which kind of write.")
    approval: Approval = Field(description="Who approves it.")
    max_rows: int | None = Field(default=None, ge=0, description="Default: that of `default`.")


class WritesConfig(Kind):
    """Who approves writes."""

    default: WriteDefault = Field(default_factory=WriteDefault, description="Where no rule matches.")
    rules: list[WriteRule] = Field(default_factory=list, description="First match wins.")


class AccessConfig(Kind):
    """What one identity sees and may write; what it does not say, the entry `default` says."""

    sources: list[str] | None = Field(
        default=None, description="Connectors or tables, globs; all else is not there. Default: all."
    )
    hide: list[str] | None = Field(default=None, description="Columns that are not there: connector.table.column.")
    rows: dict[str, str] | None = Field(default=None, description="By table: only rows where this SQL condition holds.")
    pii: Masking | None = Field(default=None, description="What happens to every pii column; default show.")
    columns: dict[str, Masking] | None = Field(default=None, description="By column: what happens to it.")
    writes: list[str] | None = Field(default=None, description="Tables it may write; default: what `writes` allows.")


class Config(Kind):
    """The workspace."""

    storage: StorageConfig = Field(default_factory=StorageConfig, description="Where lakes are.")
    retention: str = Field(default="30d", description="How long old versions are kept.")
    journal_retention: str = Field(
        default="",
        description="After it the journal keeps facts without before-images; default: for ever.",
    )
    approval_key: str = Field(
        default="", description="Verifier of the passphrase that human approvals ask for; never the passphrase."
    )
    connectors: dict[str, ConnectorConfig] = Field(
        default_factory=dict, description="By name; `sources:` is read as the same."
    )
    writes: WritesConfig = Field(default_factory=WritesConfig, description="Who approves writes.")
    access: dict[str, AccessConfig] = Field(
        default_factory=dict, description="By identity: a token's name, `mcp`, `cli`, or `default`."
    )

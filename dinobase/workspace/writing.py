"""What a workspace stands on, and what changes records: writes, who approves them, and what is to be forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dinobase.core import errors, secrets, settings

if TYPE_CHECKING:
    from dinobase.lake.location import Storage
    from dinobase.mutate.engine import MutationEngine
    from dinobase.spec.config import Config, ConnectorConfig
    from dinobase.workspace.approving import ApprovalKey
    from dinobase.workspace.forgetting import Forgotten


class Writing:
    """A folder, its settings and its writes; the rest of a workspace is made on this."""

    def __init__(self, paths: settings.Paths) -> None:
        self.paths = paths

    @classmethod
    def open(cls, root: str | Path | None = None) -> Self:
        """Return the workspace at `root`, else $DINOBASE_DIR, else ~/.dinobase; nothing is made or read yet."""
        return cls(settings.paths(root))

    def config(self) -> Config:
        """Read config.yaml."""
        from dinobase.spec.config import load_config

        config = load_config(self.paths)
        secrets.register_url(config.storage.catalog)
        return config

    def connector(self, name: str) -> ConnectorConfig:
        """Return a connected connector's entry, or raise with the nearest name."""
        connected = self.config().connectors
        if name in connected:
            return connected[name]
        near = errors.did_you_mean(name, connected)
        if near:
            hint = f"Did you mean `{near}`?"
        else:
            hint = f"Connected: {', '.join(connected)}." if connected else f"dinobase add {name}"
        raise errors.UnknownName(
            f"`{name}` is not connected", code="unknown.connector", hint=hint, name=name, known=list(connected)
        )

    def storage(self) -> Storage:
        """Return where the lakes are."""
        from dinobase.lake.location import Storage

        settings = self.config().storage
        return Storage(self.paths.lakes, settings.url, settings.catalog)

    def write(
        self, sql: str, *, identity: str = "cli", max_rows: int | None = None, timeout: float = 60.0
    ) -> dict[str, Any]:
        """Plan INSERT, UPDATE, DELETE and MERGE; what needs nobody's approval is applied at once."""
        return self.mutations().write(sql, identity=identity, max_rows=max_rows, timeout=timeout)

    def mutations(self) -> MutationEngine:
        """Return what plans, confirms, cancels, resumes and undoes writes."""
        from dinobase.workspace import mutating

        return mutating.engine(self.config(), self.paths)

    def forget(self, table: str, key: str | Sequence[str]) -> Forgotten:
        """Take a record out of lake, old versions, journal and results; the source has it still."""
        from dinobase.workspace import forgetting

        connector, dot, _ = table.partition(".")
        if dot:
            self.connector(connector)
        return forgetting.forget(table, [key] if isinstance(key, str) else key, self.storage(), self.paths)

    def approval_key(self, passphrase: str | None, *, current: str = "") -> ApprovalKey:
        """Set or change the passphrase of human approvals, None to remove it; `current` is the one that holds."""
        from dinobase.workspace import approving

        if passphrase is None:
            return approving.remove(current, self.config(), self.paths)
        return approving.put(passphrase, current, self.config(), self.paths)

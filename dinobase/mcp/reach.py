"""How far an identity's SQL may reach, from config.yaml: what clients are told of `query` is true for each of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, TypeAlias

from anyio import to_thread

from dinobase.access.policy import policy_of
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths
from dinobase.spec.config_plain import plain_config

Reach: TypeAlias = Literal["none", "planned", "sent"]  # no writes; plans that wait for their approval; writes at once


def reach(config: Mapping[str, Any], identity: str) -> Reach:
    """Return what a statement of this identity can do at most; `config` is config.yaml as plain data."""
    writes = config.get("writes") or {}
    approvals = {(writes.get("default") or {}).get("approval", "agent")}
    approvals |= {rule["approval"] for rule in writes.get("rules") or ()}
    if policy_of(config.get("access") or {}, identity).writes == () or approvals == {"deny"}:
        return "none"
    return "sent" if "auto" in approvals else "planned"


def teller(paths: Paths) -> Callable[[str], Awaitable[Reach]]:
    """Return what tells the reach of an identity as config.yaml is now."""

    def read(identity: str) -> Reach:
        try:
            return reach(plain_config(paths), identity)
        except DinobaseError:
            return "sent"  # a file that cannot be read promises nothing

    async def tell(identity: str) -> Reach:
        return await to_thread.run_sync(read, identity)

    return tell

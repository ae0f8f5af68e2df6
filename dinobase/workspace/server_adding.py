"""`add` of an MCP server: it is met, and what it has is said; what is left out too, with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dinobase.core import errors, secrets
from dinobase.core.settings import Paths
from dinobase.core.values import Event
from dinobase.extract import mcp_listing
from dinobase.spec import credentials
from dinobase.spec.credentials import Answer, Ask
from dinobase.spec.resolve import resolve
from dinobase.spec.tools import Expanded, Listing, expand
from dinobase.spec.vault import Vault
from dinobase.sync import plan
from dinobase.workspace import consents, credential_use, results, servers

if TYPE_CHECKING:
    from dinobase.spec.config_models import ConnectorConfig
    from dinobase.spec.models import Connector

Keep = Callable[[Mapping[str, Answer], Sequence[str] | None], str]


def add(
    called: str,
    kind: str,
    connector: Connector,
    *,
    definition: str,
    given: Mapping[str, str],
    ask: Ask | None,
    resources: Sequence[str] | None,
    before: ConnectorConfig | None,
    check: bool,
    keep: Keep,
    paths: Paths,
) -> results.Added:
    """Meet the server, then keep what it is reached with; `connector create` has kept some of it already."""
    stored = {name: value for name, value in Vault(paths).get(kind).items() if name not in given}
    answers = {
        name: replace(answer, origin="stored") if name in stored and answer.origin == "flag" else answer
        for name, answer in credentials.gather(called, connector.credentials, {**stored, **given}, ask).items()
    }
    resolved = resolve(connector, credentials.values(connector.credentials, answers))
    kept = resources if resources is not None else (before.resources if before else ())
    listing = seen = None
    chosen: Sequence[str] = ()
    waits = consents.missing(resolved, called, paths)
    if check and not waits:
        listing, made = meet(resolved, called, paths)
        chosen = [resource.name for resource in plan.choose(made.connector, kept, ())]
        detail = secrets.redact(servers.said(listing, made))
        seen = results.CheckSeen(ok=True, url=f"mcp://{called}", status=200, detail=detail, records=None)
    rests = keep(answers, resources)
    consents.settle(resolved, called, paths)
    if listing is not None:
        mcp_listing.keep(paths.state, called, listing)
    return results.Added(
        name=called,
        type=kind,
        definition=definition,
        resources=list(chosen),
        credentials=[credential_use.told(answer, rests) for answer in answers.values()],
        replaced=before is not None,
        check=seen,
        authorization=consents.told(resolved, waits),
    )


def meet(resolved: Connector, name: str, paths: Paths) -> tuple[Listing, Expanded]:
    """Start or reach the server and ask what it has; raises where it does not answer."""
    from dinobase.extract.readers.mcp import McpSession  # the SDK takes a second to load

    async def ask() -> Listing:
        async with McpSession(resolved, name=name, state_dir=paths.make(paths.state), observe=_ignore) as session:
            return session.listing

    paths.make(paths.root)
    try:
        listing = asyncio.run(ask())
    except errors.FetchError as error:
        raise type(error)(
            f"`{name}` was not added: {secrets.redact(error.message)}",
            code=error.error_code,
            hint=f"{error.hint} `--no-check` adds it all the same.".strip(),
            **error.context,
        ) from None
    return listing, expand(resolved, listing)


def _ignore(_: Event) -> None:
    return

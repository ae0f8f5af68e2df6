"""Which of a connector's authentications wait for a person, and whether that person has been asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from dinobase.core.settings import Paths
from dinobase.extract.consent import Consent
from dinobase.extract.tokens import Tokens, key
from dinobase.kinds.auth.oauth2 import OAuth2
from dinobase.spec import compiled, config
from dinobase.spec.vault import Vault
from dinobase.sync import registry
from dinobase.workspace import loopback
from dinobase.workspace.results import Finding

if TYPE_CHECKING:
    from dinobase.spec.models import Connector

_NOBODY = "nobody has allowed the access yet"


def signing(connector: Connector) -> Connector:
    """Return the connector as a session over HTTP takes it: an MCP server's authentication is its client's."""
    if connector.server is None or connector.server.auth is None:
        return connector
    return connector.model_copy(
        update={"client": connector.client.model_copy(update={"auth": connector.server.auth}), "server": None}
    )


def needed(connector: Connector) -> dict[str, OAuth2]:
    """Return by method what a person has to allow: one of each client, with the scopes of all its methods."""
    client = signing(connector).client.auth
    found: dict[str, tuple[str, OAuth2]] = {}
    for method, kind in {"": client, **connector.auth_methods}.items():
        if not isinstance(kind, OAuth2) or not kind.by_consent:
            continue
        first, known = found.get(kind.identity(), (method, kind))
        scopes = tuple(dict.fromkeys((*known.scopes, *kind.scopes)))
        found[kind.identity()] = (first, known.model_copy(update={"scopes": scopes}))
    return dict(found.values())


def redirect_of(kind: str, paths: Paths) -> str:
    """Return the address that a vendor has to know before somebody can allow the access, '' where nobody has to."""
    entry = config.load_config(paths).connectors.get(kind)
    type_ = entry.type if entry else kind
    if registry.is_python(type_, paths):
        return ""
    return loopback.REDIRECT if needed(compiled.load(registry.definition(type_, paths), paths)) else ""


def missing(connector: Connector, name: str, paths: Paths) -> list[str]:
    """Return the methods whose access nobody has allowed yet."""
    tokens = Tokens(paths.state, name)
    return [method for method, kind in needed(connector).items() if tokens.load(kind) is None]


def settle(connector: Connector, name: str, paths: Paths) -> None:
    """After `add`: forget what was allowed to another client, and have `status` say what is still to be allowed."""
    kinds = (signing(connector).client.auth, *connector.auth_methods.values())
    Vault(paths).drop_tokens(name, but={key(kind) for kind in kinds if kind is not None})
    if missing(connector, name, paths):
        Consent(paths.state, name).say("missing", _NOBODY, f"dinobase auth {name}")


def told(connector: Connector, waits: Sequence[str]) -> Literal["allowed", "missing"] | None:
    """Say for `add` how it stands; None where nobody has to allow anything."""
    if waits:
        return "missing"
    return "allowed" if needed(connector) else None


def findings(connector: Connector, name: str, paths: Paths) -> Iterator[Finding]:
    """Say of each access whether it is there, for `doctor`; no server is asked."""
    wanted = needed(connector)
    said = Consent(paths.state, name).read()
    if said is not None and said.state == "revoked":
        yield Finding(f"authorization {name}", "fail", said.detail, said.remedy)
    elif absent := missing(connector, name, paths):
        which = f" ({', '.join(absent)})" if any(absent) else ""
        yield Finding(f"authorization {name}", "fail", f"{_NOBODY}{which}", f"dinobase auth {name}")
    elif wanted:
        yield Finding(f"authorization {name}", "ok", "allowed")

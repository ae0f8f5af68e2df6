"""A packaged connector as a file of the user's own that talks to the emulator: other hosts, no limits, small pages.

Nothing else of it is changed: paths, parameters, paginators, keys, filters and bodies are the packaged ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import yaml

from dinobase.core.clock import now
from dinobase.kinds import duration
from dinobase.spec.load import load_connector
from dinobase.spec.models import Connector
from dinobase.spec.resolve import resolve
from tests.connectors.emulator.paging import SIZE

Json: TypeAlias = Any

_HOST = re.compile(r"^https?://([^/?#]+)")
_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Wired:
    """The connector as it stands in the workspace's folder, and what `add` is given."""

    raw: Json
    connector: Connector
    values: dict[str, str]


def wire(raw: Json, server: str, file: Path) -> Wired:
    """Write the copy and return it resolved."""
    homes: dict[str, str] = {}
    base = str(raw["client"].get("base_url", ""))
    values = _values(raw, server, homes)
    main = _HOST.match(base)
    if main:
        homes[main[1]] = ""
    client = raw["client"]
    client.pop("rate_limit", None)
    client["retry"] = {**(client.get("retry") or {}), "attempts": 4}
    client["base_url"] = _home(base, server, homes)
    for auth in [client.get("auth"), *(raw.get("auth_methods") or {}).values()]:
        _authentication(auth, server)
    for part in _parts(raw):
        for key in ("base_url", "path"):
            if isinstance(part.get(key), str):
                part[key] = _home(part[key], server, homes)
    for pager in _pagers(raw):
        if pager.get("type") == "offset":
            pager["limit"] = SIZE
    for resource in raw["resources"]:
        _window(resource.get("incremental"))
    _window((raw.get("resource_defaults") or {}).get("incremental"))
    file.parent.mkdir(parents=True, exist_ok=True)
    written = yaml.dump(raw, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    file.write_text(written, encoding="utf-8")
    return Wired(raw, resolve(load_connector(file), values), values)


def _values(raw: Json, server: str, homes: dict[str, str]) -> dict[str, str]:
    """Return a value for every credential; one that is an address, or begins the base_url, is the emulator's."""
    base = str(raw["client"].get("base_url", ""))
    found = {}
    for credential in raw.get("credentials") or []:
        name, default = credential["name"], str(credential.get("default") or "")
        if base.startswith(f"{{{name}}}") or _HOST.match(default):
            found[name] = f"{server}{urlsplit(default).path}".rstrip("/") if default else server
        else:
            found[name] = default or f"my-{name.replace('_', '-')}"
    return found


def _home(url: str, server: str, homes: dict[str, str]) -> str:
    match = _HOST.match(url)
    if match is None:
        return url
    prefix = homes.setdefault(match[1], f"/host{len(homes)}")
    return f"{server}{prefix}{url[match.end() :]}"


def _authentication(auth: Json, server: str) -> None:
    """Have tokens fetched from the emulator; consent by a browser or a key file has tests of its own."""
    if not isinstance(auth, dict):
        return
    if auth.get("type") == "google_service_account":
        auth.clear()
        auth |= {"type": "oauth2", "grant": "client_credentials", "client_id": "robot", "client_secret": "robot-key"}
    if auth.get("type") == "oauth2":
        auth["token_url"] = f"{server}/emulated/token"
        if auth.get("grant", "authorization_code") == "authorization_code":
            auth |= {"grant": "refresh_token", "refresh_token": "refresh-0"}


def _parts(raw: Json) -> Iterator[dict[str, Json]]:
    for resource in [*raw["resources"], raw.get("resource_defaults") or {}]:
        for part in (resource.get("endpoint"), resource.get("retrieve")):
            if isinstance(part, dict):
                yield part
    yield from raw.get("write_endpoints") or []
    if raw.get("check"):
        yield raw["check"]


def _pagers(raw: Json) -> Iterator[dict[str, Json]]:
    places = [raw["client"]]
    for resource in [*raw["resources"], raw.get("resource_defaults") or {}]:
        places += [resource, resource.get("endpoint") or {}]
    for place in places:
        if isinstance(place.get("paginator"), dict):
            yield place["paginator"]


def _window(incremental: Json) -> None:
    """Begin a listing that is cut into spans a few of them ago, not years."""
    if isinstance(incremental, dict) and incremental.get("window"):
        seconds = duration.seconds(incremental["window"]) or 86400
        begin = now() - timedelta(seconds=seconds * _WINDOWS)
        incremental["initial_value"] = begin.strftime("%Y-%m-%dT00:00:00Z")

"""A certified OAuth2 server, and a workspace with a connector that wants its consent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dinobase.spec.vault import Vault
from dinobase.workspace import Workspace
from dinobase.workspace.authorizing import Person
from tests.acceptance.cli_process import Cli
from tests.oauth.browser import visit
from tests.oauth.provider import Provider, running

SECRET = "app-secret-4711"


@pytest.fixture(scope="session")
def server() -> Iterator[Provider]:
    with running(3600) as found:
        yield found


@pytest.fixture
def provider(server: Provider) -> Iterator[Provider]:
    """The server with an empty log."""
    server.do("release")
    server.do("watch", file="")
    server.do("clear")
    yield server
    server.do("release")


@dataclass
class Home:
    """A workspace where `acme` is connected and not authorised, unless a test does so."""

    workspace: Workspace
    cli: Cli
    provider: Provider

    @property
    def root(self) -> Path:
        return self.workspace.paths.root

    def define(self, definition: str) -> None:
        (self.root / "connectors" / "acme.yaml").write_text(definition)

    def add(self, **given: str) -> Any:
        return self.workspace.add("acme", given={"client_secret": SECRET, **given})

    def allow(self, **asked: Any) -> Any:
        """Authorise by a browser that allows it."""
        return self.workspace.authorize("acme", person(), redirect=ANY_PORT, **asked)

    @property
    def token(self) -> dict[str, Any]:
        """What was kept, as it rests."""
        ((_, entry),) = [
            item
            for item in json.loads((self.root / "credentials.json").read_text())["acme"].items()
            if item[0].startswith("@")
        ]
        found: dict[str, Any] = json.loads(entry["value"])
        return found

    def spend(self) -> None:
        """Have the server take the access token no more."""
        self.provider.do("forget", token=self.token["access"])

    def kept(self) -> bool:
        file = self.root / "credentials.json"
        return "@" in file.read_text() if file.exists() else False

    @property
    def vault(self) -> Vault:
        return Vault(self.workspace.paths)


ANY_PORT = "http://127.0.0.1:0/callback"


def person(*, allow: bool = True, shown: list[str] | None = None, notes: list[str] | None = None) -> Person:
    """Somebody at a browser."""

    def browse(url: str) -> bool:
        visit(url, allow=allow)
        return True

    return Person(
        show=(shown if shown is not None else []).append,
        note=(notes if notes is not None else []).append,
        browse=browse,
    )


@pytest.fixture
def home(tmp_path: Path, provider: Provider) -> Home:
    root = tmp_path / "workspace"
    (root / "connectors").mkdir(parents=True, mode=0o700)
    home = Home(Workspace.open(root), Cli(root, {}), provider)
    home.define(provider.definition())
    return home


@pytest.fixture
def connected(home: Home) -> Home:
    home.add()
    return home


@pytest.fixture
def authorised(connected: Home) -> Home:
    connected.allow(check=False)
    connected.provider.do("clear")
    return connected

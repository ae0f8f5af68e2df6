"""A fresh workspace per test, and a small API; what `add` and a first sync leave is made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinobase.core.settings import Paths
from dinobase.spec import compiled
from tests.acceptance.cli_process import Cli
from tests.servers.json_api import JsonApi, serve

TOKEN = "tok_5EcReT-9f8e7d6c5b4a"
CONNECTOR = """\
name: acme
description: "A shop"
category: shops
credentials:
  - name: api_key
    flag: "--api-key"
    env: ACME_KEY
    prompt: "Acme API key"
    help: "Settings > API"
client:
  base_url: {url}
  auth: {{type: bearer, token: "{{api_key}}"}}
  paginator: {{type: cursor, cursor_path: next, cursor_param: cursor}}
  retry: {{attempts: 2}}
resource_defaults:
  primary_key: id
  endpoint: {{data_selector: data}}
resources:
  - name: users
  - name: orders
    endpoint: {{params: {{since: "{{incremental.start_value}}"}}}}
    incremental: {{cursor_path: updated_at, initial_value: "2024-01-01"}}
  - name: audit
    selected: false
"""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "workspace", {})


def _api() -> JsonApi:
    api = JsonApi(token=TOKEN, page_size=2)
    api.tables["users"] = [{"id": n, "name": f"user {n}", "address": {"city": "Oslo"}} for n in range(1, 6)]
    api.tables["orders"] = [
        {"id": n, "user_id": n, "amount": n * 10.5, "updated_at": f"2024-0{n}-01T00:00:00Z"} for n in range(1, 4)
    ]
    api.tables["audit"] = [{"id": 1, "what": "login"}]
    return api


@pytest.fixture
def api() -> Iterator[JsonApi]:
    with serve(_api()) as running:
        yield running


def _define(cli: Cli, api: JsonApi) -> None:
    folder = cli.root / "connectors"
    cli.root.mkdir(mode=0o700)
    folder.mkdir(mode=0o700)
    (folder / "acme.yaml").write_text(CONNECTOR.format(url=api.url))


@pytest.fixture
def acme(cli: Cli, api: JsonApi) -> Cli:
    """A workspace that has the connector's file; nothing is connected yet."""
    _define(cli, api)
    return cli


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace after `add`, and the same after `sync`; to be copied, not used."""
    added, synced = (tmp_path_factory.mktemp("once") / name / "workspace" for name in ("added", "synced"))
    added.parent.mkdir()
    with serve(_api()) as api:
        _define(Cli(added, {}), api)
        Cli(added, {}).ok("add", "acme", "--api-key", TOKEN, "--no-check")
        shutil.copytree(added, synced)
        Cli(synced, {}).ok("sync", "acme")
    return added, synced


def _copied(made: Path, cli: Cli) -> Cli:
    shutil.copytree(made, cli.root, ignore=shutil.ignore_patterns("connectors"), dirs_exist_ok=True)
    compiled.load(cli.root / "connectors" / "acme.yaml", Paths(cli.root))  # as `add` leaves it: it names the place
    return cli


@pytest.fixture
def connected(acme: Cli, once: tuple[Path, Path]) -> Cli:
    """A workspace with the connector as `add` leaves it."""
    return _copied(once[0], acme)


@pytest.fixture
def filled(acme: Cli, once: tuple[Path, Path]) -> Cli:
    """The same after a sync."""
    return _copied(once[1], acme)

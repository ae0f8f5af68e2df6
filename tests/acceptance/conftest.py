"""A fresh workspace per test, and a small API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def api() -> Iterator[JsonApi]:
    api = JsonApi(token=TOKEN, page_size=2)
    api.tables["users"] = [{"id": n, "name": f"user {n}", "address": {"city": "Oslo"}} for n in range(1, 6)]
    api.tables["orders"] = [
        {"id": n, "user_id": n, "amount": n * 10.5, "updated_at": f"2024-0{n}-01T00:00:00Z"} for n in range(1, 4)
    ]
    api.tables["audit"] = [{"id": 1, "what": "login"}]
    with serve(api) as running:
        yield running


@pytest.fixture
def acme(cli: Cli, api: JsonApi) -> Cli:
    """A workspace that has the connector's file; nothing is connected yet."""
    folder = cli.root / "connectors"
    cli.root.mkdir(mode=0o700)
    folder.mkdir(mode=0o700)
    (folder / "acme.yaml").write_text(CONNECTOR.format(url=api.url))
    return cli


@pytest.fixture
def connected(acme: Cli) -> Cli:
    acme.ok("add", "acme", "--api-key", TOKEN, "--no-check")
    return acme

"""A workspace with two lakes and one API that can be refreshed, and both doors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest
from mcp import ClientSession

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from tests.acceptance.cli_process import Cli
from tests.acceptance.conftest import CONNECTOR, TOKEN
from tests.lake.build import GITHUB, STRIPE, build
from tests.mcp.doors import Http, http_server, over_http, over_stdio
from tests.mcp.writing import Office, office
from tests.servers.json_api import JsonApi, serve

Door: TypeAlias = Callable[[], AbstractAsyncContextManager[ClientSession]]
CONFIG = """\
connectors:
  acme: {type: acme}
  github: {type: github}
  stripe: {type: stripe}
"""


@pytest.fixture(scope="session")
def api() -> Iterator[JsonApi]:
    api = JsonApi(token=TOKEN, page_size=2)
    api.tables["users"] = [{"id": n, "name": f"user {n}", "address": {"city": "Oslo"}} for n in range(1, 6)]
    api.tables["orders"] = []
    with serve(api) as running:
        yield running


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory, api: JsonApi) -> Cli:
    root = tmp_path_factory.mktemp("mcp") / "workspace"
    paths = Paths(root)
    paths.make(paths.connectors)
    (paths.connectors / "acme.yaml").write_text(CONNECTOR.format(url=api.url))
    storage = Storage(paths.lakes)
    build(storage.lake("stripe"), STRIPE)
    build(storage.lake("github"), GITHUB)
    paths.config.write_text(CONFIG)
    return Cli(root, {"DINOBASE_ACME_API_KEY": TOKEN})


@pytest.fixture(scope="session")
def token(cli: Cli) -> str:
    return str(cli.ok("token", "create", "tester")["token"])


@pytest.fixture(scope="session")
def http(cli: Cli) -> Iterator[Http]:
    with http_server(cli) as running:
        yield running


@pytest.fixture(params=["stdio", "http"])
def door(request: pytest.FixtureRequest, cli: Cli) -> Door:
    """Either door; tests that take it are run through both."""
    if request.param == "stdio":
        return lambda: over_stdio(cli)
    running: Http = request.getfixturevalue("http")
    token: str = request.getfixturevalue("token")
    return lambda: over_http(running.url, token)


@pytest.fixture(scope="session")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A workspace of its own for writes, and its sources."""
    with office(tmp_path_factory.mktemp("writes")) as made:
        yield made


@pytest.fixture
def desk(rooms: Office) -> Iterator[Office]:
    """The same with its rows and rules put back."""
    rooms.reset()
    rooms.workspace.sync(["shop"])
    yield rooms
    rooms.configure()
    vars(rooms.stripe).pop("answer", None)


@pytest.fixture
def root(cli: Cli) -> Path:
    return cli.root

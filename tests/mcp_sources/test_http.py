"""Servers at an address: streamable HTTP and SSE, with a bearer token and a header that rest in the vault alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.workspace import Workspace
from tests.acceptance.cli_process import Cli
from tests.mcp_sources.servers import define, rows, synced, workspace
from tests.servers.mcp_shop import Running, serve

TOKEN = "t0ken-of-the-shop"
Transport = Literal["sse", "streamable_http"]


@pytest.fixture(scope="module", params=["streamable_http", "sse"])
def transport(request: pytest.FixtureRequest) -> Transport:
    found: Transport = request.param
    return found


@pytest.fixture(scope="module")
def shop(transport: Transport) -> Iterator[Running]:
    with serve(transport, TOKEN) as running:
        yield running


def define_shop(root: Path, transport: Transport, shop: Running) -> Workspace:
    made = workspace(root)
    server = {
        "transport": transport,
        "url": shop.url,
        "headers": {"X-Shop": "{town}"},
        "auth": {"type": "bearer", "token": "{token}"},
        "timeout": 20,
    }
    credentials = [{"name": "token", "env": "SHOP_TEST_TOKEN"}, {"name": "town", "env": "SHOP_TOWN"}]
    define(root, "shop", server, credentials=credentials)
    return made


def test_tools_at_an_address_are_tables(tmp_path: Path, transport: Transport, shop: Running) -> None:
    made = define_shop(tmp_path, transport, shop)
    made.add("shop", given={"token": TOKEN, "town": "oslo"})
    tables = synced(made, "shop")
    assert {name: table.status for name, table in tables.items()} == dict.fromkeys(
        ("get_rates", "get_report", "list_customers", "list_orders", "resources"), "success"
    )
    assert rows(made, "SELECT name FROM shop.list_customers ORDER BY id") == [("Ada",), ("Bob",)]
    assert "cancel_order" not in " ".join(shop.calls)


def test_a_wrong_token_is_refused_and_not_repeated(tmp_path: Path, transport: Transport, shop: Running) -> None:
    made = define_shop(tmp_path, transport, shop)
    with pytest.raises(DinobaseError) as caught:
        made.add("shop", given={"token": "wr0ng-token", "town": "oslo"})
    assert caught.value.error_code == "mcp.credentials"
    assert "answers 401" in caught.value.message
    assert "wr0ng-token" not in json.dumps(caught.value.as_dict())
    assert made.config().connectors == {}


def test_create_keeps_secrets_out_of_the_file(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "workspace", {"TOWN": "oslo"})
    with serve("streamable_http", TOKEN) as shop:
        words = ["--transport", "streamable_http", "--url", shop.url, "--bearer", TOKEN, "--header", "X-Shop: ${TOWN}"]
        cli.ok("connector", "create", "shop", *words)
        added = cli.ok("add", "shop")
        called = cli.ok("mcp", "call", "shop", "list_orders", "cursor=2")
    assert called["value"]["orders"][0]["id"] == 3
    text = (cli.root / "connectors" / "shop.yaml").read_text()
    assert TOKEN not in text
    assert "oslo" not in text
    assert {use["name"]: use["stored"] for use in added["credentials"]} == {
        "town": "stored as the reference ${TOWN}",
        "token": "stored in credentials.json, which only you can read",
    }
    assert TOKEN not in json.dumps(added)
    assert TOKEN not in (cli.root / "config.yaml").read_text()


def test_a_server_that_was_started_anew_is_greeted_anew(tmp_path: Path) -> None:
    with serve("streamable_http", TOKEN) as shop:
        made = define_shop(tmp_path, "streamable_http", shop)
        made.add("shop", given={"token": TOKEN, "town": "oslo"})
        calls = made.mcp().calls()
        calls.__enter__()
        assert calls.call("shop", "list_orders", {}).value["total"] == 3
    with serve("streamable_http", TOKEN, int(shop.url.split(":")[2].split("/")[0])):
        assert calls.call("shop", "list_orders", {}).value["total"] == 3
        calls.__exit__(None, None, None)


def test_a_server_that_is_gone_fails_the_sync_and_leaves_the_tables(tmp_path: Path) -> None:
    with serve("streamable_http", TOKEN) as shop:
        made = define_shop(tmp_path, "streamable_http", shop)
        made.add("shop", given={"token": TOKEN, "town": "oslo"})
        synced(made, "shop")
    [report] = made.sync(["shop"]).connectors
    assert report.error is not None
    assert report.error["code"] == "mcp.unreachable"
    assert rows(made, "SELECT count(*) FROM shop.list_customers") == [(2,)]

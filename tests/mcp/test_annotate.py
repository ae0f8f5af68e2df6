"""Agents say what tables mean over MCP: what the command does, as an agent, within the rules of who asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dinobase.workspace import Workspace
from tests.acceptance.cli_process import Cli
from tests.annotations.conftest import column, make
from tests.mcp.doors import http_server, over_http, over_stdio, text


def word(target: str, key: str, value: Any) -> dict[str, Any]:
    return {"target": f"shop.{target}", "key": key, "value": value}


async def test_an_agent_fills_what_is_missing_and_a_person_counts_before_it(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    workspace.annotate([word("orders.state", "description", "Where it stands.")], origin="person")
    words = [
        word("orders.amount", "unit", "cents"),
        word("orders.state", "description", "A code."),
        word("orders.state", "values", {"open": "not paid yet", "paid": "in full"}),
    ]
    async with over_stdio(Cli(workspace.paths.root, {})) as session:
        answer = await session.call_tool("annotate", {"words": words})
        assert not answer.is_error
        assert text(answer).splitlines()[:2] == [
            "shop.orders.amount unit set: cents",
            "shop.orders.state description set, but what the person said counts: Where it stands.",
        ]
        described = text(await session.call_tool("describe", {"tables": ["shop.orders"]}))
        assert "amount int: [cents]" in described
        wrong = await session.call_tool("annotate", {"words": [words[0], word("orders.amont", "unit", "cents")]})
        assert wrong.is_error
        assert "Did you mean amount?" in text(wrong)
        personal = await session.call_tool("annotate", {"words": [word("customers.email", "pii", "none")]})
        assert "Only a person" in text(personal)
        back = {"target": "shop.orders.amount", "key": "unit", "remove": True}
        assert text(await session.call_tool("annotate", {"words": [back]})).startswith(
            "shop.orders.amount unit removed"
        )
    told = column(workspace, "state", "shop.orders")
    assert (told["description"], told["values"]) == ("Where it stands.", {"open": "not paid yet", "paid": "in full"})
    said = {(row.target, row.key, row.origin, row.author) for row in workspace.annotations("shop.orders").annotations}
    assert ("shop.orders.state", "description", "agent", "mcp") in said


async def test_whoever_may_not_write_says_nothing_and_whoever_writes_says_it_of_that_alone(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    config = yaml.safe_load(workspace.paths.config.read_text())
    config["access"] |= {"reader": {"writes": []}, "clerk": {"writes": ["shop.orders"], "hide": ["shop.orders.total"]}}
    workspace.paths.config.write_text(yaml.safe_dump(config))
    cli = Cli(workspace.paths.root, {})
    tokens = {name: str(cli.ok("token", "create", name)["token"]) for name in ("reader", "clerk")}
    order, customer = word("orders.amount", "unit", "cents"), word("customers.balance", "note", "Of today.")
    tried = [
        ("reader", [order], "reader may not annotate shop.orders.amount"),
        ("clerk", [order], "shop.orders.amount unit set: cents"),
        ("clerk", [order, customer], "clerk may not annotate shop.customers.balance"),
        ("clerk", [{"target": "shop", "key": "note", "value": "x"}], "clerk may not annotate shop"),
        ("clerk", [word("orders.total", "note", "x")], "has no column total"),
    ]
    with http_server(cli) as server:
        for name, words, expected in tried:
            async with over_http(server.url, tokens[name]) as session:
                assert expected in text(await session.call_tool("annotate", {"words": words}))
    assert {row.target for row in said(workspace)} == {"shop.orders.amount"}


def said(workspace: Workspace) -> list[Any]:
    return [row for row in workspace.annotations("shop").annotations if row.origin == "agent"]

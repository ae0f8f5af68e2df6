"""What a model reads before its first question, counted by the tokenizer that the models use."""

from __future__ import annotations

from dinobase.mcp.briefing import compose
from dinobase.workspace.results import Connectors, ConnectorSummary, TableRows
from tests.mcp.conftest import Door
from tests.mcp.npm import tokens


async def test_instructions_and_tools_stay_under_1100_tokens(door: Door) -> None:
    async with door() as session:
        instructions = (await session.initialize()).instructions
        tools = (await session.list_tools()).model_dump_json(by_alias=True, exclude_none=True)
    assert instructions
    assert tokens(instructions + tools) <= 1100


async def test_it_is_no_longer_once_all_connectors_are_stale(door: Door) -> None:
    tables = [TableRows(f"table_{n}", n) for n in range(20)]
    names = ("stripe", "hubspot", "zendesk", "github", "shopify")
    five = [ConnectorSummary(name, name, tables, "2026-01-31T12:00:00Z", is_stale=True) for name in names]
    async with door() as session:
        await session.initialize()
        tools = (await session.list_tools()).model_dump_json(by_alias=True, exclude_none=True)
    assert tokens(compose(Connectors(five)) + tools) <= 1100


def test_instructions_for_a_hundred_connectors_stay_short() -> None:
    tables = [TableRows(f"table_{n}", n) for n in range(20)]
    many = [ConnectorSummary(f"connector_{n}", "stripe", tables, None, is_stale=True) for n in range(120)]
    text = compose(Connectors(many))
    assert "connector_99 and 20 more (list_connectors)" in text
    assert tokens(text) <= 700

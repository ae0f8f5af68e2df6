"""The numbers that docs/answers.md promises of the agents' door, as a client gets them on the data of bench/tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bench.tokens import billing
from tests.acceptance.cli_process import Cli
from tests.mcp.doors import over_stdio, text
from tests.mcp.npm import tokens
from tests.servers.json_api import JsonApi, serve

PAGE = (Path(__file__).parents[2] / "docs" / "answers.md").read_text(encoding="utf-8")
MOST = {"instructions and tools": 1_100, "describe, 15 described columns": 600, "50 rows of 15 columns": 3_500}


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[Cli]:
    api = JsonApi(token=billing.KEY)
    api.tables.update(billing.tables())
    cli = Cli(tmp_path / "workspace", {})
    (cli.root / "connectors").mkdir(parents=True)
    with serve(api):
        (cli.root / "connectors" / "billing.yaml").write_text(yaml.safe_dump(billing.described(api.url)))
        cli.ok("add", "billing", "--api-key", billing.KEY, "--no-check")
        cli.ok("sync", "billing")
        yield cli


async def test_what_a_client_reads_stays_under_what_is_promised(synced: Cli) -> None:
    async with over_stdio(synced) as session:
        described = text(await session.call_tool("describe", {"tables": [billing.TABLE]}))
        columns = ", ".join(billing.COLUMNS)
        sql = f"SELECT {columns} FROM {billing.TABLE} ORDER BY id LIMIT 50"
        rows = text(await session.call_tool("query", {"sql": sql}))
    assert all(meaning in described for meaning in billing.COLUMNS.values())
    assert rows.count("@example.com") == 50  # the rows themselves, not a summary of them
    assert tokens(described) <= MOST["describe, 15 described columns"]
    assert tokens(rows) <= MOST["50 rows of 15 columns"]


@pytest.mark.parametrize(("what", "most"), MOST.items())
def test_the_table_beside_the_published_package_holds_what_was_asked_for(what: str, most: int) -> None:
    [(theirs, ours, asked)] = re.findall(
        rf"^\| {re.escape(what)} \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PAGE, re.MULTILINE
    )
    assert int(asked.replace(",", "")) == most
    assert int(ours.replace(",", "")) <= most < int(theirs.replace(",", ""))

"""Indexing an annotated source again changes nothing that was said of it; what is taken back leaves exactly its gap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dinobase.workspace import Workspace
from tests.annotations.test_comments import comments
from tests.servers.json_api import JsonApi, serve

YAML = """\
name: shop
client: {{base_url: "{url}"}}
resources:
- name: users
  primary_key: id
  description: People who buy.
  endpoint: {{data_selector: data}}
  columns:
    email: {{description: Where receipts go., pii: email}}
    state: {{description: How it stands., values: [open, paid]}}
- name: orders
  primary_key: id
  endpoint: {{data_selector: data}}
"""
SAID = ("words", "history", "comments", "gaps")
PERSON = [
    {"target": "shop.users", "key": "description", "value": "Everyone with an account."},
    {"target": "shop.users.email", "key": "description", "value": "The address they log in with."},
    {"target": "shop.orders.total", "key": "description", "value": "What was charged."},
    {"target": "shop.orders.total", "key": "unit", "value": "EUR"},
    {"target": "shop.orders.note", "key": "pii", "value": "none"},
    {"target": "shop.orders", "key": "team", "value": "billing"},
]
AGENT = [
    {"target": "shop.orders.total", "key": "description", "value": "Sum of the lines."},
    {"target": "shop.orders", "key": "description", "value": "What they bought."},
    {"target": "shop.orders.note", "key": "description", "value": "Written by whoever packed it."},
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Workspace, JsonApi]]:
    api = JsonApi()
    api.tables["users"] = [
        {"id": n, "email": f"u{n}@shop.example", "state": ["open", "paid"][n % 2]} for n in range(40)
    ]
    api.tables["orders"] = [
        {
            "id": n,
            "users_id": n % 40,
            "total": n * 100,
            "note": f"for u{n}@shop.example",
            "created_at": 1_700_000_000 + n,
        }
        for n in range(200)
    ]
    with serve(api):
        workspace = Workspace.open(tmp_path)
        workspace.init()
        workspace.paths.make(workspace.paths.connectors)
        definition(workspace, api)
        workspace.add("shop", check=False)
        workspace.sync()
        workspace.annotate(PERSON, origin="person")
        workspace.annotate(AGENT, origin="agent")
        index(workspace)
        yield workspace, api


def definition(workspace: Workspace, api: JsonApi, more: str = "") -> None:
    (workspace.paths.connectors / "shop.yaml").write_text(YAML.format(url=api.url) + more)


def index(workspace: Workspace) -> None:
    """Do all that reads a source anew: its rows, its profiles, what joins, and its definition."""
    assert workspace.sync(full_refresh=True).status == "success"
    workspace.maintain()
    workspace.describe(["shop"], samples=3, full=True)


def state(workspace: Workspace) -> dict[str, Any]:
    """Return everything in which an annotation shows."""
    described = [table.as_dict() for table in workspace.describe(["shop"], samples=3, full=True)]
    for table in described:
        table.pop("last_sync")
        table.get("profile", {}).pop("version", None)
    return {
        "words": workspace.annotations("shop"),
        "history": workspace.annotations("shop", history=True),
        "described": described,
        "comments": comments(workspace),
        "gaps": gaps(workspace),
    }


def gaps(workspace: Workspace) -> set[tuple[str, str]]:
    return {(gap.target, gap.missing) for gap in workspace.gaps("shop").gaps}


def meaning(workspace: Workspace, target: str) -> str | None:
    _, table, *column = target.split(".")
    [found] = workspace.describe([f"shop.{table}"], samples=0)
    if not column:
        return found.description
    return next(one.description for one in found.columns if one.name == column[0])


def test_reading_an_annotated_source_anew_changes_nothing_that_was_said(shop: tuple[Workspace, JsonApi]) -> None:
    workspace, api = shop
    before = state(workspace)
    assert {word["target"] for word in PERSON + AGENT} == {row.target for row in before["history"].annotations}
    definition(workspace, api, "# another file, which says the same\n")
    index(workspace)
    assert state(workspace) == before
    api.tables["orders"] = [{**row, "total": row["total"] + 1} for row in api.tables["orders"]]
    index(workspace)
    after = state(workspace)
    assert {part: after[part] for part in SAID} == {part: before[part] for part in SAID}


TAKEN_BACK: tuple[tuple[str, Any, str | None], ...] = (
    ("shop.users.email", "person", "Where receipts go."),
    ("shop.users", "person", "People who buy."),
    ("shop.orders.total", "person", "Sum of the lines."),
    ("shop.orders.note", "agent", None),
    ("shop.orders", "agent", None),
)


def test_a_description_that_is_taken_back_brings_back_exactly_what_was_below_it(
    shop: tuple[Workspace, JsonApi],
) -> None:
    workspace, _ = shop
    before = state(workspace)
    for target, origin, instead in TAKEN_BACK:
        workspace.annotate([{"target": target, "key": "description", "remove": True}], origin=origin)
        after = state(workspace)
        assert meaning(workspace, target) == instead
        assert after["gaps"] == before["gaps"] | ({(target, "description")} if instead is None else set())
        place = target.removeprefix("shop.")
        others = {key: text for key, text in before["comments"].items() if key != place}
        assert after["comments"] == (others if instead is None else {**others, place: instead})
        changed = set(shown(before)) ^ set(shown(after))
        assert {(row.target, row.key) for row in changed} == {(target, "description")}
        before = after
    index(workspace)
    assert state(workspace) == before


def shown(found: dict[str, Any]) -> list[Any]:
    return [row for row in found["words"].annotations if isinstance(row.value, str)]

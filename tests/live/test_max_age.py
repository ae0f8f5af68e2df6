"""`max_age`: the copy where it is young enough, a record by its key live, else a sync; the answer says which."""

from __future__ import annotations

import pytest

from dinobase.core.errors import UsageError
from dinobase.workspace.bounded import parse
from tests.acceptance.cli_process import Cli
from tests.live.conftest import Acme, Api
from tests.mcp.doors import over_stdio, text
from tests.servers.json_api import Fault

ALL = "SELECT count(*) AS n FROM acme.users"
ONE = "SELECT name FROM acme.users WHERE id = 3"


def test_a_copy_that_is_young_enough_costs_nothing(acme: Acme) -> None:
    acme.sync()
    acme.api.requests.clear()
    assert acme.workspace.query(ALL, max_age=600).notes == ()
    assert acme.workspace.query(ONE, max_age=600).sources[0].live is False
    assert acme.api.requests == []


def test_an_older_copy_is_synced_first_and_only_the_tables_that_are_read(acme: Acme) -> None:
    acme.api.tables["users"].append({"id": 6, "name": "new"})
    found = acme.workspace.query(ALL, max_age=600)
    assert found.rows == [(6,)]
    assert found.notes[0].startswith("acme.users: synced for this answer, as the copy was ")
    assert found.sources[0].is_stale is False
    assert [seen.path for seen in acme.api.requests] == ["users"]


def test_a_record_by_its_key_is_read_live_in_place_of_a_sync(acme: Acme) -> None:
    acme.sync()
    acme.api.requests.clear()
    acme.api.tables["users"][2]["name"] = "renamed"
    found = acme.workspace.query(ONE, max_age=0)
    assert (found.rows, found.sources[0].live, found.notes) == ([("renamed",)], True, ())
    assert [seen.path for seen in acme.api.requests] == ["users/3"]


def test_a_looser_bound_than_the_freshness_leaves_the_api_alone(acme: Acme) -> None:
    assert acme.workspace.query(ONE, max_age=10**10).rows == [("user 3",)]
    assert acme.api.requests == []


def test_a_sync_that_fails_leaves_the_copy_and_is_said(acme: Acme) -> None:
    acme.api.fail("users", *[Fault(400)] * 9)
    found = acme.workspace.query(ALL, max_age=600)
    assert found.rows == [(5,)]
    assert found.notes[0].startswith("acme.users: could not be synced (")


def test_a_workspace_that_cannot_be_written_says_that_it_shows_the_copy(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dinobase.workspace.bounded.can_write", lambda _: False)
    found = acme.workspace.query(ALL, max_age=600)
    assert (found.rows, acme.api.requests) == ([(5,)], [])
    assert "cannot be written" in found.notes[0]


def test_a_span_that_means_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        parse("soon")


def test_the_command_takes_it(acme: Acme, api: Api) -> None:
    cli = Cli(acme.paths.root, {})
    api.tables["users"].append({"id": 6, "name": "new"})
    found = cli.ok("query", ALL, "--max-age", "10m")
    assert (found["rows"], len(found["notes"])) == ([{"n": 6}], 1)
    assert cli.ok("query", ALL, "--max-age", "10m")["notes"] == []


async def test_agents_ask_for_it_over_mcp(acme: Acme, api: Api) -> None:
    api.tables["users"].append({"id": 6, "name": "new"})
    async with over_stdio(Cli(acme.paths.root, {})) as session:
        await session.initialize()
        synced = text(await session.call_tool("query", {"sql": ALL, "max_age": "10m"}))
        live = text(await session.call_tool("query", {"sql": ONE, "max_age": "0s"}))
        wrong = await session.call_tool("query", {"sql": ONE, "max_age": "soon"})
    assert "synced for this answer" in synced
    assert " live" in live
    assert wrong.is_error
    assert [seen.path for seen in api.requests] == ["users", "users/3"]

"""Rules hold for looked-up records too: nobody learns of a row that is not there for them."""

from __future__ import annotations

import contextlib

import pytest

from dinobase.core.errors import QueryError, UnknownName
from dinobase.query.result import QueryResult
from tests.live.conftest import Acme
from tests.servers.json_api import Fault

ACCESS = {
    "team": {"rows": {"acme.users": "team = 1"}},
    "masked": {"columns": {"acme.users.name": "hash"}},
    "keyless": {"columns": {"acme.users.id": "hash"}},
    "blind": {"hide": ["acme.users.id"]},
}


@pytest.fixture
def ruled(acme: Acme) -> Acme:
    acme.configure(access=ACCESS)
    return acme


def told(found: QueryResult) -> tuple[object, ...]:
    return list(found.rows), found.notes, found.sources[0].live, found.sources[0].is_stale


def test_a_hidden_row_and_one_that_is_not_there_look_the_same_and_cost_no_call(ruled: Acme) -> None:
    sql = "SELECT name FROM acme.users WHERE id = {}"
    ruled.api.tables["users"].append({"id": 7, "name": "new", "plan": "free", "team": 2})
    found = [told(ruled.workspace.query(sql.format(key), identity="team")) for key in (2, 7, 99)]
    assert found == [([], (), False, True)] * 3
    assert ruled.api.requests == []


def test_a_row_that_is_there_is_looked_up_and_gone_once_it_is_no_longer_within_the_rule(ruled: Acme) -> None:
    sql = "SELECT name FROM acme.users WHERE id = 3"
    ruled.api.tables["users"][2]["name"] = "renamed"
    assert told(ruled.workspace.query(sql, identity="team")) == ([("renamed",)], (), True, False)
    ruled.api.tables["users"][2]["team"] = 2
    assert ruled.workspace.query(sql, identity="team").rows == []


def test_masks_hold_for_the_record_that_was_read(ruled: Acme) -> None:
    ruled.api.tables["users"][2]["name"] = "renamed"
    found = ruled.workspace.query("SELECT name FROM acme.users WHERE id = 3", identity="masked")
    assert found.sources[0].live
    assert found.rows[0][0] not in {"renamed", "user 3"}


@pytest.mark.parametrize("identity", ["keyless", "blind"])
def test_nothing_is_looked_up_by_a_key_that_is_masked(ruled: Acme, identity: str) -> None:
    with contextlib.suppress(QueryError, UnknownName):  # what is hidden is no column
        ruled.workspace.query("SELECT count(*) FROM acme.users WHERE id = '3'", identity=identity)
    assert ruled.api.requests == []


def test_why_the_source_could_not_be_asked_is_not_told_where_rules_hold(ruled: Acme) -> None:
    ruled.api.fail("users/3", Fault(500, b'{"error": "row of team 2"}'))
    found = ruled.workspace.query("SELECT name FROM acme.users WHERE id = 3", identity="team")
    assert found.notes == ("acme.users: the source could not be asked: this is the copy",)


def test_nothing_is_looked_up_by_a_personal_key_that_a_lifted_object_holds(acme: Acme) -> None:
    file = acme.paths.connectors / "acme.yaml"
    lifted = "primary_key: nick\n    lift: [properties]\n    columns: {properties.nick: {pii: name}}"
    file.write_text(file.read_text().replace("primary_key: id", lifted, 1).replace("users/{id}", "users/{nick}"))
    acme.api.tables["users"] = [{"properties": {"nick": "Zorblax"}, "id": 1}]
    acme.configure(access={"bot": {"pii": "mask"}})
    acme.workspace.sync(["acme"], full_refresh=True)
    acme.age()
    acme.api.requests.clear()
    found = acme.workspace.query("SELECT id FROM acme.users WHERE nick = 'Zorblax'", identity="bot")
    assert (list(found.rows), found.sources[0].live, acme.api.requests) == ([], False, [])

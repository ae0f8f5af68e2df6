"""One record by its key, while the copy is old: read at its source with one call, merged, marked; or said why not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dinobase.lake.records import open_records
from dinobase.query.result import QueryResult
from dinobase.workspace import Workspace
from tests.acceptance.cli_process import Cli
from tests.live.conftest import Acme, Api, together
from tests.servers.json_api import Fault, JsonApi, serve

ONE = "SELECT name FROM acme.users WHERE id = 3"


def wait(event: threading.Event) -> None:
    event.wait(30)


def names(found: QueryResult) -> list[object]:
    return [row[0] for row in found.rows]


def test_a_stale_look_up_costs_one_call_and_returns_the_live_record(acme: Acme) -> None:
    acme.api.tables["users"][2]["name"] = "renamed"
    found = acme.workspace.query(ONE)
    assert names(found) == ["renamed"]
    assert [seen.path for seen in acme.api.requests] == ["users/3"]
    assert (found.sources[0].live, found.sources[0].is_stale, found.notes) == (True, False, ())
    assert found.as_dict()["sources"][0]["live"] is True


def test_it_is_merged_into_the_lake_with_a_version_of_its_own_and_empties_no_other_column(acme: Acme) -> None:
    before = acme.workspace.history("acme.users").versions
    acme.api.tables["users"][2] = {"id": 3, "name": "renamed"}
    acme.workspace.query(ONE)
    acme.api.requests.clear()
    assert acme.workspace.query("SELECT name, plan, team FROM acme.users WHERE name = 'renamed'").rows == [
        ("renamed", "free", 1)
    ]
    assert acme.api.requests == []
    after = acme.workspace.history("acme.users").versions
    assert (len(after), after[0].updated, after[0].message) == (len(before) + 1, 1, "live users")


def test_a_record_that_is_as_the_copy_has_it_makes_no_version(acme: Acme) -> None:
    before = acme.workspace.history("acme.users").versions
    for _ in range(2):
        found = acme.workspace.query(ONE)
        assert (names(found), found.sources[0].live) == (["user 3"], True)
    assert acme.api.looked_up == ["users/3"] * 2
    assert acme.workspace.history("acme.users").versions == before


@pytest.mark.parametrize(
    ("home", "shown"),
    [
        (None, (None, None)),
        ("Ulm, 89073", (None, None)),
        ({"city": "Ulm"}, ("Ulm", "10115")),  # a part of an object, as of a record, leaves the others as they are
    ],
)
def test_what_the_source_says_is_null_or_another_thing_now_is_not_filled_from_the_copy(
    acme: Acme, home: object, shown: tuple[object, ...]
) -> None:
    acme.api.tables["users"][2]["home"] = {"city": "Berlin", "zip": "10115"}
    acme.sync()
    acme.age()
    acme.api.tables["users"][2]["home"] = home
    found = acme.workspace.query("SELECT home__city, home__zip FROM acme.users WHERE id = 3")
    assert (found.sources[0].live, found.rows) == (True, [shown])


def test_fresh_data_costs_no_call(acme: Acme) -> None:
    acme.sync()
    acme.api.requests.clear()
    found = acme.workspace.query(ONE)
    assert (acme.api.requests, found.sources[0].live) == ([], False)
    assert "live" not in found.as_dict()["sources"][0]


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        ("id IN (1, 2, 9)", ["users/1", "users/2", "users/9"]),
        ("3 = id AND plan = 'free'", ["users/3"]),
        ("id = '4'", ["users/4"]),
        ("id = 1 OR id = 2", []),
        ("id > 3", []),
        ("id = team", []),
        ("name = 'user 1'", []),
        ("id IN (SELECT 3)", []),
        (f"id IN ({', '.join(map(str, range(20)))})", []),
    ],
)
def test_only_a_few_records_by_their_key_are_looked_up(acme: Acme, where: str, calls: list[str]) -> None:
    acme.workspace.query(f"SELECT * FROM acme.users WHERE {where}")
    assert sorted(acme.api.looked_up) == calls
    assert len(acme.api.requests) == len(calls)


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("SELECT * FROM acme.users u JOIN acme.notes n ON n.id = u.id WHERE u.id = 1", ["users/1"]),
        ("SELECT * FROM acme.users u LEFT JOIN acme.notes n ON n.id = u.id WHERE u.id = 1 AND n.id = 1", ["users/1"]),
        ("WITH one AS (SELECT * FROM acme.users WHERE users.id = 2) SELECT count(*) FROM one", ["users/2"]),
        ("SELECT * FROM acme.users a, acme.users b WHERE a.id = 1 AND b.id = 2", []),
        ("SELECT * FROM acme.notes WHERE id = 1", []),
        ("EXPLAIN SELECT * FROM acme.users WHERE id = 1", []),
    ],
)
def test_a_look_up_is_seen_wherever_it_is_clear(acme: Acme, sql: str, calls: list[str]) -> None:
    acme.workspace.query(sql)
    assert acme.api.looked_up == calls


@pytest.mark.parametrize(
    "fault", [Fault(500), Fault(429, headers={"Retry-After": "60"}), Fault(200, b"<html>"), Fault(403)]
)
def test_a_failing_api_falls_back_to_the_copy_after_one_call_and_says_so(acme: Acme, fault: Fault) -> None:
    acme.api.fail("users/3", fault, fault, fault)
    found = acme.workspace.query(ONE)
    assert names(found) == ["user 3"]
    assert (found.sources[0].live, found.sources[0].is_stale) == (False, True)
    assert found.notes[0].startswith("acme.users: the source could not be asked (")
    assert len(acme.api.requests) == 1


def test_an_answer_about_another_record_is_not_merged(acme: Acme) -> None:
    acme.api.fail("users/3", Fault(200, b'{"id": 4, "name": "somebody else"}'))
    found = acme.workspace.query(ONE)
    assert (names(found), found.sources[0].live) == (["user 3"], False)
    assert acme.workspace.query("SELECT name FROM acme.users WHERE name = 'somebody else'").rows == []


def test_a_server_that_is_gone_and_lost_credentials_are_said(acme: Acme, tmp_path: Path) -> None:
    text = (acme.paths.connectors / "acme.yaml").read_text()
    (acme.paths.connectors / "acme.yaml").write_text(text.replace(acme.api.url, "http://127.0.0.1:9/"))
    found = acme.workspace.query(ONE)
    assert names(found) == ["user 3"]
    assert "could not be asked" in found.notes[0]


@pytest.mark.parametrize(("deletes", "left"), [("ignore", ["user 3"]), ("soft", ["user 3"]), ("hard", [])])
def test_a_record_that_is_gone_is_said_to_be_and_its_row_is_what_deletes_says(
    tmp_path: Path, api: Api, deletes: str, left: list[str]
) -> None:
    acme = Acme(tmp_path / "workspace", api, deletes)
    acme.sync()
    acme.age()
    del api.tables["users"][2]
    found = acme.workspace.query(ONE)
    assert names(found) == left
    assert found.notes[0].startswith("acme.users 3: no longer at the source (404)")
    assert len(api.looked_up) == 1
    if deletes == "soft":
        sql = "SELECT _dinobase_deleted_at IS NOT NULL FROM acme.users WHERE name = 'user 3'"
        assert acme.workspace.query(sql).rows == [(True,)]


def test_many_look_ups_at_once_are_all_answered_live(acme: Acme) -> None:
    acme.api.tables["users"][2]["name"] = "renamed"
    found = together(4, lambda: Workspace(acme.paths).query(ONE))
    assert [(names(one), one.sources[0].live) for one in found] == [(["renamed"], True)] * 4
    assert len(acme.api.looked_up) == 4


def test_a_server_that_does_not_answer_holds_nobody_up(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dinobase.workspace.live.LONGEST_S", 0.05)
    asked_enough = threading.Event()
    acme.api.before = lambda _: wait(asked_enough)
    found = acme.workspace.query(ONE)
    asked_enough.set()
    assert names(found) == ["user 3"]
    assert "no answer within 0.05 s" in found.notes[0]


def test_what_was_never_synced_is_no_copy_that_could_be_old(acme: Acme) -> None:
    with open_records(acme.paths.state) as records, records.changes():
        records.run("DELETE FROM sync_run_tables")
    acme.workspace.query(ONE)
    assert acme.api.requests == []


def test_a_workspace_that_cannot_be_written_answers_from_the_copy_and_says_so(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dinobase.workspace.live.can_write", lambda _: False)
    found = acme.workspace.query(ONE)
    assert (names(found), acme.api.requests) == (["user 3"], [])
    assert "cannot be written" in found.notes[0]


def test_the_command_looks_up_and_prints_the_mark(acme: Acme) -> None:
    acme.api.tables["users"][2]["name"] = "renamed"
    found = Cli(acme.paths.root, {}).ok("query", ONE)
    assert (found["rows"], found["sources"][0]["live"]) == ([{"name": "renamed"}], True)
    assert acme.api.looked_up == ["users/3"]


@pytest.mark.parametrize("key", ["{evil}/users/1", "{home}@127.0.0.1:{port}/x", "HTTP://127.0.0.1:{port}/x"])
def test_a_key_that_is_an_address_never_takes_the_credentials_to_another_host(
    tmp_path: Path, api: Api, key: str
) -> None:
    acme = Acme(tmp_path / "workspace", api)
    file = acme.paths.connectors / "acme.yaml"
    file.write_text(file.read_text().replace("primary_key: id", "primary_key: uri", 1).replace("users/{id}", "{+uri}"))
    api.tables["users"] = [{"uri": f"{api.url}/users/7", "id": 7, "name": "old"}]
    acme.sync()
    acme.age()
    api.requests.clear()
    with serve(JsonApi()) as evil:
        port = evil.url.rpartition(":")[2].partition("/")[0]
        at = key.format(evil=evil.url, home=api.url.rstrip("/").removesuffix("/v1"), port=port)
        told = acme.workspace.query(f"SELECT name FROM acme.users WHERE uri = '{at}'")
        assert (evil.requests, api.requests) == ([], [])
    assert "another host" in told.notes[0]
    api.tables["users"][0]["name"] = "new"
    assert names(acme.workspace.query(f"SELECT name FROM acme.users WHERE uri = '{api.url}/users/7'")) == ["new"]

"""Tokens are renewed once, stored before they are used, and what ends an access is said with the way back."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import filelock
import pytest

from dinobase.core import clock
from dinobase.core.errors import DinobaseError, FetchRefused
from dinobase.core.secrets import forget_all, redact
from dinobase.extract.session import Session
from dinobase.spec.load import load_connector
from dinobase.spec.models import Connector
from dinobase.spec.resolve import resolve
from tests.acceptance.cli_process import COMMAND
from tests.api.extract.api import Answer, Asked, Bench, serving
from tests.oauth.conftest import SECRET, Home


def trial(home: Home) -> subprocess.Popen[str]:
    """Begin to read one page in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, "connector", "test", "acme"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=home.cli.environment(),
        cwd=home.root.parent,
    )


def connector(home: Home) -> Connector:
    return resolve(load_connector(home.root / "connectors" / "acme.yaml"), {"client_secret": SECRET})


def read_one(home: Home) -> str:
    """Read one page here; return what came of it."""
    (tried,) = home.workspace.connector_test("acme").resources
    return tried.status if tried.error is None else str(tried.error["code"])


def test_a_token_that_is_refused_is_renewed_once_and_stored_before_it_is_used(authorised: Home) -> None:
    before = authorised.token
    authorised.provider.do("watch", file=str(authorised.root / "credentials.json"))
    authorised.spend()
    assert read_one(authorised) == "ok"
    assert authorised.provider.log == [
        {"api": 401, "stored": True},
        {"grant": "refresh_token"},
        {"api": 200, "stored": True},
    ]
    after = authorised.token
    assert after["refresh"] != before["refresh"]
    assert after["access"] != before["access"]


async def test_a_token_is_renewed_before_it_ends(authorised: Home) -> None:
    late = clock.now() + timedelta(minutes=59, seconds=30)
    session = Session(connector(authorised), name="acme", state_dir=authorised.workspace.paths.state, now=lambda: late)
    from dinobase.extract.runner import check

    async with session:
        assert (await check(session)).ok
    assert authorised.provider.log == [{"grant": "refresh_token"}, {"api": 200, "stored": None}]


def test_every_renewal_uses_the_newest_refresh_token(authorised: Home) -> None:
    """A used one would end the whole access at this server."""
    seen = {authorised.token["refresh"]}
    for _ in range(3):
        authorised.spend()
        assert read_one(authorised) == "ok"
        seen.add(authorised.token["refresh"])
    assert len(seen) == 4
    assert authorised.provider.grants() == [{"grant": "refresh_token"}] * 3


@pytest.mark.parametrize("place", ["/api", "/token"])
def test_two_processes_at_the_same_time_renew_once_and_both_go_on(authorised: Home, place: str) -> None:
    """Either both were refused the old token, or the second comes while the first renews it."""
    authorised.spend()
    authorised.provider.do("hold", path=place)
    both = [trial(authorised), trial(authorised)]
    authorised.provider.wait("held", place, 2 if place == "/api" else 1)
    authorised.provider.do("release")
    ended = [(process.communicate(timeout=60)[0], process.returncode) for process in both]
    assert [code for _, code in ended] == [0, 0]
    assert authorised.provider.grants() == [{"grant": "refresh_token"}]
    if place == "/api":
        assert [entry["api"] for entry in authorised.provider.log if "api" in entry] == [401, 401, 200, 200]


def test_a_process_killed_between_answer_and_store_loses_the_access_and_the_next_says_so(authorised: Home) -> None:
    authorised.spend()
    with filelock.FileLock(authorised.workspace.paths.state / "credentials.lock"):  # it cannot store meanwhile
        process = trial(authorised)
        authorised.provider.wait("grant", "refresh_token")
        process.kill()
        process.communicate(timeout=60)
    before = authorised.token
    done = authorised.cli("connector", "test", "acme")
    assert done.code == 1
    (tried,) = done.json["resources"]
    assert tried["error"]["code"] == "auth.revoked"
    assert tried["error"]["hint"] == "dinobase auth acme"
    assert "an earlier renewal was cut off before its answer was kept" in tried["error"]["message"]
    assert "invalid_grant" in tried["error"]["message"]
    assert before["refresh"] not in done.out + done.err
    authorised.allow()
    assert read_one(authorised) == "ok"


def test_a_process_killed_before_it_asked_loses_nothing(authorised: Home) -> None:
    authorised.spend()
    authorised.provider.do("hold", path="/token")
    process = trial(authorised)
    authorised.provider.wait("held", "/token")
    kept = authorised.token
    process.kill()
    process.communicate(timeout=60)
    assert authorised.token == kept


def test_an_access_that_was_taken_back_is_told_by_sync_status_and_doctor(authorised: Home) -> None:
    authorised.provider.do("revoke", token=authorised.token["refresh"])
    authorised.spend()
    done = authorised.cli("sync", "acme")
    assert done.code == 1
    (table,) = done.json["connectors"][0]["tables"]
    assert (table["error"]["code"], table["error"]["hint"]) == ("auth.revoked", "dinobase auth acme")
    assert "invalid_grant" in table["error"]["message"]
    assert "cut off" not in table["error"]["message"]
    (status,) = authorised.cli.ok("status")["connectors"]
    assert status["authorization"] == {"state": "revoked", "next": "dinobase auth acme"}
    (finding,) = [f for f in authorised.workspace.doctor().checks if f.name == "authorization acme"]
    assert (finding.status, finding.remedy) == ("fail", "dinobase auth acme")
    assert "invalid_grant" in finding.detail
    authorised.allow()
    assert authorised.workspace.status().connectors[0].authorization is None
    (finding,) = [f for f in authorised.workspace.doctor().checks if f.name == "authorization acme"]
    assert finding.status == "ok"


def test_an_access_that_nobody_allowed_is_told_before_anything_is_sent(connected: Home) -> None:
    assert read_one(connected) == "auth.missing"
    assert connected.provider.log == []
    (status,) = connected.workspace.status().connectors
    assert status.authorization is not None
    assert (status.authorization.state, status.authorization.next) == ("missing", "dinobase auth acme")
    (finding,) = [f for f in connected.workspace.doctor().checks if f.name == "authorization acme"]
    assert (finding.status, finding.remedy) == ("fail", "dinobase auth acme")


def test_a_token_endpoint_that_is_slow_is_given_up_and_the_access_is_not(authorised: Home) -> None:
    slow = json.loads(authorised.provider.definition())
    slow["client"] |= {"timeout": 0.3, "retry": {"attempts": 1}}
    authorised.define(json.dumps(slow))
    authorised.spend()
    authorised.provider.do("hold", path="/token")
    assert read_one(authorised) == "fetch.timeout"
    assert authorised.workspace.status().connectors[0].authorization is None


def test_a_client_that_the_server_does_not_know_is_told_apart_from_a_revoked_access(authorised: Home) -> None:
    authorised.vault.put("acme", {"client_secret": "another-secret-4711"})
    authorised.spend()
    (tried,) = authorised.workspace.connector_test("acme").resources
    assert tried.error is not None
    assert tried.error["code"] == "auth.token"
    assert "check id and secret" in str(tried.error["hint"])
    assert authorised.workspace.status().connectors[0].authorization is None


async def test_a_server_that_repeats_the_token_that_it_refuses_shows_nothing(tmp_path: Path) -> None:
    """A process that has only just read the token from where it rests knows that it is one."""
    given = [{"access_token": "at-4711-secret", "refresh_token": "rt-4711-secret", "expires_in": 1}]

    def answer(asked: Asked) -> Any:
        if asked.path != "/token":
            return []
        told = {"error": "invalid_grant", "error_description": f"unknown: {asked.body.decode()}"}
        return given.pop() if given else Answer(told, 400)

    bench = Bench(tmp_path / "state")
    async with serving(answer) as api:
        auth = {"type": "oauth2", "token_url": f"{api.url}/token", "client_id": "i", "grant": "refresh_token"}
        client = {"auth": {**auth, "refresh_token": "rt-first-secret"}}
        await bench.rows(api, client=client)
        forget_all()
        with pytest.raises(FetchRefused) as refused:
            await bench.rows(api, client=client)
    shown = redact(str(refused.value.as_dict()))
    assert "refresh_token=***" in shown
    assert "4711" not in shown + (tmp_path / "state" / "acme.consent").read_text()


def test_connecting_anew_keeps_the_access_of_the_same_client(authorised: Home) -> None:
    added = authorised.workspace.add("acme", given={"client_secret": SECRET}, replace=True)
    assert (added.authorization, added.check is not None) == ("allowed", True)
    assert authorised.provider.grants("authorization_code") == []


def test_connecting_another_client_forgets_the_access_of_the_first(authorised: Home) -> None:
    authorised.define(authorised.provider.definition("public"))
    added = authorised.workspace.add("acme", replace=True)
    assert added.authorization == "missing"
    assert not authorised.kept()


def test_removing_forgets_the_access(authorised: Home) -> None:
    token = authorised.token
    authorised.workspace.remove("acme")
    for file in authorised.root.rglob("*"):
        if file.is_file():
            assert token["refresh"].encode() not in file.read_bytes()
    assert not list(authorised.workspace.paths.state.glob("acme.consent"))


def test_a_first_refresh_token_from_elsewhere_is_rotated_too(authorised: Home) -> None:
    first = authorised.token["refresh"]
    facts = json.loads(authorised.provider.definition(grant="refresh_token", refresh_token="{refresh_token}"))
    facts["credentials"].append({"name": "refresh_token"})
    authorised.define(json.dumps(facts))
    authorised.workspace.add("acme", given={"client_secret": SECRET, "refresh_token": first}, replace=True)
    assert authorised.token["refresh"] != first
    authorised.spend()
    assert read_one(authorised) == "ok"
    assert authorised.provider.grants() == [{"grant": "refresh_token"}] * 2
    authorised.provider.do("revoke", token=authorised.token["refresh"])
    authorised.spend()
    (tried,) = authorised.workspace.connector_test("acme").resources
    assert tried.error is not None
    assert tried.error["hint"] == "dinobase add acme --replace, with a new refresh token"


@pytest.mark.parametrize("state", ["missing", "revoked"])
def test_status_on_a_terminal_names_the_next_step(connected: Home, state: str) -> None:
    if state == "revoked":
        connected.allow()
        connected.provider.do("revoke", token=connected.token["refresh"])
        connected.spend()
        with pytest.raises(DinobaseError):
            connected.workspace.add("acme", given={"client_secret": SECRET}, replace=True)
    shown = connected.cli.terminal("status", width=120).out
    assert {"missing": "nobody has allowed", "revoked": "the access has ended"}[state] in shown
    assert "dinobase auth acme" in shown

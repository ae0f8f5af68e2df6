from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from mcp import MCPError

from dinobase.core.clock import iso, now
from dinobase.core.settings import Paths
from dinobase.lake.records import open_records
from dinobase.mcp.guard import Rate, allowed_hosts
from tests.acceptance.cli_process import Cli
from tests.mcp.doors import ACCEPT, INITIALIZE, Http, over_http


def post(http: Http, *, path: str = "/mcp", **headers: str) -> httpx2.Response:
    url = f"http://127.0.0.1:{http.port}{path}"
    return httpx2.post(url, json=INITIALIZE, headers={**ACCEPT, **headers}, timeout=60)


def bare(response: httpx2.Response) -> tuple[int, bytes]:
    """Return the number and the body: what one who is turned away learns."""
    assert set(response.headers) <= {"date", "content-length", "www-authenticate", "retry-after"}
    return response.status_code, response.content


def expired(cli: Cli) -> str:
    token = str(cli.ok("token", "create", "late", "--expires", "1h")["token"])
    with open_records(Paths(cli.root).state) as records, records.changes():
        records.run("UPDATE tokens SET expires_at = ? WHERE name = 'late'", [iso(now() - timedelta(seconds=1))])
    return token


@pytest.fixture
def useless(request: pytest.FixtureRequest, cli: Cli, token: str) -> dict[str, str]:
    """Headers that let nobody in."""
    kinds: dict[str, Any] = {
        "missing": dict,
        "wrong": lambda: {"authorization": "Bearer dino_wrong"},
        "empty": lambda: {"authorization": "Bearer"},
        "not a bearer's": lambda: {"authorization": f"Basic {token}"},
        "cut": lambda: {"authorization": f"Bearer {token[:-1]}"},
        "expired": lambda: {"authorization": f"Bearer {expired(cli)}"},
        "revoked": lambda: {"authorization": f"Bearer {revoked(cli)}"},
        "odd": lambda: {"authorization": "Bearer ' OR 1=1 --"},
    }
    made: dict[str, str] = kinds[request.param]()
    return made


def revoked(cli: Cli) -> str:
    token = str(cli.ok("token", "create", "gone")["token"])
    cli.ok("token", "revoke", "gone")
    return token


@pytest.mark.parametrize(
    "useless", ["missing", "wrong", "empty", "not a bearer's", "cut", "expired", "revoked", "odd"], indirect=True
)
@pytest.mark.parametrize("path", ["/mcp", "/", "/anything"])
def test_without_a_good_token_there_is_401_and_nothing_else(http: Http, useless: dict[str, str], path: str) -> None:
    response = post(http, path=path, **useless)
    assert bare(response) == (401, b"")
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1.evil.example"]
)
@pytest.mark.parametrize("with_token", [True, False])
def test_a_foreign_origin_is_403_with_a_token_and_without(
    http: Http, token: str, origin: str, with_token: bool
) -> None:
    known = {"authorization": f"Bearer {token}"} if with_token else {}
    assert bare(post(http, origin=origin, **known)) == (403, b"")


def test_a_page_of_the_server_itself_may_ask(http: Http, token: str) -> None:
    own = f"http://127.0.0.1:{http.port}"
    assert post(http, origin=own, authorization=f"Bearer {token}").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}"])
def test_another_name_for_this_address_is_refused(http: Http, token: str, host: str) -> None:
    answer = post(http, host=host.format(port=http.port), authorization=f"Bearer {token}")
    assert bare(answer) == (421, b"")


def test_an_unknown_path_is_404_for_those_who_are_in(http: Http, token: str) -> None:
    assert bare(post(http, path="/other", authorization=f"Bearer {token}")) == (404, b"")


async def test_a_token_that_is_revoked_works_no_more_in_an_open_session(http: Http, cli: Cli) -> None:
    token = str(cli.ok("token", "create", "short")["token"])
    async with over_http(http.url, token) as session:
        await session.list_tools()
        cli.ok("token", "revoke", "short")
        with pytest.raises(MCPError):
            await session.list_tools()


def test_a_session_is_its_tokens_own(http: Http, cli: Cli, token: str) -> None:
    session = post(http, authorization=f"Bearer {token}").headers["mcp-session-id"]
    other = str(cli.ok("token", "create", "other")["token"])
    answer = post(http, **{"authorization": f"Bearer {other}", "mcp-session-id": session})
    assert answer.status_code == 404


def test_a_rate_is_a_burst_and_then_so_many_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("dinobase.mcp.guard.monotonic", lambda: clock[0])
    rate = Rate(burst=2, per_second=4)
    assert [rate.wait("a"), rate.wait("a"), rate.wait("a")] == [0, 0, 0.25]
    assert rate.wait("b") == 0
    clock[0] += 0.25
    assert [rate.wait("a"), rate.wait("a")] == [0, 0.25]


def test_too_many_requests_of_one_token_are_429(http: Http, cli: Cli, token: str) -> None:
    busy = str(cli.ok("token", "create", "busy")["token"])
    with httpx2.Client(headers={"authorization": f"Bearer {busy}"}) as client:
        url = f"http://127.0.0.1:{http.port}/nothing"
        answers = (client.get(url) for _ in range(5_000))  # a slow machine takes more than a burst to run out
        limited = [next(answer for answer in answers if answer.status_code == 429)]
    assert bare(limited[0]) == (429, b"")
    assert int(limited[0].headers["retry-after"]) >= 1
    assert post(http, authorization=f"Bearer {token}").status_code == 200


@pytest.mark.parametrize(
    ("host", "port", "names"),
    [
        ("127.0.0.1", 8420, {"127.0.0.1:8420", "localhost:8420", "[::1]:8420"}),
        ("data.example", 443, {"data.example:443", "data.example"}),
        ("0.0.0.0", 8420, set()),
    ],
)
def test_the_names_of_a_server_are_those_it_is_bound_to(host: str, port: int, names: set[str]) -> None:
    assert allowed_hosts(host, port) == names


def test_an_address_in_use_is_a_request_that_is_wrong(http: Http, cli: Cli) -> None:
    done = cli("serve", "--http", "--port", str(http.port))
    assert done.code == 2
    assert done.json["error"]["code"] == "serve.address"

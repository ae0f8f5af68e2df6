"""What the server receives for every row of the auth table, and what happens when it refuses."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs

import pytest

from dinobase.core.errors import FetchRefused, RequestError
from dinobase.core.secrets import redact
from tests.api.extract.api import Answer, Asked, Bench, collect, parents, serving


@pytest.mark.parametrize(
    ("auth", "headers", "query"),
    [
        ({"type": "bearer", "token": "t0ken"}, {"authorization": "Bearer t0ken"}, []),
        ({"type": "bearer", "token": "t0ken", "prefix": "Token"}, {"authorization": "Token t0ken"}, []),
        (
            {"type": "http_basic", "username": "key", "password": ""},
            {"authorization": f"Basic {b64encode(b'key:').decode()}"},
            [],
        ),
        (
            {"type": "http_basic", "username": "", "password": "pw"},
            {"authorization": f"Basic {b64encode(b':pw').decode()}"},
            [],
        ),
        ({"type": "api_key", "name": "X-Key", "api_key": "k"}, {"x-key": "k"}, []),
        ({"type": "api_key", "name": "api_token", "api_key": "k&", "location": "query"}, {}, [("api_token", "k&")]),
        ({"type": "api_key", "name": "sid", "api_key": "k", "location": "cookie"}, {"cookie": "sid=k"}, []),
        ({"type": "none"}, {}, []),
        (None, {}, []),
    ],
)
async def test_credentials_arrive_as_the_table_says(
    bench: Bench, auth: dict[str, str] | None, headers: dict[str, str], query: list[tuple[str, str]]
) -> None:
    async with serving(lambda _: [{"id": 1}]) as api:
        assert await bench.rows(api, client={"auth": auth}) == [{"id": 1}]
    seen = api.asked[0]
    assert {k: seen.headers[k] for k in headers} == headers
    assert seen.query == query
    assert ("authorization" in seen.headers) == ("authorization" in headers)


async def test_a_resource_picks_its_authentication_and_its_host_by_itself(bench: Bench) -> None:
    async with serving(lambda _: []) as main, serving(lambda _: []) as other:
        resource = {"auth": "dashboard", "endpoint": {"base_url": f"{other.url}/ingest/", "path": "/batch"}}
        methods = {"dashboard": {"type": "http_basic", "username": "u", "password": "p"}}
        await bench.rows(main, resource, client={"auth": {"type": "bearer", "token": "t"}}, auth_methods=methods)
    assert main.asked == []
    assert other.asked[0].path == "/ingest/batch"
    assert other.asked[0].headers["authorization"] == f"Basic {b64encode(b'u:p').decode()}"


async def test_an_authentication_that_is_not_named_is_an_error_and_nothing_is_sent(bench: Bench) -> None:
    async with serving(lambda _: []) as api:
        with pytest.raises(RequestError, match="auth `nope`"):
            await bench.rows(api, {"auth": "nope"})
    assert api.asked == []


async def test_what_nobody_allowed_yet_sends_nothing_rather_than_no_credentials(bench: Bench) -> None:
    async with serving(lambda _: []) as api:
        auth = oauth(api.url, authorize_url=f"{api.url}/authorize")
        with pytest.raises(FetchRefused, match="not authorised") as caught:
            await bench.rows(api, client={"auth": auth})
    assert (caught.value.error_code, caught.value.hint) == ("auth.missing", "dinobase auth acme")
    assert api.asked == []


async def test_a_401_stops_all_resources_of_that_authentication_and_no_others(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return [{"id": 1}] if asked.path == "/v1/c" else Answer({"error": "no"}, 401)

    resources = [{"name": "a"}, {"name": "b"}, {"name": "c", "auth": "other"}]
    facts: dict[str, Any] = {
        "client": {"auth": {"type": "bearer", "token": "t0ken"}},
        "auth_methods": {"other": {"type": "bearer", "token": "good"}},
    }
    async with serving(answer) as api, bench.session(api, resources=resources, **facts) as session:
        a, b, c = session.connector.resources
        with pytest.raises(FetchRefused) as first:
            await collect(session, a)
        with pytest.raises(FetchRefused) as second:
            await collect(session, b)
        assert len(await collect(session, c)) == 1
    assert api.paths == ["/v1/a", "/v1/c"]
    assert first.value.context["status"] == 401
    assert (second.value.context["resource"], second.value.context["url"]) == ("b", f"{api.url}/v1/b")


async def test_a_403_stops_its_resource_alone(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return Answer({"error": "scope"}, 403) if asked.path == "/v1/a" else [{"id": 1}]

    async with serving(answer) as api, bench.session(api, resources=[{"name": "a"}, {"name": "b"}]) as session:
        with pytest.raises(FetchRefused) as caught:
            await collect(session, session.connector.resources[0])
        assert len(await collect(session, session.connector.resources[1])) == 1
    assert caught.value.context == {
        "resource": "a", "url": f"{api.url}/v1/a", "status": 403, "body": '{"error": "scope"}'
    }  # fmt: skip
    assert api.paths == ["/v1/a", "/v1/b"]


async def test_errors_show_no_secret_even_where_the_server_repeats_it(bench: Bench) -> None:
    auth = {"type": "api_key", "name": "key", "api_key": "s3cr3t-value", "location": "query"}
    async with serving(lambda a: Answer({"you sent": a.params["key"]}, 400)) as api:
        with pytest.raises(Exception, match="status 400") as caught:
            await bench.rows(api, client={"auth": auth})
    shown = repr(caught.value.as_dict())  # type: ignore[attr-defined]  # every fetch error has it
    assert "s3cr3t" not in shown
    assert "***" in shown
    assert redact("s3cr3t-value") == "***"


def oauth(api_url: str, **facts: Any) -> dict[str, Any]:
    return {"type": "oauth2", "token_url": f"{api_url}/token", "client_id": "id", **facts}


async def test_a_token_is_fetched_once_for_all_requests(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"access_token": "at-1", "expires_in": 3600} if asked.path == "/token" else []

    async with serving(answer) as api:
        auth = oauth(api.url, client_secret="sec", grant="client_credentials", scopes=["a", "b"])
        read = {"parents": parents(*range(9))}
        await bench.batches(api, {"endpoint": {"path": "p/{pid}"}}, client={"auth": auth}, read=read)
    tokens = [a for a in api.asked if a.path == "/token"]
    assert len(tokens) == 1
    assert tokens[0].headers["authorization"] == f"Basic {b64encode(b'id:sec').decode()}"
    assert parse_qs(tokens[0].body.decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}
    assert {a.headers["authorization"] for a in api.asked if a.path != "/token"} == {"Bearer at-1"}


async def test_a_401_takes_one_new_token_and_the_new_refresh_token_is_kept(bench: Bench) -> None:
    given: list[str] = []

    def answer(asked: Asked) -> Any:
        if asked.path == "/token":
            given.append(parse_qs(asked.body.decode())["refresh_token"][0])
            return {"access_token": f"at-{len(given)}", "refresh_token": f"rt-{len(given) + 1}", "expires_in": 3600}
        return [{"id": 1}] if asked.headers["authorization"] == "Bearer at-2" else Answer({}, 401)

    async with serving(answer) as api:
        auth = oauth(api.url, grant="refresh_token", refresh_token="rt-1")
        assert await bench.rows(api, client={"auth": auth}) == [{"id": 1}]
        assert await bench.rows(api, client={"auth": auth}) == [{"id": 1}]
    assert given == ["rt-1", "rt-2"]
    file = bench.state.parent / "credentials.json"
    assert "rt-3" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(bench.state.glob("*.tokens")) == []


async def test_a_second_401_ends_it(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"access_token": "at"} if asked.path == "/token" else Answer({}, 401)

    async with serving(answer) as api:
        with pytest.raises(FetchRefused):
            await bench.rows(api, client={"auth": oauth(api.url, client_secret="s", grant="client_credentials")})
    assert api.paths == ["/token", "/v1/items", "/token", "/v1/items"]


async def test_a_token_that_ends_soon_is_renewed_before_it_is_used(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"access_token": f"at-{len(api.asked)}", "expires_in": 90} if asked.path == "/token" else []

    async with serving(answer) as api:
        auth = oauth(api.url, client_secret="s", grant="client_credentials")
        async with bench.session(api, client={"auth": auth}) as session:
            await collect(session, session.connector.resources[0])
            await bench.clock.sleep(31)
            await collect(session, session.connector.resources[0])
    assert api.paths == ["/token", "/v1/items", "/token", "/v1/items"]


async def test_a_refused_token_says_so(bench: Bench) -> None:
    async with serving(lambda _: Answer({"error": "invalid_grant", "error_description": "revoked"}, 400)) as api:
        with pytest.raises(FetchRefused, match="invalid_grant: revoked"):
            await bench.rows(api, client={"auth": oauth(api.url, grant="refresh_token", refresh_token="rt")})
    assert api.paths == ["/token"]


async def test_a_rate_limited_token_endpoint_is_waited_for(bench: Bench) -> None:
    said: list[Any] = [Answer({}, 429, {"Retry-After": "3"}), {"access_token": "at"}]

    def answer(asked: Asked) -> Any:
        return said.pop(0) if asked.path == "/token" else []

    async with serving(answer) as api:
        await bench.rows(api, client={"auth": oauth(api.url, client_secret="s", grant="client_credentials")})
    assert api.paths == ["/token", "/token", "/v1/items"]
    assert sum(bench.clock.slept) == pytest.approx(3, abs=0.01)


async def test_two_authentications_of_one_instance_fetch_their_tokens_beside_each_other(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"access_token": f"at-{asked.path[1:]}"} if asked.path in {"/a", "/b"} else []

    async with serving(answer) as api:
        facts = {"client_secret": "s", "grant": "client_credentials"}
        methods = {name: {**oauth(api.url, **facts), "token_url": f"{api.url}/{name}"} for name in ("a", "b")}
        resources = [{"name": "x", "auth": "a"}, {"name": "y", "auth": "b"}]
        async with bench.session(api, resources=resources, auth_methods=methods) as session:
            await asyncio.gather(*(collect(session, resource) for resource in session.connector.resources))
    sent = {a.path: a.headers["authorization"] for a in api.asked if a.path.startswith("/v1")}
    assert sent == {"/v1/x": "Bearer at-a", "/v1/y": "Bearer at-b"}

"""Authentication: a request in, the request as it goes out; no server, no clock."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.kinds.auth.api_key import ApiKey
from dinobase.kinds.auth.base import AuthError, AuthKind, Token
from dinobase.kinds.auth.bearer import Bearer
from dinobase.kinds.auth.google_service_account import GoogleServiceAccount
from dinobase.kinds.auth.http_basic import HttpBasic
from dinobase.kinds.auth.none import NoAuth
from dinobase.kinds.auth.oauth2 import OAuth2

REQUEST = HttpRequest("GET", "https://h/x", (("a", "1"),), {"Accept": "application/json"})
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def signed(auth: AuthKind, request: HttpRequest = REQUEST) -> HttpRequest:
    return auth.sign(request, None)


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (Bearer(token="t"), "Bearer t"),
        (Bearer(token="t", prefix="Token"), "Token t"),
        (Bearer(token="t", prefix=""), "t"),
        (HttpBasic(username="u", password="p"), f"Basic {b64encode(b'u:p').decode()}"),
        (HttpBasic(username="key"), f"Basic {b64encode(b'key:').decode()}"),
        (HttpBasic(password="key"), f"Basic {b64encode(b':key').decode()}"),
        (HttpBasic(username="ü", password="é"), f"Basic {b64encode('ü:é'.encode()).decode()}"),
        (NoAuth(), None),
    ],
)
def test_the_authorization_header(auth: AuthKind, header: str | None) -> None:
    assert signed(auth).headers.get("Authorization") == header


def test_credentials_replace_a_header_of_the_name_in_any_case() -> None:
    request = REQUEST.with_header("authorization", "mine")
    assert signed(Bearer(token="t"), request).headers == {"Accept": "application/json", "Authorization": "Bearer t"}


def test_an_api_key_travels_where_it_is_told_to() -> None:
    assert signed(ApiKey(name="X_Key", api_key="k")).headers["X_Key"] == "k"
    assert signed(ApiKey(name="key", api_key="k", location="query")).params == (("a", "1"), ("key", "k"))
    cookie = ApiKey(name="sid", api_key="k", location="cookie")
    assert signed(cookie).headers["Cookie"] == "sid=k"
    assert signed(cookie, REQUEST.with_header("Cookie", "a=b")).headers["Cookie"] == "a=b; sid=k"


def test_a_key_that_a_next_link_repeats_goes_out_once() -> None:
    auth = ApiKey(name="key", api_key="k", location="query")
    request = signed(auth, HttpRequest("GET", "https://h/x?key=old&page=2"))
    assert (request.url, request.params) == ("https://h/x?page=2", (("key", "k"),))
    assert signed(auth, HttpRequest("GET", "https://h/x?key=old")).url == "https://h/x"


def test_secrets_are_named_in_every_form_that_travels() -> None:
    assert Bearer(token="t").secrets() == ("t",)
    assert "password" in HttpBasic(username="u", password="password").secrets()
    assert "sk_live" in HttpBasic(username="sk_live", password="x").secrets()
    assert b64encode(b"sk_live:").decode() in HttpBasic(username="sk_live").secrets()


CLIENT = OAuth2(token_url="https://h/token", client_id="id", client_secret="se:cret", scopes=("a", "b"),
                grant="client_credentials")  # fmt: skip
REFRESH = OAuth2(token_url="https://h/token", client_id="id", refresh_token="r1", grant="refresh_token")


def answer(body: str, status: int = 200) -> HttpResponse:
    return HttpResponse(status, "https://h/token", {}, body.encode())


def run(auth: OAuth2, *answers: HttpResponse, token: Token | None = None) -> tuple[list[HttpRequest], Token]:
    flow = auth.flow(token, NOW)
    requests = [next(flow)]
    try:
        for given in answers:
            requests += [flow.send(given)]
    except StopIteration as end:
        return requests, end.value
    raise AssertionError("the flow wants more answers")


def test_client_credentials_fetch_a_token() -> None:
    (request,), token = run(CLIENT, answer('{"access_token":"at","expires_in":3600}'))
    assert (request.method, request.url) == ("POST", "https://h/token")
    assert request.headers["Authorization"] == f"Basic {b64encode(b'id:se%3Acret').decode()}"
    assert parse_qs((request.body or b"").decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}
    assert token == Token("at", "", NOW + timedelta(hours=1))
    assert CLIENT.sign(REQUEST, token).headers["Authorization"] == "Bearer at"


def test_a_server_that_wants_the_client_in_the_form_gets_it_there() -> None:
    requests, token = run(CLIENT, answer('{"error":"invalid_client"}', 401), answer('{"access_token":"at"}'))
    assert "Authorization" not in requests[1].headers
    assert parse_qs((requests[1].body or b"").decode())["client_secret"] == ["se:cret"]
    assert token == Token("at")


def test_a_refresh_sends_the_newest_refresh_token_and_keeps_it_where_none_comes_back() -> None:
    (request,), token = run(REFRESH, answer('{"access_token":"at"}'), token=Token("old", "r2"))
    assert parse_qs((request.body or b"").decode()) == {
        "grant_type": ["refresh_token"], "refresh_token": ["r2"], "client_id": ["id"]
    }  # fmt: skip
    assert token.refresh == "r2"
    _, rotated = run(REFRESH, answer('{"access_token":"at","refresh_token":"r3"}'))
    assert rotated.refresh == "r3"


@pytest.mark.parametrize(
    "given", [answer('{"error":"invalid_grant"}', 400), answer("<html>"), answer("{}"), answer('{"access_token":""}')]
)
def test_no_token_is_an_error_that_says_why(given: HttpResponse) -> None:
    with pytest.raises(AuthError, match="gave no token"):
        run(REFRESH, given)


def test_what_cannot_be_used_yet_says_so() -> None:
    assert "client_credentials" in OAuth2(token_url="t", client_id="i").unsupported()
    assert "needs `refresh_token`" in OAuth2(token_url="t", client_id="i", grant="refresh_token").unsupported()
    assert GoogleServiceAccount(key_file="k", scopes=("s",)).unsupported()
    assert not CLIENT.unsupported()
    assert not REFRESH.unsupported()

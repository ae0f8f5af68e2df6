"""Authentication: a request in, the request as it goes out; no server, no clock."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.kinds.auth.api_key import ApiKey
from dinobase.kinds.auth.base import AuthError, AuthKind, Token
from dinobase.kinds.auth.bearer import Bearer
from dinobase.kinds.auth.consent import Answer, challenge
from dinobase.kinds.auth.consent import answer as consent_answer
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


CONSENT = OAuth2(
    token_url="https://h/token", authorize_url="https://h/a?prompt=consent", client_id="id", scopes=("a b",)
)


def test_the_question_to_a_person_shows_no_verifier_and_keeps_the_address_of_its_own() -> None:
    url = CONSENT.authorization("http://127.0.0.1:8425/callback", "s1", "v" * 43, CONSENT.scopes)
    asked = parse_qs(urlsplit(url).query)
    assert url.startswith("https://h/a?prompt=consent&response_type=code&")
    assert asked["redirect_uri"] == ["http://127.0.0.1:8425/callback"]
    assert (asked["scope"], asked["state"], asked["code_challenge_method"]) == (["a b"], ["s1"], ["S256"])
    assert "vvvv" not in url


def test_the_challenge_is_that_of_the_standard() -> None:
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_code_is_exchanged_with_its_verifier_and_redirect() -> None:
    flow = CONSENT.exchange("c1", "http://127.0.0.1:1/cb", "v1", NOW)
    sent = parse_qs((next(flow).body or b"").decode())
    assert sent == {
        "grant_type": ["authorization_code"], "code": ["c1"], "redirect_uri": ["http://127.0.0.1:1/cb"],
        "code_verifier": ["v1"], "client_id": ["id"],
    }  # fmt: skip
    with pytest.raises(StopIteration) as end:
        flow.send(answer('{"access_token":"at","refresh_token":"rt","expires_in":60,"scope":"a"}'))
    assert end.value.value == Token("at", "rt", NOW + timedelta(minutes=1), "a")


@pytest.mark.parametrize("before", [None, Token("old")])
def test_without_a_refresh_token_nothing_is_asked(before: Token | None) -> None:
    for kind in (CONSENT, OAuth2(token_url="t", client_id="i", grant="refresh_token")):
        with pytest.raises(AuthError) as missing:
            next(kind.flow(before, NOW))
        assert missing.value.problem == "missing"


def test_what_a_person_allowed_outlives_a_new_secret_and_belongs_to_one_client() -> None:
    more = CONSENT.model_copy(update={"client_secret": "new", "scopes": ("a", "c")})
    assert more.identity() == CONSENT.identity()
    assert CONSENT.model_copy(update={"client_id": "other"}).identity() != CONSENT.identity()
    assert CLIENT.model_copy(update={"client_secret": "new"}).identity() != CLIENT.identity()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://127.0.0.1:8425/callback?code=a%2Fb&state=s1", Answer("a/b", "s1")),
        (" 'code=c&state=s1' ", Answer("c", "s1")),
        ("?error=access_denied&error_description=No&state=s1", Answer("", "s1", "access_denied", "No")),
        ("https://h/cb?code=c", Answer("c", "")),
        ("4/0AX4-b_c", Answer("4/0AX4-b_c")),
        ("4%2F0AX4", Answer("4/0AX4")),
        ("", None),
        ("two words", None),
        ("https://h/cb?state=s1", None),
        ("https://h/cb?code=&state=s1", None),
    ],
)
def test_an_answer_is_read_from_an_address_a_query_or_a_bare_code(text: str, found: Answer | None) -> None:
    assert consent_answer(text) == found


def test_an_answer_belongs_to_the_question_with_its_state() -> None:
    assert Answer("c", "s1").belongs_to("s1")
    assert not Answer("c", "s2").belongs_to("s1")
    assert not Answer("c", "").belongs_to("s1")
    assert Answer("c").belongs_to("s1")

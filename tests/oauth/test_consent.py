"""A person allows the access: code, PKCE and state against a certified server, by loopback and by paste."""

from __future__ import annotations

import queue
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from dinobase.core.errors import DinobaseError, UsageError
from dinobase.workspace import loopback
from dinobase.workspace.authorizing import Person
from tests.oauth.browser import Browser, answered, visit
from tests.oauth.conftest import ANY_PORT, Home, person
from tests.oauth.provider import Provider


def unheard(text: str) -> None:
    del text


def typed(*lines: str | Callable[[], str]) -> Callable[[], str]:
    """Type these lines one after another; then the input ends."""
    left = list(lines)

    def line() -> str:
        if not left:
            return ""
        next_ = left.pop(0)
        return f"{next_ if isinstance(next_, str) else next_()}\n"

    return line


def test_add_keeps_the_client_and_says_that_the_access_is_to_be_allowed(home: Home) -> None:
    added = home.add()
    assert (added.authorization, added.check) == ("missing", None)
    assert home.provider.log == []


def test_a_browser_brings_the_code_back_and_the_token_works(connected: Home) -> None:
    found = connected.allow()
    assert found.check is not None
    assert found.check.ok
    assert found.renews
    assert found.expires_at is not None
    assert set(found.scopes) == {"openid", "offline_access"}
    assert [e for e in connected.provider.log if "grant" in e] == [{"grant": "authorization_code"}]
    assert connected.provider.log[-1]["api"] == 200


def test_the_tokens_rest_where_only_the_owner_reads(authorised: Home) -> None:
    assert (authorised.root / "credentials.json").stat().st_mode & 0o777 == 0o600
    token = authorised.token
    for file in authorised.root.rglob("*"):
        if file.is_file() and file.name != "credentials.json":
            assert token["refresh"].encode() not in file.read_bytes()
            assert token["access"].encode() not in file.read_bytes()


def test_a_sync_uses_what_was_allowed(authorised: Home) -> None:
    report = authorised.workspace.sync(["acme"])
    assert report.status == "success"
    assert authorised.provider.grants() == []


def test_the_question_carries_a_challenge_and_never_the_secret(connected: Home) -> None:
    shown: list[str] = []
    connected.workspace.authorize("acme", person(shown=shown), redirect=ANY_PORT, check=False)
    (url,) = shown
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 32
    assert "app-secret" not in url


def test_a_client_without_a_secret_is_told_apart_by_the_verifier_alone(home: Home) -> None:
    home.define(home.provider.definition("public"))
    home.workspace.add("acme")
    assert home.allow().check is not None


def test_a_pasted_address_is_as_good_where_nothing_listens(home: Home) -> None:
    home.define(home.provider.definition("hosted"))
    home.add(client_secret="hosted-secret-4711")
    shown: queue.Queue[str] = queue.Queue()
    notes: list[str] = []
    asker = Person(show=shown.put, note=notes.append, paste=typed("what?\n", "\n", lambda: answered(shown.get())))
    found = home.workspace.authorize("acme", asker, redirect="https://app.example/done")
    assert found.check is not None
    assert ["once more" in note for note in notes] == [True]


def test_a_bare_code_is_enough_and_the_verifier_ties_it_to_the_question(connected: Home) -> None:
    shown: queue.Queue[str] = queue.Queue()

    def code() -> str:
        return parse_qs(urlsplit(answered(shown.get())).query)["code"][0]

    asker = Person(show=shown.put, note=unheard, paste=typed(code))
    assert connected.workspace.authorize("acme", asker, redirect=ANY_PORT, check=False).renews


def test_another_persons_code_is_worth_nothing(connected: Home) -> None:
    """The server compares the verifier: a code that answers another question is refused, and nothing is kept."""
    other: list[str] = []
    with pytest.raises(DinobaseError):
        connected.workspace.authorize(
            "acme", Person(show=other.append, note=unheard, paste=typed()), redirect="https://app.example/done"
        )
    stranger = connected.provider.url + "/auth?" + other[0].split("?", 1)[1]
    stranger = stranger.replace("https%3A%2F%2Fapp.example%2Fdone", "http%3A%2F%2F127.0.0.1%3A1%2Fcallback")
    code = parse_qs(urlsplit(answered(stranger)).query)["code"][0]
    asker = Person(show=unheard, note=unheard, paste=typed(code))
    with pytest.raises(DinobaseError, match="invalid_grant") as refused:
        connected.workspace.authorize("acme", asker, redirect="http://127.0.0.1:0/callback")
    assert refused.value.error_code == "auth.token"
    assert not connected.kept()


def test_a_pasted_answer_to_another_question_is_refused(connected: Home) -> None:
    asker = Person(show=unheard, note=unheard, paste=typed("http://127.0.0.1/callback?code=abcd&state=other"))
    with pytest.raises(DinobaseError, match="another question") as refused:
        connected.workspace.authorize("acme", asker, redirect=ANY_PORT)
    assert (refused.value.error_code, refused.value.exit_code) == ("auth.state", 1)
    assert connected.provider.grants("authorization_code") == []


def test_a_stray_answer_at_the_port_is_not_used_and_ends_nothing(connected: Home) -> None:
    pages: list[tuple[int, str]] = []
    notes: list[str] = []

    def browse(url: str) -> bool:
        back = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        for query in ("code=stolen&state=other", "code=stolen", "error=access_denied&state=other", "favicon"):
            status, _, page = Browser().open(f"{back}?{query}")
            pages.append((status, page))
        pages.append(visit(url))
        return True

    asker = Person(show=unheard, note=notes.append, browse=browse)
    connected.workspace.authorize("acme", asker, redirect=ANY_PORT, check=False)
    assert [status for status, _ in pages] == [400, 400, 400, 404, 200]
    assert not any("stolen" in page for _, page in pages)
    assert len(notes) == 3
    assert connected.provider.grants("authorization_code") == [{"grant": "authorization_code"}]


def test_a_person_who_says_no_is_believed(connected: Home) -> None:
    with pytest.raises(DinobaseError, match="access_denied") as denied:
        connected.workspace.authorize("acme", person(allow=False), redirect=ANY_PORT)
    assert (denied.value.error_code, denied.value.hint) == ("auth.denied", "dinobase auth acme asks again")
    assert not connected.kept()


def test_a_question_that_the_server_does_not_take_is_said_with_its_reason(home: Home) -> None:
    home.define(home.provider.definition(scopes=["openid"], authorize_url=f"{home.provider.url}/auth?resource=nowhere"))
    home.add()
    with pytest.raises(DinobaseError, match="invalid_target") as refused:
        home.workspace.authorize("acme", person(), redirect=ANY_PORT)
    assert refused.value.error_code == "auth.answer"


def test_nobody_who_answers_is_waited_for_so_long_and_no_longer(connected: Home) -> None:
    asker = Person(show=unheard, note=unheard, browse=lambda _: True)
    with pytest.raises(DinobaseError, match=r"within 0\.01 s") as late:
        connected.workspace.authorize("acme", asker, redirect=ANY_PORT, timeout=0.01)
    assert late.value.error_code == "auth.timeout"


def test_a_browser_that_cannot_be_opened_leaves_the_address(connected: Home) -> None:
    notes: list[str] = []
    asker = Person(show=unheard, note=notes.append, browse=lambda _: False)
    with pytest.raises(DinobaseError) as late:
        connected.workspace.authorize("acme", asker, redirect=ANY_PORT, timeout=1)
    assert late.value.error_code == "auth.timeout"
    assert notes == ["No browser could be opened: open the address above by hand."]


def test_a_port_that_is_taken_is_named(connected: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"127.0.0.1:{port} cannot be listened on") as refused:
            connected.workspace.authorize("acme", person(), redirect=f"http://127.0.0.1:{port}/callback")
    assert "--port 0" in refused.value.hint


def test_an_answer_that_goes_elsewhere_needs_somebody_who_pastes(connected: Home) -> None:
    with pytest.raises(UsageError, match="no terminal") as refused:
        connected.workspace.authorize("acme", person(), redirect="https://app.example/done")
    assert "--no-browser" in refused.value.hint


def test_the_port_is_open_to_this_machine_alone_and_closed_afterwards() -> None:
    with loopback.listening(ANY_PORT, "s", queue.Queue()) as back:
        parts = urlsplit(back)
        assert parts.hostname == "127.0.0.1"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"http://127.0.0.1:{parts.port}/", timeout=10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", parts.port or 0))


@pytest.mark.parametrize(
    ("redirect", "here"),
    [
        ("http://127.0.0.1:8425/callback", True),
        ("http://localhost:8425/", True),
        ("http://[::1]:8425/", True),
        ("https://127.0.0.1:8425/", False),
        ("http://127.0.0.1.example/", False),
        ("https://app.example/done", False),
    ],
)
def test_only_an_address_of_this_machine_is_listened_at(redirect: str, here: bool) -> None:
    assert loopback.is_loopback(redirect) is here


def test_a_connector_that_needs_nobody_says_so(home: Home) -> None:
    home.define(home.provider.definition("machine", grant="client_credentials", scopes=[]))
    home.add(client_secret="machine-secret-4711")
    with pytest.raises(UsageError, match="needs no authorization") as refused:
        home.allow()
    assert refused.value.error_code == "auth.none"


def test_a_client_of_its_own_right_is_served_by_the_same_server(home: Home, provider: Provider) -> None:
    home.define(provider.definition("machine", grant="client_credentials", scopes=[]))
    added = home.add(client_secret="machine-secret-4711")
    assert (added.authorization, added.check.ok) == (None, True)
    assert provider.grants("client_credentials") == [{"grant": "client_credentials"}]

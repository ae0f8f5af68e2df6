"""`dinobase auth` and `add` as a person meets them: real processes, a real terminal, a real server."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.acceptance.cli_process import COMMAND, ROOT, plain
from tests.oauth.browser import answered
from tests.oauth.conftest import SECRET, Home

ANSWERS = {
    "BROWSER": f"{sys.executable} {ROOT / 'tests' / 'oauth' / 'browser.py'} allow %s",
    "PYTHONDONTWRITEBYTECODE": "1",
}
NO_SCREEN = {"BROWSER": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}


def secrets_in(home: Home, text: str) -> list[str]:
    found = [home.token["access"], home.token["refresh"], SECRET]
    return [value for value in found if value in text]


def test_auth_opens_a_browser_and_prints_what_was_allowed(connected: Home) -> None:
    done = connected.cli("auth", "acme", "--port", "0", env=ANSWERS)
    assert done.code == 0, done.err
    said = done.json
    assert (said["name"], said["renews"], said["check"]["status"]) == ("acme", True, 200)
    assert sorted(said["scopes"]) == ["offline_access", "openid"]
    assert secrets_in(connected, done.out + done.err) == []
    assert connected.cli.ok("sync", "acme")["status"] == "success"


def test_add_on_a_terminal_asks_and_goes_on_to_the_browser(home: Home) -> None:
    shown = home.cli.terminal("add", "acme", answers=[("(hidden):", SECRET)], width=200, env=ANSWERS)
    assert shown.code == 0, shown.out
    assert "needs this redirect address: http://127.0.0.1:8425/callback" in shown.out
    assert "Under Apps." in shown.out
    assert "acme is authorised" in plain(shown.out)
    assert "Next: dinobase sync acme" in plain(shown.out)
    assert secrets_in(home, shown.out) == []


def test_add_without_a_terminal_names_auth_as_the_next_step(home: Home) -> None:
    said = home.cli.ok("add", "acme", env={"ACME_SECRET": SECRET})
    assert said["authorization"] == "missing"
    table = home.cli("add", "acme", "--replace", "--format", "table", env={"ACME_SECRET": SECRET}).out
    assert "Next: dinobase auth acme" in table


def test_add_that_is_not_allowed_stays_connected_and_says_how_to_go_on(home: Home) -> None:
    deny = {**ANSWERS, "BROWSER": ANSWERS["BROWSER"].replace(" allow ", " deny ")}
    shown = home.cli.terminal("add", "acme", answers=[("(hidden):", SECRET)], width=200, env=deny)
    assert shown.code == 1
    assert "access_denied" in shown.out
    assert "dinobase auth acme asks again" in shown.out
    (connector,) = home.workspace.status().connectors
    assert connector.authorization is not None


def test_without_a_browser_the_answer_is_read_from_the_input(connected: Home) -> None:
    process = subprocess.Popen(
        [*COMMAND, "auth", "acme", "--no-browser", "--redirect-uri", "http://localhost:0/callback"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=connected.cli.environment(), cwd=connected.root.parent,
    )  # fmt: skip
    assert process.stderr is not None
    url = next(line for line in process.stderr if line.startswith("http"))
    assert "redirect_uri=http%3A%2F%2Flocalhost%3A" in url
    out, err = process.communicate(answered(url.strip()) + "\n", timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["renews"]
    assert secrets_in(connected, out + err) == []


def test_a_terminal_without_a_screen_takes_the_pasted_address(connected: Home) -> None:
    """The address is not known before: the wrong one is refused, and nothing is kept."""
    shown = connected.cli.terminal(
        "auth", "acme", "--port", "0", width=500, env=NO_SCREEN,
        answers=[("press Enter", "http://127.0.0.1/callback?code=abcd1234&state=old")],
    )  # fmt: skip
    assert shown.code == 1
    assert "Open this address in a browser" in shown.out
    assert "its state is not this one's" in shown.out
    assert not connected.kept()


def test_an_input_that_ends_without_a_code_is_waited_for_where_a_browser_may_still_come(connected: Home) -> None:
    done = connected.cli("auth", "acme", "--no-browser", "--port", "0", "--timeout", "0.2")
    assert (done.code, done.json["error"]["code"]) == (1, "auth.timeout")
    done = connected.cli("auth", "acme", "--no-browser", "--redirect-uri", "https://app.example/done")
    assert (done.code, done.json["error"]["code"]) == (2, "auth.unanswered")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "x"], "--port takes 0 to 65535"),
        (["--port", "70000"], "--port takes 0 to 65535"),
        (["--port", "1", "--redirect-uri", "http://127.0.0.1:1/"], "say the same"),
        (["--redirect-uri", "app://done"], "takes an http address"),
        (["--timeout", "nan"], "--timeout takes seconds"),
        (["--timeout", "-1"], "--timeout takes seconds"),
    ],
)
def test_flags_that_make_no_sense_are_refused(connected: Home, words: list[str], message: str) -> None:
    done = connected.cli("auth", "acme", *words)
    assert done.code == 2
    assert message in done.json["error"]["message"]


def test_interrupting_leaves_nothing(connected: Home) -> None:
    shown = connected.cli.terminal("auth", "acme", "--port", "0", env=NO_SCREEN, interrupt_at="press Enter")
    assert shown.code == 130
    assert not connected.kept()

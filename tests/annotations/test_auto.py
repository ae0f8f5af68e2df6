"""`annotate --auto`: dry first, nothing personal leaves, a model's word never counts before anybody's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dinobase.core.errors import UsageError
from dinobase.workspace import Workspace
from tests.acceptance.cli_process import Cli
from tests.annotations.conftest import column, make

MODEL = "openai-chat:gpt-4.1-mini"
KEY = "sk-test-loopback"


class ChatApi:
    """An OpenAI-compatible server: `answers` are given one after another, `asked` is what came."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answers: list[str] = []
        self.status = 200
        self.url = ""

    def reply(self) -> dict[str, Any]:
        if self.status != 200:
            return {"error": {"message": "You exceeded your quota.", "type": "insufficient_quota", "code": "quota"}}
        told = {"role": "assistant", "content": self.answers.pop(0) if self.answers else "[]"}
        return {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "message": told, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
        }  # fmt: skip


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatApi]:
    api = ChatApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/chat/completions"
            api.asked.append(json.loads(body))
            api.keys.append(self.headers["Authorization"])
            answer = json.dumps(api.reply()).encode()
            self.send_response(api.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    yield api
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def answer(*words: tuple[str, str, Any, Any]) -> str:
    said = [{"target": f"shop.{t}", "key": k, "value": v, "confidence": c} for t, k, v, c in words]
    return f"```json\n{json.dumps(said)}\n```"


def text_of(api: ChatApi) -> str:
    return json.dumps([request["messages"] for request in api.asked])


def test_a_dry_run_says_what_it_would_send_and_what_it_costs_and_sends_nothing(shop: Workspace, chat: ChatApi) -> None:
    history = shop.annotations("shop", history=True)
    plan = shop.fill("shop", model=MODEL)
    assert (plan.status, plan.sent, chat.asked) == ("dry_run", 0, [])
    assert plan.gaps == len(shop.gaps("shop", kinds=["description", "unit", "pii"]).gaps)
    assert plan.cost_usd is not None
    assert 0 < plan.cost_usd < 0.01
    assert plan.input_tokens > 500
    assert {question.table for question in plan.requests} == {"shop.customers", "shop.notes", "shop.orders"}
    assert shop.fill("shop", model="openai-chat:a-model-nobody-knows").cost_usd is None
    assert shop.annotations("shop", history=True) == history


def test_what_is_sent_is_what_was_shown_and_holds_nobodys_data(shop: Workspace, chat: ChatApi) -> None:
    shown = [question.text for question in shop.fill("shop", model=MODEL).requests]
    done = shop.fill("shop", model=MODEL, send=True)
    assert done.sent == len(shown) == len(chat.asked)
    assert [request["messages"][-1]["content"] for request in chat.asked] == shown
    assert set(chat.keys) == {f"Bearer {KEY}"}
    sent = text_of(chat)
    assert "open" in sent  # the codes of a state are nobody's
    assert not any(secret in sent for secret in ("ada@", "bob@", "Ada", "Bob", "Bern"))
    assert (done.input_tokens, done.output_tokens) == (1000 * len(shown), 100 * len(shown))


def test_answers_are_kept_as_a_models_and_only_where_something_was_missing(shop: Workspace, chat: ChatApi) -> None:
    chat.answers = [
        answer(
            ("orders.amount", "unit", "cents", 0.9),
            ("orders.amount", "description", "What was charged.", "surely"),
            ("orders.state", "description", "Where the order stands.", 0.7),
            ("orders.state", "pii", "none", 1),
            ("customers.email", "description", "Overwritten.", 1),
            ("orders.total", "unit", "", 1),
        )
    ]
    done = shop.fill("shop.orders", model=MODEL, send=True)
    assert done.status == "filled"
    assert len(done.notes) == 3
    said = {
        (r.target, r.key): (r.value, r.confidence) for r in shop.annotations("shop").annotations if r.origin == "model"
    }
    assert said == {
        ("shop.orders.amount", "unit"): ("cents", 0.9),
        ("shop.orders.amount", "description"): ("What was charged.", 0.6),
        ("shop.orders.state", "description"): ("Where the order stands.", 0.7),
    }
    assert column(shop, "email")["description"] == "Where receipts go."
    person = {"target": "shop.orders.state", "key": "description", "value": "How far it got."}
    shop.annotate([person], origin="person")
    chat.answers = [answer(("orders.state", "description", "A code.", 1))]
    again = shop.fill("shop.orders", model=MODEL, send=True)
    assert not any("orders.state" in one.target for one in again.annotations)
    assert column(shop, "state", "shop.orders")["description"] == "How far it got."


def test_an_answer_that_is_none_and_a_model_that_fails_change_nothing(shop: Workspace, chat: ChatApi) -> None:
    chat.answers = ["I would rather not."]
    done = shop.fill("shop.orders", model=MODEL, send=True)
    assert (done.status, list(done.annotations), len(done.notes)) == ("filled", [], 1)
    chat.status = 400
    failed = shop.fill("shop.orders", model=MODEL, send=True)
    assert failed.status == "error"
    assert KEY not in str(failed)
    for name in ("", "gpt", ":x"):
        with pytest.raises(UsageError, match="names no model"):
            shop.fill("shop", model=name)


def test_the_command_sends_nothing_until_yes(shop: Workspace, chat: ChatApi) -> None:
    cli = Cli(shop.paths.root, {"OPENAI_BASE_URL": chat.url, "OPENAI_API_KEY": KEY})
    plan = cli.ok("annotate", "--auto", "shop.orders", "--model", MODEL)
    assert (plan["status"], plan["sent"], chat.asked) == ("dry_run", 0, [])
    chat.answers = [answer(("orders.amount", "unit", "cents", 0.9))]
    done = cli.ok("annotate", "--auto", "shop.orders", "--model", MODEL, "--yes")
    assert (done["status"], done["sent"], [one["counts"] for one in done["annotations"]]) == ("filled", 1, ["cents"])
    assert cli("annotate", "--auto", "shop").code == 2

"""A write that is answered 200 with a failure inside has failed; a key in the body makes one that may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutate.desk import Desk
from tests.servers.vendor import Received, Reply, VendorServer, serving

CONNECTOR = """
name: chat
credentials:
- {{name: token}}
client:
  base_url: {url}
  auth: {{type: bearer, token: "{{token}}"}}
  retry: {{attempts: 3}}
  errors: {{ok_path: ok, error_path: error, statuses: {{ratelimited: 429, internal_error: 500}}}}
resources:
- name: notes
  primary_key: id
  endpoint: {{path: notes, data_selector: notes}}
write_endpoints:
- {{name: create_note, method: POST, path: add, columns: [text], response_path: note{key}}}
- {{name: update_note, method: POST, path: "set/{{id}}", columns: [text], response_path: note}}
"""


class Chat(VendorServer):
    """Answers 200 to all; `say` are the next answers to writes, then it does what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[dict[str, Any]] = [{"id": 1, "text": "first"}]
        self.say: list[Any] = []
        self.keys: dict[str, Any] = {}

    def answer(self, request: Received) -> Reply:
        if request.method == "GET":
            return Reply({"ok": True, "notes": self.notes})
        said = self.say.pop(0) if self.say else None
        if said is not None and said != "lost":
            return Reply({"ok": False, "error": said})
        key = request.json.get("request", {}).get("key")
        if key not in self.keys:
            note = {"id": len(self.notes) + 1, "text": request.json["text"]}
            self.notes.append(note)
            self.keys[key or str(len(self.keys))] = note
        reply = {"ok": True, "note": self.notes[-1]}
        return Reply(reply, 504) if said == "lost" else Reply(reply)


@pytest.fixture
def chat() -> Iterator[Chat]:
    server = Chat()
    with serving(server):
        yield server


def desk(root: Path, chat: Chat, key: str = "") -> Desk:
    made = Desk(root, "chat", CONNECTOR.format(url=chat.url, key=key), {})
    made.secret(token="t0ken")
    made.sync()
    return made


INSERT = "INSERT INTO chat.notes (text) VALUES ('hello')"


def test_a_write_that_is_answered_no_has_failed_with_the_apis_word(tmp_path: Path, chat: Chat) -> None:
    made = desk(tmp_path, chat)
    chat.say = ["msg_too_long"]
    done = made.confirm(made.write(INSERT))
    assert (done["status"], done["failed"]) == ("failed", 1)
    [step] = made.workspace.mutations().show(done["mutation_id"])["steps"]
    assert "the API answers `msg_too_long`" in step["error"]
    assert len(chat.asked("add", "POST")) == 1
    assert made.rows("SELECT text FROM chat.notes") == [("first",)]


def test_a_rate_limit_inside_a_200_is_waited_out(tmp_path: Path, chat: Chat) -> None:
    made = desk(tmp_path, chat)
    chat.say = ["ratelimited"]
    assert made.confirm(made.write(INSERT))["status"] == "executed"
    assert len(chat.asked("add", "POST")) == 2
    assert sorted(made.rows("SELECT text FROM chat.notes")) == [("first",), ("hello",)]


def test_a_fault_inside_a_200_leaves_the_write_open(tmp_path: Path, chat: Chat) -> None:
    made = desk(tmp_path, chat)
    chat.say = ["internal_error"]
    done = made.confirm(made.write(INSERT))
    assert done["unknown"] == 1
    assert len(chat.asked("add", "POST")) == 1


def test_a_key_in_the_body_makes_a_write_that_is_sent_again_and_done_once(tmp_path: Path, chat: Chat) -> None:
    made = desk(tmp_path, chat, ", idempotency_body_path: request.key")
    planned = made.write(INSERT)
    assert planned["preview"]["requests"][0]["idempotency_body_path"] == "request.key"
    chat.say = ["lost"]
    done = made.confirm(planned)
    assert done["status"] == "executed"
    first, second = chat.asked("add", "POST")
    assert first.json == second.json == {"text": "hello", "request": {"key": f"{done['mutation_id']}-1"}}
    assert [note["text"] for note in chat.notes] == ["first", "hello"]

"""What a person or an agent approved goes out as whom and where it was shown to go, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.spec.vault import Vault
from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk

UPDATE = "UPDATE shop.customers SET city = 'X' WHERE id = 1"


def _edit(old: str, new: str) -> Callable[[Desk], None]:
    def edit(desk: Desk) -> None:
        file = desk.paths.connectors / "shop.yaml"
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new))

    return edit


CHANGES: dict[str, tuple[Callable[[Desk], None], str]] = {
    "another token": (lambda d: d.secret(token="dstok_another"), "write.changed"),
    "no token": (lambda d: Vault(d.paths).delete("shop"), "credential.missing"),
    "another way to say who": (_edit("{type: bearer, ", "{type: bearer, prefix: Token, "), "write.changed"),
    "another header": (_edit("  retry:", "  headers: {X-Account: '2'}\n  retry:"), "write.changed"),
    "another record is read before": (_edit('"customers/{id}.json"', '"orders/{id}.json"'), "write.changed"),
    "another place in the answer": (_edit("response_path: row\n", "response_path: other\n"), "write.changed"),
    "another address": (_edit("{id}/-/update", "{id}/-/other"), "write.changed"),
    "another method": (_edit("method: POST", "method: PUT"), "write.changed"),
    "no such endpoint": (_edit("- name: update_customer\n", "- name: upsert_order\n"), "write."),
    "no such table": (_edit("- name: customers\n  endpoint", "- name: buyers\n  endpoint"), ""),
    "no valid file": (_edit("write_endpoints:", "write_endpoint:"), ""),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_since_the_preview_sends_nothing(change: str, desk: Desk, server: Datasette) -> None:
    act, expected = CHANGES[change]
    planned = desk.write(UPDATE)
    act(desk)
    with pytest.raises(DinobaseError) as caught:
        desk.confirm(planned)
    assert caught.value.error_code.startswith(expected)
    assert server.rows("SELECT city FROM customers WHERE id = 1") == [("Berlin",)]


def test_what_does_not_concern_the_request_may_change(desk: Desk, server: Datasette) -> None:
    planned = desk.write(UPDATE)
    _edit("name: shop\n", "name: shop\ndescription: a shop\n")(desk)
    _edit("retry: {attempts: 2}", "retry: {attempts: 3}")(desk)
    assert desk.confirm(planned)["status"] == "executed"


def test_what_stopped_for_a_wrong_token_goes_on_with_the_right_one(desk: Desk, server: Datasette) -> None:
    right = server.token
    desk.secret(token="dstok_wrong")
    planned = desk.write(UPDATE)
    done = desk.confirm(planned)
    assert (done["status"], done["failed"]) == ("failed", 1)
    desk.secret(token=right)
    assert desk.engine.resume(planned["mutation_id"])["status"] == "executed"
    assert server.rows("SELECT city FROM customers WHERE id = 1") == [("X",)]


def test_no_credential_stands_in_the_plan(desk: Desk, server: Datasette) -> None:
    desk.write(UPDATE)
    data = b"".join(file.read_bytes() for file in desk.paths.state.glob("records.db*"))
    assert b'"sender"' in data
    assert server.token.encode() not in data

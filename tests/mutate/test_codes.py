"""A person approves with a one-time code: bound to one plan, good once, for a while, and for nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from dinobase.core import clock
from dinobase.core.errors import QueryError, UnknownName
from dinobase.mutate import approval
from dinobase.mutate.planner import LIFETIME
from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk

AGENT = "bot"
DELETE = "DELETE FROM shop.customers WHERE id = 1"
BATCH = "UPDATE shop.orders SET status = 'x' WHERE id = 10; DELETE FROM shop.customers WHERE id = 1"


def code_for(desk: Desk, name: str, passphrase: str = "") -> str:
    found = desk.engine.approve_code(name, human=True, passphrase=passphrase)
    return str(found["code"])


def test_an_agent_confirms_with_the_code_that_a_person_gave_it(desk: Desk, server: Datasette) -> None:
    planned = desk.write(DELETE, AGENT)
    code = code_for(desk, planned["mutation_id"])
    done = desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)
    assert done["status"] == "executed"
    assert server.rows("SELECT id FROM customers ORDER BY id") == [(2,), (3,)]
    shown = desk.engine.show(planned["mutation_id"])
    assert (shown["approved_by"], shown["identity"]) == ("bot (with a person's code)", AGENT)
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)
    assert caught.value.error_code == "write.state"
    assert desk.engine.verify()["status"] == "intact"


def test_a_batch_has_one_code(desk: Desk, server: Datasette) -> None:
    planned = desk.write(BATCH, AGENT)
    code = code_for(desk, planned["batch_id"])
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm(planned["mutations"][1]["mutation_id"], identity=AGENT, code=code)
    assert caught.value.error_code == "write.batch"
    assert desk.engine.confirm(planned["batch_id"], identity=AGENT, code=code)["status"] == "executed"
    assert len(server.rows("SELECT id FROM customers")) == 2


def test_several_have_one_code_and_it_is_of_all_of_them(desk: Desk, server: Datasette) -> None:
    first, last = desk.write(DELETE, AGENT)["mutation_id"], desk.write(BATCH.replace("= 1", "= 2"), AGENT)["batch_id"]
    code = str(desk.engine.approve_code(first, last, human=True)["code"])
    for names in ([last, first], [first], [last], [first, last, first]):
        with pytest.raises(QueryError) as caught:
            desk.engine.confirm_batch(names, identity=AGENT, code=code)
        assert caught.value.error_code == "write.code"
    assert len(server.rows("SELECT id FROM customers")) == 3
    done = desk.engine.confirm_batch([first, last], identity=AGENT, code=code)
    assert ([m["status"] for m in done["mutations"]], done["not_confirmed"]) == (["executed", "executed"], [])
    assert server.rows("SELECT id FROM customers") == [(3,)]
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm_batch([first, last], identity=AGENT, code=code)
    assert caught.value.error_code == "write.state"


def test_a_code_of_several_sends_none_where_one_may_not_be_sent(desk: Desk, server: Datasette) -> None:
    first = desk.write(DELETE, AGENT)["mutation_id"]
    last = desk.write("DELETE FROM shop.customers WHERE id = 2", AGENT)["mutation_id"]
    code = str(desk.engine.approve_code(first, last, human=True)["code"])
    desk.engine.cancel(last, identity=AGENT)
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm_batch([first, last], identity=AGENT, code=code)
    assert caught.value.error_code == "write.state"
    assert len(server.rows("SELECT id FROM customers")) == 3


def test_a_wrong_code_tells_nothing_of_the_plan(desk: Desk) -> None:
    """The answer is one and the same, whether there is a code, whether the plan is still as it was shown."""
    planned = desk.write(DELETE, AGENT)["mutation_id"]
    said = set()

    def attempt() -> None:
        with pytest.raises(QueryError) as caught:
            desk.engine.confirm(planned, identity=AGENT, code="AAAAA-AAAAA-AAAAA-AAAAA")
        said.add(str(caught.value.as_dict()))

    attempt()
    code_for(desk, planned)
    attempt()
    file = desk.paths.connectors / "shop.yaml"
    file.write_text(file.read_text().replace("/-/delete", "/-/elsewhere"))
    attempt()
    assert len(said) == 1


@pytest.mark.parametrize("typed", [str.lower, lambda c: c.replace("-", " "), lambda c: c.replace("0", "o")])
def test_a_code_is_read_as_people_write_it(typed: Callable[[str], str], desk: Desk) -> None:
    planned = desk.write(DELETE, AGENT)
    code = typed(code_for(desk, planned["mutation_id"]))
    assert desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)["status"] == "executed"


def _another(desk: Desk) -> str:
    return code_for(desk, desk.write("DELETE FROM shop.customers WHERE id = 2", AGENT)["mutation_id"])


WRONG: dict[str, Callable[[Desk, str], str]] = {
    "of another write": lambda d, i: _another(d),
    "of the same text planned again": lambda d, i: code_for(d, d.write(DELETE, AGENT)["mutation_id"]),
    "made up": lambda d, i: approval.code_of(bytes(20)),
    "empty but for dashes": lambda d, i: "---",
    "cut short": lambda d, i: code_for(d, i)[:-1],
    "the plan's hash": lambda d, i: str(d.engine.show(i)["plan_hash"]),
    "the seal itself": lambda d, i: (code_for(d, i), str(d.engine.journal.facts(i, "code")[0]["seal"]))[1],
    "another letter": lambda d, i: code_for(d, i)[:-1] + "!",
}


@pytest.mark.parametrize("which", WRONG)
def test_no_other_code_is_good(which: str, desk: Desk, server: Datasette) -> None:
    planned = desk.write(DELETE, AGENT)
    code = WRONG[which](desk, planned["mutation_id"])
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)
    assert caught.value.error_code == "write.code"
    assert len(server.rows("SELECT id FROM customers")) == 3


def test_an_agent_gets_no_code(desk: Desk) -> None:
    planned = desk.write(DELETE, AGENT)
    for identity in (AGENT, "cli"):
        with pytest.raises(QueryError) as caught:
            desk.engine.approve_code(planned["mutation_id"], identity=identity)
        assert caught.value.error_code == "write.needs_human"
    with pytest.raises(UnknownName):
        desk.engine.approve_code(planned["mutation_id"], identity="other", human=True)


def test_a_code_does_not_outlive_its_plan(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = desk.write(DELETE, AGENT)
    code = code_for(desk, planned["mutation_id"])
    later = clock.now() + LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr("dinobase.mutate.standing.now", lambda: later)
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)
    assert caught.value.error_code == "write.expired"


def test_a_code_is_not_for_a_plan_that_was_altered_nor_for_another_expiry(desk: Desk) -> None:
    planned = desk.write(DELETE, AGENT)
    code = code_for(desk, planned["mutation_id"])
    for change, expected in (
        ("UPDATE mutations SET plan = replace(plan, '\"Ada\"', '\"Eve\"')", "write.altered"),
        ("UPDATE mutations SET expires_at = '2999-01-01T00:00:00Z'", "write.code"),
    ):
        with closing(sqlite3.connect(desk.paths.state / "records.db")) as database:
            database.execute(change)
            database.commit()
        with pytest.raises(QueryError) as caught:
            desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)
        assert caught.value.error_code == expected


def test_a_code_takes_the_approval_key_and_is_void_under_another_one(desk: Desk) -> None:
    desk.configure(f"approval_key: '{approval.verifier('open sesame', b'0123456789abcdef')}'")
    planned = desk.write(DELETE, AGENT)
    with pytest.raises(QueryError) as caught:
        code_for(desk, planned["mutation_id"])
    assert caught.value.error_code == "write.approval_key"
    code = code_for(desk, planned["mutation_id"], "open sesame")
    desk.configure("")
    with pytest.raises(QueryError) as caught:
        desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)
    assert caught.value.error_code == "write.code"
    desk.configure(f"approval_key: '{approval.verifier('open sesame', b'0123456789abcdef')}'")
    assert desk.engine.confirm(planned["mutation_id"], identity=AGENT, code=code)["status"] == "executed"


def test_what_an_agent_may_confirm_has_no_code(desk: Desk) -> None:
    planned = desk.write("UPDATE shop.customers SET city = 'X' WHERE id = 1", AGENT)
    with pytest.raises(QueryError, match="no person's approval"):
        code_for(desk, planned["mutation_id"])


def test_codes_are_not_in_the_workspace(desk: Desk) -> None:
    planned = desk.write(DELETE, AGENT)
    code = code_for(desk, planned["mutation_id"])
    for path in desk.root.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert code.encode() not in data
            assert code.replace("-", "").encode() not in data

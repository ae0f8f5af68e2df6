"""Writing to databases: shown before, approved, and then one transaction that finds every row as it was shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError
from tests.databases.desk import Desk
from tests.databases.shops import Shop, shop_of

NEW = "INSERT INTO db.orders (state, amount, made, data) VALUES ('x', 1.25, '2025-05-05 10:00:00', '\\x00\\xFFz'::BLOB)"


def test_what_is_confirmed_is_written_as_it_was_shown_and_can_be_undone(shop: Shop) -> None:
    before = shop.there("id, state, amount, made, note")
    planned = shop.write(
        "UPDATE db.orders SET state = 'it''s; \\% ?', amount = amount * 2, made = NULL WHERE state = 'new'"
    )
    assert planned["preview"]["changes"][0]["columns"]["state"] == {"old": "new", "new": "it's; \\% ?"}
    assert planned["preview"]["requests"][0]["method"] == "SQL"
    assert shop.there("id, state, amount, made, note") == before
    done = shop.confirm(planned)
    assert (done["status"], done["succeeded"]) == ("executed", 2)
    assert [(row[1], float(row[2])) for row in shop.rows()] == [("it's; \\% ?", 21), ("it's; \\% ?", 40), ("paid", 30)]
    removed = shop.write("DELETE FROM db.orders WHERE id = 3")
    deleted = shop.confirm(removed)
    assert deleted["succeeded"] == 1, deleted["steps"][0].get("error")
    assert [row[0] for row in shop.there()] == ["1", "2"]
    for mutation in (removed, planned):
        back = dict(shop.desk.workspace.mutations().undo(mutation["mutation_id"]))
        assert shop.confirm(back)["status"] == "executed"
    assert shop.there("id, state, amount, made, note") == before
    assert shop.confirm(shop.write(NEW))["status"] == "executed"
    assert shop.rows("id, data")[3] == (4, b"\x00\xffz")
    assert shop.desk.good()["orders"].inserted == 0


def test_where_one_row_is_another_by_now_or_breaks_a_rule_nothing_is_written(shop: Shop) -> None:
    planned, gone = (
        shop.write("UPDATE db.orders SET state = 'sent' WHERE id IN (1, 2)"),
        "DELETE FROM db.orders WHERE id = 3",
    )
    removed, broken = shop.write(gone), shop.write("UPDATE db.orders SET note = 'same' WHERE id IN (1, 2)")
    failed = shop.confirm(broken)
    assert (failed["status"], failed["failed"]) == ("failed", 2)
    shop.run("UPDATE orders SET amount = 99 WHERE id = 2")
    shop.run("DELETE FROM orders WHERE id = 3")
    before = shop.there()
    done = shop.confirm(planned)
    assert (done["status"], done["succeeded"], done["conflicts"], done["not_tried"]) == ("failed", 0, 1, 1)
    assert "99" in done["steps"][1]["error"]
    assert shop.confirm(removed)["conflicts"] == 1
    assert shop.there() == before
    assert [row[3] for row in shop.rows()] == ["a", None, "c"]


def test_a_key_is_not_changed_and_who_may_not_write_is_refused(
    request: pytest.FixtureRequest, desk: Desk, tmp_path: Path
) -> None:
    shop = shop_of("sqlite", request, desk, tmp_path)
    with pytest.raises(DinobaseError, match="identifies a row"):
        shop.write("UPDATE db.orders SET id = 9 WHERE id = 1")
    with (tmp_path / "workspace" / "config.yaml").open("a") as config:
        config.write("writes: {default: {approval: deny}}\n")
    with pytest.raises(DinobaseError, match="denies this write"):
        Shop(Desk(tmp_path / "workspace"), shop.run, shop.held).write("DELETE FROM db.orders WHERE id = 1")

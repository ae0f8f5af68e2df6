"""Topics and streams as tables, messages as rows: each name is one place's, no field is lost to another."""

from __future__ import annotations

import json

import pytest

from dinobase.extract.readers.messages import called, row


def test_each_place_has_the_name_that_is_made_of_its_own() -> None:
    assert called(["orders2", "orders-eu", "Orders", "events.v1"]) == {
        "orders2": "orders2",
        "orders-eu": "orders_eu",
        "Orders": "orders",
        "events.v1": "events_v1",
    }


def test_places_of_one_name_keep_their_own_and_the_others_are_as_ever() -> None:
    assert called(["a.b", "a-b", "c.d"]) == {"a-b": "a-b", "a.b": "a.b", "c.d": "c_d"}
    assert len({name.lower() for name in called(["A", "a", "A.b", "a-B"]).values()}) == 4


def test_a_place_that_comes_later_takes_no_name_that_another_has() -> None:
    before = called(["orders-eu"])
    assert "orders_eu" not in called(["orders-eu", "orders.eu"]).values()
    assert called(["orders-eu", "a"])["orders-eu"] == before["orders-eu"]


def test_a_name_of_the_lakes_own_is_left_to_it() -> None:
    assert called(["_dinobase_state"]) == {"_dinobase_state": "main___dinobase_state"}


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ({"_key": 1}, {"_key": "k", "message_key": "1"}),
        ({"_key": 1, "message_key": 2}, {"_key": "k", "messagemessage_key": "1", "message_key": "2"}),
        ({"message_key": 2, "_key": 1}, {"_key": "k", "message_key": "2", "messagemessage_key": "1"}),
    ],
)
def test_a_field_called_as_one_of_ours_takes_the_place_of_no_other(
    message: dict[str, int], fields: dict[str, str]
) -> None:
    found = row({"_key": "k"}, json.dumps(message).encode())
    assert {name: value if isinstance(value, str) else bytes(value).decode() for name, value in found.items()} == fields

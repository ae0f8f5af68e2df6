"""Which resources run, in which order, and what a child's rows are known by."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import UnknownName, UsageError
from dinobase.spec.models import Connector
from dinobase.spec.validation import validated
from dinobase.sync import plan


def connector(*resources: dict[str, Any]) -> Connector:
    return validated(
        Connector, {"name": "shop", "client": {"base_url": "http://localhost"}, "resources": list(resources)}
    )


def child(name: str, of: str, field: str = "id", **more: Any) -> dict[str, Any]:
    return {"name": name, "parent": {"resource": of, "field": field, "param": f"{of}_id"}, **more}


SHOP = connector({"name": "orders"}, {"name": "audit_logs", "selected": False}, {"name": "users"})


@pytest.mark.parametrize(
    ("kept", "asked", "wanted"),
    [
        (None, [], "orders users"),
        ([], [], "orders users"),
        (["orders"], [], "orders"),
        (["+audit_logs"], [], "orders audit_logs users"),
        (["orders"], ["+audit_logs"], "orders audit_logs"),
        (["orders"], ["users"], "users"),
        (None, ["audit_logs"], "audit_logs"),
        (None, ["users", "+audit_logs"], "audit_logs users"),
        (None, [" users ", ""], "users"),
    ],
)
def test_what_is_asked_for_runs_in_the_files_order(kept: list[str] | None, asked: list[str], wanted: str) -> None:
    assert [r.name for r in plan.choose(SHOP, kept, asked)] == wanted.split()


@pytest.mark.parametrize(
    ("name", "near"), [("user", "did you mean `users`?"), ("+odrers", "`orders`"), ("zzz", "It has:")]
)
def test_an_unknown_resource_is_named_beside_those_there_are(name: str, near: str) -> None:
    with pytest.raises(UnknownName) as caught:
        plan.choose(SHOP, None, [name])
    assert caught.value.error_code == "unknown.resource"
    assert near in caught.value.hint
    assert "audit_logs, orders, users" in caught.value.hint


FAMILY = connector(
    child("notes", "lines", "no"),
    child("lines", "orders", "meta.id", primary_key=["no"]),
    {"name": "orders", "primary_key": "id"},
    child("tags", "orders", "id", primary_key="id", unique="global"),
    child("stamps", "lines", "no", primary_key=["_lines_no", "at"]),
)


def resource(name: str) -> Any:
    found = FAMILY.resource(name)
    assert found is not None
    return found


def test_parents_come_before_their_children() -> None:
    assert [r.name for r in plan.ordered(FAMILY)] == ["orders", "lines", "tags", "notes", "stamps"]


def test_a_circle_has_no_order() -> None:
    with pytest.raises(UsageError, match="circle: a, b"):
        plan.ordered(connector(child("a", "b"), child("b", "a")))


@pytest.mark.parametrize(
    ("name", "tags", "key"),
    [
        ("orders", [], ["id"]),
        ("lines", ["_orders_meta_id"], ["_orders_meta_id", "no"]),
        ("notes", ["_orders_meta_id", "_lines_no"], []),
        ("tags", ["_orders_id"], ["id"]),
        ("stamps", ["_orders_meta_id", "_lines_no"], ["_orders_meta_id", "_lines_no", "at"]),
    ],
)
def test_a_childs_rows_are_known_by_all_ancestors(name: str, tags: list[str], key: list[str]) -> None:
    assert plan.tags(FAMILY, resource(name)) == tags
    assert plan.key(FAMILY, resource(name)) == key


def test_two_ancestors_whose_values_would_share_a_column_are_refused() -> None:
    family = connector({"name": "a"}, child("a_b", "a", "b_c"), child("end", "a_b", "c"))
    with pytest.raises(UsageError, match=r"`end` would keep .* in one column, `_a_b_c`"):
        plan.choose(family, None, [])
    assert [r.name for r in plan.choose(family, None, ["a", "a_b"])] == ["a", "a_b"]

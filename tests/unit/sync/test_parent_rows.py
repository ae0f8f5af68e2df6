"""What a child's requests are made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from dinobase.spec.models import Connector
from dinobase.spec.validation import validated
from dinobase.sync.parents import Listed, parent_rows

SHOP = validated(
    Connector,
    {
        "name": "shop",
        "client": {"base_url": "http://localhost"},
        "resources": [
            {"name": "orgs"},
            {"name": "repos", "parent": {"resource": "orgs", "field": "login", "param": "org"}},
            {"name": "issues", "parent": {"resource": "repos", "field": "owner.id", "param": "repo"}},
        ],
    },
)


def rows(name: str, *values: tuple[object, ...]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    child = SHOP.resource(name)
    assert child is not None
    return [(dict(row.params), dict(row.tags)) for row in parent_rows(SHOP, child, values)]


def test_a_parents_value_goes_into_the_path_and_into_its_column() -> None:
    assert rows("repos", ("b",), ("a",)) == [
        ({"org": "a"}, {"_orgs_login": "a"}),
        ({"org": "b"}, {"_orgs_login": "b"}),
    ]


def test_grandparents_go_in_too_the_farthest_first() -> None:
    ((params, tags),) = rows("issues", (7, "acme"))
    assert params == {"org": "acme", "repo": 7}
    assert list(tags.items()) == [("_orgs_login", "acme"), ("_repos_owner_id", 7)]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (1, 1),
        (1.5, 1.5),
        (True, True),
        ("x", "x"),
        (Decimal(12345678901234567890123), 12345678901234567890123),
        (Decimal("1.5"), "1.5"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00Z"),
        (date(2024, 1, 1), "2024-01-01"),
        (["a"], "['a']"),
    ],
)
def test_values_of_the_lake_are_sent_as_an_api_writes_them(value: object, sent: object) -> None:
    ((params, _),) = rows("repos", (value,))
    assert params["org"] == sent
    assert type(params["org"]) is type(sent)


def test_two_passes_of_one_run_are_one_listing() -> None:
    one = Listed("1", "2", complete=False, rows={"c": [(1,), (2,)]}, changed={"c": [(1,)]})
    two = Listed("2", "3", complete=False, rows={"c": [(2,), (3,)]}, changed={"c": [(3,)]})
    both = one.with_later(two)
    assert (both.loads_before, both.loads, both.complete) == ("1", "3", False)
    assert sorted(both.rows["c"]) == [(1,), (2,), (3,)]
    assert sorted(both.changed["c"]) == [(1,), (3,)]

"""The check against the emulator fails where a connector says other than the API does; else a pass proves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from dinobase.core.errors import FetchRefused
from tests.connectors.emulator.check import check_raw

Json: TypeAlias = Any

API = """
name: shop
description: A shop.
client:
  base_url: https://api.shop.example/v1/
  auth: {type: bearer, token: "{token}"}
  paginator: {type: cursor, cursor_path: meta.next, cursor_param: cursor}
credentials: [{name: token, flag: --token}]
check: {path: me}
resources:
  - name: orders
    primary_key: id
    endpoint: {path: orders, params: {"updated_after": "{incremental.start_value}"}, data_selector: data.items}
    incremental: {cursor_path: updated_at, initial_value: "2015-01-01T00:00:00Z"}
    retrieve: {path: "orders/{id}"}
    columns: {note: {}, state: {}}
  - name: lines
    primary_key: id
    endpoint: {path: "orders/{order}/lines", data_selector: data.items}
    parent: {resource: orders, field: id, param: order}
    columns: {amount: {type: BIGINT}}
  - name: events
    primary_key: id
    endpoint: {path: events, params: {sort: "-at"}, data_selector: data.items}
    incremental: {cursor_path: at, order: desc}
    columns: {at: {}}
write_endpoints:
  - {name: update_order, method: PATCH, path: "orders/{id}", request_body_path: order, columns: [note]}
  - {name: create_order, method: POST, path: orders, response_path: $, columns: [note, state]}
"""

AGAIN = "orders: the second sync brought"
BROKEN = {
    "selector": (
        "data.items}\n    incremental: {cursor_path: u",
        "data.rows}\n    incremental: {cursor_path: u",
        "orders: `data.rows` (data_selector) matches nothing",
    ),
    "page": ("cursor_path: meta.next", "cursor_path: meta.after", "orders: 2 records were asked for, not all"),
    "page parameter": ("cursor_param: cursor", "cursor_param: token", "unexpected parameters ['token']"),
    "filter": ('"updated_after"', '"updated_since"', "unexpected parameters ['updated_since']"),
    "cursor": ("cursor_path: updated_at", "cursor_path: changed_at", AGAIN),
    "key": (
        "primary_key: id\n    endpoint: {path: orders,",
        "primary_key: state\n    endpoint: {path: orders,",
        "update_order: failed",
    ),
    "child": ("orders/{order}/lines", "orders/{order}/items", "orders/id_0/items {}: no part of the"),
    "parent's field": (
        "field: id, param: order",
        "field: state, param: order",
        "lines: 0 records were asked for, not all",
    ),
    "write path": (
        'path: "orders/{id}", request',
        'path: "order/{id}", request',
        "PATCH /v1/order/id_1 {}: no part of the",
    ),
    "write method": ("method: PATCH", "method: PUT", "PUT /v1/orders/id_1 {}: no part of the"),
    "body": ("request_body_path: order", "request_body_path: orders", "update_order: note is"),
    "written column": ("columns: [note]}", "columns: {note: remark}}", "update_order: note is"),
}


def test_a_connector_that_says_what_the_api_does_has_no_problem(tmp_path: Path) -> None:
    assert check_raw(yaml.safe_load(API), tmp_path, tmp_path, yaml.safe_load(API)).problems == []


@pytest.mark.parametrize("part", BROKEN)
def test_each_part_that_differs_from_the_api_is_reported(part: str, tmp_path: Path) -> None:
    right, wrong, said = BROKEN[part]
    assert API.count(right) == 1
    found = check_raw(yaml.safe_load(API.replace(right, wrong)), tmp_path, tmp_path, yaml.safe_load(API)).problems
    assert any(said in problem for problem in found), found


def test_an_api_that_does_not_sort_as_the_connector_says_is_reported(tmp_path: Path) -> None:
    oldest_first = API.replace("cursor_path: at, order: desc", "cursor_path: at, order: asc")
    assert oldest_first != API
    found = check_raw(yaml.safe_load(API), tmp_path, tmp_path, yaml.safe_load(oldest_first)).problems
    assert any("events: the second sync brought" in problem for problem in found), found


def test_what_the_api_refuses_at_add_is_no_pass(tmp_path: Path) -> None:
    other = API.replace("{type: bearer, token", "{type: bearer, prefix: Token, token")
    with pytest.raises(FetchRefused, match="401"):
        check_raw(yaml.safe_load(other), tmp_path, tmp_path, yaml.safe_load(API))

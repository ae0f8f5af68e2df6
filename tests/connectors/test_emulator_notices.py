"""The check against the emulator fails where a connector says other than the API does; else a pass proves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

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
write_endpoints:
  - {name: update_order, method: PATCH, path: "orders/{id}", request_body_path: order, columns: [note]}
  - {name: create_order, method: POST, path: orders, response_path: $, columns: [note, state]}
"""

BROKEN = {
    "selector": ("data_selector: data.items}\n    incremental", "data_selector: data.rows}\n    incremental", "data"),
    "page": ("cursor_path: meta.next", "cursor_path: meta.after", "not all"),
    "page parameter": ("cursor_param: cursor", "cursor_param: token", "unexpected parameters"),
    "filter": ('"updated_after"', '"updated_since"', "unexpected parameters"),
    "cursor": ("cursor_path: updated_at", "cursor_path: changed_at", "orders"),
    "child": ("orders/{order}/lines", "orders/{order}/items", "no part of the connector has this path"),
    "write path": ('path: "orders/{id}", request', 'path: "order/{id}", request', "update_order"),
    "write method": ("method: PATCH", "method: PUT", "update_order"),
    "body": ("request_body_path: order", "request_body_path: orders", "update_order"),
}


def test_a_connector_that_says_what_the_api_does_has_no_problem(tmp_path: Path) -> None:
    assert check_raw(yaml.safe_load(API), tmp_path, tmp_path, yaml.safe_load(API)).problems == []


@pytest.mark.parametrize("part", BROKEN)
def test_each_part_that_differs_from_the_api_is_reported(part: str, tmp_path: Path) -> None:
    right, wrong, said = BROKEN[part]
    assert API.count(right) == 1
    found = check_raw(yaml.safe_load(API.replace(right, wrong)), tmp_path, tmp_path, yaml.safe_load(API)).problems
    assert any(said in problem for problem in found), found

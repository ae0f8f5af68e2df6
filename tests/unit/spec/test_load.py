"""From a file to a Connector: the document's example, defaults, what is resolved."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinobase.spec.defaults import deep_merge
from dinobase.spec.load import load_connector, load_text, validate
from dinobase.spec.models import Connector

ACME = Path(__file__).parents[2] / "data" / "acme.yaml"


def load(text: str) -> Connector:
    loaded = load_text(textwrap.dedent(text).encode(), "acme.yaml", stem="acme")
    assert loaded.connector is not None, [str(problem) for problem in loaded.errors]
    return loaded.connector


def one(resource: str, defaults: str = "{}") -> Connector:
    return load(
        f"name: acme\nclient: {{base_url: 'https://a.test/'}}\nresource_defaults: {defaults}\nresources: [{resource}]\n"
    )


def test_the_documents_example_loads_with_every_key_it_has() -> None:
    connector = load_connector(ACME)
    deals, activities, audit_logs, events, ingest = connector.resources
    assert [c.flag for c in connector.credentials] == ["--api-key", "--secret-key"]
    assert connector.client.paginator is not None
    assert connector.client.paginator.model_dump()["cursor_path"] == "meta.next_cursor"
    assert deals.endpoint.params == {"limit": 100, "updated_after": "{incremental.start_value}"}
    assert deals.endpoint.data_selector == "data"
    assert deals.incremental is not None
    assert deals.incremental.initial_value == "2024-01-01T00:00:00Z"
    assert activities.parent is not None
    assert (activities.endpoint.data_selector, activities.write_disposition) == ("results", "append")
    assert activities.endpoint.params == {"limit": 100}
    assert audit_logs.selected is False
    assert (events.auth, events.endpoint.path, events.write_disposition, events.primary_key) == (
        "dashboard", "events", "merge", "id",
    )  # fmt: skip
    assert (ingest.endpoint.base_url, ingest.endpoint.path) == ("https://ingest.example.com", "/batch")
    assert [(w.resource, w.operation, w.bulk) for w in connector.write_endpoints] == [
        ("deals", "update", False),
        ("deals", "create", False),
        ("deals", "update", True),
    ]


def test_the_documents_example_only_warns_of_its_append_without_incremental() -> None:
    loaded = validate(ACME)
    assert [problem.code for problem in loaded.warnings] == ["spec.append_without_incremental"]


def test_a_path_defaults_to_the_resources_name() -> None:
    assert one("{name: orders}").resources[0].endpoint.path == "orders"
    assert one("{name: orders, endpoint: {path: v2/orders}}").resources[0].endpoint.path == "v2/orders"


def test_write_disposition_is_merge_with_a_key_and_replace_without() -> None:
    assert one("{name: orders, primary_key: [a, b]}").resources[0].write_disposition == "merge"
    assert one("{name: orders}").resources[0].write_disposition == "replace"


def test_params_merge_key_by_key_and_null_removes_one() -> None:
    defaults = "{endpoint: {params: {limit: 100, sort: id, expand: x}}}"
    resource = one("{name: orders, endpoint: {params: {limit: 5, expand: null, fresh: null}}}", defaults).resources[0]
    assert resource.endpoint.params == {"limit": 5, "sort": "id"}


def test_a_resources_own_key_wins_and_null_removes_a_default() -> None:
    defaults = (
        "{primary_key: id, selected: false, auth: null, endpoint: {data_selector: data, headers: {A: '1', B: '2'}}}"
    )
    own = "{name: orders, primary_key: null, selected: true, endpoint: {data_selector: rows, headers: {B: '3'}}}"
    resource = one(own, defaults).resources[0]
    assert (resource.primary_key, resource.selected, resource.endpoint.data_selector) == (None, True, "rows")
    assert resource.endpoint.headers == {"A": "1", "B": "3"}
    assert resource.write_disposition == "replace"


def test_lists_are_replaced_and_not_joined() -> None:
    resource = one("{name: orders, primary_key: [c], lift: [x]}", "{primary_key: [a, b], lift: [p]}").resources[0]
    assert (resource.primary_key, resource.lift) == (["c"], ["x"])


def test_a_paginator_of_the_same_type_merges_and_of_another_replaces() -> None:
    defaults = "{endpoint: {paginator: {type: offset, limit: 10, offset_param: skip}}}"
    same = one("{name: orders, endpoint: {paginator: {limit: 50}}}", defaults).resources[0].endpoint.paginator
    other = one("{name: orders, endpoint: {paginator: {type: page_number}}}", defaults).resources[0].endpoint.paginator
    assert same is not None
    assert other is not None
    assert same.model_dump()["limit"] == 50
    assert same.model_dump()["offset_param"] == "skip"
    assert other.type == "page_number"


def test_a_fault_in_the_defaults_is_reported_once_at_its_own_line() -> None:
    text = (
        "name: acme\nclient: {base_url: 'https://a.test/'}\n"
        "resource_defaults:\n  endpoint: {metod: GET}\nresources: [{name: a}, {name: b}]\n"
    )
    errors = load_text(text.encode(), "acme.yaml").errors
    assert [(e.line, e.path) for e in errors] == [(4, "resource_defaults.endpoint.metod")]


def test_a_name_in_params_defines_a_placeholder_of_the_path() -> None:
    resource = one("{name: orders, endpoint: {path: 'shops/{shop}/orders', params: {shop: main}}}").resources[0]
    assert resource.endpoint.params == {"shop": "main"}


def test_grandchildren_may_use_the_params_of_all_ancestors() -> None:
    connector = load(
        """
        name: acme
        client: {base_url: "https://a.test/"}
        resources:
        - {name: a}
        - {name: b, parent: {resource: a, field: id, param: a_id}, endpoint: {path: "a/{a_id}/b"}}
        - {name: c, parent: {resource: b, field: id, param: b_id}, endpoint: {path: "a/{a_id}/b/{b_id}/c"}}
        """
    )
    assert connector.resources[2].endpoint.path == "a/{a_id}/b/{b_id}/c"


def test_column_types_get_the_lakes_names() -> None:
    columns = (
        one("{name: orders, columns: {a: {type: string}, b: {type: 'numeric(10,2)'}, c: {type: 'int[]'}}}")
        .resources[0]
        .columns
    )
    assert [column.type for column in columns.values()] == ["VARCHAR", "DECIMAL(10,2)", "INTEGER[]"]


def test_unquoted_dates_are_the_text_that_was_written() -> None:
    resource = one("{name: orders, endpoint: {params: {since: 2024-01-01, at: 2024-01-01T00:00:00Z}}}").resources[0]
    assert resource.endpoint.params == {"since": "2024-01-01", "at": "2024-01-01T00:00:00Z"}


def test_keys_are_text_whatever_they_look_like() -> None:
    column = (
        one("{name: orders, columns: {state: {values: {1: open, true: yes it is, null: none}}}}")
        .resources[0]
        .columns["state"]
    )
    assert column.values == {"1": "open", "true": "yes it is", "null": "none"}


def test_a_graphql_connector_loads() -> None:
    connector = load(
        """
        name: acme
        type: graphql
        client: {base_url: "https://a.test/graphql", paginator: {type: relay, page_info_path: data.orders.pageInfo}}
        resources:
        - name: orders
          primary_key: id
          query: "query($cursor: String, $n: Int) { orders(first: $n, after: $cursor) { nodes { id } } }"
          variables: {n: 100}
          data_selector: data.orders.nodes
        write_endpoints:
        - name: update_order
          method: POST
          mutation: "mutation($id: ID!, $input: OrderInput!) { orderUpdate(id: $id, input: $input) { id } }"
          variables: {id: "{id}"}
          request_body_path: input
        """
    )
    assert connector.resources[0].query is not None
    assert "{ orders(first" in connector.resources[0].query


def test_a_file_of_three_hundred_lines_loads_in_forty_milliseconds(tmp_path: Path) -> None:
    resource = (
        "- name: table_{n}\n  primary_key: id\n  endpoint:\n    path: things/{n}\n"
        "    params: {{limit: 100}}\n  columns:\n    email: {{pii: email}}\n"
    )
    text = "name: acme\nclient: {base_url: 'https://a.test/'}\nresources:\n" + "".join(
        resource.format(n=n) for n in range(43)
    )
    assert text.count("\n") >= 300
    path = tmp_path / "acme.yaml"
    path.write_text(text)
    load_connector(path)
    best = min(_seconds(path) for _ in range(5))
    assert best < 0.04


def _seconds(path: Path) -> float:
    begin = time.process_time()
    load_connector(path)
    return time.process_time() - begin


MAPPINGS = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))


@given(MAPPINGS, MAPPINGS)
def test_merging_keeps_all_of_the_resources_own_and_never_changes_its_inputs(
    base: dict[str, object], own: dict[str, object]
) -> None:
    before = (repr(base), repr(own))
    merged = deep_merge(base, own)
    assert (repr(base), repr(own)) == before
    assert deep_merge(merged, own) == merged
    assert merged.keys() == base.keys() | own.keys()


@pytest.mark.parametrize("raw", [b"", b"name: acme", b"resources: [x]", b"client: 5\nresources: {a: b}\nname: [1]"])
def test_whatever_is_wrong_nothing_but_a_report_comes_out(raw: bytes) -> None:
    assert load_text(raw, "acme.yaml", stem="acme").errors


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    loaded = load_text(raw, "acme.yaml", stem="acme")
    assert loaded.connector is None
    assert loaded.errors

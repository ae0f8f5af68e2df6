"""A first connector file from a specification: valid as it is, and most of its lists need no change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dinobase.core.errors import UnknownName, UsageError
from dinobase.spec.load import load_text
from dinobase.workspace import Workspace
from tests.connectors.drafting import drafted, measure, specifications
from tests.connectors.vendors import SPECS

needs_specs = pytest.mark.skipif(not SPECS.is_dir(), reason="../shared/specs is not beside this checkout")

SAMPLE = ("asana.json", "recurly.json", "mux.json", "statuspage.json", "netlify.json", "calendly.json")
WANTED = 0.6


def answer(schema: Any) -> dict[str, Any]:
    return {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}


ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "note": {"type": "string"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}
PAGE = {
    "type": "object",
    "properties": {
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}},
        "next_cursor": {"type": "string"},
    },
}
SPECIFICATION: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {"title": "Acme"},
    "servers": [{"url": "https://{region}.acme.example/v1", "variables": {"region": {"default": "eu"}}}],
    "paths": {
        "/orders": {
            "get": {
                "summary": "Lists orders",
                "parameters": [
                    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
                    {"name": "updated_since", "in": "query", "schema": {"type": "string", "format": "date-time"}},
                ],
                "responses": answer(PAGE),
            },
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"properties": {"note": {"type": "string"}}}}}
                },
                "responses": answer({"$ref": "#/components/schemas/Order"}),
            },
        },
        "/orders/{order_id}": {
            "get": {"responses": answer({"$ref": "#/components/schemas/Order"})},
            "patch": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"properties": {"note": {"type": "string"}}}}}
                },
                "responses": answer({"$ref": "#/components/schemas/Order"}),
            },
            "delete": {"responses": {"204": {"description": ""}}},
        },
        "/orders/{order_id}/lines": {
            "get": {"responses": answer({"type": "array", "items": {"$ref": "#/components/schemas/Order"}})}
        },
        "/health": {"get": {"responses": answer({"type": "object", "properties": {"ok": {"type": "boolean"}}})}},
    },
    "components": {
        "schemas": {"Order": ORDER},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    },
}


@pytest.fixture
def workspace(tmp_path: Path) -> tuple[Workspace, Path]:
    file = tmp_path / "acme.json"
    file.write_text(json.dumps(SPECIFICATION), encoding="utf-8")
    return Workspace.open(tmp_path / "workspace"), file


def test_lists_pages_keys_filters_children_and_writes_are_drafted(workspace: tuple[Workspace, Path]) -> None:
    open_, file = workspace
    made = open_.connector_create("acme", from_openapi=str(file))
    connector = load_text(Path(made.path).read_bytes(), made.path, stem="acme").connector
    assert connector is not None
    orders, lines = connector.resources
    assert (orders.name, orders.endpoint.data_selector, orders.primary_key) == ("orders", "data", "id")
    assert orders.endpoint.params == {"limit": 50, "updated_since": "{incremental.start_value}"}
    assert orders.incremental is not None
    assert orders.incremental.cursor_path == "updated_at"
    pager = orders.endpoint.paginator
    assert pager is not None
    assert pager.model_dump()["cursor_path"] == "next_cursor"
    assert orders.retrieve is not None
    assert lines.parent is not None
    assert (lines.parent.resource, lines.parent.field) == ("orders", "id")
    assert [(w.name, w.method, w.path) for w in connector.write_endpoints] == [
        ("create_order", "POST", "orders"),
        ("update_order", "PATCH", "orders/{id}"),
        ("delete_order", "DELETE", "orders/{id}"),
    ]
    assert connector.client.base_url == "https://{region}.acme.example/v1"
    assert {c.name: c.default for c in connector.credentials} == {"api_key": None, "region": "eu"}


def test_what_the_specification_leaves_open_is_a_comment(workspace: tuple[Workspace, Path]) -> None:
    open_, file = workspace
    text = Path(open_.connector_create("acme", from_openapi=str(file)).path).read_text(encoding="utf-8")
    assert "# does the filter take changes, or only new rows?" in text
    assert "# No parameter looks like a filter by change" in text
    assert "# Look up the documented limit" in text


def test_a_specification_in_yaml_is_read_too(workspace: tuple[Workspace, Path], tmp_path: Path) -> None:
    import yaml

    file = tmp_path / "acme.yaml"
    file.write_text(yaml.safe_dump(SPECIFICATION), encoding="utf-8")
    assert workspace[0].connector_create("acme", from_openapi=str(file)).name == "acme"


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (None, UnknownName, "cannot be read"),
        ("{}", UsageError, "no OpenAPI specification"),
        ("a: [", UsageError, "no OpenAPI specification"),
        (json.dumps({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}), UsageError, "no list of records"),
    ],
)
def test_what_is_no_specification_is_refused_and_nothing_is_written(
    tmp_path: Path, content: str | None, error: type[Exception], words: str
) -> None:
    file = tmp_path / "x.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=words):
        Workspace.open(tmp_path / "w").connector_create("acme", from_openapi=str(file))
    assert not (tmp_path / "w" / "connectors").exists()


@needs_specs
def test_every_vendors_draft_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    wrong, lists, writes, drafts = {}, 0, 0, 0
    for path in specifications():
        made = drafted(path)
        if made is None:
            continue
        loaded = load_text(made[1].encode(), "draft.yaml", stem=made[0])
        if loaded.errors or loaded.connector is None:
            wrong[path.name] = loaded.errors
            continue
        drafts += 1
        lists += len(loaded.connector.resources)
        writes += len(loaded.connector.write_endpoints)
    with capsys.disabled():
        print(f"\ndrafts: {drafts} of {drafts + len(wrong)} are valid, {lists} lists, {writes} write endpoints")
    assert wrong == {}


@needs_specs
@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_most_lists_and_writes_of_all_drafts_need_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lists, writes = shares(specifications(), 10, tmp_path, monkeypatch, capsys)
    assert lists >= WANTED
    assert writes >= WANTED


@needs_specs
def test_most_lists_and_writes_of_a_draft_need_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = [path for path in specifications() if path.name in SAMPLE]
    lists, writes = shares(chosen, 3, tmp_path, monkeypatch, capsys)
    assert lists >= WANTED
    assert writes >= WANTED


def shares(
    chosen: list[Path],
    most: int,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[float, float]:
    """Measure the first lists of each specification with their write endpoints, and print what came out."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    measured = [found for path in chosen if (found := measure(path, folder / path.stem, most)) is not None]
    lists, passed = sum(m.lists for m in measured), sum(m.passed for m in measured)
    writes, written = sum(m.writes for m in measured), sum(m.passed_writes for m in measured)
    with capsys.disabled():
        print(
            f"\ndrafts: {passed} of {lists} lists and {written} of {writes} write endpoints"
            f" of {len(measured)} specifications need no change"
        )
    return passed / lists, written / writes

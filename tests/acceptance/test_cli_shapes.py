"""What commands print as JSON: each shape equals its golden file, and its published schema knows every key of it.

UPDATE_GOLDEN=1 writes the files anew.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dinobase.cli.commands.schema import of, shapes
from tests.acceptance import auth_shapes, mcp_shapes, write_shapes
from tests.acceptance.cli_process import Cli
from tests.acceptance.conftest import CONNECTOR, TOKEN
from tests.servers.json_api import Fault, JsonApi, serve

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"
METRIC = "SELECT date_trunc('month', updated_at)::DATE AS month, sum(amount) AS amount FROM acme.orders GROUP BY ALL"
HOLDS = "SELECT * FROM acme.orders WHERE amount < 0"
LINES = {
    "init": ["init"],
    "add": ["add", "acme", "--api-key", TOKEN],
    "sync --dry-run": ["sync", "--dry-run"],
    "sync": ["sync"],
    "status": ["status"],
    "schedule": ["schedule"],
    "schedule install": ["schedule", "install"],
    "connectors": ["connectors"],
    "connectors --available": ["connectors", "--available", "--search", "acme"],
    "query": ["query", "SELECT id, name FROM acme.users ORDER BY id LIMIT 2"],
    "describe": ["describe", "acme.users"],
    "describe A B": ["describe", "acme.users", "acme.orders"],
    "history": ["history", "acme.users"],
    "info": ["info"],
    "search": ["search", "user"],
    "diff": ["diff", "acme.users", "--since", "1d", "--limit", "2"],
    "annotate": ["annotate", "acme.users.name", "description", "What they are called."],
    "annotate --auto": ["annotate", "--auto", "acme.orders", "--model", "openai-chat:acme"],
    "annotations": ["annotations", "acme.users", "--history"],
    "gaps": ["gaps", "acme.orders"],
    "metric add": ["metric", "add", "revenue", "--sql", METRIC, "--unit", "usd", "--grain", "month", "--test", HOLDS],
    "metric list": ["metric", "list"],
    "metric show": ["metric", "show", "revenue"],
    "metric test": ["metric", "test"],
    "metric remove": ["metric", "remove", "revenue"],
    "connector create": ["connector", "create", "shop", "--url", "https://shop.test/v1", "--endpoint", "carts"],
    "connector validate": ["connector", "validate", "acme"],
    "connector edit": ["connector", "edit", "acme"],
    "connector test": ["connector", "test", "acme"],
    "connector list": ["connector", "list"],
    "install": ["install", "claude-code"],
    "token create": ["token", "create", "bot", "--expires", "30d"],
    "token list": ["token", "list"],
    "token revoke": ["token", "revoke", "bot"],
    "maintain": ["maintain"],
    "set": ["set", "acme", "freshness=2h"],
    "refresh": ["refresh", "acme.users"],
    "doctor": ["doctor"],
    "remove": ["remove", "acme", "--yes"],
    "sync failed": ["sync"],
    "error": ["query", "SELECT * FROM acme.user"],
}
NOT_SHAPES = {"sync failed", "error", "confirm failed"}
ALL = (*LINES, *write_shapes.LINES, *mcp_shapes.LINES, *auth_shapes.LINES, "confirm failed")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run a whole life once; what each command line printed, with what differs between runs taken out."""
    root = tmp_path_factory.mktemp("shapes") / "workspace"
    cli = Cli(root, {"EDITOR": "true"})
    api = JsonApi(token=TOKEN, page_size=2)
    api.tables["users"] = [{"id": n, "name": f"user {n}", "tags": [{"k": "a"}]} for n in range(1, 4)]
    api.tables["orders"] = [{"id": 1, "user_id": 1, "amount": 10.5, "updated_at": "2024-03-01T00:00:00Z"}]
    with serve(api):
        found = dict(_run(cli, api))
    writer = Cli(root.parent / "writes" / "workspace", {})
    for name, value, url in write_shapes.printed(writer.root):
        found[name] = _clean(value, writer, url)
    caller = Cli(root.parent / "servers" / "workspace", {})
    for name, value in mcp_shapes.printed(caller):
        found[name] = _clean(value, caller, "")
    asker = Cli(root.parent / "consent" / "workspace", {})
    for name, value, url in auth_shapes.printed(asker):
        found[name] = _clean(value, asker, url)
    return found


def _run(cli: Cli, api: JsonApi) -> Iterator[tuple[str, Any]]:
    for name, words in LINES.items():
        if name == "remove":
            yield "error", _clean(cli(*LINES["error"]).json, cli, api.url)
            api.fail("users", Fault(400, b'{"message": "no"}'))
            yield "sync failed", _clean(cli("sync").json, cli, api.url)
        if name in NOT_SHAPES:
            continue
        yield name, _clean(cli.ok(*words), cli, api.url)
        if name == "init":
            (cli.root / "connectors" / "acme.yaml").write_text(CONNECTOR.format(url=api.url))


def _clean(value: Any, cli: Cli, url: str) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    packaged = str(Path(importlib.import_module("dinobase.sync.sources").__file__ or "").parent)
    programs = str(Path(sys.executable).parent)
    places = ((str(cli.root), "WORKSPACE"), (str(cli.root.parent), "HOME"), (programs, "BIN"))
    for found, name in (*places, (url, "http://API/"), (packaged, "PACKAGED")):
        text = text.replace(found, name) if found else text
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)", "TIME", text)
    text = re.sub(r"(run|mut|bat)_[0-9a-f]{16}", r"\1_ID", text)
    text = re.sub(r'"(hash|plan_hash)": "[0-9a-f]{64}"', r'"\1": "HASH"', text)
    text = re.sub(r'"code": "[0-9A-Z]{5}(-[0-9A-Z]{5}){3}"', '"code": "CODE"', text)
    text = re.sub(r"dino_[\w-]{43}", "dino_TOKEN", text)
    # Tables of one sync are committed in the order in which they come.
    text = re.sub(r'("version": |"snapshot": |VERSION => )\d+', r"\g<1>0", text)
    text = re.sub(r'"seconds": [\d.e-]+', '"seconds": 0', text)
    data = json.loads(text)
    if "checks" in data:
        data["checks"] = [{**c, "detail": "..."} for c in data["checks"] if c["name"] in {"python", "config.yaml"}]
    if "definitions" in data:
        data["definitions"] = [d for d in data["definitions"] if d["name"] in {"acme", "shop"}]
    return data


@pytest.mark.parametrize("name", ALL)
def test_the_shape_is_that_of_the_golden_file(name: str, printed: dict[str, Any]) -> None:
    file = GOLDEN / f"{name.replace(' ', '_').replace('--', '')}.json"
    text = json.dumps(printed[name], indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("line", shapes())
def test_the_published_schema_knows_every_key_that_is_printed(line: str, printed: dict[str, Any]) -> None:
    schema = of(line)
    unknown = list(_unknown_keys(printed[line], schema, schema.get("$defs", {}), line))
    assert unknown == []
    module, _, name = shapes()[line].partition(":")
    msgspec.convert(printed[line], getattr(importlib.import_module(module), name))


def _unknown_keys(value: Any, schema: dict[str, Any], defs: dict[str, Any], path: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = {**defs[schema["$ref"].rsplit("/", 1)[1]]}
    for option in schema.get("anyOf", []):
        if isinstance(value, (dict, list)) and (option.get("$ref") or option.get("type") in {"object", "array"}):
            schema = defs[option["$ref"].rsplit("/", 1)[1]] if "$ref" in option else option
    if isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            if key not in schema["properties"]:
                yield f"{path}.{key}"
            else:
                yield from _unknown_keys(item, schema["properties"][key], defs, f"{path}.{key}")
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            yield from _unknown_keys(item, schema["items"], defs, f"{path}[]")


def test_every_command_that_prints_json_has_a_golden_file(printed: dict[str, Any]) -> None:
    assert set(shapes()) == set(ALL) - NOT_SHAPES

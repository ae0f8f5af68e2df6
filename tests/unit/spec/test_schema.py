"""Schema and reference say what the models say, and the committed copies are fresh."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dinobase.spec.models import Connector
from dinobase.spec.schema import connector_schema, schema_text

ROOT = Path(__file__).parents[3]
FILES = [
    *sorted((ROOT / "dinobase" / "sync" / "sources" / "configs").glob("*.yaml")),
    ROOT / "tests" / "data" / "acme.yaml",
]


@cache
def validator() -> Any:
    jsonschema.Draft202012Validator.check_schema(connector_schema())
    return jsonschema.Draft202012Validator(connector_schema())


def errors(data: dict[str, Any]) -> list[str]:
    return [error.json_path for error in validator().iter_errors(data)]


def minimal(**changes: Any) -> dict[str, Any]:
    return {"name": "acme", "client": {"base_url": "https://a.test/"}, "resources": [{"name": "orders"}], **changes}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_connector_files_are_valid_by_the_schema(path: Path) -> None:
    assert errors(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)) == []


def test_the_schema_refuses_what_loading_refuses() -> None:
    assert errors(minimal()) == []
    assert errors(minimal(colour="red")) == ["$"]
    assert errors(minimal(name="Acme")) == ["$.name"]
    assert errors(minimal(resources=[{"name": "orders", "endpoint": {"pth": "x"}}])) == ["$.resources[0].endpoint"]
    assert errors(minimal(client={"base_url": "https://a.test/", "paginator": {"type": "cursor"}})) == [
        "$.client.paginator"
    ]
    assert errors(minimal(client={"base_url": "https://a.test/", "auth": {"token": "x"}})) == ["$.client.auth"]


def test_no_object_of_the_schema_is_open() -> None:
    for name, definition in [("", connector_schema()), *connector_schema()["$defs"].items()]:
        assert definition.get("additionalProperties") is False, name


def test_every_key_of_a_connector_has_a_description() -> None:
    schema = connector_schema()
    for name, definition in [("Connector", schema), *schema["$defs"].items()]:
        if name == "ResourceDefaults":
            continue  # its words are those of Resource
        for key, field in definition["properties"].items():
            assert key == "type" or field.get("description"), f"{name}.{key}"


def test_the_committed_schema_is_fresh() -> None:
    committed = (ROOT / "docs" / "connector.schema.json").read_text("utf-8")
    assert committed == schema_text(), "run: python -m dinobase.spec.docs docs/connector.schema.json"
    assert json.loads(committed)["properties"].keys() == Connector.model_fields.keys()


def test_the_committed_reference_is_fresh() -> None:
    command = [sys.executable, "-m", "cogapp", "--check", "docs/connector-yaml.md"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run: cog -r docs/connector-yaml.md; {done.stdout}{done.stderr}"

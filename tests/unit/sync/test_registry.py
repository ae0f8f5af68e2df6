"""The registry: the seed's own example works, YAML files register themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.sync import registry, sources
from dinobase.sync.registry import CredentialParam, SourceEntry, _register

ACME = """
name: acme
description: "From the file"
credentials:
- name: api_key
  env: ACME_KEY
client: {base_url: "https://api.acme.test/"}
resources: [{name: things}]
"""


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    """A workspace with one connector file; the registry is as it was afterwards."""
    before = dict(registry._entries)
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "acme.yaml").write_text(ACME)
    yield Paths(tmp_path)
    registry._entries.clear()
    registry._entries.update(before)


def test_the_documents_example_registers_the_yaml_of_its_name(paths: Paths) -> None:
    _register(SourceEntry(
        name="acme",
        import_path="dlt.sources.rest_api.rest_api_source",  # YAML sources use rest_api_source
        description="Acme's things",
        credentials=[
            CredentialParam("api_key", "--api-key", "ACME_API_KEY", "Acme API key"),
        ],
    ))  # fmt: skip
    found = registry.entry("acme", paths)
    assert found.is_yaml
    assert found.description == "Acme's things"
    assert found.credentials[0].env == "ACME_API_KEY"
    assert found.credentials[0].secret is True
    assert registry.definition("acme", paths) == paths.connectors / "acme.yaml"


def test_a_yaml_file_registers_itself(paths: Paths) -> None:
    assert "acme" in registry.known(paths)
    found = registry.entry("acme", paths)
    assert (found.description, found.import_path) == ("From the file", "dlt.sources.rest_api.rest_api_source")
    assert [(c.name, c.env) for c in found.credentials] == [("api_key", "ACME_KEY")]


def test_names_are_known_without_parsing_any_file(paths: Paths) -> None:
    (paths.connectors / "broken.yaml").write_text("{{{")
    assert sources.names(paths)["broken"] == "user"
    assert "broken" in registry.known(paths)


def test_the_users_file_wins_over_the_packaged_one(paths: Paths) -> None:
    assert sources.names(paths)["stripe"] == "packaged"
    assert not sources.shadows("stripe", paths)
    (paths.connectors / "stripe.yaml").write_text(ACME)
    assert sources.find("stripe", paths) == paths.connectors / "stripe.yaml"
    assert sources.names(paths)["stripe"] == "user"
    assert sources.shadows("stripe", paths)


def test_an_unknown_name_gets_the_nearest_one(paths: Paths) -> None:
    with pytest.raises(UnknownName, match="no connector is called `acmee`") as caught:
        registry.entry("acmee", paths)
    assert caught.value.hint.startswith("Did you mean `acme`?")


@pytest.mark.parametrize("name", ["", "../secrets", "a/b", ".hidden", "a\\b"])
def test_a_name_never_leaves_the_folders(paths: Paths, name: str) -> None:
    assert sources.find(name, paths) is None

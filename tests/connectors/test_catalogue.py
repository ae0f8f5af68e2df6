"""The packaged index and the pages say what the files say, and finding a connector needs no parsing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dinobase.workspace import Workspace
from tests.connectors.catalogue import INDEX, entries
from tests.connectors.pages import PAGES, pages
from tests.connectors.prove import packaged


def test_the_index_and_every_page_are_as_the_files_have_it() -> None:
    made = pages()
    differ = [p.name for p, text in made.items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    assert differ == [], "run `make docs`"
    assert set(PAGES.glob("*.md")) - made.keys() == set()


def test_a_connector_names_its_category_documentation_check_and_help() -> None:
    bare = [
        e.connector.name
        for e in entries()
        if not (e.connector.category and e.connector.description and e.connector.docs_url and e.connector.check)
        and e.connector.type == "rest"
    ]
    assert bare == []
    helpless = [f"{e.connector.name}.{c.name}" for e in entries() for c in e.connector.credentials if not c.help]
    assert helpless == []


def test_available_ones_are_found_by_words_grouped_and_with_what_proves_them(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    found = {c.name: c for c in workspace.available().available}
    assert found.keys() >= set(packaged())
    stripe = found["stripe"]
    assert (stripe.category, list(stripe.proven)) == ("billing", ["spec", "emulator"])
    assert [c.name for c in stripe.credentials] == ["api_key"]
    assert "hubspot" in {c.name for c in workspace.available("CRM deals").available}
    assert list(workspace.available("no such word").available) == []
    categories = [c.category or "~" for c in workspace.available().available]
    assert categories == sorted(categories)


def test_available_ones_are_listed_without_opening_a_packaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    read = Path.read_bytes

    def noted(path: Path) -> bytes:
        opened.append(path.name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    Workspace.open(tmp_path).available()
    assert opened == [INDEX.name]


def test_the_list_says_that_no_connector_was_run_against_its_service(tmp_path: Path) -> None:
    assert not any("live" in each.proven for each in entries())
    shown = subprocess.run(
        [sys.executable, "-m", "dinobase", "connectors", "--available", "--search", "stripe", "--format", "table"],
        env={**os.environ, "DINOBASE_DIR": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "None was run against the service itself (live)." in shown
    assert "none of them had one" in (PAGES / "index.md").read_text(encoding="utf-8")


def test_a_file_of_the_users_own_stands_beside_the_packaged_ones(tmp_path: Path) -> None:
    (tmp_path / "connectors").mkdir()
    text = "name: acme\ncategory: shops\nclient: {base_url: 'https://x.example'}\nresources: [{name: a}]\n"
    (tmp_path / "connectors" / "acme.yaml").write_text(text, encoding="utf-8")
    [acme] = [c for c in Workspace.open(tmp_path).available("shops").available if c.name == "acme"]
    assert (acme.definition, list(acme.proven), acme.tables) == ("user", [], 1)


def test_the_totals_are_those_of_the_files() -> None:
    written = json.loads(INDEX.read_text(encoding="utf-8"))["totals"]
    assert written["connectors"] == len(packaged())
    assert written["resources"] == sum(len(e.connector.resources) for e in entries())

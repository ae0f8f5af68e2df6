"""How old data may be, said by commands and shown at every door; what is stale is brought up to date."""

from __future__ import annotations

import pytest

from dinobase.catalog import freshness
from dinobase.core.errors import UsageError
from dinobase.core.settings import Paths
from dinobase.spec.config_plain import MAY_STAY, plain_config
from dinobase.sync import registry
from tests.acceptance.cli_process import Cli
from tests.live.conftest import Acme


@pytest.mark.parametrize(
    ("entry", "text", "limit"),
    [
        ({"type": "stripe"}, "1h", 3600),
        ({"type": "postgres"}, "6h", 21_600),
        ({"type": "csv"}, "never", float("inf")),
        ({"type": "csv", "freshness": "2h"}, "2h", 7200),
        ({"type": "stripe", "freshness": "never"}, "never", float("inf")),
    ],
)
def test_the_threshold_fits_the_kind_unless_it_is_set(entry: dict[str, str], text: str, limit: float) -> None:
    assert freshness.said(entry) == text
    assert freshness.limit(entry) == limit


def test_every_database_and_every_kind_of_file_has_the_threshold_of_its_kind(acme: Acme) -> None:
    for name in registry.python_names(acme.paths):
        category = registry.entry(name, acme.paths).category
        wanted = {"database": "6h", "files": "never"}.get(category, "1h")  # code and spreadsheets ask an API
        assert freshness.said({"type": name}) == wanted, name
    assert freshness.DATABASES | freshness.FILES >= MAY_STAY


def test_set_changes_one_key_and_keeps_what_people_wrote(acme: Acme) -> None:
    acme.paths.config.write_text("# ours\nconnectors:\n  acme: {type: acme}  # the shop\n")
    found = acme.workspace.set("acme", ["sync_interval=10m", "freshness=2h"])
    assert (found.sync_interval, found.freshness, found.changed) == ("10m", "2h", ("sync_interval", "freshness"))
    text = acme.paths.config.read_text()
    assert text == "# ours\nconnectors:\n  acme: {type: acme, sync_interval: 10m, freshness: 2h} # the shop\n"
    again = acme.workspace.set("acme", ["freshness="])
    assert (again.freshness, again.changed) == ("1h", ("freshness",))
    assert "freshness" not in acme.paths.config.read_text()


@pytest.mark.parametrize("word", ["freshness=soon", "sync_interval=1x", "fresness=1h", "freshness", "freshness=0s"])
def test_a_setting_that_means_nothing_is_refused_and_the_file_stays(acme: Acme, word: str) -> None:
    before = acme.paths.config.read_text()
    with pytest.raises(UsageError):
        acme.workspace.set("acme", [word])
    assert acme.paths.config.read_text() == before


def test_every_door_says_that_the_copy_is_stale(acme: Acme) -> None:
    workspace = acme.workspace
    assert workspace.query("SELECT count(*) FROM acme.users").sources[0].is_stale
    assert workspace.describe(["acme.users"])[0].is_stale
    assert workspace.info().connectors[0].is_stale
    assert (workspace.connectors().connectors[0].is_stale, workspace.connectors().connectors[0].freshness) == (
        True,
        "1h",
    )
    assert (workspace.status().connectors[0].is_stale, workspace.status().connectors[0].freshness) == (True, "1h")
    workspace.set("acme", ["freshness=never"])
    assert not workspace.query("SELECT count(*) FROM acme.users").sources[0].is_stale
    assert not workspace.describe(["acme.users"])[0].is_stale
    assert not workspace.info().connectors[0].is_stale
    assert not workspace.status().connectors[0].is_stale


def test_refresh_of_what_is_stale_asks_for_nothing_else(acme: Acme) -> None:
    report = acme.workspace.refresh(stale=True)
    assert [one.name for one in report.connectors] == ["acme"]
    asked = len(acme.api.requests)
    assert acme.workspace.refresh(stale=True).connectors == []
    assert len(acme.api.requests) == asked


def test_refresh_of_one_table_leaves_the_others_as_they_are(acme: Acme) -> None:
    report = acme.workspace.refresh(["acme.notes"], stale=True)
    assert [table.name for table in report.connectors[0].tables] == ["notes"]
    assert [seen.path for seen in acme.api.requests] == ["notes"]
    assert acme.workspace.refresh(["acme.notes"], stale=True).connectors == []
    assert acme.workspace.refresh(["acme"], stale=True).connectors[0].status == "success"


def test_the_commands_print_what_holds_and_what_came(acme: Acme) -> None:
    cli = Cli(acme.paths.root, {})
    assert cli.ok("set", "acme", "freshness=30m")["freshness"] == "30m"
    assert plain_config(Paths(acme.paths.root))["connectors"]["acme"]["freshness"] == "30m"
    assert cli.ok("refresh", "--stale")["connectors"][0]["name"] == "acme"
    assert cli.ok("refresh", "--stale") == {"status": "success", "connectors": []}

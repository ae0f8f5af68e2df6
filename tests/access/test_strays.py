from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from dinobase.core.settings import Paths
from dinobase.workspace.strays import strays


@pytest.fixture
def copied(workspace: Paths, tmp_path: Path) -> Paths:
    shutil.copytree(workspace.root, tmp_path / "copied", ignore=shutil.ignore_patterns(".cache"))
    return Paths(tmp_path / "copied")


def found(paths: Paths, **entry: object) -> list[tuple[str, str]]:
    config = yaml.safe_load(paths.config.read_text())
    config["connectors"]["later"] = {"type": "shop"}
    config["access"] = {"bot": entry}
    paths.config.write_text(yaml.safe_dump(config))
    return list(strays(paths))


def test_a_rule_that_fits_nothing_is_found(copied: Paths) -> None:
    assert found(
        copied,
        sources=["shop", "crm.deals", "hr.*", "shpo", "crm.deal", "later.customers"],
        hide=["shop.customers.phone", "shop.customers.fone", "*.*.email", "later.x.y", "shop.customers__lines.sku"],
        columns={"shop.customer.email": "mask"},
        writes=["shop.customers", "shop.nothing"],
    ) == [
        ("access.bot.sources", "`shpo` fits nothing that was synced"),
        ("access.bot.sources", "`crm.deal` fits nothing that was synced"),
        ("access.bot.hide", "`shop.customers.fone` fits nothing that was synced"),
        ("access.bot.columns", "`shop.customer.email` fits nothing that was synced"),
        ("access.bot.writes", "`shop.nothing` fits nothing that was synced"),
    ]


def test_a_condition_that_cannot_be_applied_is_found(copied: Paths) -> None:
    assert found(copied, rows={"shop.customers": "region = 'eu'", "crm.people": "id > 3"}) == []
    places = found(copied, rows={"shop.customers": "regio = 'eu'", "shop.gone": "true"})
    assert [place for place, _ in places] == ["access.bot.rows", "access.bot.rows"]


def test_no_rules_no_findings(copied: Paths) -> None:
    copied.config.write_text("connectors: {shop: {type: shop}}\n")
    assert list(strays(copied)) == []

"""dlt sources, run by dlt itself: their tables land as others do, with the state of each in the same transaction."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.sync import registry
from dinobase.sync.registry import CredentialParam, SourceEntry
from tests.databases.desk import Desk
from tests.dlt.conftest import Api

SOURCE = "sources.shop.shop_source"


def connect(desk: Desk, api: Api) -> list[str]:
    return desk.add("dlt", source=SOURCE, param=f"base_url={api.url}", secret_param="api_key=k-123")


@pytest.mark.usefixtures("package")
def test_each_disposition_lands_and_the_state_goes_on_where_the_rows_end(desk: Desk, api: Api) -> None:
    for number in range(5):
        api.order(number, f"2026-01-0{number + 1}T00:00:00Z")
    api.tables["products"] = [{"sku": "a"}, {"sku": "b"}]
    assert connect(desk, api) == ["orders", "order_seen", "products"]
    first = desk.good()
    assert {name: t.total_rows for name, t in first.items()} == {"orders": 5, "order_seen": 5, "products": 2}
    api.order(2, "2026-02-01T00:00:00Z", "9.99")
    api.order(7, "2026-02-02T00:00:00Z")
    api.tables["products"] = [{"sku": "b"}, {"sku": "c"}]
    api.asked.clear()
    second = desk.good()
    assert {s for name, s in api.asked if name == "orders"} == {"2026-01-05T00:00:00Z"}
    assert second["orders"].inserted == 1
    assert second["orders"].updated == 1
    assert desk.rows("SELECT id, price FROM db.orders WHERE id IN (2, 7) ORDER BY 1") == [(2, "9.99"), (7, "1.10")]
    assert desk.rows('SELECT count(*), min(price), max("on") FROM db.order_seen') == [
        (7, Decimal("1.10"), dt.date(2026, 1, 2))
    ]
    assert desk.rows("SELECT sku FROM db.products ORDER BY 1") == [("b",), ("c",)]
    third = desk.good()
    assert {t.status for t in third.values()} == {"unchanged"}


@pytest.mark.usefixtures("package")
def test_what_the_source_does_not_select_is_read_where_it_is_asked_for(desk: Desk, api: Api) -> None:
    connect(desk, api)
    for _ in range(2):
        report = desk.workspace.sync(["db"], resources=["audit"])
        assert report.status == "success"
    assert desk.rows("SELECT run FROM db.audit ORDER BY 1") == [(1,), (2,)]
    assert desk.workspace.sync(["db"], resources=["audit"], full_refresh=True).status == "success"
    assert desk.rows("SELECT run FROM db.audit") == [(1,)]


@pytest.mark.usefixtures("package")
def test_a_resource_that_fails_leaves_its_table_and_its_state_as_they_were(desk: Desk, api: Api) -> None:
    api.order(1, "2026-01-01T00:00:00Z")
    connect(desk, api)
    desk.good()
    api.order(2, "2026-01-02T00:00:00Z")
    api.fails = "orders"
    reports = desk.sync()
    assert reports["orders"].status == "error"
    assert reports["products"].error is None
    assert "k-123" not in str(reports["orders"].error)
    api.fails = ""
    assert desk.good()["orders"].rows == 1
    assert desk.rows("SELECT count(*) FROM db.orders") == [(2,)]


@pytest.mark.usefixtures("package")
def test_a_resource_alone_nested_values_and_numbers_that_no_machine_holds(desk: Desk) -> None:
    assert desk.add("dlt", source="sources.shop.numbers", param="many=2") == ["numbers"]
    desk.good()
    assert [str(v) for v in desk.rows("SELECT n, tags, big FROM db.numbers ORDER BY n")[1]] == [
        "1", '["a",{"b":1}]', str(2**70 + 1),
    ]  # fmt: skip
    [described] = desk.workspace.describe(["db.numbers"])
    assert described.primary_key == ["n"]


@pytest.mark.usefixtures("package")
def test_a_decimal_stays_exact_and_what_does_not_fit_the_column_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.add("dlt", source="sources.shop.prices")
    desk.good()
    assert desk.types("db.prices")["price"] == "DECIMAL(38,9)"
    for value, kind in (("1e-12", "Decimal"), ("0.1", "float"), ("12345678901234567890123456789.5", "Decimal")):
        monkeypatch.setenv("DINOBASE_DB_PARAM", f'value="{value}"\nkind="{kind}"')
        desk.good()
    found = [Decimal(str(v)) for (v,) in desk.rows("SELECT price FROM db.prices")]
    assert sorted(found) == sorted(map(Decimal, ["1.5", "1e-12", "0.1", "12345678901234567890123456789.5"]))


@pytest.mark.usefixtures("package")
def test_a_function_without_decorators_is_a_resource_and_its_fault_shows_no_secret(desk: Desk) -> None:
    desk.add("dlt", source="sources.shop.broken", secret_param="token=hunter22")
    error = desk.sync()["broken"].error
    assert error is not None
    assert error["code"] == "dlt.failed"
    assert "ValueError: the token" in error["message"]
    assert "hunter22" not in str(error)


@pytest.mark.usefixtures("package")
def test_an_entry_of_the_registry_names_a_source_and_asks_for_its_arguments(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = SourceEntry(
        name="shop_api",
        import_path=SOURCE,
        description="A shop",
        credentials=[
            CredentialParam("api_key", "--api-key", "SHOP_KEY", "Key"),
            CredentialParam("base_url", "--base-url", "", "Where it is", secret=False),
        ],
    )
    monkeypatch.setitem(registry._entries, "shop_api", entry)
    monkeypatch.setenv("SHOP_KEY", "k-123")
    api.order(1, "2026-01-01T00:00:00Z")
    desk.add("shop_api", base_url=api.url)
    monkeypatch.delenv("SHOP_KEY")
    assert desk.good()["orders"].rows == 1
    assert "k-123" not in desk.workspace.paths.config.read_text()


def test_a_later_run_finds_the_package_from_another_folder(
    desk: Desk, package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk.add("dlt", source="sources.shop.numbers")
    assert str(package) in desk.workspace.paths.config.read_text()
    monkeypatch.chdir(tmp_path)
    assert desk.good()["numbers"].rows == 3


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ({}, "credential.missing", "which dlt source"),
        ({"source": "shop"}, "dlt.path", "is no import path"),
        ({"source": "sources.shop.nothing"}, "dlt.import", "has no `nothing`"),
        ({"source": "no_such_package.shop.source"}, "dlt.import", "`no_such_package` cannot be imported"),
        ({"source": SOURCE, "param": "base_url"}, "dlt.param", "is no argument"),
        ({"source": SOURCE}, "dlt.failed", "ConfigFieldMissing.*api_key"),
    ],
)
@pytest.mark.usefixtures("package")
def test_what_cannot_be_read_is_refused_with_the_way_on(
    desk: Desk, given: dict[str, str], code: str, message: str
) -> None:
    with pytest.raises(DinobaseError, match=message) as raised:
        desk.add("dlt", **given)
    assert raised.value.error_code == code

"""What a newcomer reads first: an overview that fits, and descriptions of many tables at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.access.guard import Guard
from dinobase.access.policy import policy_of
from dinobase.catalog import info
from dinobase.catalog.brief import describe_text
from dinobase.catalog.index import Definitions, Index
from dinobase.catalog.info import Info, InfoConnector, InfoTable
from dinobase.catalog.runs import LastSync
from dinobase.catalog.tables import ColumnDescription, JsonPath, RelatedTable, TableDescription
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.spec.load import validate
from dinobase.sync.sources import find
from tests.answers.measured import counted
from tests.lake.build import GITHUB, STRIPE, build

WHEN = "2026-01-31T12:00:00Z"
NAMES = ["stripe", "hubspot", "github", "zendesk", "shopify", "jira", "slack", "notion", "intercom", "salesforce"]
TABLES = [
    *(
        "customers",
        "charges",
        "invoices",
        "subscriptions",
        "tickets",
        "contacts",
        "companies",
        "deals",
        "issues",
        "users",
    ),
    *(
        "pull_requests",
        "comments",
        "orders",
        "products",
        "line_items",
        "refunds",
        "payouts",
        "events",
        "campaigns",
        "lists",
    ),
]
MEANING = "{} of the account, with their owners, states, and the moments at which they were made and changed"


def overview(connectors: int, tables: int, *, described: bool = True) -> Info:
    found = []
    for number in range(connectors):
        name = NAMES[number % 10] + (f"_{number}" if number >= 10 else "")
        listed = [
            InfoTable(t, 1000 * (n + 1) + number, MEANING.format(t.capitalize()) if described else "")
            for n, t in enumerate(TABLES[:tables])
        ]
        failed = [TABLES[0]] if number % 20 == 3 else []
        found.append(
            InfoConnector(name, f"{name.capitalize()}: {', '.join(TABLES[:6])}", listed, WHEN, number % 7 == 1, failed)
        )
    return Info(found)


@pytest.mark.parametrize(
    ("connectors", "tables", "most"),
    [(5, 4, 800), (5, 20, 800), (12, 20, 2_000), (13, 20, 2_000), (100, 20, 2_000), (400, 20, 2_000)],
)
def test_an_overview_fits(connectors: int, tables: int, most: int) -> None:
    page = info.text(overview(connectors, tables))
    assert counted({f"info of {connectors} x {tables}": page}).popitem()[1] <= most


def test_an_overview_names_every_connector_as_long_as_it_can() -> None:
    for connectors in (1, 5, 100):
        page = info.text(overview(connectors, 20))
        assert all(one.name in page for one in overview(connectors, 20).connectors)
    assert "more: dinobase connectors" in info.text(overview(900, 20))


def test_few_connectors_are_told_with_their_tables_meanings_and_troubles() -> None:
    page = info.text(overview(4, 2))
    assert page.startswith("4 connectors, 8 tables. Tables are connector.table")
    assert "\nhubspot (Hubspot: customers, charges, invoices, subscriptions, tickets, contacts) synced 2026" in page
    assert "12:00Z stale\n" in page
    assert "  customers 1001: Customers of the account" in page
    assert "zendesk" in page
    assert "failed: customers" in page


def test_an_empty_workspace_says_how_to_begin() -> None:
    assert info.text(Info([])) == "Nothing is connected yet: dinobase add NAME, then dinobase sync.\n"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    paths = Paths(tmp_path)
    storage = Storage(paths.lakes)
    build(storage.lake("stripe"), STRIPE)
    build(storage.lake("github"), GITHUB)
    return Index(storage, paths, ["stripe", "github", "new"], Definitions(lambda _: None, lambda _: ""))


FRESHNESS = {"stripe": 3600.0, "github": 3600.0, "new": 3600.0}


def test_the_overview_is_what_the_lakes_hold(index: Index) -> None:
    syncs = {
        ("stripe", "charges"): LastSync(WHEN, "error", "HTTP 500"),
        ("stripe", "customers"): LastSync(WHEN, "success"),
    }
    with index.current() as db:
        found = {one.name: one for one in info.collect(db, FRESHNESS, syncs).connectors}
    assert [(t.name, t.rows) for t in found["stripe"].tables] == [("charges", 10), ("customers", 2)]
    assert (found["stripe"].last_sync, found["stripe"].is_stale, found["stripe"].failed) == (WHEN, True, ["charges"])
    assert (found["new"].tables, found["new"].last_sync) == ((), None)


def test_an_identity_is_told_of_nothing_that_it_may_not_read(index: Index) -> None:
    rules = {"bot": {"sources": ["stripe.customers"], "rows": {"stripe.customers": "id = 'cus_1'"}}}
    guard = Guard(policy_of(rules, "bot"), lambda *_: {}, lambda: "k")
    with index.current() as db:
        found = info.collect(db, FRESHNESS, {}, guard)
    assert [(one.name, [(t.name, t.rows) for t in one.tables]) for one in found.connectors] == [
        ("stripe", [("customers", None)])
    ]


def table(number: int, columns: int = 15) -> TableDescription:
    """A table as connectors describe them: ids, keys to others, amounts, times, states, texts, JSON."""
    schema, name = NAMES[number % 10], TABLES[number % 20]
    described = [
        ColumnDescription("id", "VARCHAR", description=f"Id of the {name.removesuffix('s')}."),
        ColumnDescription("account_id", "VARCHAR", description="The account that it belongs to."),
        ColumnDescription("name", "VARCHAR", description="Name that its owner gave it.", pii="name"),
        ColumnDescription("email", "VARCHAR", pii="email", description="Address that mail is sent to."),
        ColumnDescription("status", "VARCHAR", description="State.", values=["open", "pending", "solved", "closed"]),
        ColumnDescription("amount", "BIGINT", unit="cents", description="What is charged, before tax."),
        ColumnDescription("currency", "VARCHAR", description="Three-letter ISO code."),
        ColumnDescription("created_at", "TIMESTAMP WITH TIME ZONE", description="When it was made."),
        ColumnDescription("updated_at", "TIMESTAMP WITH TIME ZONE", description="When it was changed last."),
        ColumnDescription("closed_at", "TIMESTAMP WITH TIME ZONE", description="When it was closed; null while open."),
        ColumnDescription("priority", "BIGINT", description="1 is the most urgent, 5 the least."),
        ColumnDescription("owner_id", "VARCHAR", description=f"The user who looks after the {name.removesuffix('s')}."),
        ColumnDescription("tags", "VARCHAR[]", description="Words that people put on it."),
        ColumnDescription("is_test", "BOOLEAN", description="True for what was made to try things out."),
        ColumnDescription(
            "metadata", "JSON", description="Pairs of one's own.",
            paths=[JsonPath("plan", "VARCHAR"), JsonPath("seats[].price", "BIGINT", unit="cents")],
        ),
    ]  # fmt: skip
    joins = [
        RelatedTable(
            f"{schema}.accounts", f"{schema}.{name}.account_id = {schema}.accounts.id", "many_to_one", "declared"
        ),
        RelatedTable(f"{schema}.users", f"{schema}.{name}.owner_id = {schema}.users.id", "many_to_one", "declared"),
        RelatedTable(f"{schema}.events", f"{schema}.{name}.id = {schema}.events.object", "one_to_many", "declared"),
    ]
    return TableDescription(
        schema, name, 1000 + number, described[:columns], is_stale=False, description=f"{MEANING.format(name)}.",
        primary_key=["id"], related_tables=joins, sample_rows=[{"id": "a1", "amount": 7, "name": None}], last_sync=WHEN,
    )  # fmt: skip


def test_a_table_of_15_described_columns_takes_at_most_600_tokens() -> None:
    assert counted({"describe 1": describe_text([table(0)])})["describe 1"] <= 600


def test_13_tables_of_15_described_columns_take_at_most_2500_tokens() -> None:
    page = describe_text([table(number) for number in range(13)])
    assert counted({"describe 13": page})["describe 13"] <= 2_500


def test_13_tables_that_share_no_meaning_take_at_most_2500_tokens() -> None:
    tables = []
    for number in range(13):
        one = table(number)
        columns = [
            ColumnDescription(c.name, c.type, description=f"{one.table.capitalize()}: {c.description}", unit=c.unit)
            for c in one.columns
        ]
        tables.append(
            TableDescription(one.schema, one.table, 7, columns, is_stale=False, primary_key=["id"], last_sync=WHEN)
        )
    page = describe_text(tables)
    assert counted({"describe 13 different": page})["describe 13 different"] <= 2_500
    assert page.count("metadata") == 13


def test_packaged_connectors_are_described_within_as_much() -> None:
    """Every described column of Stripe's and HubSpot's tables, as a lake of theirs would show them."""
    tables = []
    for name in ("stripe", "hubspot"):
        path = find(name, Paths(Path("/nowhere")))
        assert path is not None
        connector = validate(path).connector
        assert connector is not None
        for resource in connector.resources:
            columns = [
                ColumnDescription(
                    key.replace(".", "__"), c.type or "VARCHAR", True, c.description, c.note, c.unit, c.pii, c.values
                )
                for key, c in resource.columns.items() if "[" not in key
            ][:15]  # fmt: skip
            tables.append(TableDescription(name, resource.name, 7, columns, is_stale=False, last_sync=WHEN,
                                           description=resource.description, primary_key=["id"]))  # fmt: skip
    tables = sorted(tables, key=lambda t: -len(t.columns))[:13]
    page = describe_text(tables)
    assert counted({"describe stripe and hubspot": page})["describe stripe and hubspot"] <= 2_500


def test_a_description_says_type_unit_key_values_joins_and_what_is_inside() -> None:
    lines = describe_text([table(0)]).splitlines()
    assert lines[0] == "# stripe.customers 1000 rows, synced 2026-01-31 12:00Z"
    assert "key id" in lines
    assert "amount int: [cents] What is charged, before tax" in lines
    assert "status: State; one of open, pending, solved, closed" in lines
    assert "email: [pii email] Address that mail is sent to" in lines
    assert "metadata json: Pairs of one's own; {plan, seats[].price int [cents]}" in lines
    assert "join account_id = stripe.accounts.id" in lines
    assert "join id = stripe.events.object (many)" in lines
    assert not any(line.startswith("sample") for line in lines)


def test_what_means_the_same_in_several_tables_is_told_once() -> None:
    page = describe_text([table(number) for number in range(5)])
    assert page.count("Three-letter ISO code") == 1
    assert page.count("currency") == 6


def test_all_is_told_and_samples_are_shown_only_when_asked_for() -> None:
    long = "One sentence. " * 30
    column = ColumnDescription("c", "VARCHAR", description=long)
    one = TableDescription("a", "b", 1, [column], is_stale=True, last_sync=WHEN,
                           sample_rows=[{"c": "x", "d": None}])  # fmt: skip
    assert describe_text([one]) == "# a.b 1 rows, synced 2026-01-31 12:00Z STALE\nc: One sentence\n"
    full = describe_text([one], full=True)
    assert " ".join(long.split()) in full
    assert "sample c=x" in full


def test_columns_of_which_nothing_is_known_stand_together_by_type() -> None:
    columns = [ColumnDescription("a", "VARCHAR"), ColumnDescription("b", "BIGINT"), ColumnDescription("c", "VARCHAR")]
    one = TableDescription("x", "y", 1, columns, is_stale=True)
    assert describe_text([one]) == "# x.y 1 rows, never synced\ntext: a, c\nint: b\n"

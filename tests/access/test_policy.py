from __future__ import annotations

from typing import Any

import pytest

from dinobase.access.pii import Pii, declared, of_column
from dinobase.access.policy import Policy, policy_of
from tests.access.conftest import shop

RULES: dict[str, dict[str, Any]] = {
    "default": {"sources": ["zendesk"], "pii": "mask"},
    "bot": {
        "sources": ["zendesk", "stripe.customers", "crm*", "*.public_*"],
        "hide": ["stripe.customers.tax_id", "*.*.password"],
        "rows": {"stripe.*": "livemode", "stripe.customers": "NOT deleted"},
        "columns": {"stripe.customers.email": "hash", "stripe.*.e*": "deny", "crm.people.email": "show"},
        "writes": ["zendesk.tickets"],
    },
    "admin": {"sources": ["*"], "pii": "show"},
}


@pytest.fixture
def bot() -> Policy:
    return policy_of(RULES, "bot")


@pytest.mark.parametrize(
    ("table", "there"),
    [
        ("zendesk.tickets", True),
        ("Zendesk.Tickets", True),
        ("stripe.customers", True),
        ("stripe.charges", False),
        ("crm.people", True),
        ("crm_old.people", True),
        ("hr.salaries", False),
        ("hr.public_holidays", True),
        ("_dinobase.sync_runs", False),
        ("zendesk._dinobase_state", False),
    ],
)
def test_sources_say_which_tables_are_there(bot: Policy, table: str, there: bool) -> None:
    assert bot.table(*table.split(".")) is there


@pytest.mark.parametrize(
    ("column", "pii", "how"),
    [
        ("stripe.customers.email", "email", "hash"),
        ("stripe.customers.Email", None, "hash"),
        ("stripe.customers.extra", None, "deny"),
        ("stripe.customers.tax_id", None, "deny"),
        ("stripe.customers.name", "name", "mask"),
        ("stripe.customers.name", None, "show"),
        ("crm.people.email", "email", "show"),
        ("crm.people.password", None, "deny"),
    ],
)
def test_a_columns_own_rule_goes_before_globs_and_pii(bot: Policy, column: str, pii: str | None, how: str) -> None:
    connector, table, name = column.split(".")
    assert bot.column(connector, table, name, pii) == how


def test_all_matching_row_conditions_hold(bot: Policy) -> None:
    assert bot.conditions("stripe", "customers") == ("livemode", "NOT deleted")
    assert bot.conditions("zendesk", "tickets") == ()
    assert (bot.takes_rows("stripe"), bot.takes_rows("zendesk")) == (True, False)


def test_what_an_entry_does_not_say_default_says(bot: Policy) -> None:
    assert bot.pii == "mask"
    assert policy_of(RULES, "stranger") == Policy("stranger", ("zendesk",), pii="mask")
    assert policy_of(RULES, "admin").sees_everything
    assert policy_of({}, "anyone").sees_everything


def test_only_what_is_seen_may_be_written(bot: Policy) -> None:
    assert bot.may_write("zendesk", "tickets")
    assert not bot.may_write("zendesk", "users")
    assert not bot.may_write("hr", "salaries")
    assert policy_of(RULES, "stranger").may_write("zendesk", "users")


def test_a_lake_without_rules_needs_no_views() -> None:
    policy = policy_of({"x": {"sources": ["a", "b.*", "c.t"], "hide": ["b.t.u"]}}, "x")
    assert [policy.open(name) for name in ("a", "b", "c", "d")] == [True, False, False, False]
    assert policy_of({"x": {"sources": ["*"], "columns": {"*.t.c": "mask"}}}, "x").open("a") is False


@pytest.mark.parametrize(
    ("column", "path", "found"),
    [
        ("email", ["email"], Pii("email")),
        ("mail_1f2e", ["contact", "mail"], Pii("email")),
        ("contact__mail", [], Pii("email")),
        ("emails", ["emails"], Pii("email")),
        ("profile", ["profile"], Pii(None, ((("contact", "email"), "email"),))),
        ("profile__contact__email", ["profile", "contact", "email"], Pii("email")),
        ("profile__contact__email__raw", ["profile", "contact", "email", "raw"], Pii("email")),
        ("lines", ["lines"], Pii(None, ((("[]", "email"), "email"),))),
        ("region", ["region"], Pii()),
    ],
)
def test_what_a_file_declares_is_found_under_the_name_that_the_column_has(
    column: str, path: list[str], found: Pii
) -> None:
    assert of_column(declared(shop())["customers"], column, path or [column]) == found


def test_a_childs_column_of_its_parents_value_is_what_the_parents_is() -> None:
    assert declared(shop())["notes"] == {"_customers_email": "email"}

"""What names alone say of columns: of a join, of a moment, of money and of a secret; and which names say nothing."""

from __future__ import annotations

import pytest

from dinobase.catalog.pii_values import kind_of
from dinobase.catalog.profile_units import epoch, money
from dinobase.catalog.relations import names

MOMENTS = [1_700_000_000 + 977 * number for number in range(20)]
PRICES = [1999, 2500, 1234, 4995, 10_000, 777, 3333, 9900, 1250, 4560, 8000, 2050]


@pytest.mark.parametrize(
    ("column", "parent"),
    [
        ("lecturer", ("lecturers", "staff_no")),
        ("signed_off_by", ("advisors", "advisor_id")),
        ("lent_to", ("students", "matric_no")),
        ("supervisor", ("employees", "id")),
        ("home_yard", ("depots", "yard")),
        ("yard", ("depots", "yard")),
        ("order_no", ("lab_orders", "order_no")),
    ],
)
def test_a_reference_to_a_declared_key_is_told_by_its_name(column: str, parent: tuple[str, str]) -> None:
    assert names.evidence(("app", "rows", column), ("app", *parent), primary=True) >= names.ROLE


@pytest.mark.parametrize(
    ("column", "parent"),
    [
        ("sort_by", ("users", "id")),
        ("due_by", ("users", "id")),
        ("attending", ("employees", "id")),
        ("supervisors", ("employees", "id")),
        ("created", ("users", "id")),
        ("signed_off_by", ("parcels", "id")),
        ("status", ("states", "status")),
        ("page", ("pages", "page")),
    ],
)
def test_counters_states_and_moments_are_no_references_whatever_key_has_such_values(
    column: str, parent: tuple[str, str]
) -> None:
    assert names.evidence(("app", "rows", column), ("app", *parent), primary=True) < names.ROLE


@pytest.mark.parametrize(
    "name", ["last_ping", "eta", "arrival", "valid_from", "effective_to", "api_key_last_used_at", "next_run_ms"]
)
def test_names_of_moments_are_known(name: str) -> None:
    assert epoch(name, "BIGINT", MOMENTS) is not None


@pytest.mark.parametrize(
    "name", ["last_id", "last_value", "next_offset", "last_block", "last_status_code", "next_page"]
)
def test_what_comes_last_or_next_need_be_no_moment(name: str) -> None:
    assert epoch(name, "BIGINT", MOMENTS) is None


@pytest.mark.parametrize("name", ["credit_no", "payment_ref", "charge_key", "price_level", "tax_num"])
def test_numbers_of_documents_are_no_amounts(name: str) -> None:
    assert money(name, "BIGINT", PRICES) == ("", "")


def test_a_token_that_stands_for_a_card_is_no_secret_and_one_that_opens_a_door_is() -> None:
    tokens = [f"Zx{number:04}abcdefghijklmnop" for number in range(20)]
    assert kind_of("card_token", "VARCHAR", tokens, 20) is None
    assert (kind_of("access_token", "VARCHAR", tokens, 20) or ("",))[0] == "secret"


def test_firms_in_a_column_of_people_are_no_names_and_people_with_rare_names_are() -> None:
    firms = ["Blue Analytics", "Iron Robotics", "Copper Dental", "River Energy", "Opal Media", "Vista Foods"] * 3
    people = ["Eilidh MacLeod", "Ngozi Eze", "Fumiko Goto", "Caio Lima", "Maria Carvalho", "Xin Zhang"] * 3
    assert kind_of("holder_name", "VARCHAR", firms, 6) is None
    assert (kind_of("holder_name", "VARCHAR", people, 6) or ("",))[0] == "name"

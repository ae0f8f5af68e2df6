"""The generated company is what its truth says: a score against a wrong truth measures nothing."""

from __future__ import annotations

from typing import Any

from dinobase.workspace import Workspace
from tests.meaning.company import HELD_OUT, KNOWN, At, Company, company
from tests.meaning.company_values import luhn

SPELLINGS = str.maketrans("", "", " \t()-.")


def values(firm: Company, at: At) -> list[Any]:
    table = next(t for t in firm.tables if (t.source, t.name) == at[:2])
    return [value for value in table.columns[at.column][1] if value is not None]


def plain(how: str, value: Any) -> str:
    text = str(value).strip().lower()
    if how == "domain":
        return text.removeprefix("https://").removeprefix("www.").rstrip("/")
    if how == "phone":
        text = text.translate(SPELLINGS)
        return f"+{text[2:]}" if text.startswith("00") else text
    return text


def test_a_company_has_two_hundred_tables_of_five_sources() -> None:
    made = company(HELD_OUT)
    assert (len(made.tables), len(made.sources)) == (200, 5)


def test_what_is_planted_as_a_link_is_found_in_what_it_leads_to(firm: Company) -> None:
    for link in firm.truth.links:
        there = [plain(link.how, value) for value in values(firm, link.to)]
        here = [plain(link.how, value) for value in values(firm, link.column)]
        share = sum(value in set(there) for value in here) / len(here)
        assert len(set(there)) == len(there), link
        assert share >= 0.9, (link, share)


def test_the_same_seed_makes_the_same_company() -> None:
    assert company(KNOWN).tables == company(KNOWN).tables


def test_decoys_pass_checksums_no_more_than_chance_has_it_and_the_real_ones_always() -> None:
    firm = company(HELD_OUT)
    orders = values(firm, next(t for t in firm.truth.links if t.how == "text" and t.to.table == "orders").to)
    cards = [str(v).replace(" ", "") for at, kind in firm.truth.pii.items() if kind == "card" for v in values(firm, at)]
    ibans = [str(v) for at, kind in firm.truth.pii.items() if kind == "iban" for v in values(firm, at)]
    assert 0 < sum(luhn(str(number)) for number in orders) < len(orders) / 5
    assert cards
    assert all(luhn(number) for number in cards)
    assert ibans
    assert all(int("".join(str(int(c, 36)) for c in n[4:] + n[:4])) % 97 == 1 for n in ibans)


def test_the_lakes_hold_the_company(lakes: Workspace, firm: Company) -> None:
    found = {(c.name, t.name): t.rows for c in lakes.connectors().connectors for t in c.tables}
    assert found == {(t.source, t.name): len(next(iter(t.columns.values()))[1]) for t in firm.tables}

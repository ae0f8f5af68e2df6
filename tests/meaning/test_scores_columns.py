"""Units and codes of a generated company's columns: all found, none invented."""

from __future__ import annotations

from dinobase.workspace import Workspace
from tests.meaning.company import Company
from tests.meaning.scores import profiled, score


def test_all_columns_of_seconds_and_milliseconds_are_found_and_no_other(lakes: Workspace, firm: Company) -> None:
    found = {at: column.unit for at, column in profiled(lakes).items() if column.unit.startswith("epoch")}
    result = score(found, firm.truth.epochs)
    assert (result.false, result.missed) == ({}, {})


def test_all_columns_of_cents_are_found_and_no_other(lakes: Workspace, firm: Company) -> None:
    found = {at: column.unit for at, column in profiled(lakes).items() if column.unit == "cents"}
    result = score(found, dict.fromkeys(firm.truth.cents, "cents"))
    assert (result.false, result.missed) == ({}, {})


def test_every_unit_says_by_what_it_was_recognised(lakes: Workspace) -> None:
    told = [column for column in profiled(lakes).values() if column.unit or column.pii]
    assert told
    assert all(c.because.get("unit" if c.unit else "pii") for c in told)


def test_codes_are_found_with_all_their_values(lakes: Workspace, firm: Company) -> None:
    columns = profiled(lakes)
    told = {at: set(columns[at].values) for at in firm.truth.enums if columns[at].values}
    assert len(told) >= 0.9 * len(firm.truth.enums)
    assert all(values == set(firm.truth.enums[at]) for at, values in told.items())

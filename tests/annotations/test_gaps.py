"""What is unsaid is listed, what was said is not; to fill gaps twice changes nothing the second time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinobase.catalog.annotations import Said, Target, Words, words_of
from dinobase.catalog.dress import dress
from dinobase.catalog.gaps import Gap, gaps_of
from dinobase.catalog.tables import ColumnDescription, TableDescription
from dinobase.core.errors import DinobaseError
from dinobase.workspace import Workspace
from tests.annotations.conftest import Say, described


def found(workspace: Workspace, name: str = "shop", **options: Any) -> set[tuple[str, str]]:
    return {(gap.target, gap.missing) for gap in workspace.gaps(name, **options).gaps}


def test_everything_that_is_unsaid_is_listed_and_nothing_else(still: Workspace) -> None:
    gaps = found(still)
    assert {one for one in gaps if one[1] != "description"} == {
        ("shop.customers.name", "pii"),
        ("shop.notes", "key"),
        ("shop.orders.amount", "unit"),
        ("shop.orders.total", "unit"),  # that created_at counts seconds is seen from its rows
        ("shop.orders.customer_id", "relationship"),
    }
    described_already = {"shop.customers", "shop.customers.email"}
    assert {target for target, missing in gaps if missing == "description"} & described_already == set()
    assert ("shop.notes", "description") in gaps


def test_a_gap_has_samples_as_the_identity_sees_them_and_what_it_may_lead_to(workspace: Workspace, say: Say) -> None:
    gaps = {(gap.target, gap.missing): gap for gap in workspace.gaps("shop").gaps}
    assert gaps["shop.orders.customer_id", "relationship"].near == ["shop.customers"]
    assert gaps["shop.orders.amount", "unit"].samples == [999, 1999, 2999, 3999, 4999]
    say("shop.customers.name", "pii", "name")
    masked = {gap.target: gap.samples for gap in workspace.gaps("shop", kinds=["description"], identity="bot").gaps}
    assert masked["shop.customers.name"] == ["***"]
    blind = workspace.gaps("shop", identity="blind")
    assert (blind.tables, {gap.target.split(".")[1] for gap in blind.gaps}) == (1, {"customers"})
    assert all("email" not in gap.target for gap in blind.gaps)


def test_gaps_of_one_table_of_some_kinds_and_up_to_a_number(still: Workspace) -> None:
    assert found(still, "shop.orders", kinds=["unit"]) == {
        ("shop.orders.amount", "unit"),
        ("shop.orders.total", "unit"),
    }
    some = still.gaps("shop.orders", kinds=["unit"], limit=1)
    assert (len(some.gaps), some.counts["unit"]) == (1, 2)
    with pytest.raises(DinobaseError, match="Nothing can be missing that is called `units`"):
        still.gaps("shop", kinds=["units"])


def fill(gaps: Sequence[Gap]) -> list[dict[str, str]]:
    value = {"description": "What it means.", "unit": "cents", "pii": "name"}
    return [
        {"target": gap.target, "key": gap.missing, "value": value[gap.missing]} for gap in gaps if gap.missing in value
    ]


def test_indexing_an_annotated_source_again_changes_nothing_and_a_removed_word_is_the_one_gap(
    workspace: Workspace, say: Say
) -> None:
    workspace.annotate(fill(workspace.gaps("shop").gaps))
    assert {missing for _, missing in found(workspace)} == {"key", "relationship"}
    before, kept = described(workspace, "shop.orders"), found(workspace)
    history = workspace.annotations("shop", history=True)
    assert fill(workspace.gaps("shop").gaps) == []
    assert workspace.annotate([]).annotations == []
    assert workspace.annotations("shop", history=True) == history
    say("shop.orders.amount", "description")
    assert found(workspace) - kept == {("shop.orders.amount", "description")}
    workspace.annotate(fill(workspace.gaps("shop").gaps))
    assert (described(workspace, "shop.orders")["columns"], found(workspace)) == (before["columns"], kept)


def test_what_a_person_says_is_no_personal_data_is_no_gap(workspace: Workspace, say: Say) -> None:
    say("shop.customers.name", "pii", "none")
    assert ("shop.customers.name", "pii") not in found(workspace)


NAMES = st.sampled_from(["id", "amount", "created_at", "email", "customer_id", "state", "name", "tax_rate", "note"])
TYPES = st.sampled_from(["VARCHAR", "BIGINT", "DOUBLE", "TIMESTAMP", "JSON"])
TABLES = st.lists(
    st.builds(
        TableDescription,
        schema=st.just("shop"),
        table=st.sampled_from(["customers", "orders", "states"]),
        row_count=st.just(1),
        columns=st.lists(
            st.builds(ColumnDescription, NAMES, TYPES, description=st.none() | st.just("Known.")),
            unique_by=lambda column: column.name,
            max_size=6,
        ),
        is_stale=st.just(value=False),
        description=st.none() | st.just("Known."),
    ),
    unique_by=lambda table: table.table,
    min_size=1,
    max_size=3,
)


def said(words: Sequence[dict[str, str]]) -> list[Said]:
    return [
        Said(Target(*w["target"].split(".", 2)), w["key"], w["value"], "agent", 0.8, place=n)
        for n, w in enumerate(words)
    ]


@given(TABLES, st.data())
def test_for_any_source_what_is_filled_stays_filled_and_each_word_taken_back_is_exactly_its_gap(
    tables: list[TableDescription], data: st.DataObject
) -> None:
    def gaps(words: Words) -> list[Gap]:
        return list(gaps_of("shop", [dress(table, words) for table in tables], words).gaps)

    fillings = fill(gaps(Words()))
    history = said(fillings)
    rest = gaps(words_of(history))
    assert fill(rest) == []
    assert [dress(t, words_of(history)) for t in tables] == [dress(t, words_of(history + history)) for t in tables]
    if fillings:
        gone = data.draw(st.sampled_from(range(len(fillings))))
        less = words_of([*history, Said(history[gone].target, history[gone].key, None, "agent", 0.8)])
        assert fill(gaps(less)) == [fillings[gone]]
        assert {(g.target, g.missing) for g in gaps(less)} - {(g.target, g.missing) for g in rest} == {
            (fillings[gone]["target"], fillings[gone]["key"])
        }

"""What the generated company's relationships are found with: precision before recall, on both companies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from dinobase.catalog.relations import rule
from dinobase.catalog.relations.store import Ledger
from dinobase.catalog.relations.values import Place, Relationship
from dinobase.core.settings import Paths
from dinobase.workspace import Workspace, relating
from tests.meaning.company import At, Company


@pytest.fixture(scope="module")
def own(lakes: Workspace, firm: Company, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A company of which everything was related once, and by nobody else."""
    root = tmp_path_factory.mktemp("related") / "workspace"
    shutil.copytree(lakes.paths.root, root, ignore=shutil.ignore_patterns(".cache", "records.db*"))
    workspace = Workspace(Paths(root))
    assert relating.look_for(workspace).scanned == len(firm.tables)
    return workspace


@pytest.fixture(scope="module")
def found(own: Workspace) -> list[Relationship]:
    """The relationships that are shown to whoever sees everything."""
    return rule.chosen(Ledger(own.paths.state).all())


def place(side: Place) -> At:
    return At(side.connector, side.table, side.columns[0])


def test_relationships_are_found_with_precision_before_recall(firm: Company, found: list[Relationship]) -> None:
    judged = [(one, firm.truth.judge(place(one.pair.child), place(one.pair.parent))) for one in found]
    wrong = [one.pair for one, right in judged if right is False]
    there = {frozenset((place(one.pair.child), place(one.pair.parent))) for one in found}
    missed = [link for link in firm.truth.links if {link.column, link.to} not in there]
    assert len(wrong) <= 0.05 * sum(right is not None for _, right in judged), wrong
    assert len(missed) <= 0.1 * len(firm.truth.links), missed


def test_every_join_that_is_shown_counts_what_it_says(
    lakes: Workspace, found: list[Relationship], conditions: Callable[[Relationship], dict[str, Any]]
) -> None:
    for one in found[::9]:
        said = conditions(one)
        rows = lakes.query(said["sql"]).rows
        assert tuple(rows[0]) == (one.evidence.found, one.evidence.child_distinct), said


@pytest.fixture
def conditions() -> Callable[[Relationship], dict[str, Any]]:
    """Return the question that a pasted join answers: how many of the child's values meet a parent's row."""
    from dinobase.catalog.relations.forms import condition, written

    def asked(one: Relationship) -> dict[str, Any]:
        child, parent = one.pair.sides
        value = written(one.pair.forms[0], f"{child.connector}.{child.table}.{child.columns[0]}")
        join = condition(one.pair, from_parent=False)
        here, there = f"{child.connector}.{child.table}", f"{parent.connector}.{parent.table}"
        if here == there:
            return {"sql": f"SELECT {one.evidence.found}, {one.evidence.child_distinct}", "join": join}
        sql = (
            f"SELECT count(DISTINCT {value}) FILTER ({there}.{parent.columns[0]} IS NOT NULL), count(DISTINCT {value}) "
            f"FROM {here} LEFT JOIN {there} ON {join} WHERE {value} <> ''"
        )
        return {"sql": sql.replace(f"{value} <> ''", f"CAST({value} AS VARCHAR) <> ''"), "join": join}

    return asked


def test_a_company_that_did_not_change_is_not_looked_at_again(own: Workspace) -> None:
    again = relating.look_for(own)
    assert (again.scanned, again.counted) == (0, 0)

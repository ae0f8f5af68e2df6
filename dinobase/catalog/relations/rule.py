"""Which counted pairs are relationships: precision first. The rule in words is in docs/relationships.md. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dinobase.catalog.relations import names
from dinobase.catalog.relations.candidates import Guess, Side
from dinobase.catalog.relations.sketch import may_hold
from dinobase.catalog.relations.values import Evidence, Pair, Place, Relationship

KEY = "key"
_ENOUGH = 0.8  # share of a child's values that are found, where names are sure
_FEW = 5  # values that two columns share, before their sharing says anything without names


@dataclass(frozen=True, slots=True)
class Counted:
    """A guess that was counted."""

    guess: Guess
    pair: Pair
    evidence: Evidence


def holds(one: Counted) -> bool:
    """Say whether names and counts together are enough."""
    guess, seen = one.guess, one.evidence
    if guess.space == "domain" and not may_hold(guess.child.column):
        return False  # of somebody who is written to again and again: that table's own person leads to the firm
    if guess.space != "key" or guess.child.column.shape == "email":
        return _people(seen)
    if not seen.found or seen.parent_most > 1:
        return False
    if guess.child.distinctive and guess.parent.distinctive:
        return _distinctive(one)
    return _by_name(one)


def _by_name(one: Counted) -> bool:
    """Values that any two columns share say little, so the names must."""
    child, parent, seen = one.guess.child, one.guess.parent, one.evidence
    if one.guess.name < names.ROLE:
        return False
    if one.guess.name >= names.CLOSE and child.table.connector == parent.table.connector:
        return seen.inclusion >= _ENOUGH
    few, wide = (3 * _FEW, 0.5) if one.guess.name >= names.CLOSE else (3, 0.3)
    return seen.inclusion >= 0.95 and seen.child_distinct >= few and spread(child, parent) >= wide


def _distinctive(one: Counted) -> bool:
    seen = one.evidence
    if one.guess.name:
        return seen.inclusion >= 0.5
    counts = one.guess.child.column.dense and one.guess.child.is_primary
    return seen.inclusion >= 0.8 and seen.found >= _FEW and not counts


def _people(seen: Evidence) -> bool:
    """E-mail addresses, telephone numbers and domains: what both have is no chance, whoever else each has."""
    return seen.found >= _FEW and seen.inclusion >= 0.5 and seen.parent_most <= max(2, seen.parent_rows // 20)


def spread(child: Side, parent: Side) -> float:
    """Return which share of the parent's range the child's values cover; 1 where they are no numbers."""
    mine, theirs = child.column, parent.column
    if mine.low is None or mine.high is None or theirs.low is None or theirs.high is None:
        return 1.0
    return min(1.0, (mine.high - mine.low + 1) / max(1, theirs.high - theirs.low + 1))


def group(one: Counted) -> str:
    """Return what is the same of the parents of which a column has one.

    What people are reached by leads from a table of people to one of each source, from another table to one.
    """
    guess = one.guess
    if guess.space == "key" and guess.child.column.shape != "email":
        return KEY
    one_each = may_hold(guess.child.column)  # else what it names has a table of its own, which leads on
    return f"{guess.space} {guess.parent.table.connector if one_each else ''}"


def chosen(many: Sequence[Relationship]) -> list[Relationship]:
    """Return what is shown of relationships that may all be seen: the declared ones, and of others the likeliest."""
    said = [one for one in many if one.origin != "inferred"]
    known = {one.pair.child for one in said if one.evidence.inclusion >= _ENOUGH}
    best: dict[tuple[Place, str], Relationship] = {}
    for one in many:
        place = one.pair.child, one.group
        if one.origin != "inferred" or not one.holds or (one.group == KEY and one.pair.child in known):
            continue
        if place not in best or one.rank > best[place].rank:
            best[place] = one
    ways: dict[frozenset[Place], Relationship] = {}
    for one in best.values():
        both = frozenset(one.pair.sides)
        if both not in ways or one.rank > ways[both].rank:
            ways[both] = one
    return [*said, *ways.values()]


def rank(one: Counted) -> float:
    """Return how likely it is."""
    child, parent = one.guess.child, one.guess.parent
    same = child.table.connector == parent.table.connector
    own = child.is_primary and child.column.unique
    return one.guess.name + one.evidence.inclusion + 0.3 * parent.is_primary + 0.2 * same - 0.3 * own

"""Which counted pairs are relationships: precision first. The rule in words is in docs/relationships.md. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dinobase.catalog.relations import names
from dinobase.catalog.relations.candidates import Guess, Side
from dinobase.catalog.relations.values import Evidence, Pair, Place

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
        return seen.inclusion >= 0.8
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


def chosen(counted: Sequence[Counted], said: Collection[Place] = ()) -> list[Counted]:
    """Return those that are shown: of the parents that one column may have the likeliest, of two ways one.

    said: columns whose parent was declared, and holds.
    """
    best: dict[tuple[object, ...], Counted] = {}
    for one in counted:
        if holds(one) and (one.guess.space != "key" or one.pair.child not in said):
            group = _group(one)
            if group not in best or rank(one) > rank(best[group]):
                best[group] = one
    kept: dict[frozenset[int], Counted] = {}
    for one in best.values():
        both = frozenset((one.guess.child.number, one.guess.parent.number))
        if both not in kept or rank(one) > rank(kept[both]):
            kept[both] = one
    return list(kept.values())


def _group(one: Counted) -> tuple[object, ...]:
    guess = one.guess
    if guess.space == "key" and guess.child.column.shape != "email":
        return (guess.child.number,)
    return guess.space, guess.child.number, guess.parent.number


def rank(one: Counted) -> float:
    """Return how likely it is."""
    child, parent = one.guess.child, one.guess.parent
    same = child.table.connector == parent.table.connector
    own = child.is_primary and child.column.unique
    return one.guess.name + one.evidence.inclusion + 0.3 * parent.is_primary + 0.2 * same - 0.3 * own

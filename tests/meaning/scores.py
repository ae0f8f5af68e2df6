"""How right detectors are: against the truth of a generated company, leaving out what counts neither way."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dinobase.catalog.examine import Examiner
from dinobase.catalog.profiles import ColumnProfile
from dinobase.workspace import Workspace
from tests.meaning.company import At


@dataclass(frozen=True, slots=True)
class Score:
    """What was told wrongly and what was missed, by column, beside how much was right."""

    right: int
    false: Mapping[At, Any]
    missed: Mapping[At, Any]

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + len(self.false))

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + len(self.missed))


def score(found: Mapping[At, Any], truth: Mapping[At, Any], neither: Collection[At] = ()) -> Score:
    """Compare: a column told to be another thing than it is counts as false and as missed."""
    told = {at: what for at, what in found.items() if at not in neither}
    right = {at for at, what in told.items() if truth.get(at) == what}
    false = {at: what for at, what in told.items() if at not in right}
    return Score(len(right), false, {at: what for at, what in truth.items() if at not in right})


def profiled(lakes: Workspace) -> dict[At, ColumnProfile]:
    """Look at all of a company's tables."""
    examiner = Examiner(lakes.storage(), lakes.paths)
    return {
        At(source, table, column.name): column
        for source in lakes.config().connectors
        for table, profile in examiner.current(source).items()
        for column in profile.columns
    }

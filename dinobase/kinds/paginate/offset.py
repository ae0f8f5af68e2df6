"""Offset and limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from dinobase.kinds.base import Field
from dinobase.kinds.paginate.page import Location, Page, Pager, Step, counted
from dinobase.kinds.path import compile_path


class Offset(Pager):
    """Stops at offset >= total, at an empty page, or at a page shorter than `limit` where no total is given."""

    type: Literal["offset"] = "offset"
    limit: int = Field(gt=0, description="Records per page.")
    offset_param: str = Field(default="offset", description="Parameter of the offset; in a body its path.")
    limit_param: str = Field(default="limit", description="Parameter of the limit.")
    total_path: str = Field(default="", description="JSONPath to the number of records; then pages come at once.")
    location: Location = Field(default="query", description="Where both go: the query, or the body of a POST.")

    def first(self) -> Step:
        """Return offset 0."""
        return self._step(0, 0)

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the offset after this page."""
        if page.count == 0:
            return None
        total = self._total(page, step)
        if total is None and page.count < self.limit:
            return None
        size = self._size(page, step, total)
        if total is not None and step.number + size >= total:
            return None
        return self._step(step.number + size, size)

    def ahead(self, page: Page, step: Step) -> Iterable[Step]:
        """Return all offsets up to the total."""
        total = self._total(page, step)
        if total is None or page.count == 0:
            return ()
        size = self._size(page, step, total)
        return (self._step(offset, size) for offset in range(step.number + size, total, size))

    def counts(self) -> bool:
        """Return True: a short page may be the last."""
        return True

    def own_params(self) -> tuple[str, ...]:
        """Return the parameters of offset and limit."""
        return (self.limit_param, self.offset_param) if self.location == "query" else ()

    def _step(self, offset: int, size: int) -> Step:
        sent = ((self.limit_param, self.limit), (self.offset_param, offset))
        return counted(self.location, sent, number=offset, size=size)

    def _total(self, page: Page, step: Step) -> int | None:
        """Return the number of records, None where it is not known or is less than what has come already."""
        total = compile_path(self.total_path).number_in(page.body) if self.total_path else None
        return None if total is not None and total < step.number + page.count else total

    def _size(self, page: Page, step: Step, total: int | None) -> int:
        """Return the page size that the API holds to: with a cap of its own, `limit` would skip records."""
        if step.size:
            return step.size
        capped = total is not None and page.count < self.limit and step.number + page.count < total
        return page.count if capped or page.count > self.limit else self.limit

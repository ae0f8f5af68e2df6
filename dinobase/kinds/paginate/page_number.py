"""Pages by their number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from dinobase.kinds.base import Field
from dinobase.kinds.paginate.page import Location, Page, Pager, Step, counted
from dinobase.kinds.path import compile_path, whole


class PageNumber(Pager):
    """Stops at page > total, at an empty page, or at a stop status after page one."""

    type: Literal["page_number"] = "page_number"
    page_param: str = Field(default="page", description="Parameter of the page number; in a body its path.")
    base_page: int = Field(default=1, ge=0, description="Number of the first page.")
    total_path: str = Field(default="", description="JSONPath to the number of pages.")
    total_records_path: str = Field(default="", description="JSONPath to the number of records.")
    total_header: str = Field(default="", description="Header that holds the number of pages.")
    page_size: int | None = Field(default=None, gt=0, description="Records per page, where known.")
    page_size_param: str = Field(default="", description="Parameter that asks for page_size.")
    stop_statuses: tuple[int, ...] = Field(default=(), strict=False, description="Statuses that mean: past the end.")
    location: Location = Field(default="query", description="Where both go: the query, or the body of a POST.")

    def first(self) -> Step:
        """Return the first page."""
        return self._step(self.base_page, 0)

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the page after this one."""
        if page.count == 0:
            return None
        last = self._last(page, step)
        if last is not None and step.number >= last:
            return None
        return self._step(step.number + 1, self._size(page, step))

    def ahead(self, page: Page, step: Step) -> Iterable[Step]:
        """Return all pages up to the total."""
        last = self._last(page, step)
        if last is None or page.count == 0:
            return ()
        size = self._size(page, step)
        return (self._step(number, size) for number in range(step.number + 1, last + 1))

    def ends_with(self, status: int, step: Step) -> bool:
        """Tell whether a status is one of stop_statuses, after the first page."""
        return status in self.stop_statuses and step.number > self.base_page

    def counts(self) -> bool:
        """Return True: a short page may be the last."""
        return True

    def own_params(self) -> tuple[str, ...]:
        """Return the parameters of page and page size."""
        return tuple(p for p in (self.page_param, self.page_size_param) if p and self.location == "query")

    def _step(self, number: int, size: int) -> Step:
        sent = ((self.page_param, number), (self.page_size_param if self.page_size else "", self.page_size or 0))
        return counted(self.location, sent, number=number, size=size)

    def _last(self, page: Page, step: Step) -> int | None:
        """Return the last page's number, None where no total is known."""
        pages: int | None = None
        if self.total_path:
            pages = compile_path(self.total_path).number_in(page.body)
        if pages is None and self.total_header:
            pages = whole(page.headers.get(self.total_header.lower()), f"header `{self.total_header}`")
        if pages is None and self.total_records_path:
            records = compile_path(self.total_records_path).number_in(page.body)
            if records is not None and page.count:
                pages = -(-records // self._size(page, step, records))
        return None if pages is None else self.base_page + pages - 1

    def _size(self, page: Page, step: Step, records: int | None = None) -> int:
        """Return the page size that the API holds to, from the first page seen."""
        if step.size:
            return step.size
        if self.page_size is None or page.count > self.page_size:
            return page.count
        if records is None and self.total_records_path:
            records = compile_path(self.total_records_path).number_in(page.body)
        before = (step.number - self.base_page) * self.page_size
        capped = records is not None and page.count < self.page_size and before + page.count < records
        return page.count if capped else self.page_size

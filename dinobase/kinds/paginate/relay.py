"""GraphQL connections as Relay specifies them."""

from __future__ import annotations

from typing import Literal

import msgspec

from dinobase.kinds.base import Field
from dinobase.kinds.paginate.page import Page, Pager, Step
from dinobase.kinds.path import compile_path


class Relay(Pager):
    """`pageInfo {hasNextPage endCursor}`; the cursor goes into `$cursor`."""

    type: Literal["relay"] = "relay"
    page_info_path: str = Field(description="JSONPath to pageInfo, from the body.")

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the step that carries endCursor."""
        del step
        if not compile_path(f"{self.page_info_path}.hasNextPage").flag_in(page.body):
            return None
        cursor = compile_path(f"{self.page_info_path}.endCursor").text_in(page.body)
        if cursor is None:
            return None
        return Step(body=(("variables.cursor", msgspec.json.encode(cursor).decode()),))

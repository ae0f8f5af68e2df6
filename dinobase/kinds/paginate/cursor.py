"""The next page's token is in the body."""

from __future__ import annotations

from typing import Literal

import msgspec

from dinobase.kinds.base import Field
from dinobase.kinds.body import scalar
from dinobase.kinds.paginate.page import Page, Pager, Step, ended
from dinobase.kinds.path import compile_path


class Cursor(Pager):
    """Stops when the cursor is missing, null or "", has_more is false, or done is true."""

    type: Literal["cursor"] = "cursor"
    cursor_path: str = Field(description="JSONPath to the next cursor; may end in the last record (`data[-1].id`).")
    cursor_param: str = Field(default="", description="Query parameter that carries it.")
    cursor_body_path: str = Field(default="", description="Where it goes in the body of a POST.")
    continue_path: str = Field(
        default="", description="Path on the host that further pages are asked for at, by POST of the cursor alone."
    )
    has_more_path: str = Field(default="", description="JSONPath to a flag; false ends the listing.")
    done_path: str = Field(default="", description="JSONPath to a flag; true ends the listing.")

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the step that carries the cursor."""
        del step
        if ended(page, self.has_more_path, self.done_path):
            return None
        path = compile_path(self.cursor_path)
        text = path.text_in(page.body)
        if text is None:
            return None
        params = ((self.cursor_param, text),) if self.cursor_param else ()
        if not self.cursor_body_path:
            return Step(params=params)
        raw = path.find(page.body)
        is_text = raw is not None and bytes(raw)[:1] == b'"'
        json = msgspec.json.encode(scalar(raw)).decode() if raw is not None and is_text else text
        return self._in_body(json, params)

    def resume(self, token: str) -> Step | None:
        """Return the step that asks for what came since a listing ended with that cursor."""
        return self._in_body(msgspec.json.encode(token).decode()) if self.continue_path else None

    def _in_body(self, json: str, params: tuple[tuple[str, str], ...] = ()) -> Step:
        body = ((self.cursor_body_path.removeprefix("$."), json),)
        return Step(params=params, url=self.continue_path, body=body, alone=bool(self.continue_path))

    def own_params(self) -> tuple[str, ...]:
        """Return the cursor's parameter."""
        return (self.cursor_param,) if self.cursor_param else ()

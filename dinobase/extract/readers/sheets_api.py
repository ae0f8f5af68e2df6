"""What Google's API tells of one spreadsheet: its worksheets, blocks of their cells, and its own tables' records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dinobase.core.errors import FetchError, FetchRefused
from dinobase.core.values import Event, HttpRequest
from dinobase.extract import runner
from dinobase.extract.readers import sheets_values
from dinobase.extract.session import Session
from dinobase.spec.models import Connector, Resource

T = TypeVar("T")
_ABOUT = "spreadsheetId,properties(title),sheets(properties(sheetId,title,sheetType,gridProperties))"
_CELLS = 500_000
_ROWS = 20_000
_TRIES = 3
_NOT_THERE = 404
_HEADERS = 100  # of so many worksheets at once: all of it is in the address


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A grid of cells, as large as it is with what is empty; `header` is the text of its first row."""

    title: str
    rows: int
    columns: int
    header: Sequence[Any] = ()

    @property
    def range(self) -> str:
        """Its name in A1 notation."""
        return "'" + self.title.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """One spreadsheet; sheets that are no grid of cells (a chart's, a data source's) are no worksheets of it."""

    id: str
    title: str
    worksheets: Sequence[Worksheet]


class SheetsApi:
    """Asks for one spreadsheet; every call has its own connections, tokens are kept in `state`."""

    def __init__(self, connector: Connector, spreadsheet: str, state: Path) -> None:
        self._connector, self._id, self._state = connector, spreadsheet, state

    def about(self) -> Spreadsheet:
        """Ask what there is."""

        async def ask(session: Session) -> Spreadsheet:
            found = await self._get(session, "", [("fields", _ABOUT)])
            grids = []
            for one in found.get("sheets", ()):
                properties = one["properties"]
                size = properties.get("gridProperties", {})
                if properties.get("sheetType", "GRID") == "GRID":
                    grids.append(Worksheet(properties["title"], size.get("rowCount", 0), size.get("columnCount", 0)))
            headers: list[Sequence[Any]] = []
            for start in range(0, len(grids), _HEADERS):
                ranges = [f"{sheet.range}!1:1" for sheet in grids[start : start + _HEADERS]]
                headers += [rows[0] if rows else () for rows in await self._cells(session, ranges, "FORMATTED_VALUE")]
            sheets = [
                Worksheet(sheet.title, sheet.rows, sheet.columns, head)
                for sheet, head in zip(grids, headers, strict=True)
            ]
            return Spreadsheet(found["spreadsheetId"], str(found["properties"]["title"]), sheets)

        return self._run(ask)

    def blocks(self, sheet: Worksheet) -> Iterator[tuple[int, Sequence[Sequence[Any]], Sequence[Sequence[Any]]]]:
        """Yield the rows below the first: a block's first row's number, dates as numbers, dates as they are shown."""
        height = max(1, min(_ROWS, _CELLS // max(sheet.columns, 1)))
        for first in range(2, sheet.rows + 1, height):
            ranges = [f"{sheet.range}!{first}:{min(first + height - 1, sheet.rows)}"]

            async def ask(session: Session, ranges: Sequence[str] = ranges) -> Any:
                for _ in range(_TRIES):
                    [serial] = await self._cells(session, ranges, "UNFORMATTED_VALUE", "SERIAL_NUMBER")
                    [shown] = await self._cells(session, ranges, "UNFORMATTED_VALUE", "FORMATTED_STRING")
                    if sheets_values.alike(serial, shown):
                        return serial, shown
                raise FetchError(
                    f"{sheet.title} is being edited while it is read",
                    code="google_sheets.edited",
                    hint="the next sync tries again",
                )

            serial, shown = self._run(ask)
            yield first, serial, shown

    def records(self, resource: Resource) -> list[bytes]:
        """Return the records of a table that the API's definition describes."""

        async def ask(session: Session) -> list[bytes]:
            return [bytes(one) async for batch in runner.read(session, resource) for one in batch.records]

        return self._run(ask)

    async def _cells(
        self, session: Session, ranges: Sequence[str], value: str, moment: str = "FORMATTED_STRING"
    ) -> list[Sequence[Sequence[Any]]]:
        given = [("ranges", one) for one in ranges]
        if not given:
            return []
        options = [("majorDimension", "ROWS"), ("valueRenderOption", value), ("dateTimeRenderOption", moment)]
        found = await self._get(session, "/values:batchGet", [*given, *options])
        return [one.get("values", ()) for one in found["valueRanges"]]

    async def _get(self, session: Session, path: str, params: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
        url = f"{self._connector.client.base_url.rstrip('/')}/spreadsheets/{self._id}{path}"
        request = HttpRequest("GET", url, tuple(params), {"Accept": "application/json"})
        try:
            response = await session.send(request)
        except FetchRefused as error:
            if error.context.get("status") is None:
                raise  # the key, not the spreadsheet
            raise FetchRefused(
                f"spreadsheet {self._id} may not be read: {error.message}",
                code=error.error_code,
                hint="share it with the service account's e-mail address; the Google Sheets API must be enabled",
            ) from None
        except FetchError as error:
            if error.context.get("status") != _NOT_THERE:
                raise
            raise FetchError(
                f"there is no spreadsheet {self._id}",
                code="source.absent",
                hint="its ID is what stands between /d/ and /edit in its address",
            ) from None
        found: Mapping[str, Any] = msgspec.json.decode(response.body)
        return found

    def _run(self, work: Callable[[Session], Awaitable[T]]) -> T:
        async def all_of_it() -> T:
            async with Session(
                self._connector, name=self._connector.name, state_dir=self._state, observe=_ignore
            ) as session:
                return await work(session)

        return asyncio.run(all_of_it())


def _ignore(_: Event) -> None:
    return

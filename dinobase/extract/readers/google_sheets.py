"""Google Sheets: a worksheet is a table, its first row the names of the columns; each sync takes the rows as they are.

The API's own tables (charts, named ranges, ...) are those of its connector file: read where they are named.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from dinobase.core.errors import CredentialMissing, FetchError, UsageError
from dinobase.extract.readers import staging
from dinobase.extract.readers.base import Ask, Brought, SourceColumn, SourceTable
from dinobase.extract.readers.ndjson import Lines
from dinobase.extract.readers.options import split
from dinobase.extract.readers.sheets_api import SheetsApi, Spreadsheet, Worksheet
from dinobase.extract.readers.sheets_values import Cells, header
from dinobase.lake.connection import Writer
from dinobase.lake.files import Files
from dinobase.lake.sql import ident, literal
from dinobase.spec.load import load_connector
from dinobase.spec.models import Connector, Credential, Resource
from dinobase.spec.resolve import resolve

SPREADSHEET, SHEETS, ENDPOINT, KEY_FILE = "spreadsheet_id", "sheets", "endpoint_url", "key_file"
ROW = "_row"
_OF = "spreadsheetId"
_ROW = SourceColumn(ROW, "BIGINT", nullable=False, description="The row's number in the worksheet; names are in row 1.")
_ID = re.compile(r"[A-Za-z0-9_-]{5,}")
_IN_URL = re.compile(r"/spreadsheets/d/([A-Za-z0-9_-]+)")
_NOT_A_NAME = re.compile(r"\W+")
_PLAIN = re.compile(r"[A-Za-z0-9_ -]+")


class SheetsKind:
    """What `add` asks for: what the connector file does, and which worksheets."""

    def __init__(self, definition: Path) -> None:
        self._definition = definition

    @property
    def credentials(self) -> Sequence[Credential]:
        """Return what the connector file asks for, and the reader's own."""
        return (*_defined(self._definition).credentials, *_OWN)

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values, spreadsheets by their IDs; raises UsageError where they make no sense."""
        found = dict(values)
        if found.get(SPREADSHEET):
            found[SPREADSHEET] = ",".join(_ids(found[SPREADSHEET]))
        key = found.get(KEY_FILE, "").strip()
        if key and not key.startswith(("{", "$")):
            found[KEY_FILE] = str(Path(key).expanduser().absolute())
        return found

    def open(self, values: Mapping[str, str], writer: Writer | None) -> SheetsSource:
        """Read the connector file; the API is asked later."""
        return SheetsSource(_defined(self._definition), values, writer)


@cache
def _defined(definition: Path) -> Connector:
    """Read the packaged file, once in a process."""
    return load_connector(definition)


_OWN = (
    Credential(
        name=SHEETS, secret=False, required=False, help="Only these worksheets, by their titles; globs: '2026*'."
    ),
    Credential(name=ENDPOINT, secret=False, required=False, help="Where the API is, if not at Google."),
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A worksheet, and who is asked for it."""

    api: SheetsApi
    sheet: Worksheet
    columns: Sequence[str]


class SheetsSource:
    """Spreadsheets; a worksheet is read block by block, and lands whole or not at all."""

    def __init__(self, definition: Connector, values: Mapping[str, str], writer: Writer | None) -> None:
        ids = _ids(values.get(SPREADSHEET, ""))
        if not ids:
            raise CredentialMissing(
                "which spreadsheet is to be read is not said",
                hint="--spreadsheets ID_OR_ADDRESS",
                missing=[SPREADSHEET],
            )
        self._state = tempfile.TemporaryDirectory(prefix="dinobase-")
        self._files = Files(writer)
        self._globs = [glob.lower() for glob in split(values.get(SHEETS, ""))]
        self._definitions: dict[str, Connector] = {}
        self._apis: dict[str, SheetsApi] = {}
        for one in ids:
            resolved = resolve(definition, {**values, SPREADSHEET: one})
            if values.get(ENDPOINT):
                client = resolved.client.model_copy(update={"base_url": values[ENDPOINT]})
                resolved = resolved.model_copy(update={"client": client})
            self._definitions[one] = resolved
            self._apis[one] = SheetsApi(resolved, one, Path(self._state.name))
        self._places: dict[str, _Place] = {}
        self._stopped = False
        self.address = f"google_sheets://{','.join(ids)}"

    def tables(self) -> Sequence[SourceTable]:
        """Return the worksheets that are chosen, then the API's own tables."""
        own = next(iter(self._definitions.values())).resources
        taken = {resource.name for resource in own}
        found = []
        for number, api in enumerate(self._apis.values()):
            spreadsheet = api.about()
            for sheet in spreadsheet.worksheets:
                if not self._globs or any(fnmatchcase(sheet.title.lower(), glob) for glob in self._globs):
                    table = _table(spreadsheet, sheet, first=number == 0, taken=taken)
                    columns = [column.name for column in table.columns[1:]]
                    self._places[table.name] = _Place(api, sheet, columns)
                    found.append(table)
        return [*found, *(_own(resource) for resource in own)]

    def read(self, ask: Ask) -> Brought:
        """Read all rows of a worksheet, or the records of a table of the API's own."""
        place = self._places.get(ask.table.name)
        return self._records(ask) if place is None else self._rows(ask, place)

    def _rows(self, ask: Ask, place: _Place) -> Brought:
        cells = Cells()
        lines = Lines(ask.folder / "cells")
        for first, serial, shown in place.api.blocks(place.sheet):
            if self._stopped:
                raise FetchError("the read was stopped", code="source.stopped")
            for number, (one, other) in enumerate(zip(serial, shown, strict=True), first):
                row = cells.row(one, other)
                if row:
                    lines.add({"r": number, **row})
        lines.flush()
        found = cells.types()
        # What has a name is a column, whether it has values or not.
        types = {n: found.get(n, "VARCHAR") for n in range(len(place.columns)) if n in found or _named(place, n)}
        names = {n: ask.names[place.columns[n]] for n in types}
        fields = [f"CAST(r AS BIGINT) AS {ident(ask.names[ROW])}"]
        fields += [f"CAST(c{n} AS {type_}) AS {ident(names[n])}" for n, type_ in types.items()]
        shape = ", ".join(["r: 'BIGINT'", *(f"c{n}: 'VARCHAR'" for n in types)])
        relation = f"(SELECT NULL::BIGINT AS r{''.join(f', NULL::VARCHAR AS c{n}' for n in types)} WHERE false)"
        if lines.files:
            texts = ", ".join(literal(str(file)) for file in lines.files)
            relation = f"read_json([{texts}], format = 'newline_delimited', columns = {{{shape}}})"
        made, rows = staging.copy(self._files, f"SELECT {', '.join(fields)} FROM {relation}", ask.folder / "rows")
        typed = {ask.names[ROW]: "BIGINT", **{names[n]: type_ for n, type_ in types.items()}}
        return Brought(tuple(made), typed, rows, lines.bytes, notes=tuple(cells.notes(place.columns)))

    def _records(self, ask: Ask) -> Brought:
        lines = Lines(ask.folder)
        json: dict[str, str] = {}
        for spreadsheet, definition in self._definitions.items():
            resource = definition.resource(ask.table.name)
            assert resource is not None
            json = {name: "JSON" for name, about in _columns(resource).items() if about.type == "JSON"}
            for record in self._apis[spreadsheet].records(resource):
                lines.add({_OF: spreadsheet, **_lifted(record, resource)})
        lines.flush()
        return Brought(tuple(lines.files), json if lines.rows else {}, lines.rows, lines.bytes, lines=True)

    def interrupt(self) -> None:
        """Stop a read at its next block."""
        self._stopped = True
        self._files.interrupt()

    def close(self) -> None:
        """Forget the token."""
        self._files.close()
        self._state.cleanup()


def over(definition: Path) -> SheetsKind:
    """Return the kind that asks the API as a connector file says."""
    return SheetsKind(definition)


def _ids(text: str) -> list[str]:
    found = []
    for word in split(text):
        in_url = _IN_URL.search(word)
        if in_url is None and not _ID.fullmatch(word):
            raise UsageError(
                f"`{word}` is no spreadsheet",
                code="google_sheets.id",
                hint="Give its address, or what stands in it between /d/ and /edit.",
            )
        found.append(in_url[1] if in_url else word)
    return list(dict.fromkeys(found))


def _table(spreadsheet: Spreadsheet, sheet: Worksheet, *, first: bool, taken: set[str]) -> SourceTable:
    """Name a worksheet's table: the first spreadsheet's by its title, others' as `budget__costs`."""
    base = _name(sheet.title) if first else f"{_name(spreadsheet.title)}__{_name(sheet.title)}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    columns = [
        SourceColumn(head, "VARCHAR", description="" if _PLAIN.fullmatch(head) else head)
        for head in header(sheet.header, sheet.columns)
    ]
    about = f"{sheet.title}, a worksheet of {spreadsheet.title}"
    return SourceTable(name, f"{spreadsheet.id}/{sheet.title}", (_ROW, *columns), key=(ROW,), description=about)


def _name(title: str) -> str:
    name = _NOT_A_NAME.sub("_", title).strip("_").lower() or "sheet"
    return f"sheet_{name}" if name[0].isdigit() or name.startswith("dinobase") else name


def _named(place: _Place, number: int) -> bool:
    cells = place.sheet.header
    return number < len(cells) and bool(str(cells[number]).strip())


def _own(resource: Resource) -> SourceTable:
    columns = [SourceColumn(n, "VARCHAR", description=c.description or "") for n, c in _columns(resource).items()]
    given = resource.primary_key or ()
    key = tuple(_bare(name, resource) for name in ([given] if isinstance(given, str) else given))
    known = {column.name for column in columns} | {_OF}
    columns = [SourceColumn(_OF, "VARCHAR"), *columns, *(SourceColumn(n, "VARCHAR") for n in key if n not in known)]
    return SourceTable(
        resource.name, f"api/{resource.name}", tuple(columns), key=tuple(dict.fromkeys((_OF, *key))),
        description=resource.description or "", selected=False,
    )  # fmt: skip


def _columns(resource: Resource) -> Mapping[str, Any]:
    """Return what is said of columns that are a field of the record, or of an object that is lifted."""
    named = {_bare(path, resource): about for path, about in resource.columns.items()}
    return {name: about for name, about in named.items() if "." not in name}


def _bare(path: str, resource: Resource) -> str:
    return next((path.removeprefix(f"{up}.") for up in resource.lift if path.startswith(f"{up}.")), path)


def _lifted(record: bytes, resource: Resource) -> dict[str, Any]:
    fields = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
    for name in resource.lift:
        inner = fields.pop(name, None)
        fields |= msgspec.json.decode(inner, type=dict[str, msgspec.Raw]) if inner is not None else {}
    return dict(fields)

"""Worksheets as tables, over HTTP from a server that answers as Google documents it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dinobase.core.errors import CredentialMissing, FetchError, FetchRefused, UsageError
from dinobase.extract.readers import sheets_api
from dinobase.extract.readers.base import Ask, Brought
from dinobase.extract.readers.google_sheets import SheetsSource, over
from dinobase.sync.sources import PACKAGED
from tests.databases.desk import Desk
from tests.sheets.google import Google, Grid, Shown, serving

BOOK, OTHER = "1AbCdEfGhIjKlMnOp", "2ZyXwVuTsRqPo"
ADDRESS = f"https://docs.google.com/spreadsheets/d/{BOOK}/edit?usp=sharing#gid=0"
DAY, NEXT = Shown(46024, "1/2/2026"), Shown(46025, "1/3/2026")


@pytest.fixture
def google() -> Iterator[Google]:
    google = Google()
    with serving(google):
        yield google


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("GOOGLE_SHEETS_KEY_FILE", "GOOGLE_SHEETS_SPREADSHEET_ID"):
        monkeypatch.delenv(name, raising=False)
    return Desk(tmp_path / "workspace")


def add(desk: Desk, google: Google, spreadsheets: str = ADDRESS, **given: str) -> list[str]:
    return desk.add(
        "google_sheets", endpoint_url=f"{google.url}/v4/", key_file=google.key, spreadsheet_id=spreadsheets, **given
    )


@contextmanager
def opened(google: Google, spreadsheets: str = BOOK, **given: str) -> Iterator[SheetsSource]:
    """Open the source itself, without a workspace."""
    kind = over(PACKAGED / "google_sheets.yaml")
    values = {"endpoint_url": f"{google.url}/v4/", "key_file": google.key, "spreadsheet_id": spreadsheets, **given}
    with closing(kind.open(kind.settled(values), None)) as source:
        yield source


def read(source: SheetsSource, name: str, folder: Path) -> Brought:
    [table] = [table for table in source.tables() if table.name == name]
    return source.read(Ask(table, {column.name: column.name for column in table.columns}, {}, None, folder))


def rows(brought: Brought) -> list[tuple[Any, ...]]:
    return duckdb.read_parquet([str(file) for file in brought.files]).order("_row").fetchall()


def test_a_worksheet_is_a_table_with_the_types_of_its_cells(desk: Desk, google: Google) -> None:
    google.books[BOOK] = {
        "Orders 2026": Grid(
            [
                ["Id", "Ship Date", "Seen at", "Price (€)", "Paid", "Opens", "Share", "Who"],
                [
                    1,
                    DAY,
                    Shown(46024.5, "1/2/2026 12:00:00"),
                    Shown(20.5, "€20.50", moment=False),
                    True,
                    Shown(0.375, "9:00:00"),
                    Shown(0.1, "10%", moment=False),
                    "Ann",
                ],
                [2, NEXT, Shown(46025 + 1 / 86400, "1/3/2026 0:00:01"), 3, False, Shown(0.5, "12:00:00"), 1, "007"],
                [],
                ["", "", "", "", "", "", "", "Bob"],
            ]
        )
    }
    assert add(desk, google) == ["orders_2026"]
    report = desk.good()["orders_2026"]
    assert (report.rows, report.notes) == (3, [])
    assert desk.types("db.orders_2026") == {
        "_row": "BIGINT", "id": "BIGINT", "ship_date": "DATE", "seen_at": "TIMESTAMP", "pricex": "DOUBLE",
        "paid": "BOOLEAN", "opens": "TIME", "share": "DOUBLE", "who": "VARCHAR",
    }  # fmt: skip
    assert desk.rows("SELECT * FROM db.orders_2026 ORDER BY _row") == [
        (2, 1, date(2026, 1, 2), datetime(2026, 1, 2, 12), 20.5, True, time(9), 0.1, "Ann"),  # noqa: DTZ001
        (3, 2, date(2026, 1, 3), datetime(2026, 1, 3, 0, 0, 1), 3.0, False, time(12), 1.0, "007"),  # noqa: DTZ001
        (5, None, None, None, None, None, None, None, "Bob"),
    ]
    described = desk.workspace.describe(["db.orders_2026"], samples=0)[0]
    assert described.description == f"Orders 2026, a worksheet of Book {BOOK}"
    assert {c.name: c.description for c in described.columns}["pricex"] == "Price (€)"


def test_headers_that_are_empty_or_come_twice_and_rows_that_are_longer_have_names(desk: Desk, google: Google) -> None:
    google.books[BOOK] = {
        "Data": Grid([["Name", "", "Amount", "Amount", 2024], ["a", "x", 1, 2, 3, "", "beyond"], ["b"]]),
        "No names": Grid([[], [1, "one"], ["", "two"]]),
        "Empty": Grid([]),
        "Only names": Grid([["A", "B"]]),
    }
    add(desk, google)
    reports = desk.good()
    assert desk.rows("SELECT name, column_b, amount, amount_2, _2024, column_g FROM db.data ORDER BY _row") == [
        ("a", "x", 1, 2, 3, "beyond"), ("b", None, None, None, None, None),
    ]  # fmt: skip
    assert desk.rows("SELECT * FROM db.no_names ORDER BY _row") == [(2, 1, "one"), (3, None, "two")]
    assert list(desk.types("db.no_names")) == ["_row", "column_a", "column_b"]
    assert (reports["empty"].rows, list(desk.types("db.only_names"))) == (0, ["_row", "a", "b"])


def test_what_is_edited_becomes_the_table_in_one_step(desk: Desk, google: Google) -> None:
    grid = Grid([["id", "day", "n"], [1, DAY, 5], [2, NEXT, 6], [3, NEXT, 7]])
    google.books[BOOK] = {"Log": grid}
    add(desk, google)
    assert desk.good()["log"].inserted == 3
    assert desk.good()["log"].status == "unchanged"
    grid.rows[1:] = [[1, DAY, 5], [3, "soon", 6.5]]
    report = desk.good()["log"]
    assert (report.updated, report.deleted) == (1, 1)
    assert desk.rows("SELECT id, CAST(day AS VARCHAR), n FROM db.log ORDER BY _row") == [
        (1, "2026-01-02", 5.0), (3, "soon", 6.5),
    ]  # fmt: skip
    assert desk.types("db.log")["n"] == "DOUBLE"


def test_errors_of_formulas_are_null_and_told(google: Google, tmp_path: Path) -> None:
    google.books[BOOK] = {"Sums": Grid([["n", "m"], [1, "#DIV/0!"], ["#N/A", 2], ["#N/A", 3]])}
    with opened(google) as source:
        brought = read(source, "sums", tmp_path)
    assert brought.notes == ("n: #N/A in 2 cells, NULL here", "m: #DIV/0! in 1 cell, NULL here")
    assert rows(brought) == [(2, 1, None), (3, None, 2), (4, None, 3)]
    assert brought.types == {"_row": "BIGINT", "n": "BIGINT", "m": "BIGINT"}


def test_large_worksheets_come_in_blocks(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets_api, "_ROWS", 50)
    google.books[BOOK] = {"It's big": Grid([["n"], *([n] for n in range(2, 231))], height=230, width=1)}
    with opened(google) as source:
        brought = read(source, "it_s_big", tmp_path)
    assert rows(brought) == [(n, n) for n in range(2, 231)]
    assert google.asked.count(f"/v4/spreadsheets/{BOOK}/values:batchGet") == 1 + 2 * 5


def test_a_worksheet_that_is_edited_while_it_is_read_is_read_again(google: Google, tmp_path: Path) -> None:
    google.books[BOOK] = {"Busy": Grid([["a"], [1], [2]])}
    google.between = 1
    with opened(google) as source:
        assert read(source, "busy", tmp_path / "1").rows == 3
        google.between = 3
        with pytest.raises(FetchError) as told:
            read(source, "busy", tmp_path / "2")
    assert told.value.error_code == "google_sheets.edited"


def test_several_spreadsheets_and_globs_of_worksheets(google: Google, tmp_path: Path) -> None:
    google.books[BOOK] = {"2026 North": Grid([["a"], [1]]), "Charts": Grid([["a"], [2]]), "Pie": Grid([], "OBJECT")}
    google.books[OTHER] = {"2026 North": Grid([["a"], [3]]), "Notes": Grid([["a"], [4]])}
    named, second = f"{ADDRESS}, {OTHER}", f"book_{OTHER.lower()}"
    with opened(google, named) as source:
        found = [table.name for table in source.tables() if table.selected]
        assert found == ["sheet_2026_north", "charts_2", f"{second}__sheet_2026_north", f"{second}__notes"]
        assert rows(read(source, f"{second}__notes", tmp_path)) == [(2, 4)]
    with opened(google, named, sheets="2026*") as source:
        assert [table.name for table in source.tables() if table.selected] == [found[0], found[2]]


def test_the_apis_own_tables_are_there_where_they_are_named(desk: Desk, google: Google) -> None:
    ranges = [{"namedRangeId": "r1", "name": "total", "range": {"sheetId": 0, "startRowIndex": 3}}]
    google.books[BOOK] = {"Data": Grid([["a"], [1]], named=ranges)}
    add(desk, google)
    given = desk.workspace.sync(["db"], resources=["sheets", "named_ranges", "spreadsheets", "charts"])
    assert [(t.name, t.status) for c in given.connectors for t in c.tables][0:2] == [
        ("spreadsheets", "success"), ("sheets", "success"),
    ]  # fmt: skip
    assert desk.rows("SELECT spreadsheet_id, sheet_id, title, grid_properties__row_count FROM db.sheets") == [
        (BOOK, 0, "Data", 1000)
    ]
    assert desk.rows("SELECT named_range_id, name, range__start_row_index FROM db.named_ranges") == [("r1", "total", 3)]
    assert desk.rows("SELECT properties__title FROM db.spreadsheets") == [(f"Book {BOOK}",)]


def test_what_cannot_be_read_is_told(desk: Desk, google: Google) -> None:
    google.books[BOOK] = {"Data": Grid([["a"], [1]])}
    with pytest.raises(UsageError, match="no spreadsheet"):
        add(desk, google, "my sheet")
    with pytest.raises(FetchError, match=f"there is no spreadsheet {OTHER}"):
        add(desk, google, OTHER)
    google.private.add(BOOK)
    with pytest.raises(FetchRefused) as told:
        add(desk, google)
    assert "share it with the service account" in told.value.hint
    with pytest.raises(CredentialMissing):
        desk.add("google_sheets", key_file=google.key)
    with pytest.raises(FetchRefused, match="key file"):
        desk.add("google_sheets", key_file='{"type": "user"}', spreadsheet_id=BOOK, endpoint_url=google.url)


def test_a_key_file_and_addresses_of_the_environment_are_kept_as_those_of_flags(
    desk: Desk, google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.books[BOOK] = {"Data": Grid([["a"], [1]])}
    (tmp_path / "robot.json").write_text(google.key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOOGLE_SHEETS_KEY_FILE", "robot.json")
    monkeypatch.setenv("GOOGLE_SHEETS_SPREADSHEET_ID", ADDRESS)
    desk.add("google_sheets", endpoint_url=f"{google.url}/v4/")
    assert desk.workspace.config().connectors["db"].params["spreadsheet_id"] == BOOK
    monkeypatch.chdir("/")
    assert desk.good()["data"].rows == 1


def test_a_users_own_file_of_this_name_is_what_the_name_means(desk: Desk) -> None:
    workspace = desk.workspace
    listed = [c for c in workspace.available().available if c.name == "google_sheets"]
    assert [(c.definition, c.overrides) for c in listed] == [("packaged", False)]
    assert {"--spreadsheets", "--sheets", "--key-file"} <= {c.flag for c in workspace.credentials_of("google_sheets")}
    workspace.connector_file_to_edit("google_sheets")
    assert [c.definition for c in workspace.available().available if c.name == "google_sheets"] == ["user"]
    assert "--sheets" not in {c.flag for c in workspace.credentials_of("google_sheets")}
    given = {"key_file": "{}", "spreadsheet_id": BOOK}
    assert "charts" in workspace.add("google_sheets", given=given, check=False).resources

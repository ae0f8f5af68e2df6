"""Tables fit their width whatever is in them."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from dinobase.cli import help_text
from dinobase.cli.table import Column, Table, plain, safe
from dinobase.cli.terminal import _cell, _grid, render

CELLS = st.one_of(st.none(), st.text(max_size=60), st.integers(), st.booleans(), st.floats(allow_nan=False))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    names = draw(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=12))
    rows = draw(st.lists(st.tuples(*[CELLS] * len(names)), min_size=1, max_size=15))
    return Table([Column(name, draw(st.sampled_from(["text", "value", "number"]))) for name in names], rows)


@settings(max_examples=150, deadline=None)
@given(tables(), st.integers(min_value=24, max_value=200))
def test_no_line_is_wider_than_the_terminal(table: Table, width: int) -> None:
    text, _ = render(table, width=width, colour=False)
    assert max(map(cell_len, text.splitlines())) <= width


@settings(max_examples=60, deadline=None)
@given(tables())
def test_nothing_is_lost_where_the_width_is_free(table: Table) -> None:
    text, notes = render(table, width=None, colour=False)
    assert notes == []
    given_dots = any("…" in str(cell) for row in table.rows for cell in row) or "…" in str(table.columns)
    assert "…" not in text or given_dots
    assert len(text.splitlines()) == len(table.rows) + 2


@given(st.text(max_size=40))
def test_data_in_lines_for_people_is_never_read_as_markup(text: str) -> None:
    shown = Text.from_markup(f"[bold]{plain(text)}[/bold]", emoji=False).plain
    assert shown.removesuffix(" ") == safe(text).removesuffix(" ")


def test_a_column_of_numbers_alone_stands_right_and_null_is_visible() -> None:
    text, _ = render(
        Table([Column("n", "value"), Column("s", "value")], [(1, None), (1000, "x")]), width=80, colour=False
    )
    assert text.splitlines()[2:] == ["    1   NULL", " 1000   x"]


def test_many_rows_are_drawn_as_few_are() -> None:
    rows = [(n, None if n % 3 else "日本語 text " * (n % 5), "x" * (n % 30)) for n in range(600)]
    columns = [Column("id", "value"), Column("text", "value"), Column("s", "value")]
    many, _ = render(Table(columns, rows), width=40, colour=False)
    slow = _grid([Column("id", "number"), *columns[1:]], _cells(columns, rows), _widths(many), colour=False, wrap=False)
    assert many == slow


def _cells(columns: list[Column], rows: list[tuple[Any, ...]]) -> list[list[Text]]:
    return [[_cell(column, value) for column, value in zip(columns, row, strict=True)] for row in rows]


def _widths(drawn: str) -> list[int]:
    head = drawn.splitlines()[0]
    starts = [head.index("id") - 1, head.index("text"), head.index(" s") + 1]
    total = cell_len(drawn.splitlines()[1]) - 1
    return [3, starts[2] - starts[1] - 3, total - starts[2]]


def test_an_empty_table_says_so() -> None:
    assert render(Table([Column("a")], [], empty="Nothing yet."), width=80, colour=False)[0] == "Nothing yet.\n"


def test_counts_have_thousands_apart_and_data_has_not() -> None:
    table = Table([Column("rows", "count"), Column("id", "number")], [(12345, 12345)])
    assert "12,345   12345" in render(table, width=80, colour=False)[0]


def test_a_moment_is_never_cut() -> None:
    columns = [Column("version", "number"), Column("time", "moment"), Column("changes"), Column("message")]
    text, _ = render(
        Table(columns, [(2, "2026-11-25T00:20:06Z", "created, inserted and altered " * 3, "sync orders " * 5)]),
        width=60,
        colour=False,
    )
    assert "2026-11-25 00:20:06" in text


def test_help_names_every_group_once_and_fits_80_columns() -> None:
    lines = help_text.root(colour=False).splitlines()
    groups = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert len(groups) == len(set(groups))
    assert [line for line in lines if len(line) > 80] == []

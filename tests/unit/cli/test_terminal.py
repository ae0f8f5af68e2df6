"""Tables fit their width whatever is in them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.markup import escape
from rich.text import Text

from dinobase.cli.output import Column, Table, plain
from dinobase.cli.terminal import render

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
    assert Text.from_markup(f"{plain(text)} end").plain == Text.from_markup(f"{escape(text)} end").plain


def test_a_column_of_numbers_alone_stands_right_and_null_is_visible() -> None:
    text, _ = render(
        Table([Column("n", "value"), Column("s", "value")], [(1, None), (1000, "x")]), width=80, colour=False
    )
    assert text.splitlines()[2:] == ["    1   NULL", " 1000   x"]


def test_an_empty_table_says_so() -> None:
    assert render(Table([Column("a")], [], empty="Nothing yet."), width=80, colour=False)[0] == "Nothing yet.\n"


def test_counts_have_thousands_apart_and_data_has_not() -> None:
    table = Table([Column("rows", "count"), Column("id", "number")], [(12345, 12345)])
    assert "12,345   12345" in render(table, width=80, colour=False)[0]

"""Faulty SQL is answered shortly, with what to write instead, and never with a list of candidates."""

from __future__ import annotations

import pytest

from dinobase.catalog.tokens import estimate_tokens
from dinobase.core.errors import DinobaseError
from dinobase.query.engine import QueryEngine
from dinobase.query.hints import lambda_hint

EPOCH = (
    "A whole number of epoch seconds becomes a time by to_timestamp(x), one of milliseconds by to_timestamp(x / 1000)."
)
CASES = [
    ("SELECT placed - '2 days' FROM shop.orders", "There is no TIMESTAMPTZ - text", "Write - INTERVAL '2 days'."),
    ("SELECT placed - 2 FROM shop.orders", "There is no TIMESTAMPTZ - integer", "Write - INTERVAL '2 days'."),
    ("SELECT DATE_SUB(now(), INTERVAL 2 DAY)", "There is no date_sub(TIMESTAMPTZ, INTERVAL)",
     "Write x - INTERVAL '2 days'."),
    (
        "SELECT date_trunc(placed, 'month') FROM shop.orders",
        "There is no date_trunc(TIMESTAMPTZ, text)", "The part comes first: date_trunc('month', x).",
    ),
    (
        "SELECT datediff(now(), placed) FROM shop.orders",
        "There is no datediff(TIMESTAMPTZ, TIMESTAMPTZ)", "The unit comes first: date_diff('day', earlier, later).",
    ),
    ("SELECT date_diff('day', id, now()) FROM shop.orders", "There is no date_diff(text, BIGINT, TIMESTAMPTZ)", EPOCH),
    ("SELECT extract(year FROM id) FROM shop.orders", "There is no date_part(text, BIGINT)", EPOCH),
    (
        "SELECT id > '2026-01-01' FROM shop.orders",
        "Could not convert string '2026-01-01' to INT64", f"The column holds a number. {EPOCH}",
    ),
    (
        "SELECT id > TIMESTAMP '2026-01-01' FROM shop.orders",
        "Cannot compare values of type BIGINT and type TIMESTAMP - an explicit cast is required", EPOCH,
    ),
    (
        "SELECT sum(status) FROM shop.orders",
        "There is no sum(VARCHAR)", "sum(TRY_CAST(x AS DOUBLE)) takes text that holds numbers.",
    ),
    ("SELECT substring(id, 1, 2) FROM shop.orders", "There is no substring(BIGINT, integer, integer)",
     "CAST(x AS VARCHAR) makes a text of it."),
    (
        "SELECT status, count(*) FROM shop.orders",
        'column "status" must appear in the GROUP BY clause or must be part of an aggregate function',
        "Put the column into GROUP BY (GROUP BY ALL takes all that are no aggregates), or use any_value().",
    ),
    (
        "SELECT id - sum(id) AS rest FROM shop.orders GROUP BY ALL",
        "Cannot mix aggregates with non-aggregated columns!",
        "Name the columns outside the aggregates in GROUP BY, or aggregate them too: any_value(x) - sum(y).",
    ),
    ("SELECT 'a'::INT", "Could not convert string 'a' to INT32", "TRY_CAST gives NULL where a value does not convert."),
    ("SELECT TOP 5 * FROM shop.orders", 'Syntax error at or near "5" (line 1, column 12)', "Write LIMIT 5 at the end."),
    ("SELECT * FROM shop.orders LIMIT 5, 10", "Syntax that DuckDB does not have", "Write LIMIT 10 OFFSET 5."),
    ("SELECT `id` FROM shop.orders", None, 'Names are quoted "so", not `so`.'),
    ("SELECT GETDATE()", "The function getdate() may not be called", "Write now()."),
    ("SELECT to_char(now(), 'YYYY')", "The function to_char() may not be called", "Write strftime(x, '%Y-%m-%d')."),
    ("SELECT ISNULL(status, '') FROM shop.orders", "The function isnull() may not be called", "Write coalesce(x, y)."),
    ("SELECT array_length(lines) FROM shop.orders", "There is no array_length(JSON)", None),
    ("SELECT unnest(lines) FROM shop.orders", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "message", "hint"), CASES, ids=[case[0][:40] for case in CASES])
def test_an_error_says_what_to_write_instead(
    engine: QueryEngine, sql: str, message: str | None, hint: str | None
) -> None:
    with pytest.raises(DinobaseError) as caught:
        engine.run(sql)
    assert message is None or caught.value.message == message
    assert hint is None or caught.value.hint == hint
    assert "candidate" not in f"{caught.value.message}{caught.value.hint}".lower()
    assert estimate_tokens(f"{caught.value.message}{caught.value.hint}") < 90


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("list_transform(a, x -> x + 1)", "Write `lambda x: x + 1`."),
        ("list_reduce(a, (x, y) -> x + y)", "Write `lambda x, y: x + y`."),
        ("list_filter(a, t -> lower(t) = b)", "Write `lambda t: lower(t) = b`."),
    ],
)
def test_an_arrow_is_written_as_the_lambda_that_it_means(sql: str, hint: str) -> None:
    assert lambda_hint(sql) == hint

"""The bytes of each format; a change here is a change for everyone who reads them by program."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import UsageError
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from dinobase.query.format import FORMATS, render, write_stream

GOLDEN = Path(__file__).parent / "query"
SQL = """
SELECT * FROM (VALUES
    (1, 9007199254740993, 'plain', 0.5::DOUBLE, 1.50::DECIMAL(5, 2), true, ['a', 'b'], {'k': 1},
     '2026-01-31 12:00:00+00'::TIMESTAMPTZ),
    (2, 2, 'comma, "quote" | pipe', 'nan'::DOUBLE, 2::DECIMAL(5, 2), false, [], {'k': NULL}, NULL),
    (3, NULL, E'two\\nlines \\\\ é', NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 4, '', 1e300, 0::DECIMAL(5, 2), true, [''], {'k': 2}, NULL)
) t(id, big, "text, or so", ratio, price, ok, tags, "object", seen) ORDER BY id
"""


@pytest.fixture
def engine(tmp_path: Path) -> QueryEngine:
    paths = Paths(tmp_path)
    return QueryEngine(Storage(paths.lakes), paths, {})


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_is_written_as_it_always_was(engine: QueryEngine, form: str) -> None:
    assert render(engine.run(SQL), form) == (GOLDEN / f"values.{form}").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMATS)
def test_a_stream_is_written_byte_for_byte_as_a_whole_result(engine: QueryEngine, form: str) -> None:
    for sql in (SQL, "SELECT 1 AS a WHERE false", "SELECT range AS a, 'x' AS b FROM range(5000)", "SELECT 'x' AS a"):
        parts: list[str] = []
        with engine.stream(sql) as stream:
            write_stream(stream, form, parts.append)
        assert "".join(parts) == render(engine.run(sql, max_rows=0), form)


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_result_keeps_its_columns(engine: QueryEngine, form: str) -> None:
    assert (
        render(engine.run("SELECT 1 AS a, 'x' AS b WHERE false"), form)
        == {
            "json": '{"columns": ["a", "b"],\n"rows": [\n],\n"row_count": 0, "truncated": false, "sources": [], '
            '"column_types": ["INTEGER", "VARCHAR"], "notes": []}\n',
            "csv": "a,b\n",
            "markdown": "| a | b |\n| ---: | --- |\n",
            "ndjson": "",
            "compact": "# 0 rows\na,b\n",
        }[form]
    )


def test_an_unknown_format_is_named_with_those_that_are_known(engine: QueryEngine) -> None:
    with pytest.raises(UsageError, match="no format xml") as caught:
        render(engine.run("SELECT 1"), "xml")
    assert caught.value.hint == "One of json, csv, markdown, ndjson, compact."

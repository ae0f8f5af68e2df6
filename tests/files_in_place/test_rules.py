"""Access rules over files that stay where they are, and that SQL reaches nothing but the tables made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError, QueryError, UnknownName
from tests.files_in_place.conftest import There, Write

RULES = """
access:
  bot:
    sources: [shop.people]
    hide: [shop.people.salary]
    rows: {shop.people: "region = 'eu'"}
    pii: mask
    columns: {shop.people.note: hash}
  all: {sources: ["*"]}
"""
PEOPLE = "id,email,region,salary,note\n1,ann@x.example,eu,10,n1\n2,bob@x.example,us,20,n2\n3,eve@x.example,eu,30,n3\n"


@pytest.fixture
def people(there: There, write: Write, tmp_path: Path) -> There:
    write("d/people.csv", PEOPLE)
    write("d/other.csv", "a,b\n1,2\n")
    there.add("csv", tmp_path / "data" / "d")
    there.rules(RULES)
    return there


def test_masks_hidden_columns_and_rows_hold(people: There) -> None:
    result = people.ask("SELECT * FROM shop.people ORDER BY id", "bot")
    assert result.columns == ("_file", "id", "email", "region", "note")
    assert [row[1] for row in result.rows] == [1, 3]
    assert not any("ann@x.example" in str(row) or row[4] == "n1" for row in result.rows)
    assert people.rows("SELECT count(*) FROM shop.people", "bot") == [(2,)]
    assert people.rows("SELECT count(*), sum(salary) FROM shop.people", "all") == [(3, "60")]
    for sql, kind in (
        ("SELECT salary FROM shop.people", UnknownName),
        ("SELECT * FROM shop.other", UnknownName),
        ("EXPLAIN SELECT * FROM shop.people", QueryError),
        ("SELECT id FROM shop.people WHERE CAST(note AS INTEGER) = 1", DinobaseError),
    ):
        with pytest.raises(kind) as caught:
            people.rows(sql, "bot")
        assert "bob@" not in str(caught.value)
        assert "n2" not in str(caught.value)


def test_what_is_said_of_tables_holds_to_the_rules_too(people: There) -> None:
    workspace = people.workspace
    [table] = workspace.describe(["shop"], identity="bot")
    assert (table.table, table.row_count) == ("people", 2)
    assert "salary" not in {c.name for c in table.columns}
    assert "ann@x.example" not in str(table)
    assert {t.table: t.row_count for t in workspace.describe(["shop"])} == {"people": 3, "other": 1}
    [shown] = workspace.connectors(identity="bot").connectors
    assert [(t.name, t.rows) for t in shown.tables] == [("people", 2)]
    assert {t.name: t.rows for t in workspace.connectors().connectors[0].tables} == {"people": 3, "other": 1}
    assert [t.table for t in workspace.search("people").tables] == ["shop.people"]
    assert {gap.target for gap in workspace.gaps("shop").gaps} >= {"shop.people", "shop.people.region"}
    assert {row[0] for row in people.rows("SELECT table_name FROM information_schema.tables", "bot")} == {"people"}


def test_values_of_columns_with_few_are_found(there: There, write: Write) -> None:
    there.add(
        "csv", write("t.csv", "id,state\n" + "".join(f"{n},{'paid' if n % 2 else 'refused'}\n" for n in range(9)))
    )
    [found] = there.workspace.search("refused").tables
    assert found.table == "shop.t"
    assert found.rows == 9


@pytest.mark.parametrize("sql", [
    "SELECT * FROM '{path}'",
    "SELECT * FROM read_csv('{path}')",
    "SELECT * FROM read_csv_auto(['{path}'])",
    "SELECT * FROM read_parquet('{other}')",
    "SELECT * FROM read_text('{other}')",
    "SELECT * FROM read_blob('{path}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{path}')",
    "SELECT * FROM duckdb_views()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT current_setting('allowed_paths')",
    "SELECT * FROM duckdb_settings()",
    "SELECT filename FROM shop.people",
    "SELECT _dinobase_file FROM shop.people",
    "SELECT * FROM shop.base.people",
    "SELECT * FROM query('SELECT 1')",
    "COPY shop.people TO '{folder}/out.csv'",
    "CREATE VIEW shop.x AS SELECT * FROM '{path}'",
    "ATTACH '{other}' AS y",
    "SET allowed_paths = ['{other}']",
])  # fmt: skip
def test_sql_names_no_file_and_nothing_of_the_instance(people: There, write: Write, sql: str, tmp_path: Path) -> None:
    other = write("elsewhere.csv", "secret\n1\n")
    text = sql.format(path=tmp_path / "data" / "d" / "people.csv", other=other, folder=tmp_path / "data")
    for identity in ("cli", "bot"):
        with pytest.raises(DinobaseError) as caught:
            people.rows(text, identity)
        assert "_dinobase_" not in str(caught.value).replace("_dinobase_file", "")
    assert not (tmp_path / "data" / "out.csv").exists()


def test_the_instance_itself_reads_the_listed_files_alone(people: There, write: Write, tmp_path: Path) -> None:
    """What stops a path in SQL is not the gate alone."""
    from dinobase.lake import reader
    from dinobase.lake.introspect import view_lake

    other = write("d2/elsewhere.csv", "secret\n1\n")
    guard = people.workspace.guard("cli")
    assert guard is not None
    view = view_lake(people.workspace.storage().lake("shop"))
    connection = reader.open_reader(reader.Limits())
    opened = guard.attach(connection, [view], wanted={"shop": ["people"]})
    reader.lock(connection, [view.location.data])
    guard.prepare(connection, opened, view, view.tables["people"])
    assert connection.execute("SELECT count(*) FROM shop.main.people").fetchall() == [(3,)]
    for path in (other, tmp_path / "data" / "d" / "other.csv", tmp_path / "data" / "d" / ".." / "d2" / "elsewhere.csv"):
        with pytest.raises(reader.DuckDBError, match="disabled by configuration"):
            connection.execute(f"SELECT * FROM read_csv('{path}')")
    with pytest.raises(reader.DuckDBError):
        connection.execute(f"COPY (SELECT 1) TO '{tmp_path / 'data' / 'out.csv'}'")

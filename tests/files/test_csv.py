"""CSV as a source: no value is lost to a type, no line is lost at all, and only what has changed is read."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from dinobase.core.errors import CredentialMissing, FetchError, UsageError
from tests.databases.desk import Desk
from tests.files.conftest import Write

VALUES: list[tuple[list[str], str]] = [  # texts of one column, and its type
    (["1", "-5", "9223372036854775807"], "BIGINT"),
    (["007", "12"], "VARCHAR"),
    (["12345678901234567890"], "VARCHAR"),
    (["+5", "6"], "VARCHAR"),
    (["-0", "1"], "VARCHAR"),
    (["1.50", "2"], "DECIMAL(18,2)"),
    (["12345678901234567890.123456789"], "DECIMAL(38,9)"),
    (["1234567890123456789012345678901234567890.1"], "VARCHAR"),
    (["1e10", "0.5"], "DOUBLE"),
    (["0.12345678901234567890e1"], "VARCHAR"),
    (["true", "FALSE"], "BOOLEAN"),
    (["yes", "no"], "VARCHAR"),
    (["2024-02-29"], "DATE"),
    (["2024-02-30"], "VARCHAR"),
    (["2024-02-29", "29.02.2024"], "VARCHAR"),
    (["2024-02-29", "2024-02-29 10:00:00"], "VARCHAR"),
    (["01/02/2024"], "VARCHAR"),
    (["2024-02-29 10:00:00.123456", "2024-02-29T10:00"], "TIMESTAMP"),
    (["2024-02-29T10:00:00.1234567"], "VARCHAR"),
    (["2024-02-29T10:00:00Z", "2024-02-29 10:00:00+02:00"], "TIMESTAMPTZ"),
    (["10:00:00"], "TIME"),
    (["1", "x"], "VARCHAR"),
    (["1_000"], "VARCHAR"),
    (["0x10"], "VARCHAR"),
    (["NULL", "NaN", "1"], "VARCHAR"),
    (["inf"], "VARCHAR"),
    (["é😀", " padded "], "VARCHAR"),
]


def test_a_column_takes_a_type_only_where_every_value_comes_back(write: Write, desk: Desk) -> None:
    most = max(len(texts) for texts, _ in VALUES)
    lines = [",".join(f"c{n}" for n in range(len(VALUES)))]
    lines += [",".join(texts[n] if n < len(texts) else "" for texts, _ in VALUES) for n in range(most)]
    desk.add("csv", path=str(write("types.csv", "\n".join(lines) + "\n")), mode="copy")
    desk.good()
    types = desk.types("db.types")
    assert [types[f"c{n}"] for n in range(len(VALUES))] == [type_ for _, type_ in VALUES]
    for n, (texts, type_) in enumerate(VALUES):
        if type_ == "VARCHAR":
            assert [r[0] for r in desk.rows(f"SELECT c{n} FROM db.types WHERE c{n} IS NOT NULL")] == texts
    assert desk.rows("SELECT c5::VARCHAR, c8, c18 FROM db.types LIMIT 1") == [
        ("1.50", 1e10, "2024-02-29T10:00:00.1234567")
    ]
    assert desk.good()["types"].status == "unchanged"


def test_an_empty_field_is_null_and_a_quoted_empty_text_is_one(write: Write, desk: Desk) -> None:
    desk.add("csv", path=str(write("a.csv", 'id,t,n\n1,,""\n2,"",5\n3,x,\n')), mode="copy")
    desk.good()
    assert desk.rows("SELECT t, n FROM db.a ORDER BY id") == [(None, None), ("", 5), ("x", None)]


def test_lines_that_are_no_rows_are_kept_aside_counted_and_reported(write: Write, desk: Desk) -> None:
    path = write("sales.csv", b'id,name\n1,a\n2,b,c\n3\n4,"d ""x"""\n5,\xff\xfe\n6,f\n')
    assert desk.add("csv", path=str(path), mode="copy") == ["sales"]
    tables = desk.good()
    assert desk.rows("SELECT id, name FROM db.sales ORDER BY id") == [(1, "a"), (4, 'd "x"'), (6, "f")]
    assert tables["sales"].notes == ["sales.csv: 3 lines are no rows, kept aside in sales_rejects"]
    assert (tables["sales_rejects"].rows, tables["sales_rejects"].total_rows) == (3, 3)
    assert desk.rows("SELECT _file, line, error FROM db.sales_rejects ORDER BY line") == [
        ("sales.csv", 3, "TOO MANY COLUMNS"), ("sales.csv", 4, "MISSING COLUMNS"), ("sales.csv", 6, "INVALID ENCODING"),
    ]  # fmt: skip
    assert desk.rows("SELECT text FROM db.sales_rejects WHERE line = 3") == [("2,b,c",)]
    assert {t.status for t in desk.good().values()} == {"unchanged"}
    write("sales.csv", "id,name\n1,a\n")
    tables = desk.good()
    assert (tables["sales"].total_rows, tables["sales_rejects"].total_rows) == (1, 0)


def test_a_line_kept_aside_is_masked_for_whoever_may_not_see_personal_data(write: Write, desk: Desk) -> None:
    desk.add("csv", path=str(write("sales.csv", "id,name\n1,a\n2,ann@example.com,x\n")), mode="copy")
    desk.good()
    with desk.workspace.paths.config.open("a") as file:
        file.write("access:\n  bot: {sources: ['*'], pii: deny}\n")
    assert "text" not in desk.workspace.query("SELECT * FROM db.sales_rejects", identity="bot").columns
    assert desk.workspace.query("SELECT text FROM db.sales_rejects").rows == [("2,ann@example.com,x",)]


def test_what_follows_a_quote_that_is_never_closed_is_kept_aside_too(write: Write, desk: Desk) -> None:
    desk.add("csv", path=str(write("a.csv", 'id,name\n1,a\n2,b,c\n3,"open\n4,x\n5,y\n')), mode="copy")
    tables = desk.good()
    assert (tables["a"].total_rows, tables["a"].notes) == (1, ["a.csv: 2 lines are no rows, kept aside in a_rejects"])
    assert desk.rows("SELECT error, text FROM db.a_rejects ORDER BY line") == [
        ("TOO MANY COLUMNS", "2,b,c"), ("UNTERMINATED QUOTE", "3,open\n4,x\n5,y"),
    ]  # fmt: skip


def test_a_quote_that_is_never_closed_loses_nothing_where_it_is_the_only_fault(write: Write, desk: Desk) -> None:
    desk.add("csv", path=str(write("a.csv", 'id,name\n1,"abc\n2,x\n')), mode="copy")
    desk.good()
    assert desk.rows("SELECT error, text FROM db.a_rejects") == [("UNTERMINATED QUOTE", "1,abc\n2,x")]
    assert desk.rows("SELECT count(*) FROM db.a") == [(0,)]


def test_line_breaks_in_quotes_are_values(write: Write, desk: Desk) -> None:
    desk.add("csv", path=str(write("a.csv", 'id,name\n1,"a\nb"\n2,"say ""x"""\n')), mode="copy")
    assert desk.good()["a"].notes == []
    assert desk.rows("SELECT id, name FROM db.a ORDER BY id") == [(1, "a\nb"), (2, 'say "x"')]


def test_a_file_that_is_not_utf_8_asks_for_its_encoding(write: Write, desk: Desk) -> None:
    for encoding in ("latin-1", "utf-16"):
        path = str(write("a.csv", "id,städte\n1,é\n".encode(encoding)))
        with pytest.raises(FetchError) as caught:
            desk.add("csv", path=path, mode="copy")
        assert "--encoding latin-1" in caught.value.hint
        name = encoding.replace("-", "_")
        desk.add("csv", name=name, path=path, encoding=encoding, mode="copy")
        assert desk.good(name)["a"].total_rows == 1
        assert [row[1:] for row in desk.rows(f"SELECT * FROM {name}.a", name)] == [(1, "é")]


def test_lines_before_the_names_are_told_of(write: Write, desk: Desk) -> None:
    desk.add("csv", path=str(write("a.csv", "Report of today\n\nid,name\n1,a\n2,b\n")), mode="copy")
    assert desk.good()["a"].notes == ["a.csv: the first 2 lines are no part of the table"]
    assert desk.rows("SELECT id, name FROM db.a ORDER BY id") == [(1, "a"), (2, "b")]


def test_a_value_of_another_kind_far_down_a_column_is_seen(write: Write, desk: Desk) -> None:
    lines = ["id,v,w", *(f"{n},{n}," for n in range(6000)), "6000,x,7"]
    desk.add("csv", path=str(write("a.csv", "\n".join(lines))), mode="copy")
    desk.good()
    assert desk.types("db.a") == {"_file": "VARCHAR", "id": "BIGINT", "v": "VARCHAR", "w": "BIGINT"}
    assert desk.rows("SELECT v, w FROM db.a WHERE id IN (3, 6000) ORDER BY id") == [("3", None), ("x", 7)]


def test_only_new_and_changed_files_are_read_and_what_is_gone_goes(write: Write, desk: Desk) -> None:
    for month in (1, 2, 3):
        write(f"sales-2026-0{month}.csv", f"id,amount\n{month}0,1.5\n{month}1,2.5\n")
    folder = write("sales-2026-01.csv", "id,amount\n10,1.5\n11,2.5\n").parent
    assert desk.add("csv", path=str(folder), mode="copy") == ["data"]
    assert (desk.good()["data"].rows, desk.good()["data"].status) == (6, "unchanged")
    assert desk.good()["data"].rows == 0

    write("sales-2026-02.csv", "id,amount\n20,9.5\n")
    write("sales-2026-04.csv", "id,amount,note\n40,1.25,x\n")
    (folder / "sales-2026-03.csv").unlink()
    table = desk.good()["data"]
    assert (table.mode, table.rows, table.total_rows) == ("incremental", 2, 4)
    assert desk.rows("SELECT _file, id, amount::VARCHAR, note FROM db.data ORDER BY id") == [
        ("sales-2026-01.csv", 10, "1.50", None), ("sales-2026-01.csv", 11, "2.50", None),
        ("sales-2026-02.csv", 20, "9.50", None), ("sales-2026-04.csv", 40, "1.25", "x"),
    ]  # fmt: skip
    assert desk.good()["data"].status == "unchanged"
    assert (desk.good(full=True)["data"].status, desk.good()["data"].rows) == ("unchanged", 0)


def test_a_file_of_another_kind_of_value_has_all_files_read_again_so_that_texts_are_as_written(
    write: Write, desk: Desk
) -> None:
    folder = write("a.csv", "id,day\n1,2024-01-02\n").parent
    write("b.csv", "id,day\n2,2024-01-03\n")
    desk.add("csv", path=str(folder), mode="copy")
    desk.good()
    assert desk.types("db.data")["day"] == "DATE"
    write("c.csv", "id,day\n007,2024-01-04T10:00\n")
    table = desk.good()["data"]
    assert (table.mode, table.total_rows) == ("full", 3)
    assert desk.rows("SELECT id, day FROM db.data ORDER BY id") == [
        ("007", "2024-01-04T10:00"), ("1", "2024-01-02"), ("2", "2024-01-03"),
    ]  # fmt: skip
    write("d.csv", "id,day\n8,2024-01-05\n")
    assert (desk.good()["data"].mode, desk.good()["data"].status) == ("incremental", "unchanged")


def test_files_of_several_shapes_are_a_table_each(write: Write, desk: Desk) -> None:
    folder = write("Customers List.csv", "id,name\n1,a\n").parent
    write("eu/orders.tsv", "id\ttotal\n1\t5\n")
    write("2026.csv.gz", gzip.compress(b"x;y\n1;2\n"))
    write(".hidden.csv", "z\n1\n")
    write("notes.md", "no table")
    assert sorted(desk.add("csv", path=str(folder), mode="copy")) == ["customers_list", "eu__orders", "t_2026"]
    assert {name: t.total_rows for name, t in desk.good().items()} == {
        "customers_list": 1,
        "eu__orders": 1,
        "t_2026": 1,
    }
    assert desk.rows("SELECT total FROM db.eu__orders") == [(5,)]
    assert desk.rows("SELECT x, y FROM db.t_2026") == [(1, 2)]


def test_partitions_are_columns_and_the_folder_is_the_table(write: Write, desk: Desk) -> None:
    folder = write("sales/year=2025/region=north%20west/a.csv", "id\n1\n").parents[2]
    write("sales/year=2026/region=08/b.csv", "id,x\n2,y\n")
    write("sales/year=2026/region=__HIVE_DEFAULT_PARTITION__/c.csv", "id\n3\n")
    assert desk.add("csv", path=str(folder), mode="copy") == ["sales"]
    desk.good()
    assert desk.rows("SELECT id, year, region, x FROM db.sales ORDER BY id") == [
        (1, 2025, "north west", None), (2, 2026, "08", "y"), (3, 2026, None, None),
    ]  # fmt: skip


def test_a_glob_and_a_name_for_the_table(write: Write, desk: Desk) -> None:
    folder = write("sales-1.csv", "id\n1\n").parent
    write("sales-2.csv", "id,more\n2,x\n")
    write("other.csv", "id\n3\n")
    assert desk.add("csv", path=f"{folder}/sales-*.csv", table="Sales", mode="copy") == ["sales"]
    assert desk.good()["sales"].total_rows == 2
    entry = desk.workspace.config().connectors["db"]
    assert entry.params == {"path": f"{folder}/sales-*.csv", "table": "sales", "mode": "copy"}


def test_headers_are_names_and_columns_without_one_are_numbered(write: Write, desk: Desk) -> None:
    folder = write("a.csv", "Customer ID,_file,customerId,\n1,own,2,3\n").parent
    write("b.csv", "1,2\n3,4\n")
    write("c.csv", "")
    write("d.csv", "only,names\n")
    assert sorted(desk.add("csv", path=str(folder), mode="copy")) == ["a", "b", "c", "d"]
    tables = desk.good()
    assert {name: t.total_rows for name, t in tables.items()} == {"a": 1, "b": 2, "c": 0, "d": 0}
    [row] = desk.rows("SELECT * FROM db.a")
    assert sorted(map(str, row)) == ["1", "2", "3", "a.csv", "own"]
    assert list(desk.types("db.b")) == ["_file", "column0", "column1"]
    assert list(desk.types("db.d")) == ["_file", "only", "names"]


def test_a_large_file_is_read_in_little_memory(write: Write, desk: Desk) -> None:
    lines = [f"{n},name {n},2026-01-{n % 28 + 1:02},{n}.25" for n in range(60_000)]
    desk.add("csv", path=str(write("big.csv", "id,name,day,amount\n" + "\n".join(lines))), mode="copy")
    assert desk.good()["big"].total_rows == 60_000
    assert desk.rows("SELECT sum(id), sum(amount)::VARCHAR, max(day)::VARCHAR FROM db.big") == [
        (1799970000, "1799985000.00", "2026-01-28")
    ]


def test_a_changed_file_is_in_the_history_with_both_its_states(write: Write, desk: Desk) -> None:
    write("a.csv", "id,v\n1,old\n")
    desk.add("csv", path=str(write("a.csv", "id,v\n1,old\n")), mode="copy")
    desk.good()
    before = desk.rows("SELECT max(snapshot_id) FROM ducklake_snapshots('db')")[0][0]
    write("a.csv", "id,v\n1,new\n")
    assert desk.good()["a"].status == "success"
    assert desk.rows(f"SELECT v FROM db.a AT (VERSION => {before})") == [("old",)]
    assert desk.rows("SELECT v FROM db.a") == [("new",)]


def test_places_that_cannot_be_read_are_refused(write: Write, desk: Desk, tmp_path: Path) -> None:
    path = str(write("a.csv", "id\n1\n"))
    for given, code in (
        ({"path": path, "mode": "live"}, "source.mode"),
        ({"path": "ftp://bucket/a.csv", "mode": "copy"}, "files.scheme"),
        ({"path": "sftp://me:word@host.example/a.csv", "mode": "copy"}, "files.password"),
    ):
        with pytest.raises(UsageError) as caught:
            desk.add("csv", **given)
        assert (caught.value.error_code, caught.value.exit_code) == (code, 2)
    with pytest.raises(CredentialMissing):
        desk.add("csv", mode="copy")
    for missing in (tmp_path / "none.csv", tmp_path / "data" / "*.parquet"):
        with pytest.raises(FetchError) as absent:
            desk.add("csv", path=str(missing), mode="copy")
        assert absent.value.error_code == "source.absent"
    assert "db" not in desk.workspace.config().connectors

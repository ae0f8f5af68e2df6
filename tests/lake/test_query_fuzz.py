"""Whatever is put together of SQL's dangerous parts, nothing is written, and nothing outside the lake is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths
from dinobase.lake.introspect import view_lake
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import STRIPE, Builder, build

CANARY = "canary-7c1e"


class World:
    """A lake, and beside it a folder with files and databases that no statement may read or change."""

    def __init__(self, root: Path) -> None:
        self.outside = root / "outside"
        self.outside.mkdir()
        for name in ("a.csv", "a.txt", "a.json"):
            (self.outside / name).write_text(f'"{CANARY}"\n')
        paths = Paths(root / "workspace")
        self.lake = Storage(paths.lakes).lake("stripe")
        build(self.lake, STRIPE)
        other = Builder(Storage(self.outside).lake("other"))
        other.commit(f"CREATE TABLE t AS SELECT '{CANARY}' AS x")
        other.con.execute(f"ATTACH '{self.outside}/a.db' AS s (TYPE sqlite)")
        other.con.execute(f"CREATE TABLE s.t AS SELECT '{CANARY}' AS x")
        other.con.execute(f"ATTACH '{self.outside}/a.duckdb' AS d")
        other.con.execute(f"CREATE TABLE d.t AS SELECT '{CANARY}' AS x")
        other.close()
        self.engine = QueryEngine(Storage(paths.lakes), paths, {"stripe": 3600.0}, keep=1)
        self.before = self.state()

    def state(self) -> tuple[object, ...]:
        files = [(str(p), p.stat().st_size, p.read_bytes()) for p in sorted(self.outside.rglob("*")) if p.is_file()]
        lake = sorted(str(p) for p in Path(self.lake.data).rglob("*"))
        return files, lake, view_lake(self.lake).snapshot, sorted(map(str, Path().iterdir()))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


FILES = st.sampled_from(
    ("a.csv", "a.txt", "a.json", "a.db", "a.duckdb", "*", "*.csv", "new.parquet", "other.db", "../outside/a.csv")
).map("'{{dir}}/{}'".format)
READERS = st.sampled_from(
    (
        "read_text", "read_blob", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_ndjson",
        "read_parquet", "parquet_scan", "glob", "sniff_csv", "parquet_metadata", "read_duckdb",
        "sqlite_scan", "sqlite_attach", "query", "query_table", "duckdb_databases", "duckdb_settings",
        "pragma_database_list", "ducklake_snapshots", "getvariable", "current_setting", "getenv",
    )
)  # fmt: skip
QUOTES = st.sampled_from(("{}", '"{}"', "main.{}", "system.main.{}", "/**/{}/**/", "\n{}\t", "--x\n{}"))
CALLS = st.one_of(
    st.builds("{}({})".format, st.builds(str.format, QUOTES, READERS), FILES),
    st.builds("{}({}, 't')".format, READERS, FILES),
    st.builds("{}('SELECT x FROM ' || {})".format, READERS, FILES),
    st.builds("{}()".format, READERS),
)
TABLES = st.one_of(
    CALLS,
    FILES,
    st.just("stripe.customers"),
    st.sampled_from(("information_schema.tables", "information_schema.columns")),
    st.sampled_from(("other.t", "s.t", "d.t", "sqlite_master", "duckdb_tables", "stripe._dinobase_state", "memory.t")),
    st.builds('"{}"'.format, FILES.map(lambda text: text[1:-1])),
)
VALUES = st.one_of(st.just("1"), CALLS, st.builds("(SELECT x FROM {})".format, TABLES), FILES)
SELECTS = st.recursive(
    st.builds("SELECT {} FROM {}".format, st.one_of(st.just("*"), VALUES), TABLES),
    lambda inner: st.one_of(
        st.builds("SELECT * FROM ({})".format, inner),
        st.builds("WITH c AS ({}) SELECT * FROM c, {}".format, inner, TABLES),
        st.builds('WITH "duc\u212adb_databases" AS ({}) SELECT * FROM duckdb_databases, {}'.format, inner, TABLES),
        st.builds("SELECT c.filename, 1 AS filename FROM stripe.customers c, ({})".format, inner),
        st.builds("WITH RECURSIVE c AS ({} UNION ALL {}) FROM c".format, inner, inner),
        st.builds("{} UNION ALL {}".format, inner, inner),
        st.builds("SELECT id FROM stripe.customers WHERE EXISTS ({})".format, inner),
        st.builds("SELECT list_transform([1], lambda v: ({}))".format, inner),
        st.builds("SELECT 1 LIMIT ({})".format, inner),
        st.builds("DESCRIBE {}".format, inner),
        st.builds("SUMMARIZE {}".format, inner),
        st.builds("EXPLAIN ANALYZE {}".format, inner),
        st.builds("FROM stripe.customers c, LATERAL ({})".format, inner),
    ),
    max_leaves=3,
)
DOINGS = st.one_of(
    st.builds("COPY ({}) TO {}".format, SELECTS, FILES),
    st.builds("COPY stripe.customers TO {} (FORMAT parquet)".format, FILES),
    st.builds("COPY stripe.customers FROM {}".format, FILES),
    st.builds("ATTACH {} AS x".format, FILES),
    st.builds("ATTACH 'sqlite:' || {}".format, FILES),
    st.builds(
        "ATTACH 'ducklake:sqlite:{{dir}}/{}.db' AS x (DATA_PATH '{{dir}}/')".format, st.sampled_from(("other", "n"))
    ),
    st.builds("EXPORT DATABASE {}".format, FILES),
    st.builds("IMPORT DATABASE {}".format, FILES),
    st.builds("CREATE TABLE stripe.x AS {}".format, SELECTS),
    st.builds("CREATE VIEW stripe.v AS {}".format, SELECTS),
    st.builds("INSERT INTO stripe.customers (id) {}".format, SELECTS),
    st.builds("DELETE FROM stripe.customers WHERE id IN ({})".format, SELECTS),
    st.builds("UPDATE stripe.customers SET name = {}".format, VALUES),
    st.builds(
        "SET {} = {}".format, st.sampled_from(("enable_external_access", "temp_directory", "VARIABLE x")), VALUES
    ),
    st.builds("PRAGMA {}({})".format, READERS, FILES),
    st.builds("CALL {}".format, CALLS),
    st.builds("LOAD {}".format, FILES),
    st.builds("PREPARE p AS {}".format, SELECTS),
    st.sampled_from(("DROP TABLE stripe.customers", "CHECKPOINT", "VACUUM", "DETACH stripe", "BEGIN", "USE stripe")),
)
SPACES = st.sampled_from((" ", " ", "\u00a0", "\u3000"))  # DuckDB takes them all
GLUE = st.sampled_from(("{0}", "{0};", "{1}; {0}", "{0}; {1}", "/* {1} */ {0}", "-- {1}\n{0}", "EXPLAIN {0}", "({0})"))
STATEMENTS = st.builds(
    lambda text, space: text.replace(" ", space),
    st.builds(str.format, GLUE, st.one_of(SELECTS, DOINGS), st.one_of(SELECTS, DOINGS)),
    SPACES,
)


def harms_nothing(world: World, template: str) -> None:
    sql = template.replace("{dir}", str(world.outside))
    try:
        told = str(world.engine.run(sql, timeout=20).as_dict())
    except DinobaseError as error:
        told = str(error.as_dict())
    for secret in (CANARY, str(world.lake.data), "is_insertable_into"):  # the last is DuckDB's own catalog's
        assert secret not in told, sql
    assert world.state() == world.before, sql


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(template=STATEMENTS)
def test_no_statement_writes_or_reads_outside_the_lake(world: World, template: str) -> None:
    harms_nothing(world, template)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(template=STATEMENTS)
def test_no_statement_of_many_writes_or_reads_outside_the_lake(world: World, template: str) -> None:
    harms_nothing(world, template)

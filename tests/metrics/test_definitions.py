"""What can be defined, what is refused with what to do instead, and that nothing of the past is lost."""

from __future__ import annotations

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.lake.records import open_records
from tests.metrics.conftest import MRR, NO_NEGATIVES, Acme


def refused(acme: Acme, name: str, sql: str, **more: object) -> DinobaseError:
    """Return why a definition was refused, after looking that nothing came of it."""
    before = acme.metrics().listed()
    with pytest.raises(DinobaseError) as raised:
        acme.metrics().add(name, sql, **more)  # type: ignore[arg-type]  # what a caller may get wrong
    assert acme.metrics().listed() == before
    return raised.value


def test_what_was_defined_is_listed_with_what_it_reads_and_gives(acme: Acme) -> None:
    done = acme.metrics().add("mrr", MRR, unit="usd", grain="month", description="By start.", tests=[NO_NEGATIVES])
    assert done.status == "added"
    [one] = acme.metrics().listed().metrics
    assert (one.name, one.unit, one.grain, one.description) == ("mrr", "usd", "month", "By start.")
    assert (one.tables, one.metrics, one.tests) == (["acme.subscriptions"], [], [NO_NEGATIVES])
    assert [(column.name, column.type) for column in one.columns] == [("month", "DATE"), ("mrr", "HUGEINT")]
    assert acme.rows(f"SELECT sum(mrr)::INT FROM ({one.query})") == [(210,)]


@pytest.mark.parametrize("name", ["", "2mrr", "m-rr", "m.rr", "m rr", "m'rr", "é", "m" * 64, "mrr\n"])
def test_a_name_is_an_identifier(still: Acme, name: str) -> None:
    assert refused(still, name, "SELECT 1").error_code == "metric.name"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "empty"),
        ("SELECT (", "Syntax error"),
        ("DELETE FROM acme.users", "It is not one SELECT"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT 1) UNION (SELECT 2", "Syntax error"),
        ("SELECT 1 -- all of it\n; DROP TABLE x", "It is not one SELECT"),
        ("SELECT nope FROM acme.users", "There is no column nope"),
        ("SELECT * FROM acme.userz", "There is no table acme.userz"),
        ("SELECT * FROM users", "There is no table users"),
        ("SELECT * FROM read_csv('/etc/passwd')", "may not be called"),
        ("SELECT getenv('HOME')", "may not be called"),
        ("SELECT * FROM information_schema.tables", "reads tables of connectors"),
        ("SELECT * FROM _dinobase.sync_runs", "reads tables of connectors"),
        ("SELECT * FROM result.r_123456", "reads tables of connectors"),
        ("SELECT * FROM acme._dinobase_state", "There is no table"),
        ("SELECT filename FROM acme.users", "There is no column filename"),
        ("SHOW TABLES", "reads tables of connectors"),
        ("EXPLAIN SELECT 1", "It is not one SELECT"),
        ("SELECT * FROM metric('nope')", "There is no metric nope"),
        ("SELECT * FROM metric('m', 'n')", "takes the name of one metric"),
    ],
)
def test_sql_that_would_not_run_is_refused_as_definition_and_as_test(still: Acme, sql: str, said: str) -> None:
    for error in (refused(still, "m", sql), refused(still, "m", "SELECT 1 AS n", tests=["SELECT true", sql])):
        assert said in error.message
        assert error.hint
    if said not in {"empty", "There is no metric nope"}:
        assert "test 2 of metric m cannot be run" in error.message


def test_a_metric_that_reads_itself_is_refused_over_others_too(acme: Acme) -> None:
    assert "m -> m" in refused(acme, "m", "SELECT * FROM metric('m')").message
    acme.metrics().add("a", "SELECT 1 AS n")
    acme.metrics().add("b", "SELECT * FROM metric('A')")
    acme.metrics().add("c", "SELECT * FROM metric('b')")
    error = refused(acme, "a", "SELECT * FROM metric('c')", replace=True)
    assert (error.error_code, error.message) == ("metric.cycle", "metric a would read itself: a -> c -> b -> a")


def test_a_circle_that_came_into_the_records_all_the_same_ends_with_an_error(acme: Acme) -> None:
    acme.metrics().add("a", "SELECT 1 AS n")
    acme.metrics().add("b", "SELECT * FROM metric('a')")
    circle = '{"sql": "FROM metric(\'b\')", "uses": ["b"]}'
    with open_records(acme.paths.state) as records, records.changes():
        records.run("UPDATE metrics SET definition = ? WHERE name = 'a'", [circle])
    assert "reads itself: a -> b -> a" in acme.error("FROM metric('a')").message
    assert acme.metrics().test().status == "failed"


def test_a_grain_is_one_that_is_known_and_has_a_column_that_is_a_date_or_a_time(acme: Acme) -> None:
    error = refused(acme, "m", MRR, grain="months")
    assert (error.error_code, "Did you mean month?" in error.hint) == ("metric.grain", True)
    error = refused(acme, "m", "SELECT count(*) AS n FROM acme.users", grain="day")
    assert "n BIGINT" in error.message


def test_a_name_is_taken_whatever_its_case_until_it_is_replaced(acme: Acme) -> None:
    acme.metrics().add("mrr", MRR)
    assert refused(acme, "MRR", "SELECT 1").error_code == "metric.taken"
    assert acme.metrics().add("mrr", MRR, replace=True).status == "unchanged"
    assert acme.metrics().add("MRR", "SELECT 1 AS n", replace=True).status == "replaced"
    assert acme.rows("FROM metric('Mrr')") == [(1,)]
    assert [one.name for one in acme.metrics().listed().metrics] == ["MRR"]


def test_every_definition_stays_on_record(acme: Acme) -> None:
    acme.metrics().add("mrr", MRR, origin="person")
    acme.metrics().add("mrr", "SELECT 1 AS n", replace=True)
    acme.metrics().remove("mrr")
    with pytest.raises(DinobaseError, match="There is no metric mrr"):
        acme.metrics().show("mrr")
    acme.metrics().add("mrr", "SELECT 2 AS n")
    past = acme.metrics().show("mrr").history
    assert [(one.sql, one.origin) for one in past] == [
        ("SELECT 2 AS n", "agent"),
        (None, "agent"),
        ("SELECT 1 AS n", "agent"),
        (MRR, "person"),
    ]


def test_what_others_read_is_neither_removed_nor_replaced_by_what_they_cannot_read(acme: Acme) -> None:
    acme.metrics().add("mrr", MRR)
    acme.metrics().add("growth", "SELECT month, mrr FROM metric('mrr')", tests=["SELECT mrr > 0 FROM metric('mrr')"])
    with pytest.raises(DinobaseError) as raised:
        acme.metrics().remove("mrr")
    assert (raised.value.error_code, raised.value.context["metrics"]) == ("metric.used", ["growth"])
    error = refused(acme, "mrr", "SELECT 1 AS n", replace=True)
    assert "metric growth reads mrr, and with this definition" in error.message
    acme.metrics().add("mrr", f"SELECT month, mrr * 2 AS mrr FROM ({MRR})", replace=True)
    assert acme.rows("SELECT sum(mrr)::INT FROM metric('growth')") == [(420,)]
    acme.metrics().remove("growth")
    acme.metrics().remove("mrr")
    assert acme.metrics().listed().metrics == []


def test_metrics_that_read_one_another_twice_over_and_over_end_with_an_error_not_with_the_memory(acme: Acme) -> None:
    acme.metrics().add("m0", "SELECT 1 AS n")
    last = ""
    for number in range(1, 30):
        sql = f"SELECT a.n FROM metric('m{number - 1}') a, metric('m{number - 1}') b"
        try:
            acme.metrics().add(f"m{number}", sql)
        except DinobaseError as error:
            last = error.message
            break
    assert "comes to more than 256 metrics" in last


def test_only_the_workspace_defines_metrics(acme: Acme) -> None:
    acme.metrics().add("mrr", MRR)
    for change in (lambda: acme.metrics("bot").add("x", "SELECT 1"), lambda: acme.metrics("bot").remove("mrr")):
        with pytest.raises(DinobaseError) as raised:
            change()
        assert raised.value.error_code == "metric.identity"

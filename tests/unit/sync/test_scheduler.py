"""What is due and what may begin, one rule at a time; the clock is a number in the test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dinobase.kinds.timing import Cron, Every
from dinobase.sync.scheduler import Standing, chosen, due_at, wake_at

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = Every(3600)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def ran(timing: Every | Cron = HOUR, *, began: float = 0, took: float = 10, failures: int = 0) -> Standing:
    return Standing(timing, began=after(began), ended=after(began + took), failures=failures)


def test_what_never_ran_is_due() -> None:
    assert due_at(Standing(HOUR), NOON) < NOON
    assert chosen({"a": Standing(HOUR)}, NOON) == "a"


def test_an_interval_counts_from_beginning_to_beginning() -> None:
    one = ran(took=600)
    assert due_at(one, after(700)) == after(3600)
    assert chosen({"a": one}, after(3599)) is None
    assert chosen({"a": one}, after(3600)) == "a"
    assert wake_at({"a": one}, after(700)) == after(3600)


def test_a_run_that_takes_longer_than_its_interval_is_followed_by_the_next() -> None:
    one = Standing(Every(30)).starting(NOON)
    assert chosen({"a": one}, after(90)) is None
    assert chosen({"a": one.finished(after(100), good=True)}, after(100)) == "a"


def test_after_a_failure_the_wait_doubles_until_it_is_the_interval() -> None:
    waits = [(due_at(ran(took=0, failures=n), after(1)) - NOON).total_seconds() for n in range(1, 10)]
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_the_wait_after_a_failure_is_never_longer_than_a_short_interval() -> None:
    assert due_at(ran(Every(5), took=2, failures=1), after(3)) == after(7)
    assert due_at(ran(failures=10_000), after(11)) == after(3610)


def test_a_failed_cron_run_is_tried_again_before_its_next_moment() -> None:
    daily = Cron("0 12 * * *")
    assert due_at(ran(daily, took=10, failures=1), after(20)) == after(40)
    assert due_at(ran(daily, took=10, failures=30), after(20)) == after(86400)


def test_a_success_forgets_the_failures() -> None:
    one = ran(failures=5).starting(after(2000)).finished(after(2010), good=True)
    assert one.failures == 0
    assert due_at(one, after(2010)) == after(2000 + 3600)


def test_what_was_slept_through_is_caught_up_by_one_run() -> None:
    for timing in (Every(60), Cron("* * * * *")):
        woke = after(8 * 3600)
        one = ran(timing)
        assert chosen({"a": one}, woke) == "a"
        one = one.starting(woke).finished(woke + timedelta(seconds=5), good=True)
        assert chosen({"a": one}, woke + timedelta(seconds=5)) is None
        assert due_at(one, woke + timedelta(seconds=5)) == woke + timedelta(seconds=60)


def test_whoever_waits_longest_begins_first() -> None:
    standings = {"a": ran(began=20), "b": ran(began=10), "c": ran(began=30)}
    assert chosen(standings, after(7200)) == "b"


def test_no_more_begin_than_there_are_places() -> None:
    standings = {n: Standing(HOUR).starting(NOON) for n in "abcd"} | {"e": Standing(HOUR)}
    assert chosen(standings, after(6), at_once=4) is None
    assert chosen(standings, after(6), at_once=5) == "e"


def test_a_long_run_gives_its_place_up_but_there_is_an_end_to_it() -> None:
    standings = {n: Standing(HOUR).starting(NOON) for n in "ab"} | {"e": Standing(HOUR)}
    assert wake_at(standings, after(6), at_once=2) == after(60)
    assert chosen(standings, after(60), at_once=2) == "e"
    standings = {n: Standing(HOUR).starting(NOON) for n in "abcd"} | {"e": Standing(HOUR)}
    assert chosen(standings, after(600), at_once=2) is None


def test_many_that_are_due_at_once_begin_apart() -> None:
    standings = {str(n): Standing(HOUR) for n in range(9)}
    assert chosen(standings, after(1.9), last_start=NOON) is None
    assert wake_at(standings, after(1.9), last_start=NOON) == after(2)
    assert chosen(standings, after(2), last_start=NOON) == "0"


def test_beginnings_are_never_so_far_apart_that_intervals_cannot_be_met() -> None:
    standings = {str(n): Standing(Every(1)) for n in range(10)}
    assert chosen(standings, after(0.05), last_start=NOON) == "0"


def test_what_another_process_syncs_is_looked_at_again_soon() -> None:
    one = ran().busy(after(4000), 30)
    assert chosen({"a": one}, after(4029)) is None
    assert chosen({"a": one}, after(4030)) == "a"
    assert chosen({"a": ran(Every(2)).busy(after(4000), 30)}, after(4002)) == "a"


def test_a_run_of_somebody_else_counts() -> None:
    assert due_at(ran().seen(after(3000), after(3010), 0), after(3100)) == after(6600)


def test_a_clock_that_was_set_back_makes_due_once_and_stops_nothing() -> None:
    one = ran(began=7200)
    assert chosen({"a": one}, NOON, last_start=after(7200)) == "a"
    assert due_at(one.starting(NOON).finished(after(5), good=True), after(5)) == after(3600)


def test_nothing_wakes_a_schedule_of_nothing() -> None:
    assert wake_at({}, NOON) is None
    assert wake_at({"a": Standing(HOUR).starting(NOON)}, after(1)) is None

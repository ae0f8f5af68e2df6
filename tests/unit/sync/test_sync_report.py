"""What a sync and a dry run say."""

from __future__ import annotations

import pytest

from dinobase.spec.models import Resource
from dinobase.spec.validation import validated
from dinobase.sync.dry import planned
from dinobase.sync.report import SyncReport, TableReport, status_of, together


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([], "success"),
        (["success", "unchanged"], "success"),
        (["success", "error"], "partial"),
        (["unchanged", "skipped"], "partial"),
        (["error", "skipped"], "error"),
        (["partial", "error"], "partial"),
    ],
)
def test_a_whole_is_as_good_as_its_parts(parts: list[str], wanted: str) -> None:
    assert status_of(parts) == wanted


def test_only_success_ends_in_zero() -> None:
    assert [SyncReport(s, []).exit_code for s in ("success", "partial", "error")] == [0, 1, 1]


def test_two_passes_are_told_as_one() -> None:
    first = TableReport("t", "success", rows=5, total_rows=5, inserted=5, mode="full", resumed=True, notes=["a"])
    second = TableReport("t", "unchanged", rows=1, total_rows=6, mode="incremental", notes=["b"])
    both = together(first, second)
    assert (both.status, both.rows, both.total_rows, both.inserted) == ("success", 6, 6, 5)
    assert (both.mode, both.resumed, both.notes) == ("full", True, ["a", "b"])


def test_a_dry_run_says_what_would_be_asked_for() -> None:
    resources = [
        validated(Resource, facts)
        for facts in (
            {"name": "plain", "endpoint": {"path": "v1/plain", "method": "POST"}},
            {"name": "events", "write_disposition": "append", "incremental": {"cursor_path": "at", "lookback": "1"}},
            {"name": "lines", "parent": {"resource": "plain", "field": "id", "param": "id"}},
        )
    ]
    plain, events, lines = planned(
        resources, {"events": {"cursor": "10"}, "plain": {"cursor": "5"}}, full_refresh=False
    )
    assert (plain.request, plain.mode, plain.start_value) == ("POST v1/plain", "full", None)
    assert (events.mode, events.write_disposition, events.start_value) == ("incremental", "append", "9")
    assert (lines.request, lines.parent) == ("GET lines", "plain")
    moved = planned(resources, {"events": {"cursor": "10", "cursor_of": "id"}}, full_refresh=False)[1]
    assert (moved.mode, moved.start_value) == ("full", None)
    anew = planned(resources, {"events": {"cursor": "10"}}, full_refresh=True)[1]
    assert (anew.mode, anew.start_value) == ("full", None)

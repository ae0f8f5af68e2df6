"""Killed between any two bytes that were written, a spool comes back without a torn record, and none comes twice."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dinobase.core import clock
from dinobase.core.errors import LakeError
from dinobase.core.values import Batch
from dinobase.kinds.select import Elements
from dinobase.load import spool as module
from dinobase.load.spool import Spool

_OPEN: list[Spool] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


def opened(folder: Path, *, labels: bool = False, identity: str = "me", worth: float = 0.0) -> Spool:
    made = Spool(folder, identity, labels=labels, worth=worth)
    made.open()
    _OPEN.append(made)
    return made


def page(*records: str, stream: int = 0, done: bool = False, resume: str = "", **more: object) -> Batch:
    texts = [record.encode() for record in records]
    return Batch("items", texts, stream=stream, done=done, resume=resume, **more)  # type: ignore[arg-type]  # any field


def rows(spool: Spool) -> list[str]:
    found = [bytes(r).decode() for segment in spool.segments for r in segment.records(segment.path.read_bytes())]
    assert len(found) == sum(segment.rows for segment in spool.segments) == spool.progress.rows
    return found


def fill(spool: Spool, batches: Sequence[tuple[Batch, str]]) -> None:
    """Take pages, each in a segment of its own."""
    for batch, label in batches:
        spool.add(batch, label)
        spool.flush()
        spool.settle()
    spool.close()


LISTING = [
    (page('{"n": 1}', '{"n": 2}', resume="p2"), ""),
    (page(resume="p3"), ""),
    (page('{"n": 3}', resume="p4"), ""),
    (page('{"n": 4}', done=True), ""),
]
AFTER = {"": [], "p2": [1, 2], "p3": [1, 2], "p4": [1, 2, 3]}  # where it goes on -> what it must have by then


def states(folder: Path, copy: Path) -> Iterator[str]:
    """Make copies of the folder as kills could have left it: each file gone, or cut, the journal around every line."""
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name, data in whole.items():
        ends = [match.end() for match in re.finditer(b"\n", data)]
        near = {end + step for end in [0, *ends] for step in (-2, -1, 0, 1)}
        for size in sorted({*near, *range(0, len(data), 11)} & set(range(len(data) + 1))):
            yield from _state(copy, whole | {name: data[:size]}, f"{name} cut to {size} bytes")
        yield from _state(copy, {k: v for k, v in whole.items() if k != name}, f"{name} is gone")


def _state(copy: Path, files: dict[str, bytes], said: str) -> Iterator[str]:
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name, data in files.items():
        (copy / name).write_bytes(data)
    yield said


def test_a_listing_goes_on_exactly_behind_what_it_has(tmp_path: Path) -> None:
    fill(opened(tmp_path / "spool"), LISTING)
    seen = set()
    for said in states(tmp_path / "spool", tmp_path / "copy"):
        again = opened(tmp_path / "copy")
        numbers = [json.loads(row)["n"] for row in rows(again)]
        if again.progress.done:
            assert numbers == [1, 2, 3, 4], said
        else:
            assert numbers == AFTER[again.progress.resume], said
            seen.add(again.progress.resume)
        again.close()
    assert seen == {"", "p2", "p4"}  # an empty page is not worth a line of its own


CHILDREN = [
    (page('{"p": 1, "n": 1}', stream=0), "one"),
    (page('{"p": 2, "n": 1}', stream=1), "two"),
    (page('{"p": 1, "n": 2}', stream=0, done=True), "one"),
    (page(stream=2, done=True, missing=True), "three"),
    (page('{"p": 2, "n": 2}', stream=1, done=True), "two"),
    (page('{"p": 4, "n": 1}', stream=3), "four"),
]
PARENTS = {"one": 1, "two": 2, "three": 3, "four": 4}


def test_of_children_only_whole_listings_stay(tmp_path: Path) -> None:
    fill(opened(tmp_path / "spool", labels=True), CHILDREN)
    seen = set()
    for said in states(tmp_path / "spool", tmp_path / "copy"):
        again = opened(tmp_path / "copy", labels=True)
        held = [(r["p"], r["n"]) for r in map(json.loads, rows(again))]
        whole = [(PARENTS[label], n) for label in again.progress.finished - {"three"} for n in (1, 2)]
        assert sorted(held) == sorted(whole), said
        assert len(set(held)) == len(held), said
        seen.add(frozenset(again.progress.finished))
        assert again.progress.next_stream <= 4
        again.close()
        twice = opened(tmp_path / "copy", labels=True)  # killed again at once
        assert sorted(map(json.dumps, held)) == sorted(
            json.dumps((r["p"], r["n"])) for r in map(json.loads, rows(twice))
        )
        assert twice.progress.finished == again.progress.finished
        twice.close()
    assert frozenset({"one", "two", "three"}) in seen
    assert frozenset() in seen


def test_a_kill_while_cut_streams_are_taken_out_costs_only_time(tmp_path: Path) -> None:
    fill(opened(tmp_path / "spool", labels=True), CHILDREN)
    before = (tmp_path / "spool/journal.jsonl").read_bytes()
    opened(tmp_path / "spool", labels=True).close()
    (tmp_path / "spool/journal.jsonl").write_bytes(before)  # the segments are rewritten, the journal is not
    again = opened(tmp_path / "spool", labels=True)
    held = [(r["p"], r["n"]) for r in map(json.loads, rows(again))]
    assert len(set(held)) == len(held)
    assert {p for p, _ in held} <= {PARENTS[label] for label in again.progress.finished}


def test_streams_are_never_reused(tmp_path: Path) -> None:
    fill(opened(tmp_path, labels=True), CHILDREN)
    again = opened(tmp_path, labels=True)
    assert again.progress.next_stream == 4
    fill(again, [(page('{"p": 4, "n": 1}', stream=4, done=True), "four")])
    third = opened(tmp_path, labels=True)
    assert sorted(json.loads(r)["p"] for r in rows(third)) == [1, 1, 2, 2, 4]
    assert third.progress.finished == set(PARENTS)
    assert third.progress.missing == 1


def test_what_the_journal_remembers(tmp_path: Path) -> None:
    date = datetime(2026, 1, 1, tzinfo=UTC)
    first = opened(tmp_path)
    fill(first, [(page('{"n": 1}', resume="x", token="t1", server_date=date), ""), (page('{"n": 2}', resume="y"), "")])
    again = opened(tmp_path)
    assert again.resumed
    assert (again.progress.token, again.progress.server_date, again.progress.resume) == ("t1", date, "y")
    assert again.progress.began == first.progress.began


@pytest.mark.parametrize("change", ["identity", "age", "worth", "text"])
def test_a_spool_of_another_request_or_an_old_one_is_thrown_away(tmp_path: Path, change: str) -> None:
    fill(opened(tmp_path), LISTING)
    journal = tmp_path / "journal.jsonl"
    head, rest = journal.read_bytes().split(b"\n", 1)
    facts = json.loads(head)
    if change == "age":
        facts["began"] = (clock.now() - timedelta(minutes=61)).isoformat()
        journal.write_bytes(json.dumps(facts).encode() + b"\n" + rest)
    elif change == "text":
        journal.write_bytes(b"no journal\n" + rest)
    again = opened(
        tmp_path, identity="another" if change == "identity" else "me", worth=60.0 if change == "worth" else 0.0
    )
    assert not again.resumed
    assert not list(tmp_path.glob("0*"))
    assert (again.progress.rows, again.progress.resume) == (0, "")


def test_the_identity_is_not_in_the_journal(tmp_path: Path) -> None:
    opened(tmp_path, identity="secret text").close()
    assert "secret text" not in (tmp_path / "journal.jsonl").read_text()


def test_line_breaks_between_tokens_become_spaces_where_records_are_lines(tmp_path: Path) -> None:
    spool = opened(tmp_path, labels=True)
    spool.add(page('{"n":\n1}', '{"n":\r\n2}', '{"n": "a\\nb"}'))
    flushed = spool.flush()
    assert flushed is not None
    assert flushed.data == b'{"n": 1}\n{"n":  2}\n{"n": "a\\nb"}\n'
    assert (flushed.segment.rows, flushed.segment.longest) == (3, 13)


def test_records_of_a_listing_are_one_array(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.add(page('{"n":\n1}', '{"n": 2}'))
    spool.add(Batch("items", Elements(b'{"n": 3}, {"n": 4}', 2, "somebody")))
    flushed = spool.flush()
    spool.settle()
    assert flushed is not None
    assert flushed.data == flushed.segment.path.read_bytes() == b'[{"n":\n1},{"n": 2},{"n": 3}, {"n": 4}]'
    assert (flushed.segment.rows, flushed.segment.longest, flushed.by) == (4, 18, None)
    assert flushed.segment.records(flushed.data) == [b'{"n":\n1}', b'{"n": 2}', b'{"n": 3}', b'{"n": 4}']


def test_a_segment_is_found_exact_by_who_found_all_of_its_pages_so(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for finders, wanted in ((("a", "a"), "a"), (("a", "b"), None), (("b", "b"), "b")):
        for finder in finders:
            spool.add(Batch("items", Elements(b'{"n": 1}', 1, finder)))
        flushed = spool.flush()
        assert flushed is not None
        assert flushed.by == wanted


def test_elements_of_a_child_become_lines(tmp_path: Path) -> None:
    spool = opened(tmp_path, labels=True)
    spool.add(Batch("items", Elements(b'{"n": 1}, {"n": 2}', 2, "somebody")), "parent")
    flushed = spool.flush()
    assert flushed is not None
    assert (flushed.data, flushed.by) == (b'{"n": 1}\n{"n": 2}\n', None)


def test_a_segment_is_full_by_rows_bytes_or_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = opened(tmp_path)
    for rows in (module.FIRST_ROWS, module.SEGMENT_ROWS):
        assert spool.add(page(*['{"n": 1}'] * (rows - 1))) is None
        assert spool.add(page('{"n": 1}')) is not None
    assert spool.add(page('{"v": "' + "x" * module.SEGMENT_BYTES + '"}')) is not None
    assert spool.add(page('{"n": 1}')) is None
    monkeypatch.setattr(module, "SEGMENT_SECONDS", -1.0)
    assert spool.add(page('{"n": 1}')) is not None
    assert [segment.number for segment in spool.segments] == [0, 1, 2, 3]
    assert spool.flush() is None


def test_a_spool_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    shutil.rmtree(tmp_path / "spool")
    spool.add(page('{"n": 1}'))
    spool.flush()
    with pytest.raises(LakeError, match="spool could not be written"):
        spool.settle()
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError):
        opened(tmp_path / "file" / "spool")


def test_what_was_flushed_and_not_written_yet_is_written_when_the_spool_is_closed(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for batch, label in LISTING[:3]:
        spool.add(batch, label)
        spool.flush()
    assert not any(segment.path.exists() for segment in spool.segments[1:])
    spool.close()
    again = opened(tmp_path)
    assert (rows(again), again.progress.resume) == (['{"n": 1}', '{"n": 2}', '{"n": 3}'], "p4")


def test_nothing_is_written_after_what_could_not_be_so_that_the_next_run_asks_for_it_again(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    blocked = tmp_path / "000001.json"
    blocked.mkdir()
    for batch, label in LISTING:
        spool.add(batch, label)
        if batch.records:
            spool.flush()
    for _ in range(2):  # nor by whoever comes next
        with pytest.raises(LakeError):
            spool.settle()
    spool.close()
    blocked.rmdir()
    again = opened(tmp_path)
    assert (rows(again), again.progress.resume) == (['{"n": 1}', '{"n": 2}'], "p2")


def test_a_discarded_spool_leaves_nothing(tmp_path: Path) -> None:
    spool = opened(tmp_path / "spool")
    fill(spool, LISTING)
    spool.discard()
    assert not (tmp_path / "spool").exists()


def test_what_is_made_of_a_segment_lies_beside_it(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.add(page('{"n": 1}'))
    spool.flush()
    (segment,) = spool.segments
    assert (segment.staged.name, segment.cooked.name) == ("000000.parquet", "000000.cooked")


@pytest.mark.parametrize(("worth", "left"), [(60.0, False), (0.0, True)])
def test_on_a_full_disk_only_what_the_next_run_goes_on_from_stays(tmp_path: Path, worth: float, left: bool) -> None:
    spool = opened(tmp_path / "spool", worth=worth)
    spool.add(page('{"n": 1}', resume="x"))
    spool.flush()
    spool.settle()
    (segment,) = spool.segments
    segment.staged.write_text("typed")
    spool.shed()
    assert not segment.staged.exists()
    assert segment.path.exists() is left


def test_a_spool_of_records_a_line_goes_on_with_arrays(tmp_path: Path) -> None:
    """The version before wrote lines for all resources; a run that it began is not fetched again."""
    old = opened(tmp_path, labels=True)
    fill(old, [(page('{"n": 1}', '{"n": 2}', resume="p2"), "")])
    journal = (tmp_path / "journal.jsonl").read_text().splitlines()
    entry = json.loads(journal[1])
    assert (entry["file"], entry["ended"]) == ("000000.ndjson", [])
    (tmp_path / "000001.ndjson").write_bytes(b'{"n": 9}\n')  # written, and killed before its line in the journal

    again = opened(tmp_path)
    assert (again.resumed, again.progress.resume) == (True, "p2")
    fill(again, [(page('{"n": 3}', done=True), "")])

    third = opened(tmp_path)
    assert [segment.path.name for segment in third.segments] == ["000000.ndjson", "000001.json"]
    assert [json.loads(row)["n"] for row in rows(third)] == [1, 2, 3]


def test_a_large_page_that_was_taken_whole_is_one_array_too(tmp_path: Path) -> None:
    text = b",".join(b'{"n": %d}' % n for n in range(100_000))
    spool = opened(tmp_path)
    spool.add(page('{"n": -1}'))
    flushed = spool.add(Batch("items", Elements(memoryview(text), 100_000, "somebody")))
    spool.settle()
    assert flushed is not None
    assert flushed.data == flushed.segment.path.read_bytes() == b'[{"n": -1},%b]' % text
    assert (flushed.segment.rows, flushed.segment.longest) == (100_001, len(b'{"n": 99999}'))
    assert len(flushed.segment.records(flushed.data)) == 100_001

"""What was fetched and is not committed yet, on disk: the checkpoint from which a killed run goes on.

A segment counts from the moment at which its line stands in the journal; a file whose size or checksum differs, and all
after it, never happened. What is flushed is written in its order by whoever calls `settle` next, in any thread. Rows of
a child's listing that was cut short are taken out again when the spool is reopened, since that listing starts over.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import threading
import zlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from dinobase.core import clock
from dinobase.core.errors import LakeError
from dinobase.core.values import Batch
from dinobase.kinds.body import Body
from dinobase.kinds.select import Elements
from dinobase.lake import disk

SEGMENT_ROWS = 5_000
FIRST_ROWS = 500  # what the columns are learnt from: pages that come after are checked against them as they come
SEGMENT_BYTES = 4 << 20
SEGMENT_SECONDS = 15.0
_SMALL = 256 << 10  # bytes; the reader's buffer is larger in any case
MAX_AGE = timedelta(hours=1)
WORTH = 60.0  # seconds of fetching below which a cut listing is begun anew: what moved meanwhile is then not missed


@dataclass(frozen=True, slots=True)
class Segment:
    """Records in the order of the listing: one array, or of children NDJSON; `longest`: no record has more bytes."""

    number: int
    path: Path
    rows: int
    longest: int

    @property
    def array(self) -> bool:
        """The records are one array."""
        return self.path.suffix == ".json"

    def records(self, text: bytes) -> Sequence[bytes]:
        """Cut the segment's text into its records."""
        if self.array:
            return [bytes(record) for record in Body(text).items(()) or ()]
        return [line for line in text.split(b"\n") if line]

    @property
    def staged(self) -> Path:
        """The typed Parquet file made of it."""
        return self.path.with_suffix(".parquet")

    @property
    def cooked(self) -> Path:
        """The flattened records, where the raw ones could not be read without loss."""
        return self.path.with_suffix(".cooked")


@dataclass(frozen=True, slots=True)
class Full:
    """A segment and its bytes; `by` has found a typed read of all of them to be exact, None where nobody has."""

    segment: Segment
    data: bytes
    by: object


@dataclass(slots=True)
class Progress:
    """What the journal says of the run so far."""

    began: datetime
    server_date: datetime | None = None
    resume: str = ""
    done: bool = False
    token: str | None = None
    rows: int = 0
    finished: set[str] = field(default_factory=set)
    missing: int = 0
    next_stream: int = 0
    spent: float = 0.0


class Spool:
    """One resource's run."""

    def __init__(self, folder: Path, identity: str, *, labels: bool, worth: float = WORTH) -> None:
        self.folder = folder
        self.segments: list[Segment] = []
        self.progress = Progress(began=clock.now())
        self.resumed = False
        self._labels = labels  # children: streams are known by their parents
        self._identity = identity
        self._worth = worth
        self._opened = clock.monotonic()
        self._pages: list[bytes | memoryview] = []  # each without a last separator
        self._rows = self._bytes = self._longest = 0
        self._by: object = None
        self._since = clock.monotonic()
        self._runs: list[list[int]] = []
        self._ended: list[str] = []
        self._journal: BinaryIO | None = None
        self._unwritten: deque[tuple[dict[str, Any], Path | None, bytes]] = deque()
        self._writing = threading.Lock()

    def open(self) -> None:
        """Take up a fresh enough spool of the same request, else begin a new one."""
        if not self._take_up():
            self.discard()
            self._begin()

    def _begin(self) -> None:
        with _disk():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            salt = secrets.token_hex(8)
            head = {"salt": salt, "identity": _seal(salt, self._identity), "began": self.progress.began.isoformat()}
            self._journal = (self.folder / "journal.jsonl").open("wb", buffering=0)
            self._journal.write(json.dumps(head).encode() + b"\n")

    def _take_up(self) -> bool:
        path = self.folder / "journal.jsonl"
        try:
            lines = path.read_bytes().split(b"\n")
            head = json.loads(lines[0])
            began = datetime.fromisoformat(head["began"])
        except (OSError, ValueError, KeyError, IndexError):
            return False
        if head["identity"] != _seal(head["salt"], self._identity) or clock.now() - began > MAX_AGE:
            return False
        progress = Progress(began=began)
        entries = []
        for line in lines[1:-1]:
            try:
                entry = json.loads(line)
            except ValueError:
                break
            if entry["file"] is not None and not _intact(self.folder / entry["file"], entry):
                break
            entries.append(entry)
        for entry in entries:
            self._replay(entry, progress)
        if progress.spent < self._worth:
            return False
        kept = [lines[0], *(json.dumps(e).encode() for e in self._without_cut_streams(entries, progress))]
        with _disk():
            path.with_suffix(".new").write_bytes(b"\n".join(kept) + b"\n")
            path.with_suffix(".new").replace(path)
            self._journal = path.open("ab", buffering=0)
        self.progress = progress
        self.resumed = bool(self.segments or progress.finished or progress.resume)
        return True

    def _replay(self, entry: Mapping[str, Any], progress: Progress) -> None:
        progress.rows += entry["rows"]
        progress.resume, progress.done = entry["resume"], entry["done"]
        progress.token = entry["token"] if entry["token"] is not None else progress.token
        progress.finished.update(entry["ended"])
        progress.missing = entry["missing"]
        progress.spent = entry["spent"]
        if entry["date"] and progress.server_date is None:
            progress.server_date = datetime.fromisoformat(entry["date"])
        streams = (*(s for s, _, _ in entry["runs"]), *entry["streams_ended"])
        progress.next_stream = max([progress.next_stream, *(s + 1 for s in streams)])

    def _without_cut_streams(self, entries: list[dict[str, Any]], progress: Progress) -> Iterable[dict[str, Any]]:
        """Rewrite the segments that hold rows of streams that did not end; yields the entries as they are then."""
        ended = {s for e in entries for s in e["streams_ended"]} if self._labels else None
        for entry in entries:
            if entry["file"] is None:
                yield entry
                continue
            path = self.folder / entry["file"]
            if ended is not None and any(s not in ended for s, _, _ in entry["runs"]):
                lines = iter(path.read_bytes().split(b"\n"))
                kept = [line for s, count, _ in entry["runs"] for line in _take(lines, count) if s in ended]
                data = b"\n".join(kept) + b"\n" if kept else b""
                with _disk():
                    path.with_suffix(".new").write_bytes(data)
                    path.with_suffix(".new").replace(path)
                progress.rows -= entry["rows"] - len(kept)
                entry = entry | {  # noqa: PLW2901 - the entry as it is from now on
                    "rows": len(kept),
                    "bytes": len(data),
                    "crc": zlib.crc32(data),
                    "runs": [r for r in entry["runs"] if r[0] in ended],
                }
            self.segments.append(Segment(int(path.stem), path, entry["rows"], entry["longest"]))
            yield entry

    def add(self, batch: Batch, label: str = "") -> Full | None:
        """Take a page; returns a segment whenever one is full."""
        progress = self.progress
        if batch.server_date is not None and progress.server_date is None:
            progress.server_date = batch.server_date
        if batch.token is not None:
            progress.token = batch.token
        progress.resume = batch.resume
        progress.missing += batch.missing
        progress.next_stream = max(progress.next_stream, batch.stream + 1)
        count = len(batch.records)
        if count:
            text, longest, by = _text(batch.records, b"\n" if self._labels else b",")
            self._by = by if not self._pages or by is self._by else None
            self._pages.append(text)
            self._rows += count
            self._bytes += len(text)
            self._longest = max(self._longest, longest)
            if self._runs and self._runs[-1][0] == batch.stream:
                self._runs[-1][1] += count
            else:
                self._runs.append([batch.stream, count, 0])
        if batch.done:
            self._runs.append([batch.stream, 0, 1])
            if self._labels:
                self._ended.append(label)
            else:
                progress.done = True
        most = SEGMENT_ROWS if self.segments else FIRST_ROWS
        full = self._rows >= most or self._bytes >= SEGMENT_BYTES
        if full or clock.monotonic() - self._since > SEGMENT_SECONDS:
            return self.flush()
        return None

    def flush(self) -> Full | None:
        """End the segment; returns it where there were records: `settle` is to be called before it is used."""
        self._since = clock.monotonic()
        pages, rows, longest, by = self._pages, self._rows, self._longest, self._by
        self._pages, self._by = [], None
        self._rows = self._bytes = self._longest = 0
        runs, self._runs = self._runs, []
        ended, self._ended = self._ended, []
        progress = self.progress
        if not rows and not runs:
            return None
        entry = {
            "file": None,
            "rows": rows,
            "bytes": 0,
            "crc": 0,
            "longest": 0,
            "runs": [r for r in runs if r[1]],
            "streams_ended": [r[0] for r in runs if r[2]],
            "ended": ended,
            "missing": progress.missing,
            "spent": round(progress.spent + clock.monotonic() - self._opened, 3),
            "resume": progress.resume,
            "done": progress.done,
            "token": progress.token,
            "date": progress.server_date.isoformat() if progress.server_date else "",
        }
        progress.rows += rows
        progress.finished.update(ended)
        if not rows:
            self._unwritten.append((entry, None, b""))
            self.settle()
            return None
        data = b"\n".join([*pages, b""]) if self._labels else _array(pages)
        number = self.segments[-1].number + 1 if self.segments else 0
        path = self.folder / f"{number:06d}.{'ndjson' if self._labels else 'json'}"
        self._unwritten.append((entry | {"file": path.name, "bytes": len(data), "longest": longest}, path, data))
        self.segments.append(Segment(number, path, rows, longest))
        return Full(self.segments[-1], data, by)

    def settle(self) -> None:
        """Write what was flushed: files, and their lines in the journal. What follows a failure is not written."""
        with self._writing, _disk():
            while self._unwritten:
                entry, path, data = self._unwritten[0]
                if path is not None:
                    path.write_bytes(data)
                    entry["crc"] = zlib.crc32(data)
                assert self._journal is not None
                self._journal.write(json.dumps(entry).encode() + b"\n")
                self._unwritten.popleft()

    def shed(self) -> None:
        """Make room on a full disk: all that the next run would not go on from, else what it can make again."""
        if self.progress.spent + clock.monotonic() - self._opened < self._worth:
            self.discard()
            return
        with self._writing:
            unwritten = {path for _, path, _ in self._unwritten}
            self._unwritten.clear()
        kept = {self.folder / "journal.jsonl", *(s.path for s in self.segments if s.path not in unwritten)}
        for path in self.folder.glob("*"):
            if path not in kept:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the spool as it is, for the next run."""
        if self._journal is not None:
            with suppress(LakeError):  # the error that led here is the one to show
                self.settle()
            self._journal.close()
            self._journal = None

    def discard(self) -> None:
        """Delete everything: it is committed, or worth nothing."""
        with self._writing:
            self._unwritten.clear()
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.segments.clear()


def _text(records: Sequence[Any], separator: bytes) -> tuple[bytes | memoryview, int, object]:
    """Return the records as one text, a bound on their lengths, and who found a typed read of them to be exact.

    A line break inside a record can only be white space between tokens (RFC 8259 section 7).
    """
    if isinstance(records, Elements) and separator == b",":
        longest = len(records.text) if len(records.text) <= _SMALL else max(map(len, records))
        return records.text, longest, records.by
    text = separator.join(records)
    if separator == b"\n" and (text.count(b"\n") != len(records) - 1 or b"\r" in text):
        text = b"\n".join([bytes(r).replace(b"\n", b" ").replace(b"\r", b" ") for r in records])
    return text, max(map(len, records)), None


def _array(pages: Sequence[bytes | memoryview]) -> bytes:
    """Join pages in one go: a large one is not copied twice."""
    parts: list[bytes | memoryview] = [b"["]
    for page in pages:
        parts += (page, b",")
    parts[-1] = b"]"
    return b"".join(parts)


def _intact(path: Path, entry: Mapping[str, Any]) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    return bool(len(data) == entry["bytes"] and zlib.crc32(data) == entry["crc"])


def _take(lines: Iterable[bytes], count: int) -> list[bytes]:
    iterator = iter(lines)
    return [next(iterator) for _ in range(count)]


def _seal(salt: str, identity: str) -> str:
    return hashlib.sha256(f"{salt}:{identity}".encode()).hexdigest()


class _disk:  # noqa: N801 - reads as a statement
    """Map a failing disk to our error."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            if disk.is_full(str(error), str(error.filename or "")):
                raise disk.full() from error
            raise LakeError(
                f"the spool could not be written: {os.strerror(error.errno or 0)}",
                code="lake.spool",
                hint="`dinobase doctor` checks the workspace",
            ) from error

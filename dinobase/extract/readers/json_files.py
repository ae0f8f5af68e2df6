"""JSON and NDJSON: records by their own text, so that no digit is lost; their columns are found like an API's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from dinobase.core.errors import FetchError
from dinobase.extract.readers.file_listing import Entry
from dinobase.extract.readers.text_types import of_text
from dinobase.lake.files import Files
from dinobase.lake.sql import literal

SUFFIXES = (".json", ".jsonl", ".ndjson")
_SEGMENT = 4 << 20
LONGEST = 16 << 20
_SAMPLE = 200


def records(files: Files, entry: Entry, limit: int = 0) -> Iterator[bytes]:
    """Give a file's records, one line each, with the name of the file in it; raises FetchError for what is none."""
    head = b'{"_file":' + msgspec.json.encode(entry.name)
    for key, value in entry.partitions.items():
        known = int(value) if value is not None and of_text(value) == "BIGINT" else value
        head += b"," + msgspec.json.encode(key) + b":" + msgspec.json.encode(known)
    most = f" LIMIT {limit}" if limit else ""
    sql = (
        f"SELECT json FROM read_json_objects({literal(entry.address)}, format = 'auto', "
        f"maximum_object_size = {LONGEST}){most}"
    )
    number = 0
    try:
        for (text,) in files.each(sql):
            number += 1
            body = text.encode().replace(b"\n", b" ").replace(b"\r", b" ").strip()
            if not body.startswith(b"{"):
                raise FetchError(f"record {number} is no object: {body[:60].decode(errors='replace')}")  # noqa: TRY301
            yield _joined(head, body, entry)
    except FetchError as error:
        raise FetchError(
            f"{entry.name} cannot be read: {error.message}",
            code="source.failed",
            hint="a JSON file holds one array of objects, one object, or an object a line",
        ) from None


def _joined(head: bytes, body: bytes, entry: Entry) -> bytes:
    clash = [key for key in ("_file", *entry.partitions) if msgspec.json.encode(key) in body]
    if clash:
        own = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        kept = {f"{k}_" if k == "_file" else k: v for k, v in own.items() if k not in entry.partitions}
        body = msgspec.json.encode(kept)
    rest = body[1:].lstrip()
    return head + (b"}" if rest == b"}" else b"," + rest)


def keys(files: Files, entry: Entry) -> list[str]:
    """Return the fields of the first records."""
    found: dict[str, None] = {}
    for line in records(files, entry, _SAMPLE):
        found |= dict.fromkeys(msgspec.json.decode(line, type=dict[str, msgspec.Raw]))
    return list(found)


def write(files: Files, entry: Entry, folder: Path, number: int) -> tuple[list[Path], int]:
    """Write a file's records as NDJSON of a bounded size; returns the files, and how many records they hold."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[Path] = []
    lines: list[bytes] = []
    size = rows = 0

    def flush() -> None:
        nonlocal size
        path = folder / f"{number + len(made):06}.ndjson"
        path.write_bytes(b"\n".join(lines) + b"\n")
        made.append(path)
        lines.clear()
        size = 0

    for line in records(files, entry):
        lines.append(line)
        size += len(line)
        rows += 1
        if size >= _SEGMENT:
            flush()
    if lines:
        flush()
    return made, rows

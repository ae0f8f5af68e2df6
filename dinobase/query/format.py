"""A result as text: one function per format in one dictionary; the bytes of each are pinned by golden files.

Big results are written as they come. What only the last row tells (that a column holds integers past 2^53) is the one
thing that is waited for: such rows rest on disk until then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from dinobase.core.errors import UsageError
from dinobase.query.result import QueryResult, is_number, tail

if TYPE_CHECKING:
    from dinobase.query.stream import ResultStream

Write: TypeAlias = Callable[[str], object]
Row: TypeAlias = Sequence[Any]
_IN_MEMORY = 8_000_000


def render(result: QueryResult, form: str) -> str:
    """Return a whole result in one of FORMATS."""
    if form == "compact":
        from dinobase.query.compact import render_compact  # not on the way of a program's JSON

        return render_compact(result)
    if form == "json":
        body = ",\n".join(_object(result.columns, row) for row in result.rows)
        return f"{_head(result.columns)}{body}{_foot(result.tail(), rows=bool(result.rows))}"
    return _line_format(form).whole(result.columns, result.column_types, result.rows)


def write_stream(stream: ResultStream, form: str, write: Write) -> None:
    """Write rows as they come, in constant memory."""
    names = [column.name for column in stream.columns]
    types = [column.type for column in stream.columns]
    if form == "json":
        count = 0
        write(_head(names))
        for text, number in _objects(stream, names, ",\n"):
            write(text)
            count += number
        facts = tail(count, truncated=stream.truncated, sources=stream.sources, types=types, notes=stream.notes)
        write(_foot(facts, rows=count > 0))
    elif form == "ndjson":
        ended = False
        for text, _ in _objects(stream, names, "\n"):
            write(text)
            ended = True
        if ended:
            write("\n")
    elif form == "compact":
        write(render(stream.whole(), form))  # what all rows share stands in its header
    else:
        lines = _line_format(form)
        write(lines.head(names, types))
        for batch in stream.batches():
            write("".join(lines.line(row) for row in batch))


def _objects(stream: ResultStream, names: Sequence[str], between: str) -> Iterator[tuple[str, int]]:
    """Yield (text, number of rows); through a spool where integers may yet prove too wide for a number."""
    if not any(column.watch and column.base != "double" for column in stream.columns):
        yield from _joined((_object(names, row) for batch in stream.batches() for row in batch), between)
        return
    import tempfile  # only large results need it

    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, mode="w+", encoding="utf-8", newline="\n") as spool:
        for batch in stream.batches():
            spool.write("".join(f"{_object(names, row)}\n" for row in batch))
        spool.seek(0)
        yield from _joined(_settled(spool, stream), between)


def _settled(spool: IO[str], stream: ResultStream) -> Iterator[str]:
    wide = [stream.columns[place] for place in stream.wide]
    for line in spool:
        if not wide:
            yield line[:-1]
            continue
        row = json.loads(line)
        for column in wide:
            row[column.name] = column.finish(row[column.name])
        yield json.dumps(row, ensure_ascii=False)


def _joined(texts: Iterable[str], between: str) -> Iterator[tuple[str, int]]:
    """Hand over a thousand rows at a time: a write per row costs more than the row."""
    held: list[str] = []
    before = ""
    for text in texts:
        held.append(text)
        if len(held) == 1000:
            yield before + between.join(held), len(held)
            before = between
            held = []
    if held:
        yield before + between.join(held), len(held)


def _object(names: Sequence[str], row: Row) -> str:
    return json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)


def _head(names: Sequence[str]) -> str:
    return f'{{"columns": {json.dumps(list(names), ensure_ascii=False)},\n"rows": [\n'


def _foot(facts: dict[str, Any], *, rows: bool) -> str:
    start = "\n" if rows else ""
    return f"{start}],\n{json.dumps(facts, ensure_ascii=False)[1:]}\n"


class _Lines:
    """A format of one line per row, without facts about the result."""

    def __init__(self, head: Callable[[Sequence[str], Sequence[str]], str], line: Callable[[Row], str]) -> None:
        self.head = head
        self.line = line

    def whole(self, names: Sequence[str], types: Sequence[str], rows: Iterable[Row]) -> str:
        return self.head(names, types) + "".join(self.line(row) for row in rows)


class _NdJson(_Lines):
    def __init__(self) -> None:
        super().__init__(lambda _names, _types: "", lambda row: json.dumps(list(row), ensure_ascii=False))

    def whole(self, names: Sequence[str], types: Sequence[str], rows: Iterable[Row]) -> str:
        del types
        return "".join(f"{_object(names, row)}\n" for row in rows)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _csv_cell(value: Any) -> str:
    text = _text(value)
    if not text:
        return '""' if value == "" else ""  # an empty text is not a NULL
    if any(mark in text for mark in ',"\n\r') or text != text.strip():
        return '"' + text.replace('"', '""') + '"'
    return text


def _csv_line(row: Row) -> str:
    return ",".join(_csv_cell(value) for value in row) + "\n"


def _markdown_cell(value: Any) -> str:
    text = _text(value).replace("\\", "\\\\").replace("|", "\\|")
    return text.replace("\r\n", "<br>").replace("\n", "<br>").replace("\r", "<br>")


def _markdown_line(row: Row) -> str:
    return f"| {' | '.join(_markdown_cell(value) for value in row)} |\n"


def _markdown_head(names: Sequence[str], types: Sequence[str]) -> str:
    marks = ["---:" if is_number(kind) else "---" for kind in types]
    return f"{_markdown_line(names)}| {' | '.join(marks)} |\n"


_FORMATS: dict[str, _Lines] = {
    "csv": _Lines(lambda names, _types: _csv_line(names), _csv_line),
    "markdown": _Lines(_markdown_head, _markdown_line),
    "ndjson": _NdJson(),
}
FORMATS = ("json", *_FORMATS, "compact")


def _line_format(form: str) -> _Lines:
    found = _FORMATS.get(form)
    if found is None:
        raise UsageError(f"There is no format {form}", hint=f"One of {', '.join(FORMATS)}.")
    return found

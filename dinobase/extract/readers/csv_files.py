"""CSV: every line is a row or is kept aside with the reason; texts become types only where all values come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dinobase.core.errors import FetchError
from dinobase.extract.readers import staging, text_types
from dinobase.extract.readers.base import SourceColumn
from dinobase.extract.readers.file_listing import Entry
from dinobase.extract.readers.text_types import Seen
from dinobase.lake.files import Files
from dinobase.lake.sql import ident, literal

SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
_SAMPLE = 2048
_FIRST = 5000  # rows from which a column's type is guessed
_AT_ONCE = 20
_OPTIONS = "auto_detect = false, comment = '', nullstr = '', allow_quoted_nulls = false, parallel = false"
REJECTS = (
    SourceColumn("_file", "VARCHAR", description="The file in which the line is."),
    SourceColumn("line", "BIGINT", description="Its number, from 1."),
    SourceColumn("error", "VARCHAR", description="Why it is no row."),
    SourceColumn("detail", "VARCHAR", description="What was expected, and what was found."),
    SourceColumn("text", "VARCHAR", description="The line itself.", personal=True),
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one file is written, and its columns."""

    delimiter: str
    quote: str
    escape: str
    skip: int
    header: bool
    columns: tuple[str, ...]
    encoding: str = ""

    def relation(self, address: str, rejects: str = "", *, strict: bool = True) -> str:
        """Return the table expression that reads the file as texts; what is no row is an error, or goes to a table."""
        kept = (
            f", store_rejects = true, rejects_table = {literal(rejects)}, rejects_scan = {literal(rejects + '_scans')}"
        )
        return f"read_csv({literal(address)}{self._written(strict=strict)}{kept if rejects else ''})"

    def of_many(self, addresses: Sequence[str], options: str, *, faulty: bool) -> str:
        """Return the table expression of files that are written alike; `faulty`: what is no row is passed over."""
        listed = ", ".join(map(literal, addresses))
        passed = ", ignore_errors = true" if faulty else ""
        return f"read_csv([{listed}]{self._written(strict=True)}{passed}, {options})"

    def _written(self, *, strict: bool) -> str:
        columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in self.columns)
        return (
            f", {_OPTIONS}, delim = {literal(self.delimiter)}, "
            f"quote = {literal(self.quote)}, escape = {literal(self.escape)}, skip = {self.skip}, "
            f"header = {str(self.header).lower()}, columns = {{{columns}}}, strict_mode = {str(strict).lower()}"
            f"{_encoded(self.encoding)}"
        )


@dataclass(slots=True)
class Texts:
    """Files that were read as texts: Parquet whose columns have the names of the lake; what is no row, by file."""

    files: list[Path] = field(default_factory=list)
    columns: dict[str, None] = field(default_factory=dict)
    rejects: list[Path] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    rows: int = 0


def dialect(files: Files, entry: Entry, encoding: str) -> Dialect:
    """Return how a file is written; raises FetchError where that cannot be told.

    It is looked at twice, as one that may have faulty lines, and as one with words before its names.
    """
    found = []
    said = ""
    for forgiving in ("true", "false"):
        try:
            found += files.rows(
                'SELECT "Delimiter", "Quote", "Escape", "SkipRows", "HasHeader", '
                f'list_transform("Columns", lambda x: x.name) FROM sniff_csv({literal(entry.address)}, '
                f"ignore_errors = {forgiving}, comment = '', sample_size = {_SAMPLE}{_encoded(encoding)})"
            )
        except FetchError as error:
            said = error.message
    if not found or ("unicode" in said and not found[0][4]):
        raise _faulty(entry, said)
    lenient, strict = found[0], found[-1]
    better = strict[4] and len(lenient[5]) == 1 and len(strict[5]) > 1
    delimiter, quote, escape, skip, header, columns = strict if better else lenient
    quote = quote if len(quote) == 1 else '"'
    escape = escape if len(escape) == 1 else quote
    return Dialect(delimiter, quote, escape, int(skip), bool(header), tuple(columns), encoding)


def read(
    files: Files, entry: Entry, address: str, how: Dialect, names: Mapping[str, str], texts: Texts, folder: Path
) -> None:
    """Read one file; `names` are the lake's, by the file's own."""
    number = len(texts.rejected)
    rejects = f"rejects_{number}"
    fields = [f"{literal(entry.name)} AS {ident('_file')}"]
    fields += [f"{_constant(v)} AS {ident(names[k])}" for k, v in entry.partitions.items()]
    fields += [f"{ident(c)} AS {ident(names[c])}" for c in how.columns if c not in entry.partitions]
    select, place = f"SELECT {', '.join(fields)} FROM ", folder / "texts" / f"{number:06}"
    aside = folder / "rejects" / f"{number:06}"
    texts.rejected[entry.name] = 0
    try:
        made, rows = staging.copy(files, select + how.relation(address), place)
    except FetchError:
        files.again()
        try:
            made, rows = staging.copy(files, select + how.relation(address, rejects), place)
            texts.rejected[entry.name] = _keep_aside(files, rejects, entry, aside, texts)
        except FetchError as error:
            raise _faulty(entry, error.message) from None
        finally:
            files.run(f"DROP TABLE IF EXISTS {rejects}; DROP TABLE IF EXISTS {rejects}_scans")
    texts.rejected[entry.name] += _keep_tail(files, how, address, entry, rows, aside, texts)
    texts.files += made
    texts.rows += rows
    texts.columns |= dict.fromkeys([*(names[k] for k in entry.partitions), *(names[c] for c in how.columns)])


def checked(files: Files, entry: Entry, address: str, how: Dialect, texts: Texts, folder: Path) -> tuple[int, bool]:
    """Look at a file that stays where it is: how many rows it has, and whether there are lines that `texts` keeps."""
    number = len(texts.rejected)
    rejects, aside = f"rejects_{number}", folder / "rejects" / f"{number:06}"
    texts.rejected[entry.name] = 0
    count = f"SELECT count(*), {', '.join(f'count({ident(c)})' for c in how.columns)} FROM "
    faulty = False
    try:
        rows = int(files.rows(count + how.relation(address))[0][0])
    except FetchError:
        files.again()
        faulty = True
        try:
            rows = int(files.rows(count + how.relation(address, rejects))[0][0])
            texts.rejected[entry.name] = _keep_aside(files, rejects, entry, aside, texts)
        except FetchError as error:
            raise _faulty(entry, error.message) from None
        finally:
            files.run(f"DROP TABLE IF EXISTS {rejects}; DROP TABLE IF EXISTS {rejects}_scans")
    texts.rejected[entry.name] += _keep_tail(files, how, address, entry, rows, aside, texts)
    return rows, faulty


def _keep_aside(files: Files, rejects: str, entry: Entry, folder: Path, texts: Texts) -> int:
    if not files.one(f"SELECT count(*) FROM duckdb_tables() WHERE table_name = {literal(rejects)}"):
        return 0
    made, count = staging.copy(
        files,
        f"SELECT {literal(entry.name)} AS _file, CAST(line AS BIGINT) AS line, any_value(CAST(error_type AS VARCHAR)) "
        "AS error, any_value(error_message) AS detail, any_value(csv_line) AS text "
        f"FROM {rejects} GROUP BY line ORDER BY line",
        folder,
    )
    if count:
        texts.rejects += made
    return count


def _keep_tail(files: Files, how: Dialect, address: str, entry: Entry, rows: int, aside: Path, texts: Texts) -> int:
    """Keep what follows a quote that is never closed, which DuckDB drops without a word; returns how many lines' worth.

    A forgiving read takes it for one row: it has one more than there are rows and lines kept aside.
    """
    name = f"tail_{len(texts.rejected)}"
    relation = how.relation(address, name, strict=False)
    text = f"concat_ws({literal(how.delimiter)}, {', '.join(ident(c) for c in how.columns)})"
    try:
        count, last = files.rows(f"SELECT count(*), last({text}) FROM {relation}")[0]
        there = files.one(f"SELECT count(*) FROM duckdb_tables() WHERE table_name = {literal(name)}")
        faulty = files.one(f"SELECT count(DISTINCT line) FROM {name}") if there else 0
    finally:
        files.run(f"DROP TABLE IF EXISTS {name}; DROP TABLE IF EXISTS {name}_scans")
    if int(count) + int(faulty) <= rows + texts.rejected[entry.name]:
        return 0
    made, _ = staging.copy(
        files,
        f"SELECT {literal(entry.name)} AS _file, NULL::BIGINT AS line, 'UNTERMINATED QUOTE' AS error, "
        f"'a quote is opened here and never closed' AS detail, {literal(str(last))} AS text",
        aside.with_name(f"{aside.name}-tail"),
    )
    texts.rejects += made
    return 1


def _faulty(entry: Entry, said: str) -> FetchError:
    first = said.split("\n", maxsplit=1)[0][:300]
    if "unicode" in said or "utf-8" in said:
        return FetchError(
            f"{entry.name} is not written in UTF-8",
            code="source.failed",
            hint="`--encoding latin-1` or `utf-16` reads it",
        )
    return FetchError(
        f"{entry.name} cannot be read: {first}",
        code="source.failed",
        hint="see whether it is a CSV file, with one kind of line end, and no line of more than 2 MB",
    )


def _encoded(encoding: str) -> str:
    return f", encoding = {literal(encoding)}" if encoding else ""


def types(files: Files, relation: str, columns: Sequence[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return the type of each column; one that is text in the lake stays so, one without values keeps its type."""
    found = {}
    for column, seen in _looked(files, relation, columns).items():
        empty = seen.values == seen.empty
        is_text = known.get(column) == "VARCHAR" or (empty and seen.empty > 0 and column not in known)
        found[column] = "VARCHAR" if is_text else known.get(column, "VARCHAR") if empty else text_types.type_of(seen)
    return {"_file": "VARCHAR"} | found


def _looked(files: Files, relation: str, columns: Sequence[str]) -> dict[str, Seen]:
    """Look at all values: for what the first ones are, and where that does not hold, or they were empty, for all."""
    guesses = {}
    first = _seen(files, f"(SELECT * FROM {relation} LIMIT {_FIRST})", dict.fromkeys(columns, ""))
    for column, seen in first.items():
        guesses[column] = text_types.type_of(seen) if seen.values > seen.empty else ""
    found = _seen(files, relation, guesses)
    wrong = [c for c, g in guesses.items() if g != "VARCHAR" and text_types.type_of(found[c]) == "VARCHAR"]
    return found | _seen(files, relation, {c: "" for c in wrong if guesses[c]})


def broken(files: Files, relation: str, of: Mapping[str, str]) -> list[str]:
    """Return the columns some value of which does not come back from its type."""
    found = _seen(files, relation, {c: t for c, t in of.items() if t != "VARCHAR"})
    return [c for c, seen in found.items() if not text_types.fits(seen, of[c])]


def _seen(files: Files, relation: str, guesses: Mapping[str, str]) -> dict[str, Seen]:
    found: dict[str, Seen] = {}
    columns = list(guesses)
    for start in range(0, len(columns), _AT_ONCE):
        part = columns[start : start + _AT_ONCE]
        fields = [field for c in part for field in text_types.look(c, guesses[c])]
        row = files.rows(f"SELECT {', '.join(fields)} FROM {relation}")[0]
        size = len(row) // len(part)
        found |= {c: text_types.seen(row[n * size : n * size + size]) for n, c in enumerate(part)}
    return found


def typed(files: Files, texts: Texts, of: Mapping[str, str], folder: Path) -> list[Path]:
    """Write the rows with their types."""
    fields = ", ".join(f"{text_types.expression(c, type_)} AS {ident(c)}" for c, type_ in of.items())
    made, _ = staging.copy(files, f"SELECT {fields} FROM {staged(texts.files)}", folder / "rows")
    return made


def staged(files: Sequence[Path]) -> str:
    """Return the table expression of texts that were staged."""
    return f"read_parquet([{', '.join(literal(str(f)) for f in files)}], union_by_name = true)"


def _constant(text: str | None) -> str:
    return "NULL::VARCHAR" if text is None else literal(text)

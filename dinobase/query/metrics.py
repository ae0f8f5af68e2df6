"""`metric('mrr')` in a FROM is the SELECT that the metric stands for, put there before the gate looks.

So whatever holds for a statement holds for a metric's SQL as if whoever asks had written it: rules, masks, provenance.
A statement that names metrics runs only after each of them was found to fit its tables and each of its tests to hold,
as whoever asks and on the same versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dinobase.catalog.metrics import Known, Metric, unknown
from dinobase.core.errors import DinobaseError, QueryError
from dinobase.lake import reader
from dinobase.lake.convert import columns_of
from dinobase.lake.sql import ident, parse_tree
from dinobase.query import faults, gate, in_place, named
from dinobase.query.decision import Before, Read, Refused
from dinobase.query.named import told
from dinobase.query.statement import cut_end
from dinobase.query.stream import ResultStream, wrapped

if TYPE_CHECKING:
    from dinobase.access.guard import Guard

NAME = "metric"
MOST = 256  # metrics in one statement, those that metrics read among them
SHOWN = 3  # rows that break a test
AGAIN = "Correct the data at its source or the definition (--replace); `dinobase metric test {}` runs it again."
_LONGEST = 300
_GAP = rb"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_CALL = rb"(?:metric|\"metric\")" + _GAP + rb"\(" + _GAP + rb"'(?:[^']|'')*'" + _GAP + rb"\)"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test came to: it holds where no row broke it; `more` than those rows did."""

    metric: str
    test: int
    sql: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    more: bool = False
    boolean: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.rows


@dataclass(frozen=True, slots=True)
class Own:
    """What a text names itself: tables, and metrics as it spells them."""

    reads: tuple[tuple[str, str], ...]
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    place: int
    name: str
    alias: str


def expanded(
    connection: Any,
    sql: str,
    tree: dict[str, Any],
    load: Callable[[], Known],
    connectors: Collection[str],
) -> tuple[str, dict[str, Any], tuple[Before, ...]]:
    """Return a statement with its metrics written out, its tree, and what has to be found out before it runs."""
    found = _calls(tree)
    if not found:
        return sql, tree, ()
    known = load()
    texts = _Texts(connection, known)
    text = texts.fill(sql, found, ())
    before = [part for key in texts.done for part in _parts(known[key], texts, connectors)]
    return text, parse_tree(connection, text), tuple(before)


def own(connection: Any, sql: str, connectors: Collection[str]) -> Own:
    """Return what a definition or a test names; raises what is wrong with it as a statement of its own."""
    tree = parse_tree(connection, sql)
    if tree.get("error"):
        raise _unreadable(tree, sql)
    found = _calls(tree)
    text = _spliced(sql, [(call, "SELECT NULL") for call in found])
    read = _decided(connection, text, connectors)
    reads = sorted({(use.connector, use.table.lower()) for use in read.uses})
    return Own(tuple(reads), tuple(dict.fromkeys(call.name for call in found)))


def judged(connection: Any, part: Before, there: Collection[str], guard: Guard | None) -> Finding:
    """Bind a definition, or run a test, on an instance that has its tables; raises where that is not possible."""
    read = part.read
    with told(part):
        try:
            relation = connection.sql(read.sql)
            if not part.test:
                return Finding(part.metric, 0, part.sql)
            columns = columns_of(relation.columns, relation.types)
            sql, boolean = read.sql, len(columns) == 1 and columns[0].type == "BOOLEAN"
            if boolean:
                name = ident(columns[0].name)
                sql = f"SELECT {name} FROM (\n{sql}\n) AS _q WHERE {name} IS NOT TRUE"
            connection.execute(wrapped(sql, columns))
            found = ResultStream(connection, columns, (), SHOWN).whole()
        except reader.InterruptError:
            raise
        except reader.DuckDBError as error:
            names = named.columns(connection, read) if faults.about_a_column(error) else ()
            raise (in_place.fault(error, there, guard) or faults.fault(error, names, read.sql)) from None
    return Finding(part.metric, part.test, part.sql, found.columns, tuple(found.rows), found.truncated, boolean)


def refuse(finding: Finding) -> None:
    """Raise where a test does not hold."""
    if finding.holds:
        return
    raise DinobaseError(
        f"metric {finding.metric} does not hold its test {finding.test}: {said(finding)}",
        code="metric.test",
        hint=f"The test is `{_cut(finding.sql)}`. {AGAIN.format(finding.metric)}",
        metric=finding.metric,
        test=finding.test,
        sql=finding.sql,
        columns=list(finding.columns),
        rows=[list(row) for row in finding.rows],
    )


def said(finding: Finding) -> str:
    """Say what a test found and what it may find; '' where it holds."""
    if finding.holds:
        return ""
    first = ", ".join(f"{name}={_cut(str(v), 60)}" for name, v in zip(finding.columns, finding.rows[0], strict=True))
    others = len(finding.rows) - 1
    rest = " and others" if finding.more else f" and {others} more" if others else ""
    return f"found {first}{rest}, allowed is {'only true' if finding.boolean else 'no row'}"


class _Texts:
    """The SQL of metrics with all metrics in it written out; each is made once."""

    def __init__(self, connection: Any, known: Known) -> None:
        self.connection = connection
        self._known = known
        self.made: dict[str, str] = {}
        self._counts: dict[str, int] = {}  # of the metrics that are written out in each, itself among them
        self.done: tuple[str, ...] = ()  # in the order in which one needs the other

    def fill(self, sql: str, calls: Sequence[_Call], way: tuple[str, ...]) -> str:
        """Write the metrics of a statement out; `way` are those in which it stands itself."""
        text = _spliced(sql, [(call, self._text(call.name, way)) for call in calls])
        self._count(calls)
        if not way:
            self.done = tuple(self.made)
        return text

    def test(self, sql: str) -> str:
        """Write the metrics of a test out."""
        calls = _calls(parse_tree(self.connection, sql))
        text = _spliced(sql, [(call, self._text(call.name, ())) for call in calls])
        self._count(calls)
        return text

    def _count(self, calls: Sequence[_Call]) -> int:
        count = sum(self._counts[call.name.lower()] for call in calls)
        if count > MOST:
            raise QueryError(
                f"The statement comes to more than {MOST} metrics, with those that they read",
                code="query.refused",
                hint="Write out one of the metrics that others read more than once.",
            )
        return count

    def _text(self, name: str, way: tuple[str, ...]) -> str:
        key = name.lower()
        metric = self._known.get(key)
        if metric is None:
            raise unknown(name, self._known)
        if key in way:
            raise QueryError(
                f"metric {metric.name} reads itself: {' -> '.join((*way[way.index(key) :], key))}",
                code="metric.cycle",
                hint=f"dinobase metric show {metric.name}",
            )
        if key not in self.made:
            tree = parse_tree(self.connection, metric.sql)
            with told(Before(metric.name, 0, metric.sql)):
                if tree.get("error"):
                    raise _unreadable(tree, metric.sql)
                calls = _calls(tree)
                self.made[key] = cut_end(self.fill(metric.sql, calls, (*way, key)))
                self._counts[key] = 1 + self._count(calls)
        return self.made[key]


def _parts(metric: Metric, texts: _Texts, connectors: Collection[str]) -> Iterator[Before]:
    for number, sql in enumerate((metric.sql, *metric.tests)):
        with told(Before(metric.name, number, sql)):
            text = texts.test(sql) if number else texts.made[metric.key]
            read = _decided(texts.connection, text, connectors)
        yield Before(metric.name, number, sql, read)


def _decided(connection: Any, text: str, connectors: Collection[str]) -> Read:
    tree = parse_tree(connection, text)
    if tree.get("error"):
        raise _unreadable(tree, text)
    found = gate.decide(tree, text, connectors)
    if isinstance(found, Refused):
        raise named.error(found)
    if found.system or found.information or found.handles:
        raise QueryError(
            "A metric reads tables of connectors",
            code="metric.refused",
            hint="Leave information_schema, _dinobase and result out.",
        )
    if found.sql != text and parse_tree(connection, found.sql) != tree:
        raise QueryError("The end of the SQL cannot be told", code="query.refused", hint="Leave the semicolon out.")
    return found


def _calls(tree: Mapping[str, Any]) -> list[_Call]:
    """Return where a statement names metrics; raises where that is not done as it must."""
    found = []
    stack: list[Any] = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            function = value.get("function")
            if value.get("type") == "TABLE_FUNCTION" and isinstance(function, dict) and _is_ours(function):
                found.append(_call(value, function))
            else:
                stack.extend(value.values())
    return found


def _is_ours(function: Mapping[str, Any]) -> bool:
    plain = not function.get("schema") and not function.get("catalog")
    return plain and str(function.get("function_name", "")).lower() == NAME


def _call(node: Mapping[str, Any], function: Mapping[str, Any]) -> _Call:
    given = function.get("children", [])
    value = given[0].get("value", {}) if len(given) == 1 and given[0].get("class") == "CONSTANT" else {}
    name = value.get("value")
    if not isinstance(name, str) or node.get("with_ordinality") == "WITH_ORDINALITY":
        raise _misused()
    return _Call(int(node["query_location"]), name, str(node.get("alias") or ""))


def _misused() -> QueryError:
    return QueryError(
        "metric() takes the name of one metric in single quotes, and stands in FROM",
        code="query.metric",
        hint="SELECT * FROM metric('mrr'); `dinobase metric list` names all.",
    )


def _spliced(sql: str, texts: Sequence[tuple[_Call, str]]) -> str:
    """Put texts where calls stand; each is known by its name where the statement gives no other."""
    data = sql.encode()
    for call, text in sorted(texts, key=lambda entry: -entry[0].place):
        found = re.compile(_CALL, re.IGNORECASE | re.DOTALL).match(data, call.place)
        if found is None:
            raise _misused()
        alias = "" if call.alias else f" AS {ident(call.name)}"
        data = data[: call.place] + f"(\n{text}\n){alias}".encode() + data[found.end() :]
    return data.decode()


def _unreadable(tree: Mapping[str, Any], sql: str) -> QueryError:
    if tree.get("error_type") == "parser":
        return faults.syntax_error(tree, sql)
    return QueryError("It is not one SELECT", code="metric.refused", hint="Write it as one SELECT.")


def _cut(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"

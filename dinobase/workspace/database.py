"""The Python API: SQL in; Arrow, pandas, polars or dictionaries out, each made by DuckDB itself without a copy between.

db = dinobase.connect()
db.query("SELECT * FROM stripe.customers").polars()
"""

from __future__ import annotations

import contextlib
import importlib
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dinobase.core.errors import UsageError
from dinobase.workspace.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from dinobase.catalog.tables import TableDescription
    from dinobase.core.values import Observer
    from dinobase.query.result import Source
    from dinobase.sync.report import SyncReport
    from dinobase.workspace.mcp import Mcp
    from dinobase.workspace.metrics import Metrics


class Result:
    """The rows of one query, handed over once, in one form; `sources` says of which version each table was read."""

    def __init__(
        self, stack: contextlib.ExitStack, connection: Any, columns: Sequence[str], sources: Sequence[Source]
    ) -> None:
        self.columns = tuple(columns)
        self.sources = tuple(sources)
        self._connection = connection
        self._stack = stack
        self._table: Any = None
        self._fetched = ""
        self._end = weakref.finalize(self, stack.close)

    def __repr__(self) -> str:
        """Say what it holds and how to get at it; the rows stay where they are."""
        tables = ", ".join(f"{source.table} v{source.snapshot}" for source in self.sources)
        where = f" from {tables}" if tables else ""
        return f"<Result: {', '.join(self.columns)}{where}; .dicts(), .rows(), .arrow(), .pandas() or .polars()>"

    def arrow(self) -> pa.Table:
        """Return an Arrow table; all other forms can be had after it."""
        if self._table is None:
            _need("pyarrow", "arrow")
            self._take("an Arrow table")
            self._table = self._over(self._connection.to_arrow_table())
        return self._table

    def pandas(self) -> pd.DataFrame:
        """Return a pandas data frame, made of the Arrow table."""
        _need("pandas", "pandas")
        found: pd.DataFrame = self.arrow().to_pandas()
        return found

    def polars(self) -> pl.DataFrame:
        """Return a polars data frame, which shares the Arrow table's memory."""
        frames = _need("polars", "polars")
        found: pl.DataFrame = frames.from_arrow(self.arrow())
        return found

    def rows(self) -> list[tuple[Any, ...]]:
        """Return Python's own values: Decimal, datetime, lists and dictionaries."""
        if self._table is not None:
            return [tuple(row.values()) for row in self._table.to_pylist()]
        self._take("rows")
        found: list[tuple[Any, ...]] = self._over(self._connection.fetchall())
        return found

    def dicts(self) -> list[dict[str, Any]]:
        """Return a dictionary per row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows()]

    def close(self) -> None:
        """Let go of what was not fetched; it happens by itself when the result is no more referred to."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, form: str) -> None:
        if self._fetched:
            raise UsageError(
                f"The rows were handed over already, as {self._fetched}",
                code="result.taken",
                hint="Ask arrow() first, which can be asked again, or run the query again.",
            )
        if not self._end.alive:
            raise UsageError("The result is closed", code="result.closed", hint="Run the query again.")
        self._fetched = form

    def _over(self, found: Any) -> Any:
        """Keep the rows, and give up the instance that made them."""
        self._end()
        return found


class Database:
    """A workspace from Python; what it may read is what the command line may."""

    def __init__(self, workspace: Workspace, identity: str) -> None:
        self.workspace = workspace
        self.identity = identity

    def __repr__(self) -> str:
        """Name the workspace and whoever asks."""
        return f"<Database {self.workspace.paths.root}, as {self.identity}: .query(sql), .describe(), .sync()>"

    def query(self, sql: str, *, timeout: float = 0.0) -> Result:
        """Run one SELECT; faults are raised here, rows are fetched when a form is asked for."""
        stack = contextlib.ExitStack()
        try:
            engine = self.workspace.engine(self.identity)
            stream = stack.enter_context(engine.stream(sql, timeout=timeout, native=True))
        except BaseException:
            stack.close()
            raise
        return Result(stack, stream.connection, [column.name for column in stream.columns], stream.sources)

    def sync(
        self, *names: str, resources: Sequence[str] = (), full_refresh: bool = False, observe: Observer | None = None
    ) -> SyncReport:
        """Bring new and changed rows in: of these connectors, or of all."""
        return self.workspace.sync(names, resources=resources, full_refresh=full_refresh, observe=observe)

    def describe(self, *names: str, samples: int = 3) -> list[TableDescription]:
        """Describe tables: `connector.table`, or `connector` for all of its; all connectors where none is named."""
        chosen: Sequence[str] = names or sorted(self.workspace.config().connectors)
        return self.workspace.describe(chosen, samples=samples, identity=self.identity)

    @property
    def mcp(self) -> Mcp:
        """The tools of connected MCP servers."""
        return self.workspace.mcp(self.identity)

    @property
    def metrics(self) -> Metrics:
        """Named definitions with tests; a query reads one by `FROM metric('mrr')`."""
        return self.workspace.metrics(self.identity)

    def connectors(self) -> Mapping[str, Sequence[str]]:
        """Return the names of connectors and of their tables."""
        found = self.workspace.connectors(identity=self.identity).connectors
        return {one.name: [table.name for table in one.tables] for one in found}


def connect(root: str | Path | None = None, *, identity: str = "cli") -> Database:
    """Return the workspace at `root`, else $DINOBASE_DIR, else ~/.dinobase."""
    return Database(Workspace.open(root), identity)


def _need(module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageError(
            f"{module} is not installed", code="extra.missing", hint=f'pip install "dinobase[{extra}]"'
        ) from None

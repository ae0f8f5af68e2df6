"""BigQuery: the catalogue by its API, which costs nothing, rows by Arrow; a sync scans a table once.

Quotas and prices go by what a query reads: `--tables` and `--incremental` on a partitioned column keep both small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import At, ColumnFound, Dialect, Found, LinkFound, Rows, Session, TableFound
from dinobase.extract.readers.dbapi.session import Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

if TYPE_CHECKING:
    import pyarrow as pa

_FORM = "bigquery://project/dataset?credentials=/path/to/key.json&location=EU"
_DECIMAL = re.compile(r"(?:NUMERIC|DECIMAL)\((\d+),(\d+)\)")
_EXACT = {
    "INTEGER": "BIGINT", "INT64": "BIGINT", "FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "BOOLEAN": "BOOLEAN",
    "BOOL": "BOOLEAN", "STRING": "VARCHAR", "BYTES": "BLOB", "DATE": "DATE", "TIME": "TIME",
    "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ",
}  # fmt: skip
_LISTS = {"BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", "DATE"}
_AS_TEXT = "CAST({0} AS STRING)"
_TAKEN = {
    **dict.fromkeys(("NUMERIC", "DECIMAL"), taking.decimal(38, 9, _AS_TEXT)),
    **dict.fromkeys(("BIGNUMERIC", "BIGDECIMAL"), taking.number(_AS_TEXT)),
    **dict.fromkeys(("JSON", "RECORD", "STRUCT"), taking.json("TO_JSON_STRING({0})")),
    "GEOGRAPHY": taking.text("ST_ASTEXT({0})"),
    "INTERVAL": taking.text(_AS_TEXT),
}


class BigQuerySession:
    """A client; `endpoint` in the connection string is a server of one's own that needs no credentials."""

    def __init__(self, url: str) -> None:
        from google.cloud import bigquery

        parts = Url(url, _FORM, ("bigquery",))
        self.dataset = parts.path[0] if parts.path else ""
        self._running: Any = None
        self._storage: Any = None
        given: dict[str, Any] = {"project": parts.host or None, "location": parts.options.get("location")}
        endpoint = parts.options.get("endpoint")
        if endpoint:
            from google.api_core.client_options import ClientOptions
            from google.auth.credentials import AnonymousCredentials

            given |= {"credentials": AnonymousCredentials(), "client_options": ClientOptions(api_endpoint=endpoint)}
        elif parts.options.get("credentials"):
            from google.oauth2.service_account import Credentials

            given["credentials"] = Credentials.from_service_account_file(parts.options["credentials"])
        self.client = bigquery.Client(**given)
        if not endpoint:
            from google.cloud import bigquery_storage

            self._storage = bigquery_storage.BigQueryReadClient(credentials=given.get("credentials"))

    def rows(self, sql: str) -> Rows:
        """Run a query and return all its rows."""
        return [row.values() for row in self.client.query(sql).result()]

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and give its rows as Arrow's."""
        self._running = self.client.query(sql)
        yield from self._running.result().to_arrow_iterable(bqstorage_client=self._storage)

    def again(self) -> None:
        """Do nothing: each query sees the table as it is then."""

    def cancel(self) -> None:
        """Stop the query that runs."""
        if self._running is not None:
            self._running.cancel()

    def close(self) -> None:
        """Let go."""
        self.client.close()


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return BigQuerySession(url)


def catalog(session: Session, selection: Selection) -> Found:
    """List datasets and tables; keys are declared there and not held to."""
    assert isinstance(session, BigQuerySession)
    client = session.client
    named = selection.schemas or ((session.dataset,) if session.dataset else ())
    datasets = named or sorted(item.dataset_id for item in client.list_datasets())
    columns: list[ColumnFound] = []
    tables: dict[At, TableFound] = {}
    keys: dict[At, tuple[str, ...]] = {}
    links: list[LinkFound] = []
    for dataset in datasets:
        for item in client.list_tables(dataset):
            at = (dataset, item.table_id)
            if not selection.wants(*at):
                continue
            table = client.get_table(item.reference)
            tables[at] = TableFound(table.description or "", -1 if table.num_rows is None else int(table.num_rows))
            columns += [
                ColumnFound(at, f.name, native_of(f), f.mode != "REQUIRED", f.description or "") for f in table.schema
            ]
            held = getattr(table, "table_constraints", None)
            if held is not None:
                keys |= {at: tuple(held.primary_key.columns)} if held.primary_key else {}
                links += [_link(at, key) for key in held.foreign_keys or ()]
    return Found(columns, tables, keys, links, named[0] if named else "")


def native_of(field: Any) -> str:
    """Return a field's type as SQL has it: `ARRAY<INT64>`, `NUMERIC(10,2)`."""
    kind = str(field.field_type).upper()
    if field.precision is not None:
        kind = f"{kind}({field.precision},{field.scale or 0})"
    return f"ARRAY<{kind}>" if field.mode == "REPEATED" else kind


def _link(at: At, key: Any) -> LinkFound:
    pairs = key.column_references
    to = (key.referenced_table.dataset_id, key.referenced_table.table_id)
    return LinkFound(at, tuple(p.referencing_column for p in pairs), to, tuple(p.referenced_column for p in pairs))


def take(native: str) -> Taken:
    """Return how a column is taken."""
    if native.startswith("ARRAY<"):
        element = _EXACT.get(native[6:-1].partition("(")[0], "")
        return taking.exact(f"{element}[]") if element in _LISTS else taking.json("TO_JSON_STRING({0})")
    kind = native.partition("(")[0]
    if kind in _EXACT:
        return taking.exact(_EXACT[kind])
    if found := _DECIMAL.fullmatch(native):
        return taking.decimal(int(found[1]), int(found[2]), _AS_TEXT)
    return _TAKEN.get(kind) or taking.text("FORMAT('%t', {0})")


BIGQUERY = Dialect(
    "bigquery",
    "google-cloud-bigquery",
    _FORM,
    connect,
    catalog,
    take,
    {
        "TIMESTAMPTZ": "TIMESTAMP '{0}'",
        "TIMESTAMP": "DATETIME '{0}'",
        "DATE": "DATE '{0}'",
        "VARCHAR": "'{0}'",
        "": "{0}",
    },
    "SELECT FORMAT_TIMESTAMP('%F %T', CURRENT_TIMESTAMP())",
    quote="\\`",
    escapes=True,
    enforced=False,
)
KIND = DriverKind(BIGQUERY)

"""What can be added, by name. YAML connectors register themselves: one file in `sources/configs/` or the user's folder.

An entry is written here only for a source in Python, or to give a YAML connector other words; its `import_path`
`dlt.sources.rest_api.rest_api_source` means: the YAML file of this name, any other path outside of this package
a source written for dlt.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import UnknownName, UsageError, did_you_mean
from dinobase.core.settings import Paths
from dinobase.sync import sources

if TYPE_CHECKING:
    from dinobase.extract.readers.base import SourceKind

_OURS = "dinobase."
YAML_SOURCE = "dlt.sources.rest_api.rest_api_source"


@dataclass(frozen=True, slots=True)
class CredentialParam:
    """Something that `add` asks for."""

    name: str
    flag: str = ""
    env: str = ""
    prompt: str = ""
    secret: bool = True
    default: str | None = None
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A source by name; what `connectors --available` shows of it."""

    name: str
    import_path: str = YAML_SOURCE
    description: str = ""
    credentials: list[CredentialParam] = field(default_factory=list)
    category: str = ""
    docs_url: str = ""

    @property
    def is_yaml(self) -> bool:
        """The definition is the YAML file of this name."""
        return self.import_path == YAML_SOURCE


_entries: dict[str, SourceEntry] = {}


def _register(entry: SourceEntry) -> None:
    """Make a source known; the last entry of a name holds."""
    _entries[entry.name] = entry


for _name, _reader, _what in (
    ("postgres", "postgres", "PostgreSQL: tables and views, in one snapshot"),
    ("mysql", "mysql", "MySQL: tables and views, in one snapshot"),
    ("mariadb", "mysql", "MariaDB: tables and views, in one snapshot"),
    ("sqlite", "sqlite", "A SQLite file: tables and views"),
    ("duckdb", "duckdb", "A DuckDB file: tables and views"),
    ("bigquery", "dbapi.bigquery.KIND", "Google BigQuery: tables and views"),
    ("clickhouse", "dbapi.clickhouse.KIND", "ClickHouse: tables and views, what merges as merged"),
    ("cockroachdb", "dbapi.pgwire.COCKROACH_KIND", "CockroachDB: tables and views, in one snapshot"),
    ("databricks", "dbapi.databricks.KIND", "Databricks SQL: tables and views of one catalogue"),
    ("mssql", "dbapi.mssql.KIND", "Microsoft SQL Server, Azure SQL: tables and views"),
    ("oracle", "dbapi.oracle.KIND", "Oracle: tables and views, in one snapshot"),
    ("presto", "dbapi.trino.PRESTO_KIND", "Presto: tables and views of one catalogue"),
    ("redshift", "dbapi.pgwire.REDSHIFT_KIND", "Amazon Redshift: tables and views, in one snapshot"),
    ("snowflake", "dbapi.snowflake.KIND", "Snowflake: tables and views of one database"),
    ("trino", "dbapi.trino.TRINO_KIND", "Trino: tables and views of one catalogue"),
    ("mongodb", "mongodb", "MongoDB: collections and views"),
    ("kafka", "kafka", "Kafka: topics, a message a row"),
    ("kinesis", "kinesis", "Amazon Kinesis: data streams, a record a row"),
):
    _kind = _reader if "." in _reader else f"{_reader}.KIND"
    _register(SourceEntry(_name, f"dinobase.extract.readers.{_kind}", _what, category="database"))
for _name, _what in (
    ("csv", "CSV files, here, on S3, Azure, Google or SFTP: a file, a folder or a glob"),
    ("parquet", "Parquet files, here, on S3, Azure, Google or SFTP: a file, a folder or a glob"),
    ("json", "JSON and NDJSON files, here, on S3, Azure, Google or SFTP: a file, a folder or a glob"),
    ("excel", "Excel workbooks, here, on S3, Azure, Google or SFTP: a file, a folder or a glob"),
):
    _register(SourceEntry(_name, f"dinobase.extract.readers.file_kind.{_name.upper()}", _what, category="files"))


_register(
    SourceEntry(
        "dlt", "", "A source written for dlt, by its import path", category="code", docs_url="https://dlthub.com"
    )
)


_register(
    SourceEntry(
        "google_sheets",
        "dinobase.extract.readers.google_sheets.over",
        "Google Sheets: worksheets as tables, their first row the names; and what the API tells of the spreadsheet",
        category="productivity",
        docs_url="https://developers.google.com/workspace/sheets/api/reference/rest",
    )
)


def is_python(name: str, paths: Paths) -> bool:
    """Tell whether a name means a source in Python; a user's YAML file of the name wins.

    A packaged file beside it is that source's own: it says how the API is reached and what it tells of itself.
    """
    if name not in _entries or _entries[name].is_yaml:
        return False
    found = sources.find(name, paths)
    return found is None or found.parent == sources.PACKAGED


def file_of(name: str, paths: Paths) -> Path | None:
    """Return the YAML file that says what a name means, None where a program of ours does or there is none."""
    return None if is_python(name, paths) else sources.find(name, paths)


def python_kind(name: str, paths: Paths) -> SourceKind | None:
    """Return the kind of source that a name means, None where a YAML file says what it is."""
    if not is_python(name, paths):
        return None
    found = _entries[name]
    if not found.import_path.startswith(_OURS):
        return _dlt_kind(found)
    module, _, attribute = found.import_path.rpartition(".")
    kind: Any = getattr(importlib.import_module(module), attribute)
    packaged = sources.PACKAGED / f"{name}.yaml"
    opened: SourceKind = kind(packaged) if packaged.is_file() else kind
    return opened


def _dlt_kind(found: SourceEntry) -> SourceKind:
    from dinobase.extract.readers.dlt_source import DltKind
    from dinobase.spec.models import Credential

    asked = [
        Credential(
            name=c.name, flag=c.flag, env=c.env, prompt=c.prompt,
            secret=c.secret, default=c.default, required=c.required, help=c.help,
        )
        for c in found.credentials
    ]  # fmt: skip
    return DltKind(found.import_path, asked)


def python_names(paths: Paths) -> list[str]:
    """List the names that mean a source in Python."""
    return [name for name in sorted(_entries) if is_python(name, paths)]


def known(paths: Paths) -> list[str]:
    """List the names of all that can be added, sorted; nothing is parsed."""
    return sorted({*_entries, *sources.names(paths)})


def entry(name: str, paths: Paths) -> SourceEntry:
    """Return a source by name: the registered entry, else what its YAML file says (parses that one file)."""
    if name in _entries:
        return _entries[name]
    return _from_yaml(definition(name, paths))


def definition(name: str, paths: Paths) -> Path:
    """Return the YAML file of a name; raises UnknownName with the nearest one."""
    path = file_of(name, paths)
    if path is not None:
        return path
    if is_python(name, paths):
        raise UsageError(
            f"`{name}` is read by a program of ours: there is no file of it",
            code="connector.no_file",
            hint=f"dinobase add {name} --help; a sync of one table tries it: dinobase sync NAME --resources TABLE",
            name=name,
        )
    near = did_you_mean(name, known(paths))
    hint = f"Did you mean `{near}`? " if near else ""
    raise UnknownName(
        f"no connector is called `{name}`",
        code="connector.unknown",
        hint=f"{hint}`dinobase connectors --available` lists all; your own files belong in {paths.connectors}.",
        name=name,
    )


def _from_yaml(path: Path) -> SourceEntry:
    from dinobase.spec.load import load_connector  # pydantic and YAML: only when a file is read

    connector = load_connector(path)
    return SourceEntry(
        name=connector.name,
        description=connector.description,
        credentials=[
            CredentialParam(c.name, c.flag, c.env, c.prompt, c.secret, c.default, c.required, c.help)
            for c in connector.credentials
        ],
        category=connector.category,
        docs_url=connector.docs_url,
    )

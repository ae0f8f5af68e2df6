"""After how long a connector's copy is stale: what config.yaml says, else what fits its kind.

An API's data changes within the hour, a database is asked less often as a sync reads all of it, and a file is what it
is until somebody writes it anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dinobase.catalog.runs import DEFAULT_FRESHNESS_S
from dinobase.kinds.duration import seconds

NEVER = "never"
API = "1h"
FILES = frozenset({"csv", "parquet", "json", "excel"})
DATABASES = frozenset({
    "postgres", "mysql", "mariadb", "sqlite", "duckdb", "mongodb", "kafka", "kinesis", "bigquery", "clickhouse",
    "cockroachdb", "databricks", "mssql", "oracle", "presto", "redshift", "snowflake", "trino",
})  # fmt: skip


def said(entry: Mapping[str, Any]) -> str:
    """Return a connector's threshold as people write it; `entry` is its part of config.yaml as plain data."""
    kind = entry.get("type")
    live = (entry.get("params") or {}).get("mode") == "live"  # nothing is copied, so nothing gets old
    default = NEVER if kind in FILES or live else "6h" if kind in DATABASES else API
    return str(entry.get("freshness") or default)


def limit(entry: Mapping[str, Any]) -> float:
    """Return the threshold in seconds, infinite where a copy never gets stale."""
    text = said(entry)
    return float("inf") if text == NEVER else seconds(text) or DEFAULT_FRESHNESS_S


def freshness_of(config: Mapping[str, Any]) -> dict[str, float]:
    """Return connector -> seconds after which its data is stale, from config.yaml as plain data."""
    return {name: limit(entry) for name, entry in config.get("connectors", {}).items()}

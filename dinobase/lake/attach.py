"""The one text with which a lake is attached, for reading and for writing; DATA_PATH is always absolute.

The path is stored in the catalog and compared as text, so it is always given and always overrides: a workspace
that was moved finds its files. Data inlining stays off, since inlined rows and an added column break rewriting.
"""

from __future__ import annotations

from collections.abc import Mapping

from dinobase.core.errors import LakeError
from dinobase.lake.location import LakeLocation
from dinobase.lake.sql import ident, literal

BUSY_TIMEOUT_MS = 30_000
S3_ENV = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
)
GS_ENV = ("GCS_HMAC_KEY_ID", "GCS_HMAC_SECRET")
AZ_ENV = ("AZURE_STORAGE_CONNECTION_STRING",)
STORAGE_ENV = (*S3_ENV, *GS_ENV, *AZ_ENV)
_REMOTE = {"s3": "httpfs", "gs": "httpfs", "gcs": "httpfs", "az": "azure", "azure": "azure", "abfss": "azure"}


def scheme(location: LakeLocation) -> str:
    """Return `s3`, `gs`, `az`..., or '' for a folder."""
    head, found, _ = location.data.partition("://")
    return head.lower() if found else ""


def extensions(location: LakeLocation) -> tuple[str, ...]:
    """Return the extensions that attaching and reading this lake needs."""
    catalog = "postgres_scanner" if location.on_postgres else "sqlite_scanner"
    kind = scheme(location)
    if not kind:
        return ("ducklake", catalog)
    if kind not in _REMOTE:
        allowed = ", ".join(f"{name}://" for name in sorted(_REMOTE))
        raise LakeError(
            f"Data cannot be kept at {kind}://",
            code="lake.storage",
            hint=f"Use a folder or one of {allowed} in storage.url of config.yaml.",
        )
    return ("ducklake", catalog, _REMOTE[kind])


def attach_sql(
    location: LakeLocation,
    alias: str = "",
    *,
    read_only: bool,
    create: bool = False,
    snapshot: int | None = None,
) -> str:
    """Return the ATTACH statement; `snapshot` pins all reads that have no AT of their own to that version."""
    options = [f"DATA_PATH {literal(location.data)}", "OVERRIDE_DATA_PATH true"]
    if location.on_postgres:
        target = f"ducklake:postgres:{location.catalog}"
        options.append(f"META_SCHEMA {literal(location.meta_schema)}")
    else:
        target = f"ducklake:sqlite:{location.catalog}"
        options.append(f"META_BUSY_TIMEOUT {BUSY_TIMEOUT_MS}")
        if not read_only:
            options.append("META_JOURNAL_MODE 'WAL'")
    if read_only:
        options.append("READ_ONLY")
    else:
        options.append("DATA_INLINING_ROW_LIMIT 0")
        if not create:
            options.append("CREATE_IF_NOT_EXISTS false")
    if snapshot is not None:
        options.append(f"SNAPSHOT_VERSION {snapshot}")
    return f"ATTACH {literal(target)} AS {ident(alias or location.name)} ({', '.join(options)})"


def schema_sql(location: LakeLocation) -> str:
    """Return what PostgreSQL must run before the lake is created there."""
    return f"CREATE SCHEMA IF NOT EXISTS {ident(location.meta_schema)}"


def secret_sql(location: LakeLocation, env: Mapping[str, str]) -> str:
    """Return the CREATE SECRET that opens this lake's bucket, from the SDKs' own variables; '' for a folder."""
    kind = scheme(location)
    scope = f"SCOPE {literal(location.data)}"
    name = f"data_{location.name}"
    if kind == "s3":
        return s3_secret(name, scope, env)
    if kind in {"gs", "gcs"}:
        pairs = [("KEY_ID", env.get("GCS_HMAC_KEY_ID", "")), ("SECRET", env.get("GCS_HMAC_SECRET", ""))]
        return _secret(name, "gcs", scope, pairs)
    if kind in {"az", "azure", "abfss"}:
        return _secret(name, "azure", scope, [("CONNECTION_STRING", env.get("AZURE_STORAGE_CONNECTION_STRING", ""))])
    return ""


def s3_secret(name: str, scope: str, env: Mapping[str, str]) -> str:
    """Return the CREATE SECRET for S3 and what speaks like it."""
    pairs = [
        ("KEY_ID", env.get("AWS_ACCESS_KEY_ID", "")),
        ("SECRET", env.get("AWS_SECRET_ACCESS_KEY", "")),
        ("SESSION_TOKEN", env.get("AWS_SESSION_TOKEN", "")),
        ("REGION", env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"),
    ]
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or ""
    extra = ""
    if endpoint:
        head, found, rest = endpoint.partition("://")
        pairs.append(("ENDPOINT", (rest if found else head).rstrip("/")))
        pairs.append(("URL_STYLE", "path"))  # what MinIO, moto and most S3 look-alikes understand
        extra = f", USE_SSL {'false' if head == 'http' else 'true'}"
    return _secret(name, "s3", scope, pairs, extra)


def _secret(name: str, kind: str, scope: str, pairs: list[tuple[str, str]], extra: str = "") -> str:
    given = "".join(f", {key} {literal(value)}" for key, value in pairs if value)
    return f"CREATE OR REPLACE SECRET {ident(name)} (TYPE {kind}{given}{extra}, {scope})"

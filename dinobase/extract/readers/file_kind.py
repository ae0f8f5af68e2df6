"""`dinobase add csv --path PATH`, and the other formats: where the files are, and whether they stay there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dinobase.core.errors import CredentialMissing, FetchError, UsageError
from dinobase.extract.readers import file_listing
from dinobase.extract.readers.base import Known, Place
from dinobase.extract.readers.file_listing import Listing
from dinobase.extract.readers.files import FileSource, Format
from dinobase.lake.connection import Writer
from dinobase.spec.models import Credential

COPY = "copy"


def _option(name: str, help_: str, *, secret: bool = False) -> Credential:
    return Credential(name=name, secret=secret, required=False, help=help_)


CREDENTIALS = (
    _option("path", "A file, a folder or a glob, here or at s3://; a file at https://."),
    _option("table", "All files are one table of this name."),
    Credential(
        name="mode",
        flag="--copy",
        secret=False,
        required=False,
        help="Rows come into the lake, at each sync those of new and changed files; else they are read where they are.",
    ),
    _option("endpoint_url", "Where S3 is, if not at AWS."),
    _option("region", "The bucket's region; else $AWS_REGION."),
    _option("access_key_id", "Key of the bucket; else $AWS_ACCESS_KEY_ID at each run."),
    _option("secret_access_key", "Its secret; else $AWS_SECRET_ACCESS_KEY at each run.", secret=True),
)
ENCODING = _option("encoding", "How texts are written: utf-8 (default), latin-1, utf-16.")
SHEET = _option("sheet", "Which sheet of a workbook; else its first one.")

_OWN: Mapping[Format, Sequence[Credential]] = {"csv": (ENCODING,), "excel": (SHEET,)}


class FileKind:
    """One format."""

    def __init__(self, format_: Format) -> None:
        self.format = format_
        self.credentials: Sequence[Credential] = (*CREDENTIALS, *_OWN.get(format_, ()))

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values with an absolute path, and the table's name where all files are one."""
        found = dict(values)
        path = found.get("path", "")
        if not path:
            raise CredentialMissing(
                f"which files `{self.format}` is to read is not said",
                hint=f"dinobase add {self.format} --path FILE_OR_FOLDER",
                missing=["path"],
            )
        _check(found)
        if not path.lower().startswith(("s3://", "http://", "https://")):
            slash = "/" if path.endswith("/") else ""
            found["path"] = str(Path(path.removeprefix("file://")).expanduser().absolute()) + slash
        if found.get("table"):
            found["table"] = file_listing.table_name(found["table"])
        else:
            with suppress(FetchError), self.open(found, None) as source:
                listing = source.listing()
                if not listing.one and (file_listing.is_partitioned(listing) or _alike(listing, source)):
                    found["table"] = listing.called
        return found

    def open(self, values: Mapping[str, str], writer: Writer | None) -> FileSource:
        """Open the place."""
        _check(values)
        if not self.in_place(values):
            return FileSource(self.format, values, writer)
        from dinobase.extract.readers.files_in_place import FilesInPlace

        return FilesInPlace(self.format, values, writer)

    def in_place(self, values: Mapping[str, str]) -> bool:
        """Tell whether rows stay in the files."""
        return values.get("mode", "") != COPY

    def place(self, values: Mapping[str, str], known: Mapping[str, Known], connection: Any, alias: str) -> Place:
        """List the files, and say how each table is read from them."""
        _check(values)
        from dinobase.extract.readers.files_in_place import FilesInPlace

        with FilesInPlace(self.format, values, None, beside=connection, secret=alias) as source:
            return source.place(known, alias)


def _alike(listing: Listing, source: FileSource) -> bool:
    return len(listing.entries) > 1 and source.one_shape()


def _check(values: Mapping[str, str]) -> None:
    scheme, found, _ = values.get("path", "").partition("://")
    if found and scheme.lower() not in {"s3", "file", "http", "https"}:
        raise UsageError(
            f"files at {scheme}:// cannot be read yet",
            code="files.scheme",
            hint="Allowed: a path of this machine, s3:// (with --endpoint-url for what speaks like S3), https://.",
        )
    mode = values.get("mode", "")
    if mode not in {"", COPY}:
        raise UsageError(
            f"`mode: {mode}` is none that files have",
            code="source.mode",
            hint="Allowed: copy; without it files are read where they are.",
        )


CSV, PARQUET, JSON, EXCEL = FileKind("csv"), FileKind("parquet"), FileKind("json"), FileKind("excel")

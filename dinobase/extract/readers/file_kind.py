"""`dinobase add csv --path PATH`, and the other formats: where the files are, and whether they stay there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from dinobase.core.errors import CredentialMissing, FetchError, UsageError, did_you_mean
from dinobase.core.secrets import register
from dinobase.extract.readers import file_listing, stores
from dinobase.extract.readers.base import Known, Place
from dinobase.extract.readers.file_listing import Listing
from dinobase.extract.readers.files import FileSource, Format
from dinobase.lake.connection import Writer
from dinobase.spec.models import Credential

COPY = "copy"
_SIGNED = 12  # characters from which what follows a question mark may be a signature


def _option(name: str, help_: str, *, secret: bool = False) -> Credential:
    return Credential(name=name, secret=secret, required=False, help=help_)


CREDENTIALS = (
    _option("path", "A file, a folder or a glob, here or at s3://, az://, gs://, sftp://; a file at https://."),
    _option("table", "All files are one table of this name."),
    Credential(
        name="mode",
        flag="--copy",
        secret=False,
        required=False,
        help="Rows come into the lake, at each sync those of new and changed files; else they are read where they are.",
    ),
    _option("endpoint_url", "Where the store is, if not at AWS, Azure or Google."),
    _option("region", "The bucket's region; else $AWS_REGION."),
    _option("access_key_id", "Key of the bucket; else $AWS_ACCESS_KEY_ID at each run."),
    _option("secret_access_key", "Its secret; else $AWS_SECRET_ACCESS_KEY at each run.", secret=True),
    _option("account_name", "Azure: the storage account; else $AZURE_STORAGE_ACCOUNT_NAME."),
    _option("account_key", "Azure: its key; else $AZURE_STORAGE_ACCOUNT_KEY at each run.", secret=True),
    _option("sas_token", "Azure: a shared access signature in place of the key.", secret=True),
    _option("service_account", "Google: the JSON key file; else $GOOGLE_APPLICATION_CREDENTIALS at each run."),
    _option("user", "SFTP: who is let in; else the user of the address."),
    _option("password", "SFTP: the password; else the agent's and ~/.ssh's keys.", secret=True),
    _option("key_file", "SFTP: a private key."),
    _option("key_passphrase", "SFTP: what the private key is locked with.", secret=True),
    _option("known_hosts", "SFTP: where the server's key stands; else ~/.ssh/known_hosts."),
)
_FILES_HERE = ("service_account", "key_file", "known_hosts")
_SCHEMES = ("s3", "file", "http", "https", "az", "azure", "abfs", "abfss", "gs", "gcs", "sftp")
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
        for name in _FILES_HERE:
            if found.get(name):
                found[name] = str(Path(found[name]).expanduser().absolute())
        if not path.lower().startswith(("s3://", "http://", "https://")) and not stores.is_far(path):
            slash = "/" if path.endswith("/") else ""
            found["path"] = str(Path(path.removeprefix("file://")).expanduser().absolute()) + slash
        if found.get("table"):
            found["table"] = file_listing.table_name(found["table"])
        else:
            with suppress(FetchError), closing(self.open(found, None)) as source:
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

        with closing(FilesInPlace(self.format, values, None, beside=connection, secret=alias)) as source:
            return source.place(known, alias)


def _alike(listing: Listing, source: FileSource) -> bool:
    return len(listing.entries) > 1 and source.one_shape()


def _check(values: Mapping[str, str]) -> None:
    scheme, found, _ = values.get("path", "").partition("://")
    if found and scheme.lower() not in _SCHEMES:
        near = did_you_mean(scheme.lower(), _SCHEMES)
        raise UsageError(
            f"files at {scheme}:// cannot be read",
            code="files.scheme",
            hint=f"{f'Did you mean {near}://? ' if near else ''}Allowed: a path of this machine, s3:// (with "
            "--endpoint-url for what speaks like S3), az:// and abfss://, gs://, sftp://, https://.",
        )
    stores.refuse_secrets(values.get("path", ""))
    if scheme.lower() in {"http", "https"}:
        signature = found and values["path"].partition("?")[2]
        register(signature if len(signature) >= _SIGNED else "")  # a short one, as `?v=2`, lets nobody in
    mode = values.get("mode", "")
    if mode not in {"", COPY}:
        raise UsageError(
            f"`mode: {mode}` is none that files have",
            code="source.mode",
            hint="Allowed: copy; without it files are read where they are.",
        )


CSV, PARQUET, JSON, EXCEL = FileKind("csv"), FileKind("parquet"), FileKind("json"), FileKind("excel")

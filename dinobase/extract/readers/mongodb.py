"""MongoDB: a collection is a table, its `_id` the key; nothing but reading is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import CredentialMissing, FetchError, FetchRefused, UsageError
from dinobase.core.secrets import redact
from dinobase.extract.readers import cursors
from dinobase.extract.readers.base import Ask, Brought, SourceColumn, SourceTable
from dinobase.extract.readers.ndjson import Lines
from dinobase.extract.readers.options import CONNECTION, INCREMENTAL, TABLES, Selection, names_of
from dinobase.lake.connection import Writer
from dinobase.lake.door import missing
from dinobase.spec.models import Credential

if TYPE_CHECKING:
    from pymongo import MongoClient

_DATABASES = Credential(
    name="schemas",
    secret=False,
    required=False,
    help="Databases to read, the first one's collections under their own names; else that of the connection string.",
)
_WAIT_MS = 20_000
_SAMPLE = 200
_BATCH = 2_000
_OVERLAP = dt.timedelta(minutes=1)  # clocks of whoever writes differ, and what was begun first may be there last
_REFUSED = {13, 18, 8000}
_OWN = ("admin", "local", "config")


class MongoKind:
    """What `add` asks for."""

    credentials: Sequence[Credential] = (CONNECTION, _DATABASES, TABLES, INCREMENTAL)

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values; raises UsageError where they make no sense."""
        Selection.of(values)
        return dict(values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> MongoSource:
        """Connect; raises FetchError, FetchRefused."""
        del writer
        return MongoSource(values)


class MongoSource:
    """A deployment; documents are read as they are, with read concern `majority`: none that may be rolled back."""

    def __init__(self, values: Mapping[str, str]) -> None:
        try:
            import pymongo
            from bson.codec_options import DatetimeConversion
        except ImportError:
            raise missing("pymongo", "mongodb") from None
        self._selection = Selection.of(values)
        self._stopped = False
        url = values["connection_string"]
        try:
            self._client: MongoClient[dict[str, Any]] = pymongo.MongoClient(
                url, appname="dinobase", tz_aware=True, uuidRepresentation="standard",
                datetime_conversion=DatetimeConversion.DATETIME_AUTO, **_unsaid(url),
            )  # fmt: skip
        except (pymongo.errors.PyMongoError, ValueError) as error:
            raise UsageError(
                f"the connection string cannot be used: {redact(str(error))}",
                code="mongodb.url",
                hint="mongodb://user:password@host:27017/database, or mongodb+srv://...",
            ) from None
        named = self._selection.schemas
        if not named:
            with suppress(pymongo.errors.ConfigurationError):
                named = (self._client.get_default_database().name,)
        if not named:
            self._client.close()
            raise CredentialMissing(
                "which database is to be read is not said",
                hint="mongodb://host:27017/DATABASE, or --schemas DATABASE",
                missing=["schemas"],
            )
        self._databases = [name for name in named if name not in _OWN]
        nodes = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        self.address = f"mongodb://{nodes}/{','.join(named)}"

    def tables(self) -> Sequence[SourceTable]:
        """Return the collections and views that are chosen."""
        with _told():
            found = {
                (database, about["name"]): about
                for database in self._databases
                for about in self._client[database].list_collections()
                if not about["name"].startswith("system.") and self._selection.wants(database, about["name"])
            }
            names = names_of(list(found), self._databases[0] if self._databases else "")
            tables = [self._table(place, names[place], about) for place, about in found.items()]
        return [cursors.chosen(table, self._selection) if table.key else table for table in tables]

    def _table(self, place: tuple[str, str], name: str, about: Mapping[str, Any]) -> SourceTable:
        from dinobase.extract.readers import bson_values

        collection = self._client[place[0]][place[1]]
        real = about.get("type", "collection") == "collection"
        schema = about.get("options", {}).get("validator", {}).get("$jsonSchema", {})
        newest = collection.find().sort(bson_values.ID, -1) if real else collection.find()
        columns = bson_values.columns(newest.limit(_SAMPLE), schema)
        if not real:  # a view may leave `_id` out, and a time series may have one twice
            columns = tuple(c for c in columns if c.name != bson_values.ID) or (SourceColumn("_id", "VARCHAR"),)
        return SourceTable(
            name,
            f"{place[0]}.{place[1]}",
            columns,
            key=(bson_values.ID,) if real else (),
            description=str(schema.get("description", "")),
            rows=collection.estimated_document_count() if real else -1,
        )

    def read(self, ask: Ask) -> Brought:
        """Read a collection, from the committed cursor on where it has one."""
        from bson import json_util

        from dinobase.extract.readers import bson_values

        database, _, name = ask.table.place.partition(".")
        field = ask.table.cursor
        told = json_util.CANONICAL_JSON_OPTIONS.with_options(tz_aware=True, tzinfo=dt.UTC)
        lines = Lines(ask.folder)
        with _told():
            began = self._client.admin.command("hello")["localTime"].replace(tzinfo=dt.UTC)
            last = json_util.loads(ask.start, json_options=told)["last"] if field and ask.start else None
            wanted = bson_values.since(field, last, _OVERLAP) if last is not None else {}
            documents = self._client[database][name].find(wanted, batch_size=_BATCH)
            if ask.table.key and not wanted:
                documents = documents.hint([(bson_values.ID, 1)])  # each once, also one that is moved meanwhile
            with documents:
                for document in documents:
                    lines.add(bson_values.record(document))
                    if field:
                        last = bson_values.later(last, document.get(field))
                    if self._stopped:
                        raise FetchError("the read was stopped", code="source.stopped")
        lines.flush()
        cursor = None
        if field and last is not None:
            kept = {"last": bson_values.bounded(last, began)}
            cursor = json_util.dumps(kept, json_options=told)
        return Brought(tuple(lines.files), lines.types(), lines.rows, lines.bytes, cursor, lines=True)

    def interrupt(self) -> None:
        """Stop a read at its next document."""
        self._stopped = True

    def close(self) -> None:
        """Disconnect."""
        self._client.close()


def _unsaid(url: str) -> dict[str, Any]:
    """Return the options that the connection string does not set itself."""
    said = url.partition("?")[2].lower()
    ours = {"readConcernLevel": "majority", "serverSelectionTimeoutMS": _WAIT_MS, "connectTimeoutMS": _WAIT_MS}
    return {name: given for name, given in ours.items() if f"{name.lower()}=" not in said}


class _told:  # noqa: N801 - reads as a word of `with`
    """Maps what the driver says to our errors."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise FetchError in place of theirs."""
        from pymongo import errors

        if not isinstance(error, errors.PyMongoError):
            return
        text = redact(str(error).partition(", full error:")[0].partition(", Timeout:")[0])
        code = None
        with suppress(AttributeError):
            code = error.code  # type: ignore[attr-defined]  # of those that the server sent
        if code in _REFUSED:
            raise FetchRefused(
                f"the server refuses: {text}", hint="its user needs the role `read` on the database"
            ) from None
        raise FetchError(
            f"the server cannot be read: {text}",
            code="source.failed",
            hint="see whether it is up and lets this machine in",
        ) from None


KIND = MongoKind()

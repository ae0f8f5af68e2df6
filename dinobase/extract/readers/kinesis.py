"""Kinesis: a stream is a table, a record a row; how far each shard is read is committed with the rows up to there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import msgspec

from dinobase.core import clock
from dinobase.core.errors import CredentialMissing, FetchError, FetchRefused, UsageError
from dinobase.core.secrets import redact
from dinobase.extract.readers import messages
from dinobase.extract.readers.base import Ask, Brought, SourceColumn, SourceTable
from dinobase.extract.readers.ndjson import Lines
from dinobase.extract.readers.options import split
from dinobase.lake.connection import Writer
from dinobase.lake.door import missing
from dinobase.spec.models import Credential

if TYPE_CHECKING:
    from dinobase.extract.readers.kinesis_shards import Shard

SHARD, SEQUENCE, TIME, KEY = "_shard", "_sequence", "_timestamp", "_key"
_COLUMNS = (
    SourceColumn(SHARD, "VARCHAR", nullable=False, description="The shard that the record is in."),
    SourceColumn(SEQUENCE, "VARCHAR", nullable=False, description="Its sequence number, of up to 128 digits."),
    SourceColumn(TIME, "TIMESTAMPTZ", description="When it arrived, about: the stream's own time."),
    SourceColumn(KEY, "VARCHAR", description="Its partition key."),
)
_REFUSED = ("AccessDenied", "UnrecognizedClient", "ExpiredToken", "InvalidSignature", "IncompleteSignature",
            "MissingAuthentication", "InvalidClientTokenId", "OptInRequired", "SignatureDoesNotMatch")  # fmt: skip
_WAIT = 20
_ATTEMPTS = 8
_PACKED = b"\xf3\x89\x9a\xc2"  # how the records of Amazon's own producer library begin where it put several into one


def _option(name: str, help_: str, *, secret: bool = False) -> Credential:
    return Credential(name=name, secret=secret, required=False, help=help_)


class KinesisKind:
    """What `add` asks for."""

    credentials: Sequence[Credential] = (
        _option("streams", "Only these streams; globs: 'orders*'."),
        _option("region", "Their region; else $AWS_REGION or the profile's."),
        _option(
            "profile", "A profile of ~/.aws; else what boto3 finds: $AWS_*, the default profile, the machine's role."
        ),
        _option("access_key_id", "An access key; else $AWS_ACCESS_KEY_ID at each run."),
        _option("secret_access_key", "Its secret; else $AWS_SECRET_ACCESS_KEY at each run.", secret=True),
        _option("session_token", "Its token, where it is a temporary one.", secret=True),
        _option("endpoint_url", "Where Kinesis is, if not at AWS."),
    )

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values; raises UsageError where they make no sense."""
        if bool(values.get("access_key_id")) != bool(values.get("secret_access_key")):
            raise UsageError(
                "`--access-key-id` and `--secret-access-key` come together",
                code="kinesis.key",
                hint="Give both, or neither: then boto3 looks where it always does.",
            )
        return dict(values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> KinesisSource:
        """Make the client; raises UsageError, CredentialMissing."""
        del writer
        return KinesisSource(values)


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to where a stream is in the lake: what is committed with its rows.

    at: all that arrived before this moment is there. after: shard -> the last sequence number, "" where none came yet;
    ended: shards that are closed, and read to their end.
    """

    created: str
    at: datetime
    after: dict[str, str] = {}
    ended: list[str] = []


class KinesisSource:
    """The streams of an account in a region; what had arrived when a read began is read."""

    def __init__(self, values: Mapping[str, str]) -> None:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise missing("boto3", "kinesis") from None
        self._globs = split(values.get("streams", ""))
        self._stopped = False
        config = Config(
            connect_timeout=_WAIT, read_timeout=3 * _WAIT, user_agent_extra="dinobase",
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )  # fmt: skip
        try:
            session = boto3.session.Session(
                aws_access_key_id=values.get("access_key_id") or None,
                aws_secret_access_key=values.get("secret_access_key") or None,
                aws_session_token=values.get("session_token") or None,
                profile_name=values.get("profile") or None,
                region_name=values.get("region") or None,
            )
            self._client: Any = session.client(
                "kinesis", config=config, endpoint_url=values.get("endpoint_url") or None
            )
        except (BotoCoreError, ValueError) as error:
            raise CredentialMissing(
                f"Kinesis cannot be asked: {redact(str(error))}",
                hint="--region eu-central-1; --access-key-id and --secret-access-key, or --profile",
                missing=["region"],
            ) from None
        self.address = f"kinesis://{self._client.meta.region_name}"

    def tables(self) -> Sequence[SourceTable]:
        """Return the streams that are chosen."""
        with _told(self.address):
            found = sorted(self._names())
        chosen = [s for s in found if not self._globs or any(fnmatchcase(s.lower(), g.lower()) for g in self._globs)]
        return [
            SourceTable(name, stream, _COLUMNS, key=(SHARD, SEQUENCE), landing="merge")
            for stream, name in messages.called(chosen).items()
        ]

    def _names(self) -> Iterator[str]:
        """Yield all streams; botocore's paginator goes by a token that not all who speak Kinesis give."""
        start: dict[str, str] = {}
        while True:
            page = self._client.list_streams(**start)
            yield from page["StreamNames"]
            if not page["HasMoreStreams"] or not page["StreamNames"]:
                return
            start = {"ExclusiveStartStreamName": page["StreamNames"][-1]}

    def read(self, ask: Ask) -> Brought:
        """Read a stream from the committed sequence numbers on."""
        from dinobase.extract.readers import kinesis_shards

        stream = ask.table.place
        lines = Lines(ask.folder)
        notes = []
        with _told(self.address):
            about, began = self._about(stream)
            created = clock.iso(about["StreamCreationTimestamp"])
            before = msgspec.json.decode(ask.start, type=Position) if ask.start else Position(created, began)
            if before.created != created:
                notes.append("it was made anew: it is read from its beginning")
                before = Position(created, began)
            oldest = began - timedelta(hours=about["RetentionPeriodHours"])
            if before.at < oldest:
                notes.append(
                    f"what came from {clock.iso(before.at)} to {clock.iso(oldest)} was never read and is gone: "
                    f"the stream keeps records for {about['RetentionPeriodHours']} hours"
                )
            shards = kinesis_shards.listed(self._client, stream, before.after, before.ended)
            packed = 0
            for record in kinesis_shards.records(self._client, stream, shards, began, notes):
                if self._stopped:
                    raise FetchError("the read was stopped", code="source.stopped")
                packed += record["Data"].startswith(_PACKED)
                lines.add(messages.row(_ours(record), record["Data"]))
        lines.flush()
        if packed:
            notes.append(f"records that a producer packed several into, kept as they are: {packed}")
        types = {**lines.types(), TIME: "TIMESTAMPTZ"} if lines.rows else {}
        cursor = msgspec.json.encode(_position(created, began, shards), order="sorted").decode()
        return Brought(tuple(lines.files), types, lines.rows, lines.bytes, cursor, tuple(notes), lines=True)

    def _about(self, stream: str) -> tuple[Mapping[str, Any], datetime]:
        """Return what the stream says of itself, and the time at Kinesis."""
        from email.utils import parsedate_to_datetime

        answer = self._client.describe_stream_summary(StreamName=stream)
        told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return answer["StreamDescriptionSummary"], parsedate_to_datetime(told) if told else clock.now()

    def interrupt(self) -> None:
        """Stop a read at its next record."""
        self._stopped = True

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()


def _position(created: str, began: datetime, shards: Sequence[Shard]) -> Position:
    after = {shard.name: shard.after for shard in shards if not shard.ended}
    return Position(created, began, after, sorted(shard.name for shard in shards if shard.ended))


def _ours(record: Mapping[str, Any]) -> dict[str, Any]:
    arrived = record.get("ApproximateArrivalTimestamp")
    return {
        SHARD: record["_shard"],
        SEQUENCE: record["SequenceNumber"],
        TIME: None if arrived is None else clock.iso(arrived.astimezone(UTC)),
        KEY: record["PartitionKey"],
    }


class _told:  # noqa: N801 - reads as a word of `with`
    """Maps what the client says to our errors."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise FetchError in place of theirs."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

        if isinstance(error, NoCredentialsError | PartialCredentialsError):
            raise CredentialMissing(
                f"{self._address} cannot be asked: {redact(str(error))}",
                hint="--access-key-id and --secret-access-key, --profile, or $AWS_ACCESS_KEY_ID",
                missing=["access_key_id"],
            ) from None
        if not isinstance(error, BotoCoreError | ClientError):
            return
        text = redact(str(error))
        code = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""
        if code.startswith(_REFUSED):
            raise FetchRefused(
                f"{self._address} refuses: {text}",
                hint="it needs kinesis:ListStreams, DescribeStreamSummary, ListShards, GetShardIterator and GetRecords",
            ) from None
        if code.startswith("ResourceNotFound"):
            raise FetchError(text, code="source.absent", hint="see whether the stream was renamed or deleted") from None
        raise FetchError(
            f"{self._address} cannot be read: {text}", code="source.failed", hint="see whether it is up; --region"
        ) from None


KIND = KinesisKind()

"""PostgreSQL as a kind of source: copied in one snapshot, asked live, or followed by its log.

Where the log is followed, a replication slot and a publication stand at the source: what makes them takes them away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from dinobase.core import clock, secrets
from dinobase.core.errors import FetchError
from dinobase.extract.readers import live
from dinobase.extract.readers.base import Known, Place
from dinobase.extract.readers.options import CAPTURED, CONNECTION, LIVE, SELECTION, SLOT, Selection, address
from dinobase.extract.readers.postgres_capture import CapturedPostgres
from dinobase.extract.readers.postgres_database import Postgres
from dinobase.extract.readers.postgres_slot import Slot, statements
from dinobase.extract.readers.sql_writing import PostgresTransaction, Transaction
from dinobase.lake.connection import Writer
from dinobase.spec.models import Credential

_MODES = ("copy", LIVE, CAPTURED)
# In texts a value that a type does not hold (NaN, a late year) fails; in binary it would come as another one.
_AS_TEXT = ("SET pg_use_text_protocol = true",)


class PostgresKind:
    """`dinobase add postgres --connection-string postgresql://...`."""

    credentials: Sequence[Credential] = (CONNECTION, *SELECTION, SLOT)

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Check the options; a slot gets a name that no other workspace's has."""
        kept = dict(values)
        if kept.get("mode") == CAPTURED and not kept.get("slot"):
            kept["slot"] = clock.new_id("dinobase")
        Selection.of(kept, _MODES)
        return kept

    def open(self, values: Mapping[str, str], writer: Writer | None) -> Postgres:
        """Connect."""
        selection = Selection.of(values, _MODES)
        kind = CapturedPostgres if selection.slot else Postgres
        return kind(values["connection_string"], selection, writer)

    def keeps(self, values: Mapping[str, str]) -> str:
        """Name the slot that stands at the source for us."""
        slot = Selection.of(values, _MODES).slot
        return f"replication slot and publication {slot}" if slot else ""

    def release(self, values: Mapping[str, str]) -> None:
        """Drop slot and publication."""
        name = values["slot"]
        try:
            with closing(Slot(values["connection_string"], name)) as slot:
                slot.drop()
        except FetchError as error:
            raise FetchError(error.message, code="source.slot", hint=f"By hand: {statements(name)}") from None

    def standing(self, values: Mapping[str, str]) -> tuple[bool, str]:
        """Say how far the slot is behind."""
        with closing(Slot(values["connection_string"], values["slot"])) as slot:
            slot.check()
            lag = slot.lag()
        if lag is None:
            return (
                True,
                f"the replication slot {values['slot']} is not there: the next sync makes it and reads all anew",
            )
        kept = f"the server keeps {_size(lag.bytes)} of its log for the replication slot {values['slot']}"
        return lag.status != "lost", kept + (f" ({lag.status})" if lag.status not in {"", "reserved"} else "")

    def target(self, values: Mapping[str, str]) -> str:
        """Return where writes go: nowhere where each query asks the database."""
        return "" if self.in_place(values) else address(values["connection_string"])

    def writing(self, values: Mapping[str, str]) -> Transaction:
        """Begin a transaction that writes."""
        return PostgresTransaction(values["connection_string"])

    def in_place(self, values: Mapping[str, str]) -> bool:
        """Tell whether each query asks the database."""
        return Selection.of(values, _MODES).live

    def place(self, values: Mapping[str, str], known: Mapping[str, Known], connection: Any, alias: str) -> Place:
        """Attach for one query."""
        url = values["connection_string"]
        secrets.register_url(url)
        return live.place("postgres", url, known, connection, alias, _AS_TEXT)


def _size(count: int) -> str:
    return f"{count / (1 << 20):.1f} MB" if count >= 1 << 20 else f"{count / 1024:.0f} kB"


KIND = PostgresKind()

"""The shards of a Kinesis stream, several at once: a shard is begun when those it was made of are read to their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dinobase.core import clock

_AT_ONCE = 4  # answers of up to 10 MB that may be in memory
_LIMIT = 2_000
_EVERY = 0.2  # seconds: five reads a second are all that a shard gives to all who read it
_PARENTS = ("ParentShardId", "AdjacentParentShardId")


@dataclass(slots=True, eq=False)
class Shard:
    """One shard; `after` is the last sequence number that was read, "" where none was.

    done: all is read that this run reads. ended: it is closed, and nothing more will ever come.
    """

    name: str
    parents: Sequence[str] = ()
    closed: bool = False
    after: str = ""
    ended: bool = False
    done: bool = False
    iterator: str = ""
    not_before: float = 0


def listed(client: Any, stream: str, after: Mapping[str, str], ended: Sequence[str]) -> list[Shard]:
    """Return the shards that the stream still knows, with what is known of them here."""
    pages = client.get_paginator("list_shards").paginate(StreamName=stream)
    return [
        Shard(
            name=about["ShardId"],
            parents=[about[key] for key in _PARENTS if about.get(key)],
            closed="EndingSequenceNumber" in about["SequenceNumberRange"],
            after=after.get(about["ShardId"], ""),
            ended=about["ShardId"] in ended,
            done=about["ShardId"] in ended,
        )
        for page in pages
        for about in page["Shards"]
    ]


def records(
    client: Any, stream: str, shards: Sequence[Shard], began: datetime, notes: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield what had arrived when the read began, each with its shard; the shards say then how far it went."""
    until = began + timedelta(seconds=1)  # the server tells its time in whole seconds
    by_name = {shard.name: shard for shard in shards}
    waiting = [shard for shard in shards if not shard.done]
    running: dict[Future[Mapping[str, Any]], Shard] = {}
    with ThreadPoolExecutor(_AT_ONCE, "kinesis") as pool:
        try:
            while True:
                free = _AT_ONCE - len(running)
                begun = [s for s in waiting if all(p not in by_name or by_name[p].done for p in s.parents)][:free]
                waiting = [shard for shard in waiting if shard not in begun]
                running |= {pool.submit(_page, client, stream, shard, notes): shard for shard in begun}
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    shard = running.pop(future)
                    page = future.result()
                    for record in page["Records"]:
                        yield {**record, "_shard": shard.name}
                    _moved(shard, page, until)
                    if not shard.done:
                        waiting.append(shard)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _moved(shard: Shard, page: Mapping[str, Any], until: datetime) -> None:
    """Note how far a shard is read, and whether this was all of it."""
    found = page["Records"]
    shard.iterator = page.get("NextShardIterator") or ""
    if found:
        shard.after = found[-1]["SequenceNumber"]
    if not shard.iterator:
        shard.done = shard.ended = True
    elif not found:
        shard.done = page.get("MillisBehindLatest", 0) == 0
    elif not shard.closed:
        arrived = found[-1].get("ApproximateArrivalTimestamp")
        shard.done = arrived is not None and arrived >= until


def _page(client: Any, stream: str, shard: Shard, notes: list[str]) -> Mapping[str, Any]:
    clock.sleep(max(shard.not_before - clock.monotonic(), 0))
    shard.not_before = clock.monotonic() + _EVERY
    try:
        shard.iterator = shard.iterator or _begun(client, stream, shard, notes)
        page: Mapping[str, Any] = client.get_records(ShardIterator=shard.iterator, Limit=_LIMIT)
    except client.exceptions.ExpiredIteratorException:  # they live five minutes, and a machine may sleep
        shard.iterator = _begun(client, stream, shard, notes)
        page = client.get_records(ShardIterator=shard.iterator, Limit=_LIMIT)
    return page


def _begun(client: Any, stream: str, shard: Shard, notes: list[str]) -> str:
    """Return where reading begins: behind the last record, else at the oldest that there is."""
    place = {"StreamName": stream, "ShardId": shard.name}
    if shard.after:
        try:
            answer = client.get_shard_iterator(
                **place, ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=shard.after
            )
            return str(answer["ShardIterator"])
        except client.exceptions.InvalidArgumentException:
            notes.append(f"{shard.name} is read from its beginning: it knows the last record no more that was read")
    answer = client.get_shard_iterator(**place, ShardIteratorType="TRIM_HORIZON")
    return str(answer["ShardIterator"])

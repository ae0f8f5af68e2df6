"""The floor: fetch with aiohttp, cut with msgspec, read_json, Parquet, and nothing of what a database needs."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

import aiohttp
import duckdb
import msgspec

COLUMNS = {
    "id": "BIGINT",
    "external_id": "VARCHAR",
    "status": "VARCHAR",
    "customer_name": "VARCHAR",
    "email": "VARCHAR",
    "description": "VARCHAR",
    "created_at": "TIMESTAMPTZ",
    "updated_at": "TIMESTAMPTZ",
    "amount_cents": "BIGINT",
    "quantity": "BIGINT",
    "score": "DOUBLE",
    "discount": "DOUBLE",
    "is_active": "BOOLEAN",
    "closed_at": "TIMESTAMPTZ",
    "address": "STRUCT(street VARCHAR, city VARCHAR, postal_code VARCHAR, lat DOUBLE, lon DOUBLE)",
}


class Meta(msgspec.Struct):
    next_cursor: str | None = None


class Page(msgspec.Struct):
    data: list[msgspec.Raw]
    meta: Meta


async def listing(session: aiohttp.ClientSession, url: str, spool: Path) -> None:
    """Follows the cursor; the next page is under way while this one is cut and written."""
    decode = msgspec.json.Decoder(Page).decode

    async def get(cursor: str | None) -> bytes:
        async with session.get(url, params={"cursor": cursor} if cursor else {}) as response:
            return await response.read()

    with spool.open("wb") as out:
        coming: asyncio.Task[bytes] | None = asyncio.ensure_future(get(None))
        while coming is not None:
            page = decode(await coming)
            cursor = page.meta.next_cursor
            coming = asyncio.ensure_future(get(cursor)) if cursor else None
            out.write(b"\n".join(page.data))
            out.write(b"\n")


async def fetch(url: str, paths: list[str], folder: Path) -> list[Path]:
    spools = [folder / f"{number}.ndjson" for number in range(len(paths))]
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(listing(session, url + path, spool) for path, spool in zip(paths, spools, strict=True)))
    return spools


def load(spools: list[Path]) -> None:
    connection = duckdb.connect()
    for spool in spools:
        connection.execute(
            f"COPY (SELECT * FROM read_json(?, format = 'newline_delimited', columns = {COLUMNS})) "
            f"TO '{spool.with_suffix('.parquet')}' (FORMAT parquet)",
            [str(spool)],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("paths", nargs="+")
    given = parser.parse_args()
    begun = time.perf_counter()
    spools = asyncio.run(fetch(given.url, given.paths, given.folder))
    fetched = time.perf_counter()
    load(spools)
    print(json.dumps({"fetch": fetched - begun, "load": time.perf_counter() - fetched}))


if __name__ == "__main__":
    main()

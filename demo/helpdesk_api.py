"""The demo's second source: a support desk's API with bearer tokens, opaque cursors and one nested listing.

Its claims are made up, but of the real flights: whoever landed more than four hours late may have written in.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import random
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

PAGE = 100
CLAIMS = 900
FIRST_NAMES = ["Ada", "Alan", "Barbara", "Claude", "Dorothy", "Edsger", "Frances", "Grace", "Hedy", "Katherine", "Ken"]
SURNAMES = ["Baker", "Costa", "Diaz", "Evans", "Fischer", "Gupta", "Haddad", "Ito", "Jensen", "Kim", "Lopez", "Rossi"]
COUNTRIES = ["US"] * 6 + ["DE", "FR", "GB", "IT", "JP", "BR"]
TEXTS = ["When will I hear from you?", "The receipts are attached.", "We have asked the airline.", "Thank you!"]

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the server knows."""

    token: str
    claims: dict[str, Record]
    messages: dict[str, list[Record]]


def open_desk(database: Path, token: str) -> Desk:
    """Make the same claims every time."""
    chance = random.Random(2013)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        late = db.execute(
            "SELECT id, carrier, flight, updated_at, arr_delay FROM flights WHERE arr_delay > 240"
        ).fetchall()
    chosen = sorted(chance.sample(late, CLAIMS), key=lambda flight: str(flight[3]))
    desk = Desk(token, {}, {})
    for number, flight in enumerate(chosen, start=1):
        claim = new_claim(f"clm_{number:05}", flight, chance)
        desk.claims[claim["id"]] = claim
        desk.messages[claim["id"]] = conversation(claim, chance)
    return desk


def new_claim(key: str, flight: tuple[Any, ...], chance: random.Random) -> Record:
    """One passenger's claim for one late flight."""
    flight_id, carrier, number, landed, delay = flight
    created = datetime.fromisoformat(landed) + timedelta(minutes=chance.randrange(60, 6000))
    first, last = chance.choice(FIRST_NAMES), chance.choice(SURNAMES)
    return {
        "id": key,
        "status": chance.choices(["open", "approved", "paid", "rejected"], [4, 2, 5, 1])[0],
        "flight": {"id": flight_id, "carrier": carrier, "number": number},
        "passenger": {
            "name": f"{first} {last}",
            "email": f"{first}.{last}@example.com".lower(),
            "country": chance.choice(COUNTRIES),
        },
        "amount": {"cents": 100 * (250 + 50 * min(delay // 120, 8)), "currency": "EUR"},
        "tags": chance.sample(["hotel", "meal", "missed connection", "luggage"], chance.randrange(3)),
        "created_at": text(created),
        "updated_at": text(created + timedelta(hours=chance.randrange(1, 90))),
    }


def conversation(claim: Record, chance: random.Random) -> list[Record]:
    """Write the messages of one claim."""
    sent = datetime.fromisoformat(claim["created_at"])
    return [
        {"id": number, "author": chance.choice(["passenger", "agent"]), "text": chance.choice(TEXTS),
         "sent_at": text(sent + timedelta(hours=number))}
        for number in range(1, chance.randrange(2, 5))
    ]  # fmt: skip


def text(moment: datetime) -> str:
    """Write an instant as the API does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


DESK = web.AppKey("desk", Desk)


@web.middleware
async def authenticate(request: web.Request, handler: Any) -> web.StreamResponse:
    """Nobody passes without the token."""
    if request.headers.get("Authorization") != f"Bearer {request.app[DESK].token}":
        return web.json_response({"error": "a valid bearer token is needed"}, status=401)
    answer: web.StreamResponse = await handler(request)
    return answer


async def list_claims(request: web.Request) -> web.Response:
    """Claims that changed since `updated_since`, oldest change first, a page at a time."""
    since = request.query.get("updated_since", "")
    after = ("", "")
    if cursor := request.query.get("cursor"):
        try:
            moment, _, key = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        except (binascii.Error, UnicodeDecodeError):
            return web.json_response({"error": "no such cursor"}, status=400)
        after = (moment, key)
    found = sorted(
        (claim for claim in request.app[DESK].claims.values() if claim["updated_at"] >= since and place(claim) > after),
        key=place,
    )
    page = found[:PAGE]
    more = base64.urlsafe_b64encode(" ".join(place(page[-1])).encode()).decode() if len(found) > PAGE else None
    return web.json_response({"data": page, "meta": {"next_cursor": more}})


def place(claim: Record) -> tuple[str, str]:
    """Where a claim stands in the listing."""
    return claim["updated_at"], claim["id"]


async def list_messages(request: web.Request) -> web.Response:
    """Answer with the messages of one claim."""
    found = request.app[DESK].messages.get(request.match_info["claim"])
    if found is None:
        return web.json_response({"error": "no such claim"}, status=404)
    return web.json_response({"data": found, "meta": {"next_cursor": None}})


async def change_claim(request: web.Request) -> web.Response:
    """Change some fields of a claim."""
    claim = request.app[DESK].claims.get(request.match_info["claim"])
    if claim is None:
        return web.json_response({"error": "no such claim"}, status=404)
    claim |= await request.json()
    return web.json_response(claim)


def application(desk: Desk) -> web.Application:
    """Put the routes together."""
    app = web.Application(middlewares=[authenticate])
    app[DESK] = desk
    app.router.add_get("/v1/claims", list_claims)
    app.router.add_patch("/v1/claims/{claim}", change_claim)
    app.router.add_get("/v1/claims/{claim}/messages", list_messages)
    return app


def main() -> None:
    """Serve on loopback until stopped."""
    given = argparse.ArgumentParser()
    given.add_argument("--database", type=Path, required=True)
    given.add_argument("--token", required=True)
    given.add_argument("--port", type=int, required=True)
    arguments = given.parse_args()
    desk = open_desk(arguments.database, arguments.token)
    web.run_app(application(desk), host="127.0.0.1", port=arguments.port, print=None, access_log=None)


if __name__ == "__main__":
    main()

"""A company's API that goes on changing: a real HTTP server in a thread, whose rows are the oracle."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

PAGE = 100

CONNECTOR = """
name: {name}
client:
  base_url: "{url}"
  paginator: {{type: cursor, cursor_path: next, cursor_param: cursor}}
  retry: {{attempts: 2}}
resource_defaults:
  primary_key: id
  endpoint: {{data_selector: data}}
resources:
- name: events
  endpoint: {{path: events, params: {{since: "{{incremental.start_value}}"}}}}
  incremental: {{cursor_path: updated_at, initial_value: "2023-01-01T00:00:00Z"}}
- name: log
  primary_key: null
  write_disposition: append
  endpoint: {{path: log, params: {{after: "{{incremental.start_value}}"}}}}
  incremental: {{cursor_path: seq, initial_value: 0, order: asc}}
- name: people
  write_disposition: replace
  endpoint: {{path: people}}
- name: notes
  endpoint: {{path: "people/{{person_id}}/notes"}}
  parent: {{resource: people, field: id, param: person_id}}
"""


class Source:
    """Rows by table; a change is stamped with the time, as real updated_at columns are."""

    def __init__(self, seed: int, *, events: int = 3000, people: int = 40) -> None:
        self.random = random.Random(seed)
        self.seq = 0
        self.age = timedelta(hours=1)
        self.events: dict[int, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.people: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, dict[int, dict[str, Any]]] = {}
        self.dies_after: int | None = None
        self.requests = 0
        self.lock = threading.Lock()
        for number in range(events):
            self._event(number)
        for number in range(people):
            self.people[number] = {"id": number, "name": f"Person {number}", "address": {"city": f"C{number % 7}"}}
            self.notes[number] = {}
        self.change(200)
        self.age = timedelta(0)

    def _event(self, number: int) -> None:
        moment = (datetime.now(UTC) - self.age).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.events[number] = {
            "id": number,
            "updated_at": moment,
            "amount": self.random.randrange(10**6) / 100,
            "text": f"ünï-{self.random.randrange(10**9)}",
            "tags": ["a", "b"][: self.random.randrange(3)],
        }

    def change(self, count: int) -> None:
        """Change, add and log things upstream."""
        with self.lock:
            for _ in range(count):
                if self.random.random() < 0.3:
                    self._event(len(self.events))
                else:
                    self._event(self.random.randrange(len(self.events)))
                self.seq += 1
                self.log.append({"seq": self.seq, "what": f"entry {self.seq}"})
                person = self.random.randrange(len(self.people))
                notes = self.notes[person]
                number = self.random.randrange(len(notes) + 1)
                notes[number] = {"id": number, "text": f"note {self.random.randrange(10**6)}"}
                self.people[person]["name"] = f"Person {self.random.randrange(10**6)}"

    def rows(self, table: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return what the API lists now."""
        if table == "events":
            since = query.get("since", "")
            return sorted((e for e in self.events.values() if e["updated_at"] >= since), key=lambda e: e["id"])
        if table == "log":
            return [entry for entry in self.log if entry["seq"] >= int(query.get("after", "0"))]
        if table == "people":
            return list(self.people.values())
        return list(self.notes[int(table.split("/")[1])].values())

    def expected(self) -> dict[str, set[tuple[Any, ...]]]:
        """Return what the tables must hold, as sets of plain rows."""
        return {
            "events": {
                (e["id"], _microseconds(e["updated_at"]), e["amount"], e["text"], tuple(e["tags"]))
                for e in self.events.values()
            },
            "log": {(e["seq"], e["what"]) for e in self.log},
            "people": {(p["id"], p["name"], p["address"]["city"]) for p in self.people.values()},
            "notes": {(p, n["id"], n["text"]) for p, notes in self.notes.items() for n in notes.values()},
        }

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve one page; dies in the middle of it where that is asked for."""
        self.requests += 1
        with self.lock:
            found = self.rows(request.path.strip("/"), dict(request.query))
            first = int(request.query.get("cursor", "0"))
            page = [dict(row) for row in found[first : first + PAGE]]
            more = first + PAGE < len(found)
        if self.dies_after is not None and self.requests > self.dies_after:
            assert request.transport is not None
            request.transport.abort()
            return web.Response(status=500)
        return web.json_response({"data": page, "next": str(first + PAGE) if more else None})


def _microseconds(moment: str) -> int:
    return (datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@contextmanager
def served(source: Source) -> Iterator[str]:
    """Serve in a thread of its own; yields the base URL."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    port: list[int] = []

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{tail:.*}", source.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.append(runner.addresses[0][1])
        return runner

    runner = loop.run_until_complete(start())
    loop.call_soon(ready.set)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ready.wait()
    try:
        yield f"http://127.0.0.1:{port[0]}/"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

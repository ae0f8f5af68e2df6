"""One connector, a real server that answers as a function says, and the lake that a sync fills from it."""

from __future__ import annotations

import textwrap
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dinobase.core.errors import SpecError
from dinobase.core.settings import paths
from dinobase.core.values import Event
from dinobase.lake import ddl, state
from dinobase.lake.connection import Writer
from dinobase.lake.location import Storage
from dinobase.spec.load import load_connector
from dinobase.spec.resolve import resolve
from dinobase.sync import plan
from dinobase.sync.engine import sync_connector
from dinobase.sync.report import ConnectorReport, TableReport
from dinobase.sync.request import SyncRequest
from tests.api.extract.api import Answer, Asked, FakeApi, Script, serving

__all__ = ["Answer", "Asked", "Shop", "by_case", "resources", "shop"]

HEAD = """
name: shop
credentials:
- {name: url, secret: false}
- {name: key, default: "k3y"}
client:
  base_url: "{url}"
  retry: {attempts: 1}
"""


class Shop:
    """`sync` runs the connector in `yaml` (resources and whatever else) once and returns its tables' reports."""

    def __init__(self, root: Path, api: FakeApi, yaml: str, client: str = "") -> None:
        self.root = root
        self.api = api
        self.paths = paths(root / "workspace")
        self.location = Storage(self.paths.lakes).lake("shop")
        self.events: list[Event] = []
        self.report: ConnectorReport | None = None
        self._reading: Writer | None = None
        self.define(yaml, client)

    def define(self, yaml: str, client: str = "") -> None:
        """Write the connector's file anew; `client` are further keys of its client."""
        file = self.root / "shop.yaml"
        file.write_text(HEAD + textwrap.indent(textwrap.dedent(client), "  ") + "\n" + textwrap.dedent(yaml))
        try:
            self.connector = load_connector(file)
        except SpecError as error:
            raise AssertionError([str(problem) for problem in error.problems]) from error

    async def sync(
        self,
        *asked: str,
        kept: Sequence[str] | None = None,
        full_refresh: bool = False,
        resume_after: float = 0.0,
        values: Mapping[str, str] | None = None,
    ) -> dict[str, TableReport]:
        connector = resolve(self.connector, {"url": self.api.url, "key": "k3y", **(values or {})})
        self.report = await sync_connector(
            SyncRequest(
                "shop",
                connector,
                plan.choose(connector, kept, asked),
                self.location,
                self.paths,
                "identity",
                self.events.append,
                full_refresh=full_refresh,
                resume_after=resume_after,
            )
        )
        assert self.report.error is None, self.report.error
        return {table.name: table for table in self.report.tables}

    @property
    def reading(self) -> Writer:
        """One instance for all looks at the lake; it sees what syncs commit."""
        if self._reading is None:
            self._reading = Writer(self.location, self.root / "reading")
            self._reading.attach()
        return self._reading

    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the lake; tables are `lake.<name>`."""
        return self.reading.rows(sql)

    def column(self, sql: str) -> list[Any]:
        return [row[0] for row in self.rows(sql)]

    def types(self, table: str) -> dict[str, str]:
        return ddl.columns_of(self.reading, table)

    def memory(self, table: str) -> dict[str, str]:
        return state.read(self.reading).get(table, {})

    def asked(self, path: str) -> list[Asked]:
        """Return the requests of one path, in the order in which they came."""
        return [seen for seen in self.api.asked if seen.path == path]


def resources(*facts: str) -> str:
    """Return a connector of one resource per case: `r0` and so on, each with its own further keys."""
    return "resources:\n" + "".join(f"- {{name: r{n}, {more}}}\n" for n, more in enumerate(facts))


def by_case(scripts: Sequence[Script]) -> Script:
    """Answer `/r0` as the first script says, `/r1` as the second."""
    return lambda asked: scripts[int(asked.path.split("/")[1][1:])](asked)


@asynccontextmanager
async def shop(root: Path, script: Script, yaml: str, client: str = "") -> AsyncIterator[Shop]:
    async with serving(script) as api:
        made = Shop(root, api, yaml, client)
        try:
            yield made
        finally:
            made.close()

"""What the agents' door costs over bare DuckDB: one warm row over stdio and HTTP, eight clients at once, the greeting.

Ratios are to be compared, not times: the machine's load is printed beside them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from mcp import ClientSession

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dinobase.core.settings import Paths  # noqa: E402 - found by the line above
from dinobase.lake import reader  # noqa: E402
from dinobase.lake.introspect import view_lake  # noqa: E402
from dinobase.lake.location import Storage  # noqa: E402
from tests.acceptance.cli_process import Cli  # noqa: E402
from tests.lake.build import STRIPE, build  # noqa: E402
from tests.mcp.doors import http_server, over_http, over_stdio  # noqa: E402

SQL = "SELECT id, name FROM stripe.customers WHERE id = 'cus_1'"
CLIENTS = 8
CALLS = 100
WARM = 20  # calls of each client that are not counted: both children have then answered it


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        paths = Paths(Path(folder) / "workspace")
        build(Storage(paths.lakes).lake("stripe"), STRIPE)
        paths.config.write_text("connectors:\n  stripe: {type: stripe}\n")
        cli = Cli(paths.root, {})
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        bare = _bare(paths)
        print(f"bare DuckDB on the attached lake     median {_at(bare, 0.5):6.1f} ms")
        asyncio.run(_doors(cli, bare))


def _bare(paths: Paths) -> list[float]:
    view = view_lake(Storage(paths.lakes).lake("stripe"))
    connection = reader.open_reader(reader.Limits())
    reader.attach_lakes(connection, [(view.location, view.snapshot)])
    reader.lock(connection, [view.location.data])
    return [_timed(lambda: connection.execute(SQL).fetchall()) for _ in range(CALLS)]


def _timed(work: object) -> float:
    start = time.perf_counter()
    assert callable(work)
    work()
    return time.perf_counter() - start


async def _doors(cli: Cli, bare: Sequence[float]) -> None:
    start = time.perf_counter()
    async with over_stdio(cli) as session:
        print(f"start to greeting on stdio            {(time.perf_counter() - start) * 1e3:6.0f} ms")
        await _calls(session, 10)
        found = await _calls(session, CALLS)
        over = _at(found, 0.5) - _at(bare, 0.5)
        print(f"query over stdio                      median {_at(found, 0.5):6.1f} ms, {over:.1f} over bare")
    tokens = [str(cli.ok("token", "create", f"bench{n}")["token"]) for n in range(CLIENTS)]
    with http_server(cli) as http:
        async with over_http(http.url, tokens[0]) as session:
            await _calls(session, 10)
            single = await _calls(session, CALLS)
        print(f"query over HTTP                       median {_at(single, 0.5):6.1f} ms")
        many = await asyncio.gather(*(_client(http.url, token) for token in tokens))
    together = [took for one in many for took in one]
    medians = sorted(_at(one, 0.5) for one in many)
    ratio = _at(together, 0.95) / _at(single, 0.5)
    print(
        f"{CLIENTS} clients at once                    p95 {_at(together, 0.95):6.1f} ms, {ratio:.1f} x a single median"
    )
    print(f"slowest client's median over fastest  {medians[-1] / medians[0]:.2f}")


async def _client(url: str, token: str) -> list[float]:
    async with over_http(url, token) as session:
        await _calls(session, WARM)
        return await _calls(session, CALLS // 2)


async def _calls(session: ClientSession, count: int) -> list[float]:
    found = []
    for _ in range(count):
        start = time.perf_counter()
        answer = await session.call_tool("query", {"sql": SQL})
        found.append(time.perf_counter() - start)
        assert not answer.is_error
    return found


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)] * 1e3


if __name__ == "__main__":
    main()

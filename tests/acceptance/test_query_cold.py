"""The door that agents wait at: what it loads, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from tests.lake.build import GITHUB, STRIPE, build

FORBIDDEN = (
    "dlt", "sqlalchemy", "rich", "mcp", "pydantic", "yaml", "keyring", "aiohttp", "sqlglot", "msgspec", "asyncio",
    "filelock", "duckdb", "psycopg", "jsonpath", "click", "decimal", "uuid", "tempfile", "email", "http", "ssl", "pytz",
)  # fmt: skip
_PROBE = """
import atexit, os, sys
from dinobase.cli import main
real = os._exit
def ending(code):
    sys.stderr.write("LOADED " + " ".join(sorted({name.partition(".")[0] for name in sys.modules})))
    sys.stderr.flush()
    real(code)
os._exit = ending
main.main(["query", *sys.argv[1:]])
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    paths = Paths(tmp_path_factory.mktemp("workspace"))
    storage = Storage(paths.lakes)
    build(storage.lake("stripe"), STRIPE)
    build(storage.lake("github"), GITHUB)
    paths.config.write_text("connectors:\n  stripe: {type: stripe}\n  github: {type: github}\n")
    done = _query(paths.root, "SELECT 1")  # compiles config.yaml
    assert done.returncode == 0, done.stderr
    return paths.root


def _start(workspace: Path, *words: str, probe: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _PROBE] if probe else [sys.executable, "-m", "dinobase", "query"]
    env = {**os.environ, "DINOBASE_DIR": str(workspace), "NO_COLOR": "1"}
    return subprocess.Popen(
        [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, stdin=subprocess.DEVNULL
    )


def _query(workspace: Path, *words: str, probe: bool = False) -> subprocess.CompletedProcess[str]:
    process = _start(workspace, *words, probe=probe)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1", "SELECT i.title, c.created FROM github.issues i JOIN stripe.customers c ON c.id = i.stripe_customer"],
)
def test_a_query_loads_nothing_that_it_does_not_need(workspace: Path, sql: str) -> None:
    done = _query(workspace, sql, probe=True)
    assert done.returncode == 0
    loaded = set(done.stderr.partition("LOADED ")[2].split())
    assert "_duckdb" in loaded
    assert not loaded & set(FORBIDDEN)


def test_json_is_printed_where_no_terminal_is(workspace: Path) -> None:
    done = _query(workspace, "SELECT count(*) AS n FROM stripe.charges")
    answer = json.loads(done.stdout)
    assert list(answer) == ["columns", "rows", "row_count", "truncated", "sources", "column_types", "notes"]
    assert answer["rows"] == [{"n": 10}]
    assert answer["sources"][0]["table"] == "stripe.charges"
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("SELECT * FROM stripe.custmers",), "unknown.table", 2),
        (("DELETE FROM stripe.customers",), "write.where", 2),
        (("SELECT (",), "query.syntax", 2),
        (("SELECT 1", "--max-rows", "x"), "usage", 2),
        (("SELECT 1", "--timeout", "-1"), "usage", 2),
        (("SELECT 1", "SELECT 2"), "usage", 2),
        ((), "usage", 2),
        (
            ("WITH RECURSIVE a AS (SELECT 1 x UNION ALL SELECT x + 1 FROM a) FROM a", "--timeout", "0.2"),
            "query.timeout",
            1,
        ),
    ],
)
def test_a_failure_is_one_json_object_and_an_exit_code(
    workspace: Path, words: tuple[str, ...], code: str, exit_code: int
) -> None:
    done = _query(workspace, *words)
    assert json.loads(done.stdout)["error"]["code"] == code
    assert done.returncode == exit_code
    assert done.stderr.startswith("error:")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT regexp_replace(repeat('a', 300000000), '(a*)*b', 'x', 'g')",  # one call that heeds no interrupt
        "SELECT length(lpad('x', 1000000000, 'y'))",
        "SELECT length(repeat('x', 3000000000::BIGINT))",
        "SELECT format('{:>2000000000}', 'x')",
        "SELECT unnest(range(1000000000))",
        "SELECT list_sort(range(300000000))[1]",
    ],
)
def test_a_bomb_ends_with_an_error_soon_after_its_time(workspace: Path, sql: str) -> None:
    done = _query(workspace, sql, "--timeout", "1")
    assert json.loads(done.stdout)["error"]["code"] in {"query.timeout", "query.memory"}
    assert done.returncode == 1


def test_six_processes_at_once_all_answer(workspace: Path) -> None:
    sql = (
        "SELECT i.title, c.name FROM github.issues i JOIN stripe.customers c ON c.id = i.stripe_customer ORDER BY i.id"
    )
    for process in [_start(workspace, sql) for _ in range(6)]:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert [row["title"] for row in json.loads(out)["rows"]] == ["Broken", "Slow"]


_SAYS_WHEN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from dinobase.cli import main
from dinobase.lake import reader
lock = reader.lock
def locked(*args):
    lock(*args)
    print("running", flush=True)
reader.lock = locked
main.main(["query", *sys.argv[1:]])
"""


def test_an_interrupt_ends_a_query_at_once(workspace: Path) -> None:
    sql = "SELECT count(*) FROM range(1000000000000) a, range(1000000) b"
    env = {**os.environ, "DINOBASE_DIR": str(workspace)}
    with subprocess.Popen(
        [sys.executable, "-c", _SAYS_WHEN, sql], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"


def test_all_rows_are_written_as_they_come_in_flat_memory(workspace: Path) -> None:
    peaks = []
    for rows in (20_000, 400_000):
        sql = f"SELECT range AS id, repeat('x', 100) AS text FROM range({rows})"
        code = (
            "import resource, sys; from dinobase.query import fast; e = fast.engine(); lines = [0]\n"
            "def write(text): lines[0] += text.count(chr(10))\n"
            f"fast.answer(fast.Asked({sql!r}, 'ndjson', 0), e, write)\n"
            "print(lines[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        env = {**os.environ, "DINOBASE_DIR": str(workspace)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
        count, peak = map(int, done.stdout.split())
        assert count == rows
        peaks.append(peak)
    assert peaks[1] < peaks[0] * 1.3

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.clock import monotonic
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from tests.acceptance.cli_process import Cli
from tests.lake.build import GITHUB, STRIPE, build
from tests.mcp.conftest import Door
from tests.mcp.doors import over_stdio, text

MEDIAN = """
import math
rows = query("SELECT customer, amount FROM stripe.charges")
by = {}
for row in rows:
    by.setdefault(row["customer"], []).append(row["amount"])
for name, amounts in sorted(by.items()):
    print(name, sorted(amounts)[len(amounts) // 2])
len(rows)
"""
ESCAPES = (
    "open('/etc/passwd').read()",
    "from pathlib import Path\nPath('/etc/passwd').read_text()",
    "from pathlib import Path\nlist(Path('/').iterdir())",
    "import os\nos.environ['HOME']",
    "import os\nos.getenv('HOME')",
    "import os\nos.listdir('/')",
    "import os\nos.system('id')",
    "import socket",
    "import subprocess",
    "import ctypes",
    "import urllib.request",
    "import dinobase",
    "__import__('os').system('id')",
    "eval(\"__import__('os')\")",
    "().__class__.__bases__[0].__subclasses__()",
    "query.__globals__",
    "(lambda: 0).__code__",
)


async def test_code_asks_prints_and_answers_its_last_value(door: Door) -> None:
    async with door() as session:
        answer = await session.call_tool("exec_code", {"code": MEDIAN})
    assert not answer.is_error
    assert text(answer) == "cus_1 400\ncus_2 500\n10"


async def test_code_describes_and_searches(door: Door) -> None:
    code = "[d['table'] for d in describe('stripe')] + [t['table'] for t in search('issues')]"
    async with door() as session:
        assert text(await session.call_tool("exec_code", {"code": code})) == (
            '["charges", "customers", "github.issues"]'
        )


async def test_a_refused_query_is_an_error_that_the_code_can_read(door: Door) -> None:
    code = "try:\n    query('DROP TABLE stripe.customers')\nexcept ValueError as e:\n    print(e)"
    async with door() as session:
        assert text(await session.call_tool("exec_code", {"code": code})).startswith("query.refused: DROP is not")


async def test_a_wrong_argument_is_answered_with_the_right_form(door: Door) -> None:
    async with door() as session:
        for code, said in (
            ("describe(['stripe.customers'])", "TypeError: describe() takes text: describe('stripe.customers', 's"),
            ("search(5)", "TypeError: search() takes text: search('churn')"),
            ("query()", "TypeError: query() missing 1 required positional argument: 'sql'"),
        ):
            answer = text(await session.call_tool("exec_code", {"code": code}))
            assert answer.startswith(f"code.failed: {said}")


async def test_an_error_names_its_line_and_what_was_printed(door: Door) -> None:
    async with door() as session:
        answer = await session.call_tool("exec_code", {"code": "print('so far')\n\n1 / 0"})
    assert answer.is_error
    assert text(answer).startswith("code.failed: ZeroDivisionError: division by zero (line 3).")
    assert text(answer).endswith("It had printed: so far")


async def test_there_is_no_way_out_of_the_sandbox(door: Door) -> None:
    async with door() as session:
        for code in ESCAPES:
            answer = await session.call_tool("exec_code", {"code": code})
            assert answer.is_error, code
            assert "root:" not in text(answer)


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    pass",
        "x = 10 ** 10 ** 8",
        "x = 'a' * 10 ** 10",
        "x = [0] * 10 ** 9",
        "def f():\n    return f()\nf()",
        "query('SELECT count(*) FROM range(1000000000) a, range(1000000) b')",
        "while True:\n    query('SELECT 1')",
    ],
)
async def test_a_bomb_ends_and_the_server_goes_on(door: Door, code: str) -> None:
    async with door() as session:
        start = monotonic()
        answer = await session.call_tool("exec_code", {"code": code, "timeout": 1})
        took = monotonic() - start
        after = await session.call_tool("exec_code", {"code": "1 + 1"})
    assert answer.is_error
    assert took < 20  # far from the minutes that these run for
    assert text(after) == "2"


async def test_sleeping_costs_no_time(door: Door) -> None:
    async with door() as session:
        answer = await session.call_tool("exec_code", {"code": "import time\ntime.sleep(3600)\n'awake'", "timeout": 5})
    assert text(answer) == "awake"


async def test_a_long_answer_is_cut_and_says_so(door: Door) -> None:
    async with door() as session:
        answer = text(await session.call_tool("exec_code", {"code": "print('word ' * 10000)", "budget": 300}))
    assert answer.endswith("characters more: print less)")
    assert len(answer) < 3000


async def test_code_sees_what_its_identity_may_see(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "workspace")
    build(Storage(paths.lakes).lake("stripe"), STRIPE)
    build(Storage(paths.lakes).lake("github"), GITHUB)
    paths.config.write_text(
        "connectors:\n  stripe: {type: stripe}\n  github: {type: github}\n"
        "access:\n  mcp: {sources: [stripe.customers], columns: {stripe.customers.email: mask}}\n"
    )
    code = (
        "print(query('SELECT email FROM stripe.customers'))\n"
        "print([d['table'] for d in describe('stripe')], search('Broken'))\n"
        "query('SELECT * FROM github.issues')"
    )
    async with over_stdio(Cli(paths.root, {})) as session:
        answer = text(await session.call_tool("exec_code", {"code": code}))
    assert "@example.com" not in answer
    assert "unknown" in answer
    assert "Broken" not in answer

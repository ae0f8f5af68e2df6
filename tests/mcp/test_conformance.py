"""The protocol's own conformance suite for servers, against both doors.

What it tries of features that we do not offer (and so do not announce) fails by nature and is listed in
conformance-*.yml; the suite fails on anything else, and on an entry there that passes.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.cli_process import Cli
from tests.mcp.bridges import to_stdio, with_token
from tests.mcp.doors import http_server
from tests.mcp.npm import CONFORMANCE, NODE, package

HERE = Path(__file__).parent
COMMAND = [sys.executable, str(HERE / "with_fixtures.py")]


async def run(url: str, known: str, folder: Path) -> None:
    program = package(*CONFORMANCE) / "dist" / "index.js"
    words = ["server", "--url", url, "--suite", "all", "--expected-failures", str(HERE / known)]
    process = await asyncio.create_subprocess_exec(
        NODE, str(program), *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def test_the_server_on_http_conforms(cli: Cli, token: str, tmp_path: Path) -> None:
    with http_server(cli, COMMAND) as http:
        async with with_token(http.port, token) as url:
            await run(url, "conformance-http.yml", tmp_path)


@pytest.mark.torture
async def test_the_server_on_stdio_conforms(cli: Cli, tmp_path: Path) -> None:
    async with to_stdio(cli, COMMAND) as url:
        await run(url, "conformance-stdio.yml", tmp_path)

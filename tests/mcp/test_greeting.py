"""The greeting that comes before the SDK is loaded, against what the SDK itself would have said."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import anyio
import pytest
from mcp.server.lowlevel import Server
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCRequest, JSONRPCResponse
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from dinobase.mcp.handlers import TOOLS
from dinobase.mcp.pool import Pool
from dinobase.mcp.reach import Reach
from dinobase.mcp.server import build
from dinobase.mcp.stdio import VERSIONS, greeting
from tests.acceptance.cli_process import COMMAND, Cli
from tests.mcp.doors import INITIALIZE


def initialize(**changes: Any) -> dict[str, Any]:
    return {**INITIALIZE, "params": {**INITIALIZE["params"], **changes}}  # type: ignore[dict-item]  # a mapping


async def said_by_the_sdk(message: dict[str, Any], tmp_path: Any) -> dict[str, Any]:
    async def instructions(_: str) -> str:
        return "what is here"

    async def reach(_: str) -> Reach:
        return "planned"

    server: Server[Any] = build(Pool(tmp_path, 1), TOOLS, instructions, reach)
    async with create_client_server_memory_streams() as (client, there), anyio.create_task_group() as tasks:
        tasks.start_soon(server.run, *there, server.create_initialization_options())
        read, write = client
        await write.send(SessionMessage(JSONRPCRequest.model_validate(message)))
        answer = await read.receive()
        tasks.cancel_scope.cancel()
    assert isinstance(answer, SessionMessage)
    assert isinstance(answer.message, JSONRPCResponse)
    return answer.message.model_dump(by_alias=True, mode="json", exclude_unset=True)


@pytest.mark.parametrize("version", [*VERSIONS, "1999-01-01", "2099-01-01"])
async def test_the_greeting_is_the_sdks_own(version: str, tmp_path: Any) -> None:
    message = initialize(protocolVersion=version)
    greeted = greeting(json.dumps(message), "what is here")
    assert greeted is not None
    assert greeted[1] == await said_by_the_sdk(message, tmp_path)


def test_every_version_that_the_sdk_greets_is_known() -> None:
    assert tuple(HANDSHAKE_PROTOCOL_VERSIONS) == VERSIONS


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        '{"jsonrpc": "2.0", "id": 1, "method": "ping"}',
        json.dumps({**INITIALIZE, "id": None}),
        json.dumps({**INITIALIZE, "id": True}),
        json.dumps({**INITIALIZE, "jsonrpc": "1.0"}),
        json.dumps({**INITIALIZE, "params": {"protocolVersion": "2025-11-25"}}),
        json.dumps(initialize(clientInfo={"name": "x"})),
        json.dumps(initialize(protocolVersion=7)),
    ],
)
def test_anything_else_is_left_to_the_sdk(line: str) -> None:
    assert greeting(line, "") is None


def test_the_first_answer_comes_before_the_sdk_is_loaded(cli: Cli) -> None:
    probe = (
        "import sys; from dinobase.mcp import stdio; load = stdio._load\n"
        "def late():\n    assert sys.stdin.closed is False; go.wait(60); load()\n"
        "import threading; go = threading.Event(); stdio._load = late\n"
        "write = stdio._claim\n"
        "def claim():\n"
        "    a, b = write()\n"
        "    def flush(flush=b.flush):\n"
        "        flush(); print('mcp' in sys.modules, file=sys.stderr, flush=True); go.set()\n"
        "    b.flush = flush\n"
        "    return a, b\n"
        "stdio._claim = claim\n"
        "from dinobase.workspace import Workspace; stdio.serve(Workspace.open())\n"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", probe],
        input=json.dumps(INITIALIZE) + "\n",
        capture_output=True,
        text=True,
        env=cli.environment(),
        timeout=60,
        check=True,
    )
    assert done.stderr.split()[0] == "False"
    [answer] = [json.loads(line) for line in done.stdout.splitlines()]
    assert answer["id"] == 1
    assert "acme" in answer["result"]["instructions"]


def test_a_client_that_says_nothing_and_goes_ends_the_server(cli: Cli) -> None:
    done = cli("serve")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_comes_first_and_is_no_greeting_is_answered_by_the_sdk(cli: Cli) -> None:
    done = cli("serve", typed='{"jsonrpc": "2.0", "id": 7, "method": "ping"}\n')
    assert json.loads(done.out) == {"jsonrpc": "2.0", "id": 7, "result": {}}

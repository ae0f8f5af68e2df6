"""A server by hand, without an SDK: quick to start, and it misbehaves as its tools' names say.

Run as a script; $RAW_LOG, where it is set, gets a line per start and per call, and the environment's names.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

OBJECT = {"type": "object", "properties": {}}
TOOLS: dict[str, dict[str, Any]] = {
    "list_good": {"annotations": {"readOnlyHint": True}},
    "list_fine": {"annotations": {"readOnlyHint": True}},
    "get_environment": {"annotations": {"readOnlyHint": True}},
    "get_error": {"annotations": {"readOnlyHint": True}},
    "get_secret": {"annotations": {"readOnlyHint": True}},
    "read_die": {"annotations": {"readOnlyHint": True}},
    "read_hang": {"annotations": {"readOnlyHint": True}},
    "read_huge": {"annotations": {"readOnlyHint": True}},
    "read_nonsense": {"annotations": {"readOnlyHint": True}},
    "search_shelves": {
        "description": "Search the shelves.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "words": {"type": "string", "description": "What to look for."},
                "limit": {"type": "integer"},
            },
            "required": ["words"],
        },
    },
    "add_shelf": {"description": "Add a shelf.", "annotations": {"readOnlyHint": False, "destructiveHint": False}},
}


def log(line: str) -> None:
    if "RAW_LOG" in os.environ:
        with Path(os.environ["RAW_LOG"]).open("a") as file:
            file.write(line + "\n")


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(value: object) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": value if isinstance(value, str) else json.dumps(value)}]}


def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
    if name == "search_shelves":
        return {**text("see there"), "structuredContent": {"shelves": [{"id": 1, "asked": given}]}}
    if name == "add_shelf":
        return text("added")
    if name in {"list_good", "list_fine"}:
        return text([{"id": 1}, {"id": 2}])
    if name == "get_environment":
        return text([{"name": key} for key in sorted(os.environ)])
    if name == "get_error":
        return {**text("no such shelf"), "isError": True}
    if name == "get_secret":
        return {**text(f"refused: {os.environ.get('RAW_TOKEN', '')}"), "isError": True}
    if name == "read_die":
        sys.stderr.write(f"fatal: out of cheese with {os.environ.get('RAW_TOKEN', '')}\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "read_hang":
        while True:
            time.sleep(60)
    if name == "read_huge":
        return text("x" * 3_000_000)
    return text([{"id": 1}]) if "RAW_LISTING" in os.environ else {"what": "is this"}


def answer(message: dict[str, Any]) -> dict[str, Any]:
    method, params = message["method"], message.get("params") or {}
    if method == "initialize":
        if "RAW_MUTE" in os.environ:
            while True:
                time.sleep(60)
        info = {"name": os.environ.get("RAW_NAME", "raw"), "version": "1"}
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": info,
            "instructions": os.environ.get("RAW_SAYS", "Search before you add."),
        }
    if method == "tools/list":
        if "RAW_LISTING" in os.environ:
            return {"tools": json.loads(Path(os.environ["RAW_LISTING"]).read_text())}
        wanted = os.environ.get("RAW_TOOLS", "list_good,list_fine").split(",")
        return {"tools": [{"name": name, "inputSchema": OBJECT, **TOOLS[name]} for name in wanted]}
    if method == "tools/call":
        log(f"call {params['name']}")
        return call(params["name"], params.get("arguments") or {})
    return {}


def main() -> None:
    log(f"start {os.getpid()}")
    if "RAW_JUNK" in os.environ:
        print("Welcome to the raw server!\n{broken", flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message and "method" in message:
            say({"id": message["id"], "result": answer(message)})
        if "RAW_JUNK" in os.environ:
            print("debug: answered", flush=True)


if __name__ == "__main__":
    main()

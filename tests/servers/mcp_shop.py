"""A shop on the official SDK, over stdio (run as a script, its data in $SHOP_DATA), SSE and streamable HTTP."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

READS = ToolAnnotations(read_only_hint=True)
ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False)
DESTROYS = ToolAnnotations(read_only_hint=False, destructive_hint=True)
PAGE = 2
ORDERS: list[dict[str, Any]] = [
    {"id": 1, "customer": 10, "amount": "19.90", "email": "ada@example.com", "updated_at": "2026-01-01T00:00:00Z"},
    {"id": 2, "customer": 11, "amount": "5.00", "email": "bob@example.com", "updated_at": "2026-01-02T00:00:00Z"},
    {"id": 3, "customer": 10, "amount": "7.25", "email": "ada@example.com", "updated_at": "2026-01-03T00:00:00Z"},
]
CUSTOMERS: list[dict[str, Any]] = [{"id": 10, "name": "Ada", "tags": ["vip"]}, {"id": 11, "name": "Bob", "tags": []}]


def build(orders: Callable[[], list[dict[str, Any]]], calls: list[str]) -> MCPServer:
    """Return the server; `calls` notes what was called."""
    server = MCPServer("Shop", instructions="Ask list_orders first.", version="3.1", log_level="CRITICAL")

    @server.tool(annotations=READS)
    def list_orders(cursor: int = 0, since: str = "") -> dict[str, Any]:
        """List orders, a page at a time."""
        calls.append(f"list_orders {cursor}")
        found = [order for order in orders() if order["updated_at"] > since]
        following = cursor + PAGE if cursor + PAGE < len(found) else None
        return {"orders": found[cursor : cursor + PAGE], "next": following, "total": len(found)}

    @server.tool(annotations=READS)
    def list_customers() -> list[dict[str, Any]]:
        """List all customers."""
        calls.append("list_customers")
        return CUSTOMERS

    @server.tool(annotations=READS)
    def get_customer_orders(customer: int) -> list[dict[str, Any]]:
        """List a customer's orders."""
        calls.append(f"get_customer_orders {customer}")
        return [order for order in orders() if order["customer"] == customer]

    @server.tool(structured_output=False)
    def get_report() -> str:
        """Say how the day was, in words."""
        return "All is well.\nThree orders."

    @server.tool(annotations=READS, structured_output=False)
    def get_rates() -> str:
        """Return rates as JSON text, with more digits than a double keeps."""
        return '{"rates": [{"pair": "a/b", "rate": 0.12345678901234567890}, {"pair": "c/d", "rate": 2}]}'

    @server.tool(annotations=DESTROYS)
    def cancel_order(id: int) -> str:  # noqa: A002 - a tool's argument
        """Cancel an order."""
        calls.append(f"cancel_order {id}")
        return "cancelled"

    @server.tool(annotations=ADDS)
    def add_note(text: str) -> str:
        """Add a note."""
        calls.append(f"add_note {text}")
        return "added"

    @server.resource("shop://terms", name="terms", mime_type="text/plain")
    def terms() -> str:
        """Say the terms."""
        return "Pay in advance."

    return server


@dataclass
class Running:
    """A server on loopback; `calls` notes what was called, `orders` may be changed."""

    url: str
    calls: list[str] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=lambda: [dict(order) for order in ORDERS])
    refused: int = 0


@contextmanager
def serve(transport: Literal["sse", "streamable_http"], token: str, port: int = 0) -> Iterator[Running]:
    """Serve until the block ends; whoever has not the token gets 401."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(128)  # from now on a client waits for the server, and is not refused
    port = listening.getsockname()[1]
    path = "/sse" if transport == "sse" else "/mcp"
    running = Running(f"http://127.0.0.1:{port}{path}")
    server = build(lambda: running.orders, running.calls)
    inner: ASGIApp = server.sse_app() if transport == "sse" else server.streamable_http_app()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if headers.get(b"authorization") != f"Bearer {token}".encode() or headers.get(b"x-shop") != b"oslo":
                running.refused += 1
                await PlainTextResponse("who are you?", 401)(scope, receive, send)
                return
        await inner(scope, receive, send)

    config = uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1)
    uvicorn_server = uvicorn.Server(config)
    thread = threading.Thread(target=uvicorn_server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        uvicorn_server.should_exit = True
        thread.join(20)


def main() -> None:
    """Speak on stdin and stdout; the orders are read from $SHOP_DATA at each call."""
    data = Path(os.environ["SHOP_DATA"])
    build(lambda: json.loads(data.read_text()), []).run("stdio")


if __name__ == "__main__":
    main()

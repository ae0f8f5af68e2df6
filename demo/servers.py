"""Two servers on free ports of loopback, which never outlive the demo."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 60.0


def free_port() -> int:
    """Ask the system for a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def token(actor: str, secret: str) -> str:
    """Have Datasette sign a token for an actor that its configuration names."""
    command = [sys.executable, "-m", "datasette", "create-token", actor, "--secret", secret]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def datasette(database: Path, secret: str) -> Iterator[str]:
    """Serve a SQLite file with Datasette, closed to whoever has no token; yield the address."""
    port = free_port()
    command = [sys.executable, "-m", "datasette", "serve", str(database), "--host", "127.0.0.1", "--port", str(port),
               "--default-deny", "--secret", secret, "--config", str(HERE / "datasette.yaml")]  # fmt: skip
    with running(command, port, database.with_name("datasette.log")):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def helpdesk(database: Path, key: str) -> Iterator[str]:
    """Serve the help desk; yield the address."""
    port = free_port()
    command = [sys.executable, str(HERE / "helpdesk_api.py"), "--database", str(database), "--port", str(port),
               "--token", key]  # fmt: skip
    with running(command, port, database.with_name("helpdesk.log")):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server; it is up inside the block and gone after it, whatever happens inside."""
    with log.open("wb") as output:
        # In a session of its own: Ctrl-C reaches the demo alone, and the demo then stops its servers.
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        wait_for(server, port, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the server answers; say why when it does not."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')}"
    raise SystemExit(message)

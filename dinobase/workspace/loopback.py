"""The address of this machine to which a browser brings the answer (RFC 8252, 7.3); nobody else can reach it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from urllib.parse import SplitResult, urlsplit

from dinobase.core.errors import UsageError
from dinobase.kinds.auth.consent import Answer, answer

PORT = 8425
REDIRECT = f"http://127.0.0.1:{PORT}/callback"
_HOSTS = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Dinobase</title>'
    '<body style="font:1.1rem/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem">'
    "<h1>{title}</h1><p>{text}</p></body></html>\n"
)
_DONE = ("Dinobase has your answer", "Go back to the terminal; this window can be closed.")
_OTHER = ("This is the answer to another question", "Start again from the terminal: only its newest page counts.")
_NOTHING = ("Nothing is here", "Dinobase waits for the answer of a server that you are signing in to.")


def is_loopback(redirect: str) -> bool:
    """Tell whether a browser that follows this address comes back to this machine."""
    parts = urlsplit(redirect)
    return parts.scheme == "http" and parts.hostname in _HOSTS


@contextmanager
def listening(redirect: str, state: str, answers: queue.Queue[tuple[str, Answer]]) -> Iterator[str]:
    """Put what a browser brings into `answers`; gives the redirect address with the port that is listened on."""
    asked = urlsplit(redirect)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # whoever connects and says nothing holds no thread

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            found = answer(f"?{query}") if path == (asked.path or "/") and query else None
            if found is None:
                self._say(404, _NOTHING)
            elif not found.belongs_to(state):
                self._say(400, _OTHER)
                answers.put(("stray", found))
            else:
                self._say(200, _DONE)
                answers.put(("browser", found))

        def _say(self, status: int, words: tuple[str, str]) -> None:
            data = _PAGE.format(title=words[0], text=words[1]).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names them
            """Say nothing: the request line holds the code."""

    server = _server(asked, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        host = f"[{asked.hostname}]" if ":" in str(asked.hostname) else asked.hostname
        yield asked._replace(netloc=f"{host}:{server.server_port}").geturl()
    finally:
        server.shutdown()
        server.server_close()


def _server(asked: SplitResult, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    host = _HOSTS[str(asked.hostname)]
    port = 80 if asked.port is None else asked.port

    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if ":" in host else ThreadingHTTPServer.address_family
        daemon_threads = True

    try:
        return Server((host, port), handler)
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}",
            code="auth.port",
            hint="`--port 0` takes any free one, `--port N` another; the vendor may want to know it beforehand.",
        ) from None

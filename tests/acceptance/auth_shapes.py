"""A connector whose access a person allows: what `auth` prints, for the golden files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from tests.acceptance.cli_process import ROOT, Cli
from tests.oauth.provider import running

LINES = {"auth": ["auth", "acme", "--port", "0"]}
_BROWSER = f"{sys.executable} {ROOT / 'tests' / 'oauth' / 'browser.py'} allow %s"


def printed(cli: Cli) -> Iterator[tuple[str, Any, str]]:
    """Yield each line's name, what it printed, and the server's address."""
    (cli.root / "connectors").mkdir(parents=True, mode=0o700)
    with running(3600) as server:
        (cli.root / "connectors" / "acme.yaml").write_text(server.definition())
        cli.ok("add", "acme", env={"ACME_SECRET": "app-secret-4711"})
        for name, words in LINES.items():
            yield name, cli.ok(*words, env={"BROWSER": _BROWSER}), f"{server.url}/"

"""The server of `provider.mjs` as tests see it: its address, what it was asked, and what it is told to do."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.mcp import npm

VERSION = "9.13.3"
_SERVER = Path(__file__).with_name("provider.mjs")


@dataclass(frozen=True, slots=True)
class Provider:
    """`url` ends without a slash."""

    url: str

    @property
    def log(self) -> list[dict[str, Any]]:
        return self.do("log")

    def grants(self, kind: str = "refresh_token") -> list[dict[str, Any]]:
        """Every token that was given or refused for this kind of grant."""
        return [entry for entry in self.log if entry.get("grant") == kind]

    def do(self, what: str, **facts: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/door?{urlencode({'do': what, **facts})}", timeout=30) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    def wait(self, name: str, value: object, count: int = 1) -> None:
        """Return when it has noted this fact so often."""
        self.do("await", name=name, value=json.dumps(value), count=str(count))

    def definition(self, client: str = "app", **auth: Any) -> str:
        """A connector file; JSON is YAML too."""
        facts = {
            "type": "oauth2",
            "token_url": f"{self.url}/token",
            "authorize_url": f"{self.url}/auth?prompt=consent",
            "client_id": client,
            "client_secret": "{client_secret}",
            "scopes": ["openid", "offline_access"],
            **auth,
        }
        secret = {"name": "client_secret", "env": "ACME_SECRET", "prompt": "Client secret", "help": "Under Apps."}
        return json.dumps(
            {
                "name": "acme",
                "credentials": [{**secret, "required": False}],
                "client": {"base_url": f"{self.url}/api", "auth": facts, "retry": {"attempts": 2}},
                "check": {"path": "items"},
                "resources": [{"name": "items", "primary_key": "id"}],
            }
        )


@contextmanager
def running(lasts: int) -> Iterator[Provider]:
    """Run one whose access tokens last so many seconds."""
    entry = npm.package("oidc-provider", VERSION) / "lib" / "index.js"
    words = [npm.NODE, str(_SERVER), str(entry), str(lasts)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http"), "the OAuth2 server did not start"
            yield Provider(url)
        finally:
            process.kill()

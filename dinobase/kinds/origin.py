"""Credentials stay within one origin: scheme, host and port."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a URL leads to; host and scheme are lower case."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if _PORTS[self.scheme] == self.port else f":{self.port}")

    def keeps(self, other: Origin) -> bool:
        """Tell whether credentials may go on to another origin: the same one, or its own switch to TLS."""
        upgrade = (self.scheme, self.port) == ("http", 80) and (other.scheme, other.port) == ("https", 443)
        return self == other or (self.host == other.host and upgrade)

    def is_downgrade_of(self, other: Origin) -> bool:
        """Tell whether this is another origin without its TLS, as servers behind a proxy write their links."""
        return self.host == other.host and (self.scheme, self.port) == ("http", 80) and other.port == _PORTS["https"]

    def named_in(self, hosts: Iterable[str]) -> bool:
        """Tell whether a list of hosts (`api.example.com`, with a port, or with a scheme) names this origin."""
        bare = f"[{self.host}]" if ":" in self.host else self.host
        return any(
            host.lower().rstrip("/") in {self.host, bare, f"{bare}:{self.port}", str(self), f"{self.scheme}://{bare}"}
            for host in hosts
        )


def origin(url: str) -> Origin:
    """Return a URL's origin; raises ValueError where it is no http or https URL."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        raise ValueError(url)
    return Origin(scheme, parts.hostname.lower(), parts.port or _PORTS[scheme])


def leads_away(url: str, home: str) -> bool:
    """Tell whether a URL that a value made must not have its home's credentials: it is of another origin, or none."""
    try:
        return not origin(home).keeps(origin(url))
    except ValueError:
        return True

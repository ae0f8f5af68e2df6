"""Two sources that take writes, behind one server: Datasette, and one shaped like Stripe."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.core.settings import paths
from dinobase.spec.vault import Vault
from dinobase.workspace import Workspace
from tests.acceptance.cli_process import Cli
from tests.connectors.prove import CONFIGS
from tests.mcp.doors import Http, http_server
from tests.mutate import datasettes
from tests.mutate.datasettes import Datasette
from tests.servers import stripe_server
from tests.servers.vendor import serving
from tests.servers.writing import StripeWrites

CONFIG = """
connectors:
  shop: {type: shop, params: {url: "URL"}}
  stripe: {type: stripe, resources: [customers]}
access:
  masked: {pii: mask, writes: [shop, stripe]}
  reader: {writes: []}
  clerk: {writes: [shop.orders], rows: {shop.orders: "customer = 1"}}
writes:
  rules:
  - {source: shop.orders, operation: insert, approval: deny}
"""
TOKENS = ("agent", "other", "masked", "reader", "clerk")


@dataclass
class Office:
    """A workspace whose writes arrive at two servers that we can look into."""

    cli: Cli
    shop: Datasette
    stripe: StripeWrites
    tokens: dict[str, str]
    http: Http

    @property
    def workspace(self) -> Workspace:
        return Workspace(paths(self.cli.root))

    def reset(self) -> None:
        self.shop.reset()
        self.stripe.requests.clear()
        self.stripe.faults.clear()

    def sent(self) -> list[str]:
        """Return what came to the Stripe-shaped server since the last reset."""
        return [f"{r.method} {r.path}" for r in self.stripe.requests]

    def customer(self, place: int = 0) -> dict[str, Any]:
        return dict(self.stripe.data["customers"][place])

    def expire(self, name: str) -> None:
        """Let eleven minutes pass for one plan."""
        with closing(sqlite3.connect(self.workspace.paths.state / "records.db", timeout=20)) as database:
            before = "2000-01-01T00:00:00.000Z"
            database.execute("UPDATE mutations SET expires_at = ? WHERE ? IN (mutation_id, batch_id)", [before, name])
            database.commit()

    def configure(self, change: str = "") -> None:
        """Write config.yaml anew, with what a test adds."""
        data = yaml.safe_load(CONFIG.replace("URL", self.shop.url)) | (yaml.safe_load(change) or {})
        (self.cli.root / "config.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")


@contextmanager
def office(folder: Path) -> Iterator[Office]:
    """Start both sources, sync them and serve."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        shop = stack.enter_context(datasettes.datasette(folder / "server"))
        shop.reset()
        stripe = StripeWrites(20)
        stack.enter_context(serving(stripe))
        cli = Cli(folder / "workspace", {})
        place = paths(cli.root)
        place.make(place.connectors)
        (place.connectors / "shop.yaml").write_text(datasettes.CONNECTOR, encoding="utf-8")
        packaged = yaml.safe_load((CONFIGS / "stripe.yaml").read_bytes())
        packaged["client"] |= {"base_url": f"{stripe.url}/v1", "retry": {"attempts": 2}}
        packaged["client"].pop("rate_limit", None)
        (place.connectors / "stripe.yaml").write_text(yaml.safe_dump(packaged, sort_keys=False), encoding="utf-8")
        Vault(place).put("shop", {"token": shop.token})
        Vault(place).put("stripe", {"api_key": stripe_server.KEY})
        made = Office(cli, shop, stripe, {}, Http("", None))  # type: ignore[arg-type]  # it runs a few lines below
        made.configure()
        report = made.workspace.sync()
        assert report.status == "success", report
        made.tokens = {name: made.workspace.tokens().create(name).token for name in TOKENS}
        made.http = stack.enter_context(http_server(cli))
        yield made


def plan_of(answer: str) -> str:
    """Return the id in the first line of a plan."""
    found = re.match(r"# ((?:mut|bat)_\w+): ", answer)
    assert found, answer
    return found[1]

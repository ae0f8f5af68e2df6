"""A connector on a real server, synced: subscriptions from which metrics are computed, and people behind them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.core.errors import DinobaseError
from dinobase.core.settings import paths
from dinobase.spec.vault import Vault
from dinobase.workspace import Workspace
from dinobase.workspace.metrics import Metrics
from tests.servers.json_api import JsonApi, Row, serve

TOKEN = "tok_5EcReT-metrics"
DEFINITION = """\
name: acme
credentials:
  - {name: api_key, env: ACME_KEY}
client:
  base_url: URL
  auth: {type: bearer, token: "{api_key}"}
  paginator: {type: cursor, cursor_path: next, cursor_param: cursor}
resources:
  - {name: subscriptions, primary_key: id, endpoint: {data_selector: data}}
  - {name: users, primary_key: id, endpoint: {data_selector: data}, columns: {email: {pii: email}}}
"""
MRR = "SELECT date_trunc('month', started)::DATE AS month, sum(amount) AS mrr FROM acme.subscriptions GROUP BY ALL"
NO_NEGATIVES = "SELECT id, amount FROM acme.subscriptions WHERE amount < 0"


class Acme:
    """A workspace, and the API behind it."""

    def __init__(self, root: Path, api: JsonApi) -> None:
        self.api = api
        self.paths = paths(root)
        self.paths.make(self.paths.connectors)
        (self.paths.connectors / "acme.yaml").write_text(DEFINITION.replace("URL", api.url))
        self.configure()
        Vault(self.paths).put("acme", {"api_key": TOKEN})
        self.workspace = Workspace(self.paths)

    def configure(self, **more: Any) -> None:
        settings = {"connectors": {"acme": {"type": "acme"}}, **more}
        self.paths.config.write_text(yaml.safe_dump(settings))

    def sync(self) -> None:
        report = self.workspace.sync(["acme"], full_refresh=True)
        assert report.status == "success", report

    @property
    def subscriptions(self) -> list[Row]:
        """What the server has; `sync` brings it in."""
        return self.api.tables["subscriptions"]

    def metrics(self, identity: str = "cli") -> Metrics:
        return self.workspace.metrics(identity)

    def rows(self, sql: str, identity: str = "cli") -> list[tuple[Any, ...]]:
        return list(self.workspace.query(sql, identity=identity).rows)

    def error(self, sql: str, identity: str = "cli") -> DinobaseError:
        with pytest.raises(DinobaseError) as raised:
            self.workspace.query(sql, identity=identity)
        return raised.value


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def _server() -> JsonApi:
    api = JsonApi(token=TOKEN)
    api.tables["subscriptions"] = [
        {"id": n, "user": n % 3, "amount": n * 10, "plan": "pro", "started": f"2026-0{1 + n % 3}-15T08:00:00Z"}
        for n in range(1, 7)
    ]
    api.tables["users"] = [{"id": n, "email": f"user{n}@secret.example", "country": "NO"} for n in range(3)]
    return api


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has just synced; to be copied, not used."""
    root = tmp_path_factory.mktemp("synced") / "workspace"
    with serve(_server()) as api:
        Acme(root, api).sync()
    return root


def _copy(synced: Path, root: Path, api: JsonApi) -> Acme:
    return Acme(Path(shutil.copytree(synced, root)), api)


@pytest.fixture
def acme(tmp_path: Path, synced: Path) -> Iterator[Acme]:
    """A workspace of the test's own."""
    with serve(_server()) as api:
        yield _copy(synced, tmp_path / "workspace", api)


@pytest.fixture
def mrr(acme: Acme) -> Acme:
    """The same with a metric that has a test."""
    acme.metrics().add("mrr", MRR, unit="usd", grain="month", tests=[NO_NEGATIVES])
    return acme


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, synced: Path) -> Iterator[Acme]:
    """A workspace with a metric that no test changes."""
    with serve(_server()) as api:
        acme = _copy(synced, tmp_path_factory.mktemp("still") / "workspace", api)
        acme.metrics().add("mrr", MRR, unit="usd", grain="month", tests=[NO_NEGATIVES])
        yield acme

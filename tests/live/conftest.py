"""A connector with a retrieve endpoint on a real server that counts its calls, synced once and stale since."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.core.settings import paths
from dinobase.lake.records import open_records
from dinobase.spec.vault import Vault
from dinobase.workspace import Workspace
from tests.servers.json_api import Fault, JsonApi, Seen, serve

DEFINITION = """\
name: acme
credentials:
  - {name: api_key}
client:
  base_url: URL
  auth: {type: bearer, token: "{api_key}"}
  paginator: {type: single_page}
resources:
  - name: users
    primary_key: id
    deletes: DELETES
    endpoint: {data_selector: data}
    retrieve: {path: "users/{id}"}
  - name: notes
    primary_key: id
    endpoint: {data_selector: data}
"""
TOKEN = "tok_5EcReT-live"
OLD = "2020-01-01T00:00:00Z"


class Api(JsonApi):
    """Answers `users/7` with that record, and whatever was put into `tables`."""

    def answer(self, seen: Seen) -> Fault:
        table, _, key = seen.path.partition("/")
        found = super().answer(seen)
        if not key or found.status != 404 or seen.path in self.tables:
            return found
        row = next((row for row in self.tables[table] if str(row["id"]) == key), None)
        return found if row is None else Fault(200, json.dumps(row).encode())

    @property
    def looked_up(self) -> list[str]:
        """The single records that were asked for."""
        return [seen.path for seen in self.requests if "/" in seen.path]


class Acme:
    """A workspace, the API behind it, and a way to let its data get old."""

    def __init__(self, root: Path, api: Api, deletes: str = "ignore") -> None:
        self.api = api
        self.paths = paths(root)
        self.paths.make(self.paths.connectors)
        text = DEFINITION.replace("URL", api.url).replace("DELETES", deletes)
        (self.paths.connectors / "acme.yaml").write_text(text)
        self.configure()
        Vault(self.paths).put("acme", {"api_key": TOKEN})
        self.workspace = Workspace(self.paths)

    def configure(self, **more: Any) -> None:
        settings = {"connectors": {"acme": {"type": "acme"}}, **more}
        self.paths.config.write_text(yaml.safe_dump(settings))

    def sync(self) -> None:
        report = self.workspace.sync(["acme"])
        assert report.status == "success", report

    def age(self) -> None:
        """Let every run have ended years ago."""
        with open_records(self.paths.state) as records, records.changes():
            records.run("UPDATE sync_run_tables SET finished_at = ?, listed_at = NULL", [OLD])


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def _api() -> Api:
    api = Api(token=TOKEN)
    api.tables["users"] = [{"id": n, "name": f"user {n}", "plan": "free", "team": n % 2} for n in range(1, 6)]
    api.tables["notes"] = [{"id": 1, "text": "first"}]
    return api


@pytest.fixture
def api() -> Iterator[Api]:
    with serve(_api()) as running:
        assert isinstance(running, Api)
        yield running


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that synced from such an API; to be copied, not used."""
    root = tmp_path_factory.mktemp("synced") / "workspace"
    with serve(_api()) as running:
        assert isinstance(running, Api)
        made = Acme(root, running)
        made.sync()
        made.age()
    return root


@pytest.fixture
def acme(tmp_path: Path, api: Api, synced: Path) -> Acme:
    return Acme(Path(shutil.copytree(synced, tmp_path / "workspace")), api)


def together(count: int, work: Any) -> list[Any]:
    """Do one thing in so many threads at once."""
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found

"""A small shop: a definition with words of its own, a lake as a sync would leave it, and rules for a bot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.workspace import Workspace, relating
from tests.lake.build import build

SHOP: dict[str, Any] = {
    "name": "shop",
    "description": "What is sold.",
    "client": {"base_url": "https://shop.example"},
    "resources": [
        {
            "name": "customers",
            "description": "People who buy.",
            "primary_key": "id",
            "columns": {
                "email": {"description": "Where receipts go.", "pii": "email"},
                "balance": {"unit": "cents"},
                "profile.city": {"description": "Where they live.", "pii": "address"},
            },
        },
        {
            "name": "notes",
            "endpoint": {"path": "customers/{customer}/notes"},
            "parent": {"resource": "customers", "field": "email", "param": "customer"},
        },
        {"name": "orders", "primary_key": "id"},
    ],
    "write_endpoints": [{"name": "update_order", "method": "PATCH", "path": "orders/{id}"}],
}
STATEMENTS = (
    """INSERT INTO _dinobase_state VALUES ('customers', 'key', '["id"]'), ('customers', 'schema', '[]'),
        ('notes', 'schema', '[]'), ('orders', 'key', '["id"]'), ('orders', 'schema', '[]')""",
    "CREATE TABLE customers (id BIGINT, email VARCHAR, name VARCHAR, balance BIGINT, profile JSON)",
    """INSERT INTO customers VALUES (1, 'ada@x.example', 'Ada', 1200, '{"city": "Bern", "tags": ["a"]}'),
        (2, 'bob@x.example', 'Bob', 50, NULL)""",
    "CREATE TABLE notes (_customers_email VARCHAR, text VARCHAR)",
    "INSERT INTO notes VALUES ('ada@x.example', 'hello')",
    """CREATE TABLE orders
        (id BIGINT, customer_id BIGINT, amount BIGINT, created_at BIGINT, state VARCHAR, total DOUBLE)""",
    """INSERT INTO orders SELECT i, if(i < 2, i % 2 + 1, i + 40), i * 1000 + 999, 1700000000 + i,
        ['open', 'paid'][i % 2 + 1], i / 2
        FROM range(20) t(i)""",
)
ACCESS = {"bot": {"pii": "mask"}, "blind": {"hide": ["shop.customers.email"], "sources": ["shop.customers"]}}

Say = Callable[..., Any]


def make(root: Path, **storage: str) -> Workspace:
    paths = Paths(root)
    build(Storage(paths.lakes, **storage).lake("shop"), STATEMENTS)
    paths.make(paths.connectors)
    (paths.connectors / "shop.yaml").write_text(yaml.safe_dump(SHOP))
    settings = {"storage": storage, "connectors": {"shop": {"type": "shop"}}, "access": ACCESS}
    paths.config.write_text(yaml.safe_dump(settings))
    return Workspace(paths)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace to be copied, not used."""
    return make(tmp_path_factory.mktemp("pristine") / "workspace").paths.root


@pytest.fixture
def workspace(tmp_path: Path, pristine: Path) -> Workspace:
    return Workspace(Paths(Path(shutil.copytree(pristine, tmp_path / "workspace"))))


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace of which nothing is ever said."""
    return make(tmp_path_factory.mktemp("still"))


@pytest.fixture
def say(workspace: Workspace) -> Say:
    return speaker(workspace)


def speaker(workspace: Workspace) -> Say:
    def say(target: str, key: str, value: Any = None, *, origin: Any = "person", identity: str = "cli") -> Any:
        word = {"target": target, "key": key, **({"remove": True} if value is None else {"value": value})}
        return workspace.annotate([word], origin=origin, identity=identity).annotations[0]

    return say


def described(workspace: Workspace, table: str = "shop.customers", identity: str = "cli") -> dict[str, Any]:
    relating.look_for(workspace)  # so that no description has less because the machine was slow
    return workspace.describe([table], samples=0, identity=identity)[0].as_dict()


def column(workspace: Workspace, name: str, table: str = "shop.customers") -> dict[str, Any]:
    return next(c for c in described(workspace, table)["columns"] if c["name"] == name)


def values(workspace: Workspace, sql: str, identity: str = "cli") -> Sequence[Any]:
    return [row[0] for row in workspace.query(sql, identity=identity).rows]

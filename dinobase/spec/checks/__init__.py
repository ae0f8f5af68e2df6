"""What a connector file may say and still be wrong: each check is one function over the report."""

from __future__ import annotations

from typing import Any

from dinobase.spec.models import Connector
from dinobase.spec.report import Report


def check_connector(report: Report, data: Any, connector: Connector | None, stem: str) -> None:
    """Run every check that the file's shape allows."""

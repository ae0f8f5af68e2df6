"""What a connector file may say and still be wrong: each check is one function over the report."""

from __future__ import annotations

from collections.abc import Callable

from dinobase.spec.checks import (
    columns,
    endpoints,
    graphql,
    incremental,
    naming,
    pagination,
    paths,
    placeholders,
    references,
    servers,
    writing,
)
from dinobase.spec.models import Connector
from dinobase.spec.report import Report

CHECKS: tuple[Callable[[Report, Connector], None], ...] = (
    *naming.CHECKS,
    *references.CHECKS,
    *placeholders.CHECKS,
    *paths.CHECKS,
    *endpoints.CHECKS,
    *pagination.CHECKS,
    *incremental.CHECKS,
    *columns.CHECKS,
    *writing.CHECKS,
    *graphql.CHECKS,
    *servers.CHECKS,
)


def check_connector(report: Report, connector: Connector) -> None:
    """Run every check; what the file's shape already made wrong is not reported again."""
    for check in CHECKS:
        check(report, connector)

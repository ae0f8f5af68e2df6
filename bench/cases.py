"""The cases of the benchmark: what is synced, what must be in the tables afterwards, and what the issue asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dataset

CONCURRENCY = 8  # the connector format's default, which the bounds are computed from
DELAY = 0.05
CURSOR = {"type": "cursor", "cursor_path": "meta.next_cursor", "cursor_param": "cursor"}
SINGLE = {"type": "single_page"}


@dataclass(frozen=True, slots=True)
class Case:
    """One shape of API. `shape` and `rows` are what the baselines are told, `resources` is our YAML."""

    name: str
    title: str
    shape: str
    rows: int
    resources: Sequence[Mapping[str, Any]]
    expected: Mapping[str, dataset.Facts]
    paginator: Mapping[str, Any] = field(default_factory=lambda: CURSOR)
    bound: float | None = None
    bound_from: str = ""
    generations: int = 0  # > 0: a full sync first, then that many syncs of 1 % changed rows

    def expected_at(self, generation: int) -> Mapping[str, dataset.Facts]:
        if not generation:
            return self.expected
        return {"records": dataset.expected(self.rows, generation)}


def connector(case: Case, url: str) -> dict[str, Any]:
    """The connector file, the same for us and for the reference."""
    return {
        "name": "bench",
        "description": "The benchmark's server",
        "credentials": [
            {"name": "api_key", "flag": "--api-key", "env": "BENCH_API_KEY", "prompt": "Key", "secret": True}
        ],
        "client": {
            "base_url": url,
            "auth": {"type": "bearer", "token": "{api_key}"},
            "paginator": dict(case.paginator),
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "endpoint": {"data_selector": "data"},
        },
        "resources": [dict(resource) for resource in case.resources],
    }


def cursor(name: str, rows: int) -> Case:
    return Case(
        name=name,
        title=f"{rows:,} records of 600 bytes by cursor, merge",
        shape="cursor",
        rows=rows,
        resources=[{"name": "records", "endpoint": {"path": f"records/{rows}"}}],
        expected={"records": dataset.expected(rows)},
    )


def multi() -> Case:
    names = [f"records_{n}" for n in range(10)]
    return Case(
        name="multi10x10k",
        title="10 resources of 10,000 records, merge",
        shape="multi",
        rows=10_000,
        resources=[{"name": name, "endpoint": {"path": f"multi/{n}/records"}} for n, name in enumerate(names)],
        expected=dict.fromkeys(names, dataset.expected(10_000)),
    )


def children() -> Case:
    rounds = math.ceil(dataset.PARENTS / CONCURRENCY)
    return Case(
        name="children500",
        title="500 parents in one page, then 500 child requests, each answer after 50 ms",
        shape="children",
        rows=dataset.PARENTS,
        resources=[
            {"name": "parents", "endpoint": {"path": "parents"}},
            {
                "name": "items",
                "endpoint": {"path": "parents/{parent_id}/items"},
                "parent": {"resource": "parents", "field": "id", "param": "parent_id"},
            },
        ],
        expected={
            "parents": dataset.expected(dataset.PARENTS),
            "items": dataset.expected(dataset.PARENTS * dataset.ITEMS_PER_PARENT),
        },
        paginator=SINGLE,
        bound=DELAY * (1 + rounds),
        bound_from=f"50 ms x (1 page of parents + {rounds} rounds of {CONCURRENCY} children)",
    )


def offset() -> Case:
    pages = dataset.OFFSET_ROWS // dataset.PAGE
    rounds = math.ceil((pages - 1) / CONCURRENCY)
    return Case(
        name="offset200",
        title="200 offset pages with a known total, each answer after 50 ms",
        shape="offset",
        rows=dataset.OFFSET_ROWS,
        resources=[{"name": "records", "endpoint": {"path": "offset"}}],
        expected={"records": dataset.expected(dataset.OFFSET_ROWS)},
        paginator={"type": "offset", "limit": 100, "offset_param": "offset", "total_path": "meta.total"},
        bound=DELAY * (1 + rounds),
        bound_from=f"50 ms x (1 page that tells the total + {rounds} rounds of {CONCURRENCY} pages)",
    )


def incremental(name: str, rows: int, generations: int) -> Case:
    return Case(
        name=name,
        title=f"1 % changed of {rows:,} rows ({rows // 100:,} come in), merge",
        shape="incremental",
        rows=rows,
        resources=[
            {
                "name": "records",
                "endpoint": {"path": f"records/{rows}", "params": {"updated_after": "{incremental.start_value}"}},
                "incremental": {"cursor_path": "updated_at", "initial_value": "2023-01-01T00:00:00+00:00"},
            }
        ],
        expected={"records": dataset.expected(rows)},
        generations=generations,
    )


def all_cases(*, quick: bool, runs: int) -> list[Case]:
    return [
        cursor("cursor100k", 10_000 if quick else 100_000),
        multi(),
        children(),
        offset(),
        incremental("incremental100k", 10_000 if quick else 100_000, runs),
        incremental("incremental1m", 20_000 if quick else 1_000_000, runs),
    ]

"""Plain dlt `rest_api` into DuckDB, in its fast way: Parquet load files, children requested in parallel."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

CURSOR = {"type": "cursor", "cursor_path": "meta.next_cursor", "cursor_param": "cursor"}
SINGLE = {"type": "single_page"}


def resource(name: str, path: str, paginator: dict[str, Any], **more: Any) -> dict[str, Any]:
    endpoint = {"path": path, "data_selector": "data", "paginator": paginator, **more.pop("endpoint", {})}
    return {"name": name, "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint, **more}


def resources(case: str, rows: int) -> list[dict[str, Any]]:
    match case:
        case "cursor":
            return [resource("records", f"records/{rows}", CURSOR)]
        case "multi":
            return [resource(f"records_{n}", f"multi/{n}/records", CURSOR) for n in range(10)]
        case "children":
            params = {"parent_id": {"type": "resolve", "resource": "parents", "field": "id"}}
            items = resource(
                "items", "parents/{parent_id}/items", SINGLE, endpoint={"params": params}, parallelized=True
            )
            return [resource("parents", "parents", SINGLE), items]
        case "offset":
            pages = {"type": "offset", "limit": 100, "offset_param": "offset", "total_path": "meta.total"}
            return [resource("records", "offset", pages)]
        case "incremental":
            endpoint = {
                "params": {"updated_after": "{incremental.start_value}"},
                "incremental": {"cursor_path": "updated_at", "initial_value": "2023-01-01T00:00:00+00:00"},
            }
            return [resource("records", f"records/{rows}", CURSOR, endpoint=endpoint)]
    raise ValueError(f"no case {case!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", required=True)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    source = rest_api_source(
        {
            "client": {"base_url": given.url, "auth": {"type": "bearer", "token": "bench-token"}},
            "resources": resources(given.case, given.rows),
        },
        name="bench",
    )
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.duckdb(str(given.folder / "dlt.duckdb")),
        dataset_name="bench",
        pipelines_dir=str(given.folder / "pipelines"),
    )
    pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    main()

"""For random tables and random statements at a real server: undo after apply leaves the source as it was, exactly."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dinobase.core.errors import QueryError
from tests.mutate.desk import Desk, connected
from tests.mutate.test_properties import COLUMNS, rows, statements
from tests.servers.vendor import Received, Reply, VendorServer

CONNECTOR = """
name: shop
client: {base_url: "URL", retry: {attempts: 2}}
resources:
- name: t
  endpoint: {path: t, data_selector: data}
  primary_key: id
  retrieve: {path: "t/{id}"}
  deletes: hard
write_endpoints:
- {name: update_t, resource: t, operation: update, method: PATCH, path: "t/{id}", response_path: $}
- {name: create_t, resource: t, operation: create, method: POST, path: t, response_path: $}
- {name: delete_t, resource: t, operation: delete, method: DELETE, path: "t/{id}"}
"""
MANY = 150 if os.environ.get("DINOBASE_TORTURE") else 4
WHOLE = {"id": 200, "name": "whole", "amount": 1.25, "flag": True, "tags": ["a"]}  # so that every column has a type


class Rows(VendorServer):
    """Keeps rows by id; what a creation does not name is null."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, dict[str, Any]] = {200: WHOLE}

    def answer(self, request: Received) -> Reply:
        found = request.path.strip("/").partition("/")[2]
        if request.method == "POST":
            if request.json["id"] in self.rows:
                return Reply({"message": "exists"}, 409)
            made = dict.fromkeys(COLUMNS) | request.json
            self.rows[made["id"]] = made
            return Reply(made, 201)
        if not found:
            return Reply({"data": list(self.rows.values())})
        if int(found) not in self.rows:
            return Reply({"message": "no such row"}, 404)
        if request.method == "DELETE":
            del self.rows[int(found)]
            return Reply({}, 200)
        if request.method == "PATCH":
            self.rows[int(found)] = self.rows[int(found)] | request.json
        return Reply(self.rows[int(found)])


def in_lake(desk: Desk) -> dict[int, dict[str, Any]]:
    found = desk.rows(f"SELECT {', '.join(COLUMNS)} FROM shop.t ORDER BY id")
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in found}


def test_undo_after_apply_restores_the_source_exactly(tmp_path: Path) -> None:
    server, happened = Rows(), Counter[str]()
    with connected(tmp_path, "shop", CONNECTOR, server) as desk:

        @settings(
            max_examples=MANY,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        )
        @given(content=rows, sqls=st.lists(statements, min_size=1, max_size=3, unique=True))
        def restores(content: Sequence[tuple[Any, ...]], sqls: Sequence[str]) -> None:
            server.rows = {200: WHOLE} | {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in content}
            desk.sync()
            before = dict(server.rows)
            assert in_lake(desk) == before
            for sql in sqls:
                try:
                    planned = desk.write(sql)
                except QueryError as error:
                    happened[error.error_code] += 1
                    assert server.rows == before
                    continue
                if planned["status"] == "executed":
                    happened["nothing"] += 1
                    continue
                done = desk.confirm(planned)
                assert done["status"] == "executed", (sql, done)
                assert server.rows != before, sql
                assert in_lake(desk) == server.rows, sql
                back = desk.confirm(desk.engine.undo(planned["mutation_id"]))
                assert back["status"] == "executed", (sql, back)
                assert server.rows == before, sql
                assert in_lake(desk) == before, sql
                happened["undone"] += 1

        restores()
    assert happened["undone"] >= MANY // 4, happened

"""A server of Trino's and Presto's protocol (buenavista) over DuckDB. Run: PORT."""

from __future__ import annotations

import sys
import typing

import duckdb
import pydantic
import uvicorn
from buenavista.backends.duckdb import DuckDBConnection
from buenavista.http import main, schemas
from fastapi import FastAPI

ROWS = """
CREATE SCHEMA shop;
CREATE TABLE shop.t (id integer, c0 varchar, c1 boolean, c2 decimal(10,2), c3 double, c4 date, c5 timestamp, c6 uuid,
  c7 integer);
INSERT INTO shop.t VALUES (0, 'é', true, 1.25, 0.1, '2024-02-29', '2024-01-01 00:00:00.123456',
  'ffffffff-ffff-ffff-ffff-ffffffffffff', -5), (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


def loosen() -> None:
    """Let what may be null be left out, as it was with the pydantic of its day."""
    for _ in range(2):
        for model in vars(schemas).values():
            if isinstance(model, type) and issubclass(model, pydantic.BaseModel) and model is not pydantic.BaseModel:
                for field in model.model_fields.values():
                    if field.is_required() and type(None) in typing.get_args(field.annotation):
                        field.default = None
                model.model_rebuild(force=True)


if __name__ == "__main__":
    loosen()
    from buenavista.examples import duckdb_http

    app = FastAPI()
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(ROWS)
    main.quacko(app, DuckDBConnection(database), duckdb_http.rewriter)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

"""Data in a bucket, catalog on disk: read with the SDK's own variables, and nothing but the lake's folder."""

from __future__ import annotations

from dinobase.core.settings import Paths
from dinobase.lake.housekeeping import maintain
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import STRIPE, Builder, build


def test_a_lake_in_a_bucket_is_read_and_kept_in_order(bucket: str, paths: Paths) -> None:
    storage = Storage(paths.lakes, url=bucket)
    build(storage.lake("stripe"), STRIPE)
    engine = QueryEngine(storage, paths, {"stripe": 3600.0})
    assert engine.run("SELECT name FROM stripe.customers ORDER BY id").rows == [("Ada Lovelace",), ("Bob",)]
    assert engine.run("SELECT name FROM stripe.customers AT (VERSION => 3) ORDER BY id").rows == [("Ada",), ("Bob",)]
    builder = Builder(storage.lake("stripe"))
    for number in range(16):
        builder.commit(f"INSERT INTO charges VALUES ('new_{number}', 'cus_1', 1, NULL)")
    builder.close()
    assert maintain(storage.lake("stripe"), paths.state).files_merged >= 16
    assert engine.run("SELECT count(*) FROM stripe.charges").rows == [(26,)]

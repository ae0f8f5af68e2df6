"""Writes whose values come from files that stay where they are, and that nothing is written to those."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import QueryError
from tests.mutate.desk import Desk


def test_values_come_from_a_file_as_it_is_now_and_the_file_is_no_target(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "cities.csv"
    path.write_text("customer,city\n1,Oslo\n")
    desk.workspace.add("csv", name="files", given={"path": str(path)})
    path.write_text("customer,city\n1,Bergen\n")
    sql = "UPDATE shop.customers SET city = f.city FROM files.cities f WHERE f.customer = shop.customers.id"
    planned = desk.write(sql)
    [change] = planned["preview"]["changes"]
    assert (change["key"], change["columns"]["city"]["new"]) == ({"id": 1}, "Bergen")
    with pytest.raises(QueryError, match="read where it is") as caught:
        desk.write("DELETE FROM files.cities WHERE customer = 1")
    assert caught.value.error_code == "write.in_place"

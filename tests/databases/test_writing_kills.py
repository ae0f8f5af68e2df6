"""Whoever writes is killed in the middle: it is found out what became of it, and nothing is written twice."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.databases.desk import Desk
from tests.databases.shops import Shop, shop_of
from tests.torture.bench import Workspace


def sent(shop: Shop, process: subprocess.Popen[str], mutation: str) -> None:
    """Wait until the intent is on disk, and kill."""
    while not any(s["status"] == "unknown" for s in shop.desk.workspace.mutations().show(mutation)["steps"]):
        assert process.poll() is None, process.communicate()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_transaction_that_never_ended_is_written_by_resume(shop: Shop, tmp_path: Path) -> None:
    planned = shop.write("UPDATE db.orders SET state = 'sent' WHERE id IN (1, 2)")
    with shop.held():
        process = Workspace(tmp_path / "workspace").start("confirm", planned["mutation_id"])
        sent(shop, process, planned["mutation_id"])
    assert [row[1] for row in shop.there()] == ["new", "new", "paid"]
    done = shop.desk.workspace.mutations().resume(planned["mutation_id"], human=True)
    assert (done["status"], done["succeeded"]) == ("executed", 2)
    assert [row[1] for row in shop.there()] == [row[1] for row in shop.rows()] == ["sent", "sent", "paid"]


def test_a_commit_whose_answer_was_lost_is_found_done(
    request: pytest.FixtureRequest, desk: Desk, tmp_path: Path
) -> None:
    shop = shop_of("postgres", request, desk, tmp_path)
    shop.run(
        "CREATE TABLE audit (n int); CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN PERFORM pg_advisory_xact_lock(7); INSERT INTO audit VALUES (1); RETURN NULL; END$$;"
        "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION waits()"
    )
    planned = shop.write("UPDATE db.orders SET state = 'sent' WHERE id = 1")
    here = "SELECT oid FROM pg_database WHERE datname = current_database()"
    waiting = f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = ({here})"
    with psycopg.connect(request.getfixturevalue("postgres")) as other:
        other.execute("SELECT pg_advisory_xact_lock(7)")
        process = Workspace(tmp_path / "workspace").start("confirm", planned["mutation_id"])
        while not shop.run(waiting):
            assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    while shop.there("state")[0] != ("sent",):
        shop.run("SELECT pg_sleep(0.02)")
    done = shop.desk.workspace.mutations().resume(planned["mutation_id"], human=True)
    assert done["status"] == "executed"
    assert shop.run("SELECT count(*) FROM audit") == [(1,)]
    assert shop.rows("state")[0] == ("sent",)

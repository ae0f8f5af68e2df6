"""`doctor` finds what keeps Dinobase from working, and says what to do; it changes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import filelock

from tests.acceptance.cli_process import Cli, plain


def check(done: Any, name: str) -> dict[str, Any]:
    return next(c for c in done["checks"] if c["name"] == name)


def test_a_healthy_workspace_is_exit_0(connected: Cli) -> None:
    found = connected.ok("doctor")
    assert found["healthy"] is True
    assert {c["status"] for c in found["checks"]} == {"ok"}
    names = {c["name"] for c in found["checks"]}
    assert {"python", "extension ducklake", "catalog", "storage", "keyring", "locks", "spool"} <= names
    assert check(found, "connector acme")["detail"] == "valid"


def test_without_a_workspace_nothing_is_made(cli: Cli) -> None:
    found = cli.ok("doctor")
    assert check(found, "workspace")["remedy"] == "dinobase init"
    assert not cli.root.exists()


def test_a_faulty_config_is_named_with_its_line_and_is_exit_1(connected: Cli) -> None:
    (connected.root / "config.yaml").write_text("conectors: {}\n")
    done = connected("doctor")
    assert done.code == 1
    found = next(c for c in done.json["checks"] if c["name"] == "config.yaml")
    assert found["status"] == "fail"
    assert "line 1" in found["detail"]
    assert "connectors" in found["remedy"]


def test_open_rights_are_found_with_the_command_that_closes_them(connected: Cli) -> None:
    (connected.root / "credentials.json").chmod(0o644)
    connected.root.chmod(0o755)
    done = connected("doctor")
    assert done.code == 1
    assert check(done.json, "credentials.json")["remedy"] == f"chmod 600 {connected.root / 'credentials.json'}"
    assert check(done.json, "workspace")["remedy"] == f"chmod 700 {connected.root}"


def test_a_connector_without_its_file_is_found(connected: Cli) -> None:
    (connected.root / "connectors" / "acme.yaml").unlink()
    done = connected("doctor")
    assert done.code == 1
    assert check(done.json, "connector acme")["status"] == "fail"


def test_a_faulty_connector_file_is_found_with_the_command_that_shows_it(connected: Cli) -> None:
    (connected.root / "connectors" / "acme.yaml").write_text("name: acme\n")
    assert check(connected("doctor").json, "connector acme")["remedy"] == "dinobase connector validate acme"


def test_a_reference_that_leads_nowhere_is_found(acme: Cli) -> None:
    acme.ok("add", "acme", "--api-key", "${SHOP_KEY}", "--no-check", env={"SHOP_KEY": "k"})
    assert "SHOP_KEY" in check(acme("doctor").json, "credentials acme")["remedy"]


def test_a_held_lock_and_an_old_checkpoint_are_told_apart_from_failures(connected: Cli) -> None:
    old = connected.root / "spool" / "acme" / "users"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    with filelock.FileLock(connected.root / "state" / "acme.sync.lock"):
        found = connected.ok("doctor")
    assert "acme.sync" in check(found, "locks")["detail"]
    assert check(found, "spool")["status"] == "warn"


def test_a_catalog_that_does_not_answer_is_found(cli: Cli) -> None:
    cli.ok("init", "--catalog", "postgresql://me:pgpw-4711@127.0.0.1:1/none")
    done = cli("doctor")
    assert done.code == 1
    assert check(done.json, "catalog")["status"] == "fail"
    assert "pgpw-4711" not in done.out + done.err


def test_a_damaged_lake_and_damaged_records_are_found_with_what_to_do(connected: Cli) -> None:
    connected.ok("sync", "acme")
    for file in ("lakes/acme.db", "state/records.db"):
        for path in connected.root.glob(f"{file}*"):
            path.unlink()
        (connected.root / file).write_bytes(b"no database at all" * 1000)
    done = connected("doctor")
    assert done.code == 1
    assert "dinobase remove acme" in check(done.json, "lake acme")["remedy"]
    assert str(connected.root / "state" / "records.db") in check(done.json, "records")["remedy"]


def test_on_a_terminal_remedies_stand_below_the_table(connected: Cli) -> None:
    (connected.root / "credentials.json").chmod(0o644)
    shown = plain(connected.terminal("doctor", width=100).out)
    assert f"→ credentials.json: chmod 600 {connected.root / 'credentials.json'}" in shown.replace("\n", "")


def test_init_says_where_everything_is_and_does_not_move_what_is_used(connected: Cli, tmp_path: Path) -> None:
    assert connected.ok("init")["created"] is False
    done = connected("init", "--storage", str(tmp_path / "elsewhere"))
    assert done.code == 2
    assert done.json["error"]["code"] == "storage.used"

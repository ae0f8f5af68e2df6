"""`add`, `remove`, `connectors`: credentials are proved, kept apart, and come back by their rules."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

from tests.acceptance.cli_process import COMMAND, Cli, plain
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import Fault, JsonApi


def test_add_proves_the_credentials_with_one_request_and_says_what_it_saw(acme: Cli, api: JsonApi) -> None:
    added = acme.ok("add", "acme", "--api-key", TOKEN)
    assert [seen.path for seen in api.requests] == ["users"]
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert added["check"]["ok"] is True
    assert added["check"]["records"] == 2
    assert added["resources"] == ["users", "orders"]


def test_a_refused_credential_is_exit_1_and_nothing_is_added(acme: Cli) -> None:
    done = acme("add", "acme", "--api-key", "wrong-key-123")
    assert done.code == 1
    assert done.json["error"]["code"] == "credential.refused"
    assert done.json["error"]["context"]["status"] == 401
    assert "wrong-key-123" not in done.out + done.err
    assert acme.ok("connectors") == {"connectors": []}
    assert not (acme.root / "credentials.json").exists()


def test_no_check_adds_without_asking_the_api(acme: Cli, api: JsonApi) -> None:
    added = acme.ok("add", "acme", "--api-key", "wrong-key-123", "--no-check")
    assert added["check"] is None
    assert api.requests == []


def test_the_flag_wins_over_the_environment_variable(acme: Cli, api: JsonApi) -> None:
    acme.ok("add", "acme", "--api-key", TOKEN, env={"ACME_KEY": "another-key"})
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_environment_variable_is_taken_where_there_is_no_flag(acme: Cli) -> None:
    added = acme.ok("add", "acme", env={"ACME_KEY": TOKEN})
    assert added["credentials"][0]["origin"] == "env"


def test_a_missing_credential_without_a_terminal_is_exit_2_and_names_flag_and_variable(acme: Cli) -> None:
    done = acme("add", "acme")
    assert done.code == 2
    assert done.json["error"]["code"] == "credential.missing"
    assert done.json["error"]["context"]["missing"] == [
        {"name": "api_key", "flag": "--api-key", "env": "ACME_KEY", "help": "Settings > API"}
    ]
    assert "--api-key or ACME_KEY" in done.err


def test_all_credentials_that_miss_are_named_at_once(acme: Cli) -> None:
    path = acme.root / "connectors" / "acme.yaml"
    more = "credentials:\n  - {name: account, env: ACME_ACCOUNT}\n"
    path.write_text(path.read_text().replace("credentials:\n", more))
    done = acme("add", "acme")
    assert [m["name"] for m in done.json["error"]["context"]["missing"]] == ["account", "api_key"]


def test_a_person_is_asked_and_the_secret_is_not_shown(acme: Cli, api: JsonApi) -> None:
    shown = acme.terminal("add", "acme", answers=[("Acme API key (hidden): ", TOKEN)])
    assert shown.code == 0, shown.out
    assert TOKEN not in shown.out
    assert "Settings > API" in shown.out
    assert "acme is connected" in plain(shown.out)
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_person_who_mistyped_a_credential_may_give_it_once_more(acme: Cli) -> None:
    answers = [("(hidden): ", "wrong-key-1"), ("[y/N]", "y"), ("(hidden): ", TOKEN)]
    shown = acme.terminal("add", "acme", answers=answers)
    assert shown.code == 0, shown.out
    assert "acme is connected" in plain(shown.out)
    assert not [value for value in ("wrong-key-1", TOKEN) if value in shown.out]


def test_a_person_who_has_no_other_credential_leaves_nothing_behind(acme: Cli) -> None:
    shown = acme.terminal("add", "acme", answers=[("(hidden): ", "wrong-key-1"), ("[y/N]", "n")])
    assert shown.code == 1
    assert not (acme.root / "credentials.json").exists()


def test_an_end_of_input_at_the_prompt_is_a_missing_credential(acme: Cli) -> None:
    shown = acme.terminal("add", "acme", answers=[("(hidden): ", "\x04")])
    assert shown.code == 2
    assert "Traceback" not in shown.out
    assert "--api-key" in shown.out


def test_config_yaml_holds_no_secret_and_the_credentials_file_is_its_owners_alone(acme: Cli) -> None:
    acme.ok("add", "acme", "--api-key", TOKEN)
    assert TOKEN not in (acme.root / "config.yaml").read_text()
    file = acme.root / "credentials.json"
    assert TOKEN in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(acme.root.stat().st_mode) == 0o700


def test_a_reference_stays_a_reference_and_is_read_at_each_run(acme: Cli, api: JsonApi) -> None:
    assert "refers to ${SHOP_KEY}" in acme("add", "acme", "--api-key", "${SHOP_KEY}").json["error"]["message"]
    acme.ok("add", "acme", "--api-key", "${SHOP_KEY}", env={"SHOP_KEY": TOKEN})
    assert "${SHOP_KEY}" in (acme.root / "credentials.json").read_text()
    assert TOKEN not in (acme.root / "credentials.json").read_text()
    acme.ok("connector", "test", "acme", env={"SHOP_KEY": TOKEN})
    done = acme("connector", "test", "acme")
    assert done.code == 2
    assert "SHOP_KEY" in done.json["error"]["hint"]


def test_later_runs_do_not_read_the_variable_that_add_read(acme: Cli, api: JsonApi) -> None:
    acme.ok("add", "acme", "--api-key", TOKEN)
    acme.ok("connector", "test", "acme", env={"ACME_KEY": "of-another-account"})
    assert {seen.headers["authorization"] for seen in api.requests} == {f"Bearer {TOKEN}"}


def test_the_override_variable_of_the_connector_wins_over_what_is_stored(acme: Cli, api: JsonApi) -> None:
    acme.ok("add", "acme", "--name", "acme_eu", "--api-key", "old-key-of-eu", "--no-check")
    acme.ok("connector", "test", "acme_eu", env={"DINOBASE_ACME_EU_API_KEY": TOKEN})
    assert {seen.headers["authorization"] for seen in api.requests} == {f"Bearer {TOKEN}"}


def test_a_value_before_the_name_is_not_taken_for_the_name(acme: Cli) -> None:
    assert acme.ok("add", "--api-key", TOKEN, "acme")["name"] == "acme"


def test_a_name_that_is_there_needs_replace(connected: Cli) -> None:
    done = connected("add", "acme", "--api-key", TOKEN)
    assert done.code == 2
    assert done.json["error"]["code"] == "connector.exists"
    assert connected.ok("add", "acme", "--api-key", TOKEN, "--replace")["replaced"] is True


def test_a_word_of_sql_is_refused_as_a_name_with_a_proposal(acme: Cli) -> None:
    done = acme("add", "acme", "--name", "order", "--api-key", TOKEN)
    assert done.code == 2
    assert done.json["error"]["context"]["proposal"] == "order_"


def test_an_unknown_connector_gets_the_nearest_name(acme: Cli) -> None:
    done = acme("add", "acmee", "--api-key", TOKEN)
    assert done.code == 2
    assert "`acme`" in done.json["error"]["hint"]
    assert TOKEN not in done.out + done.err


def test_an_unknown_flag_is_named_without_its_value(acme: Cli) -> None:
    done = acme("add", "acme", "--api-kye", TOKEN)
    assert done.code == 2
    assert "--api-key" in done.json["error"]["hint"]
    assert TOKEN not in done.out + done.err


def test_resources_are_kept_and_an_unknown_one_lists_the_known(acme: Cli) -> None:
    assert acme.ok("add", "acme", "--api-key", TOKEN, "--resources", "+audit")["resources"] == [
        "users",
        "orders",
        "audit",
    ]
    done = acme("add", "acme", "--name", "two", "--api-key", TOKEN, "--resources", "user")
    assert done.code == 2
    assert "users" in done.json["error"]["hint"]


def test_remove_without_a_terminal_needs_yes(connected: Cli) -> None:
    done = connected("remove", "acme")
    assert done.code == 2
    assert "--yes" in done.json["error"]["hint"]
    assert connected.ok("remove", "acme", "--yes") == {"name": "acme", "data": "none", "kept": None, "left": None}
    assert TOKEN not in (connected.root / "credentials.json").read_text()
    assert connected.ok("connectors") == {"connectors": []}


def test_remove_asks_on_a_terminal_and_no_is_no(connected: Cli) -> None:
    shown = connected.terminal("remove", "acme", answers=[("[y/N]", "n")])
    assert shown.code == 2
    assert len(connected.ok("connectors")["connectors"]) == 1
    assert connected.terminal("remove", "acme", answers=[("[y/N]", "y")]).code == 0
    assert connected.ok("connectors") == {"connectors": []}


def test_an_api_that_is_down_is_not_a_refusal_of_the_credentials(acme: Cli, api: JsonApi) -> None:
    api.fail("users", Fault(503), Fault(503))
    done = acme("add", "acme", "--api-key", TOKEN)
    assert done.code == 1
    assert done.json["error"]["code"] == "check.failed"
    assert done.json["error"]["context"]["status"] == 503


def test_a_second_account_is_connected_anew_by_its_own_name(acme: Cli) -> None:
    acme.ok("add", "acme", "--name", "acme_eu", "--api-key", "old-key-of-eu", "--no-check")
    replaced = acme.ok("add", "acme_eu", "--api-key", TOKEN, "--replace")
    assert (replaced["name"], replaced["type"], replaced["replaced"]) == ("acme_eu", "acme", True)


def test_where_a_keyring_works_the_secret_is_in_no_file_of_the_workspace(acme: Cli, tmp_path: Path) -> None:
    acme.env["PYTHON_KEYRING_BACKEND"] = "tests.servers.file_keyring.Keyring"
    acme.env["FILE_KEYRING"] = str(tmp_path / "ring.json")
    added = acme.ok("add", "acme", "--api-key", TOKEN)
    assert added["credentials"][0]["stored"] == "stored in the system keyring"
    assert acme.ok("sync")["status"] == "success"
    held = [p.name for p in acme.root.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    assert held == []
    acme.ok("remove", "acme", "--yes")
    assert json.loads((tmp_path / "ring.json").read_text()) == {}


def test_several_adds_at_once_all_hold(acme: Cli) -> None:
    running = [
        subprocess.Popen(
            [*COMMAND, "add", "acme", "--name", f"acme_{n}", "--api-key", f"key-number-{n}", "--no-check"],
            env=acme.environment(),
            stdout=subprocess.DEVNULL,
        )
        for n in range(5)
    ]
    assert [process.wait(60) for process in running] == [0] * 5
    assert len(acme.ok("connectors")["connectors"]) == 5
    assert set(json.loads((acme.root / "credentials.json").read_text())) == {f"acme_{n}" for n in range(5)}

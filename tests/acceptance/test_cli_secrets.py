"""A secret is where it must be and nowhere else: every file of the workspace is searched, and all that was printed."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from urllib.parse import quote

from tests.acceptance.cli_process import Cli
from tests.servers.json_api import Fault, JsonApi, serve

SECRET = "s3cr3t/Key+with=odd&chars"
CONNECTOR = """\
name: vault
credentials:
  - {{name: user, secret: false}}
  - {{name: password}}
client:
  base_url: {url}
  auth: {{type: http_basic, username: "{{user}}", password: "{{password}}"}}
  headers: {{X-Token: "{{password}}"}}
  retry: {{attempts: 1}}
auth_methods:
  query: {{type: api_key, name: key, api_key: "{{password}}", location: query}}
resources:
  - name: users
    primary_key: id
    endpoint:
      data_selector: data
      params: {{token: "{{password}}"}}
      paginator: {{type: cursor, cursor_path: next, cursor_param: cursor}}
  - name: echo
    auth: query
    endpoint: {{data_selector: data, path: "echo/{{password}}"}}
"""
FORMS = (
    SECRET,
    quote(SECRET, safe=""),
    quote(SECRET),
    base64.b64encode(SECRET.encode()).decode(),
    base64.b64encode(f"me:{SECRET}".encode()).decode(),
    json.dumps(SECRET)[1:-1],
)


def test_secrets_occur_nowhere_but_in_the_credentials_file(cli: Cli) -> None:
    api = JsonApi(page_size=2)
    api.tables["users"] = [{"id": n} for n in range(1, 6)]
    printed = ""
    with serve(api):
        cli.ok("init")
        (cli.root / "connectors" / "vault.yaml").write_text(CONNECTOR.format(url=api.url))
        echoing = json.dumps({"message": f"bad key {SECRET} at {quote(SECRET, safe='')}"}).encode()

        def run(*words: str) -> None:
            nonlocal printed
            done = cli(*words)
            printed += done.out + done.err

        api.before = lambda seen: None
        run("add", "vault", "--user", "me", "--password", SECRET, "--no-check")
        for fault in (Fault(400, echoing), Fault(401, echoing), Fault(500, echoing), Fault(200, echoing)):
            api.fail("users", fault)
            api.fail(f"echo/{quote(SECRET, safe='')}", fault)
            run("sync")
        api.fail("users", Fault(400, echoing))
        run("add", "vault", "--user", "me", "--password", SECRET, "--replace")
        api.fail("users", Fault(400, echoing))
        run("connector", "test", "vault")
        printed += cli.terminal("sync").out
        for words in (["status"], ["connectors"], ["doctor"], ["describe", "vault.users"], ["history", "vault.users"]):
            run(*words)
        run("query", "SELECT * FROM _dinobase.sync_runs")
        run("add", "vault", "--user", "me", "--pasword", SECRET)
        run("add", "nope", "--password", SECRET)
    assert any(SECRET in seen.params.get("token", "") for seen in api.requests), "the secret was sent at all"
    assert [form for form in FORMS if form in printed] == []
    contents = {file.name: file.read_bytes() for file in _files(cli.root)}
    assert [(name, form) for name, text in contents.items() for form in FORMS if form.encode() in text] == []
    assert SECRET in json.loads((cli.root / "credentials.json").read_text())["vault"]["password"]["value"]


def _files(root: Path) -> list[Path]:
    for database in root.rglob("*.db"):  # what is in a journal beside it comes into the file
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [p for p in root.rglob("*") if p.is_file() and p.name != "credentials.json"]


def test_a_secret_that_is_a_common_word_is_hidden_and_leaves_codes_and_hints_readable(cli: Cli) -> None:
    api = JsonApi()
    with serve(api) as running:
        (cli.root / "connectors").mkdir(parents=True)
        (cli.root / "connectors" / "vault.yaml").write_text(CONNECTOR.format(url=running.url))
        cli.ok("add", "vault", "--user", "me", "--password", "refused", "--no-check")
        api.fail("users", Fault(401, b'{"error": "the key refused is not ours"}'))
        done = cli("sync", "--resources", "users")
        error = done.json["connectors"][0]["tables"][0]["error"]
        assert error["code"] == "fetch.refused"
        assert error["context"]["resource"] == "users"
        assert "the key *** is not ours" in json.dumps(error)
        cli.ok("add", "vault", "--user", "me", "--password", "sync", "--no-check", "--replace")
        asked = cli("query", "SELECT * FROM vault.users")
        assert asked.json["error"]["hint"] == "dinobase sync vault"
        assert "Hint: dinobase sync vault" in asked.err

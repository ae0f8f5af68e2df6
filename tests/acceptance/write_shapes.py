"""The life of writes, command by command: what each line prints, for the golden files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.acceptance.cli_process import Cli, plain
from tests.servers import crm
from tests.servers.vendor import Received, Reply, VendorServer, serving

CONNECTOR = crm.definition(attempts=1)
UPDATE = "UPDATE crm.people SET name = 'Ada' WHERE id = 1 RETURNING id, name"
SEVERAL = "INSERT INTO crm.people (name) VALUES ('Cyd'); DELETE FROM crm.people WHERE id = 2"
PHRASE = "correct horse battery"
LINES = (
    "query UPDATE", "query BATCH", "confirm", "confirm BATCH", "undo", "cancel", "mutations", "mutations abandon",
    "mutations approve-code", "mutations resume", "mutations show", "mutations show BATCH", "mutations verify",
    "approval-key", "forget",
)  # fmt: skip


class Crm(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.people: dict[int, dict[str, Any]] = {n: {"id": n, "name": f"P{n}"} for n in (1, 2)}
        self.refuses = False

    def answer(self, request: Received) -> Reply:
        identity = request.path.strip("/").partition("/")[2]
        if request.method == "GET":
            return Reply(self.people[int(identity)] if identity else {"data": list(self.people.values())})
        if self.refuses:
            return Reply({"message": "not so"}, 422)
        if request.method == "POST":
            self.people[3] = {"id": 3, **request.json}
            return Reply(self.people[3], 201)
        if request.method == "DELETE":
            return Reply(self.people.pop(int(identity)))
        self.people[int(identity)] |= request.json
        return Reply(self.people[int(identity)])


def printed(root: Path) -> Iterator[tuple[str, Any, str]]:
    """Yield each line's name, what it printed, and the server's address."""
    cli, server = Cli(root, {}), Crm()
    with serving(server):
        (root / "connectors").mkdir(parents=True)
        (root / "connectors" / "crm.yaml").write_text(CONNECTOR.replace("URL", server.url))
        (root / "config.yaml").write_text(
            "connectors:\n  crm: {type: crm}\n"
            "writes:\n  rules:\n    - {source: '*', operation: '*', approval: agent}\n"
            "access: {default: {}}\n"
        )
        cli.ok("sync")
        for name, value in _life(cli, server):
            yield name, value, server.url


def _life(cli: Cli, server: Crm) -> Iterator[tuple[str, Any]]:
    planned = cli.ok("query", UPDATE)
    yield "query UPDATE", planned
    yield "confirm", cli.ok("confirm", planned["mutation_id"])
    yield "mutations show", cli.ok("mutations", "show", planned["mutation_id"])
    undo = cli.ok("undo", planned["mutation_id"])
    yield "undo", undo
    yield "cancel", cli.ok("cancel", undo["mutation_id"])
    batch = cli.ok("query", SEVERAL)
    yield "query BATCH", batch
    yield "mutations show BATCH", cli.ok("mutations", "show", batch["batch_id"])
    yield "confirm BATCH", cli.ok("confirm", batch["batch_id"])
    server.refuses = True
    name = cli.ok("query", "UPDATE crm.people SET name = 'Eve'")["mutation_id"]
    yield "confirm failed", cli("confirm", name).json
    yield "mutations resume", cli("mutations", "resume", name).json
    yield "mutations abandon", cli.ok("mutations", "abandon", name)
    yield "mutations", cli.ok("mutations", "--limit", "2")
    yield "forget", cli.ok("forget", "crm.people", "1", "--yes")
    yield "mutations verify", cli.ok("mutations", "verify")
    asked = [("New approval key: ", PHRASE), ("Once more: ", PHRASE)]
    yield "approval-key", _json(cli.terminal("approval-key", "set", "--format", "json", answers=asked).out)
    (cli.root / "config.yaml").write_text((cli.root / "config.yaml").read_text().replace("agent", "human"))
    name = cli.ok("query", UPDATE.replace("Ada", "Zoe").replace("= 1", "= 3"))["mutation_id"]
    given = [("to confirm", "yes"), ("Approval key: ", PHRASE)]
    shown = cli.terminal("mutations", "approve-code", name, "--format", "json", answers=given)
    yield "mutations approve-code", _json(shown.out)


def _json(shown: str) -> Any:
    text = plain(shown)
    return json.JSONDecoder().raw_decode(text[text.index("{") :])[0]

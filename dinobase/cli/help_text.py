"""Help that is read: commands in groups, examples, exit codes; `docs/cli.md` is made of the same texts."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from dinobase.cli.catalogue import COMMANDS

EXIT_CODES = (
    (0, "done"),
    (1, "the work failed, in whole or in part (a time limit too)"),
    (2, "the request was wrong: usage, bad YAML, refused or faulty SQL, an unknown table"),
    (130, "interrupted"),
)
ENVIRONMENT = (
    ("DINOBASE_DIR", "the workspace; default ~/.dinobase"),
    ("DINOBASE_<NAME>_<CREDENTIAL>", "wins over what `add` stored"),
    ("NO_COLOR, FORCE_COLOR", "colours never, colours always"),
    ("COLUMNS", "width of tables"),
)
START = (
    ("dinobase add stripe", "connect; asks for what it needs"),
    ("dinobase sync", "bring the rows in"),
    ("dinobase describe stripe.customers", "see what is there"),
    ('dinobase query "SELECT ..."', "ask"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """What a command's help says before and after its arguments."""

    description: str
    examples: tuple[str, ...] = ()
    notes: str = ""

    @property
    def epilog(self) -> str:
        """Examples, then notes."""
        parts = []
        if self.examples:
            parts.append("Examples:\n" + "\n".join(f"  {line}" for line in self.examples))
        if self.notes:
            parts.append(self.notes)
        return "\n\n".join(parts)


TEXTS: dict[str, Text] = {
    "init": Text(
        "Make a workspace: a folder with a config.yaml. Without flags everything stays in $DINOBASE_DIR.\n"
        "`add` makes one by itself; `init` is for saying where data and catalog go.",
        (
            "dinobase init",
            "dinobase init --storage s3://bucket/dinobase/ --catalog postgresql://host/db",
        ),
    ),
    "add": Text(
        "Connect an API: asks for its credentials, proves them with one cheap request, keeps them in the\n"
        "system's keyring (or a file that only you can read) and remembers the connector in config.yaml.\n"
        "A credential comes from its flag, else its environment variable, else it is asked for.",
        (
            "dinobase add stripe",
            "dinobase add stripe --api-key '${STRIPE_KEY}'      # a reference: read at each run",
            "dinobase add stripe --name stripe_eu --resources customers,charges",
            "dinobase add github --resources +audit_logs        # beside the default ones",
        ),
        "The credential flags of a connector: dinobase add NAME --help",
    ),
    "auth": Text(
        "Allow the access to an API that wants a person's consent (OAuth2): opens your browser, takes the answer on\n"
        "a port of this machine, keeps the tokens where credentials rest, and proves them with one request. `add`\n"
        "does this by itself on a terminal; run it again when the access was revoked, or for another account.",
        (
            "dinobase auth spotify",
            "dinobase auth xero --no-browser                    # prints the address; paste what comes back",
            "dinobase auth acme --redirect-uri https://acme.example/done",
        ),
        "Register http://127.0.0.1:8425/callback as redirect address where the vendor asks for one. On another\n"
        "machine the browser ends on a page that does not load: that page's address is what is to be pasted.",
    ),
    "remove": Text(
        "Disconnect: forgets the credentials and drops tables, history and checkpoints.",
        ("dinobase remove stripe", "dinobase remove stripe --keep-data --yes"),
    ),
    "connectors": Text(
        "List what is connected; with --available what could be.",
        ("dinobase connectors", "dinobase connectors --available billing"),
    ),
    "connector": Text(
        "Connector files: one YAML file describes one API. Your own are in $DINOBASE_DIR/connectors/\n"
        "and win over packaged ones of the same name.",
        (
            "dinobase connector create acme --url https://api.acme.com/v1 --endpoint users --data-selector data",
            "dinobase connector create acme --from-openapi https://api.acme.com/openapi.json",
            "dinobase connector validate acme",
            "dinobase connector test acme",
        ),
    ),
    "sync": Text(
        "Bring new and changed rows into the tables: all connectors, or the named ones. A resource is\n"
        "committed as a whole with its cursor; one that fails leaves its table as it was and stops no other.",
        (
            "dinobase sync",
            "dinobase sync stripe --resources customers,charges",
            "dinobase sync stripe --full-refresh",
            "dinobase sync --dry-run",
            "dinobase sync --schedule                           # stays, and keeps all fresh",
        ),
        "--schedule ends by SIGTERM with 0, by Ctrl-C with 130; docs/schedule.md says more.",
    ),
    "query": Text(
        "Ask in SQL (DuckDB's dialect). A connector is a schema: stripe.customers.",
        (
            'dinobase query "SELECT count(*) FROM stripe.customers"',
            'dinobase query "FROM stripe.charges" --format compact --budget 2000',
        ),
        "With --budget an answer that needs more tokens is a summary, and the whole result is a table for an hour:\n"
        "FROM result.r_4f09ac. docs/answers.md describes the compact form.",
    ),
    "confirm": Text(
        "Approve what `query` planned, and send it. On a terminal the plan is shown first and a person types yes;\n"
        "elsewhere only what the rules give to an agent can be confirmed. Exit 1 where a row failed.",
        ("dinobase confirm mut_19f0c2a3b4c5d6e7", "dinobase confirm bat_19f0c2a3b4c5d6e7"),
        "`writes:` in config.yaml says who approves what; docs/writes.md describes it.",
    ),
    "cancel": Text("Take back a write that waits for its approval.", ("dinobase cancel mut_19f0c2a3b4c5d6e7",)),
    "mutations": Text(
        "What was planned, who approved it, what was sent and what came back. The journal only grows.",
        (
            "dinobase mutations",
            "dinobase mutations show mut_19f0c2a3b4c5d6e7",
            "dinobase mutations resume mut_19f0c2a3b4c5d6e7",
            "dinobase mutations approve-code mut_19f0c2a3b4c5d6e7",
            "dinobase mutations verify",
        ),
    ),
    "undo": Text(
        "Plan what takes a write back: old values again, what was created deleted, what was deleted created\n"
        "where the source can. It is previewed and confirmed like any other write.",
        ("dinobase undo mut_19f0c2a3b4c5d6e7",),
    ),
    "approval-key": Text(
        "Set, change or remove a passphrase that `confirm` asks for where a person must approve. It is asked for on a\n"
        "terminal; config.yaml keeps a salted hash, and nothing keeps the passphrase.",
        ("dinobase approval-key set", "dinobase approval-key remove"),
    ),
    "describe": Text(
        "What tables hold: columns, types, meaning, keys, joins, rows, freshness.",
        (
            "dinobase describe stripe.customers",
            "dinobase describe stripe.customers github.issues",
            "dinobase describe stripe",
        ),
    ),
    "set": Text(
        "Change what config.yaml says of a connector: how often it is synced, after how long its data is stale, which\n"
        "tables are synced. Comments in the file stay. Nothing after the = brings the default back.",
        (
            "dinobase set stripe sync_interval=10m freshness=2h",
            "dinobase set archive sync_interval=never freshness=never",
            "dinobase set stripe freshness=",
        ),
    ),
    "refresh": Text(
        "Bring new and changed rows in: of connectors, of single tables, or of whatever is stale. The same as `sync`\n"
        "for whoever asks, under the access rules; `sync` has --full-refresh, --dry-run and the scheduler.",
        ("dinobase refresh --stale", "dinobase refresh stripe hubspot.contacts"),
    ),
    "annotate": Text(
        "Say what a connector, a table or a column means. What people say counts before what agents and models say,\n"
        "that before the connector's file, and heuristics last. Nothing is overwritten: --remove brings the next back.",
        (
            'dinobase annotate stripe.customers.email description "Where receipts go."',
            "dinobase annotate stripe.charges.amount unit cents",
            "dinobase annotate stripe.charges.amount unit --remove",
            "dinobase annotate --json - < words.json",
            "dinobase annotate --auto stripe --model openai-chat:gpt-4.1-mini",
        ),
        "docs/annotations.md has the keys, and what only a person may say.",
    ),
    "annotations": Text(
        "What is said of a target and of all below it: by people, agents, models, heuristics and the connector's file.",
        ("dinobase annotations stripe.customers", "dinobase annotations stripe.customers.email --history"),
    ),
    "gaps": Text(
        "What a source leaves unsaid: descriptions, units of amounts and times, personal data, keys, joins. With\n"
        "samples to judge from, as the access rules show them. `annotate` fills gaps, or the connector's file does.",
        ("dinobase gaps stripe", "dinobase gaps stripe.charges --missing unit,description --format compact"),
    ),
    "metric": Text(
        "Metrics: one SELECT under a name, with its unit, its grain and the tests that must hold. Any query reads one\n"
        "by FROM metric('mrr'), under the rules of whoever asks. Where a test does not hold, the query fails and says\n"
        "what was found.",
        (
            'dinobase metric add mrr --unit cents --grain month --sql "SELECT ..." --test "SELECT ..."',
            "dinobase metric list",
            "dinobase metric test",
            "dinobase query \"SELECT * FROM metric('mrr')\"",
        ),
        "docs/metrics.md is a guide.",
    ),
    "info": Text(
        "What is here: connectors, tables, rows, freshness. For models: --format compact, under 2,000 tokens.",
        ("dinobase info", "dinobase info --format compact"),
    ),
    "search": Text(
        "Find tables and columns by their names, their meanings, and the values of columns that hold few\n"
        "different ones. Values of personal data are not searched.",
        ('dinobase search "churn"', "dinobase search refund status --format compact"),
    ),
    "diff": Text(
        "Compare two versions of a table by its primary key: rows added, removed and changed, with old and new\n"
        "values. Counts are of all rows.",
        (
            "dinobase diff stripe.customers --since 2d",
            "dinobase diff stripe.customers --since 12 --until 15 --limit 100",
        ),
    ),
    "history": Text(
        "The versions of a table. Any of them can be queried: FROM stripe.customers AT (VERSION => 12).",
        ("dinobase history stripe.customers",),
    ),
    "install": Text(
        "Set an agent's client up: adds the server to the client's own file, which is kept as it was beside it, and\n"
        "puts the skills into its folder. Doing it twice changes nothing; --uninstall takes it out again.",
        ("dinobase install claude-code", "dinobase install cursor --uninstall"),
    ),
    "mcp-config": Text(
        "Print the entry for a client's file, as that file spells it; for clients that `install` does not know,\n"
        "most read the form of `cursor`.",
        ("dinobase mcp-config codex",),
    ),
    "serve": Text(
        "Serve agents over MCP: on stdin and stdout for the client that starts it, or with --http at\n"
        "http://HOST:PORT/mcp for clients that send a token. Questions run in child processes, which can be stopped.",
        ("dinobase serve", "dinobase token create laptop && dinobase serve --http"),
    ),
    "mcp": Text(
        "MCP servers that are connected as sources: what they are, and their tools, called one by one. A tool\n"
        "that may change something is called after a yes at the terminal, or with --yes.",
        (
            'dinobase connector create notes --transport stdio --command "npx -y @modelcontextprotocol/server-memory"',
            "dinobase add notes && dinobase mcp info notes",
            "dinobase mcp call notes search_nodes query=Oslo",
        ),
    ),
    "token": Text(
        "Tokens let agents in over HTTP. A token's name is an identity: `access:` in config.yaml says what it sees.\n"
        "It is shown once and kept as a hash; whoever has lost it makes a new one.",
        (
            "dinobase token create support-bot --expires 30d",
            "dinobase token list",
            "dinobase token revoke support-bot",
        ),
    ),
    "status": Text("How fresh every table is, when it was synced last and what went wrong.", ("dinobase status",)),
    "schedule": Text(
        "What is due when, by `sync_interval` in config.yaml: 30s, 15m, 1d, a cron expression, or `never`; without\n"
        "one as often as `freshness` says: an API every hour, a database every 6, a file never.\n"
        "`sync --schedule` or `serve --sync` looks after it.",
        ("dinobase schedule", "dinobase schedule install"),
    ),
    "maintain": Text(
        "Merge small files, rewrite files with many deleted rows, drop versions past the retention.\n"
        "Syncs do this by themselves when there is much to do.",
        ("dinobase maintain", "dinobase maintain stripe"),
    ),
    "forget": Text(
        "Take a record out of the lake, older versions, the journal of writes, kept results, spools and the index.\n"
        "All older versions of the connector go with it; writes that touched the record cannot be undone any more.\n"
        "Delete it at the source first: a sync brings back what is still there.",
        ("dinobase forget hubspot.contacts 151", "dinobase forget github.issues octo/hello 7 --yes"),
    ),
    "doctor": Text(
        "Check Python, extensions, folders, storage, catalog, keyring, locks and connector files.", ("dinobase doctor",)
    ),
    "schema": Text("Print the JSON Schema of what a command prints as JSON.", ("dinobase schema sync",)),
    "completion": Text(
        "Print a completion script for a shell.",
        (
            'eval "$(dinobase completion bash)"                     # in ~/.bashrc',
            "dinobase completion zsh > ~/.zfunc/_dinobase            # a folder of $fpath",
            "dinobase completion fish > ~/.config/fish/completions/dinobase.fish",
        ),
    ),
}


def of(name: str) -> Text:
    """Return a command's texts."""
    return TEXTS[name]


def root(*, colour: bool) -> str:
    """Return what `dinobase --help` prints."""
    bold, dim, cyan, off = ("\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m") if colour else ("", "", "", "")
    lines = [
        f"{bold}dinobase{off} - the database that agents query instead of a hundred APIs",
        "",
        f"{bold}Usage:{off} dinobase COMMAND [ARGUMENTS]",
        "",
        f"{bold}Start:{off}",
        *(f"  {line:<38}{dim}{what}{off}" for line, what in START),
    ]
    for group in dict.fromkeys(command.group for command in COMMANDS):
        lines += ["", f"{bold}{group}:{off}"]
        lines += [f"  {cyan}{c.name:<14}{off}{c.summary}" for c in COMMANDS if c.group == group]
    formats = "json|table|csv|markdown|ndjson|compact"
    lines += ["", f"{bold}Output:{off} tables on a terminal, JSON elsewhere, or", f"  --format {formats}"]
    lines += ["", f"{bold}Exit codes:{off}"]
    for code, what in EXIT_CODES:
        lines += textwrap.wrap(what, 80, initial_indent=f"  {code:<5}", subsequent_indent=" " * 7)
    lines += ["", f"{bold}Environment:{off}", *(f"  {name:<30}{what}" for name, what in ENVIRONMENT)]
    lines += ["", f"{dim}dinobase COMMAND --help says more about each; dinobase --version, which this is.{off}", ""]
    return "\n".join(lines)

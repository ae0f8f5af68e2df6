"""`make demo`: two real servers, connected, synced, joined, changed, synced again. Prints each command that it runs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import flights_db
import servers

HERE = Path(__file__).parent
ROOT = HERE.parent
STATE = ROOT / ".demo"
WORKSPACE = STATE / "workspace"
DATABASE = STATE / "servers" / "nyc.db"

COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
WIDTH = min(shutil.get_terminal_size((100, 24)).columns, 100)

COSTS = """\
SELECT a.name AS airline, count(*) AS claims,
       sum(c.amount__cents) / 100 AS euros,
       round(avg(f.arr_delay) / 60, 1) AS hours_late,
       count(*) FILTER (WHERE c.status = 'open') AS still_open
FROM helpdesk.claims AS c
JOIN nyc.flights AS f ON f.id = c.flight__id
JOIN nyc.airlines AS a USING (carrier)
GROUP BY ALL ORDER BY euros DESC LIMIT 6"""

DIFFERENCE = """\
SELECT now.id, now.carrier, now.flight, now.dest,
       before.arr_delay AS delay_before, now.arr_delay AS delay_now
FROM nyc.flights AS now
LEFT JOIN nyc.flights AS before AT (VERSION => {version}) USING (id)
WHERE before.arr_delay IS DISTINCT FROM now.arr_delay
ORDER BY id"""


def main() -> None:
    """Tell the story once, from an empty folder."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    started = time.monotonic()
    shutil.rmtree(STATE, ignore_errors=True)
    DATABASE.parent.mkdir(parents=True)
    (WORKSPACE / "connectors").mkdir(parents=True)
    say("Preparing 336,776 real flights: all that left New York in 2013 ...")
    flights = flights_db.build(DATABASE)
    secret, key = secrets.token_hex(16), secrets.token_hex(16)
    with servers.datasette(DATABASE, secret) as nyc, servers.helpdesk(DATABASE, key) as desk:
        os.environ |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DINOBASE_DIR": str(WORKSPACE),
            "NYC_TOKEN": servers.token("dinobase", secret),
            "OPERATIONS_TOKEN": servers.token("operations", secret),
            "HELPDESK_KEY": key,
        }
        say(f"  {nyc}  Datasette with {flights:,} flights, behind a token")
        say(f"  {desk}  a help desk with claims of late passengers")
        tell(nyc, desk)
    took = time.monotonic() - started
    title(f"That was it, in {took:.0f} seconds")
    say(
        "Both servers are stopped; the tables are still there, and so are their versions:",
        f"  DINOBASE_DIR={WORKSPACE.relative_to(ROOT)} {Path(sys.executable).parent.relative_to(ROOT)}/dinobase query"
        ' "FROM nyc.airlines"',
        "Your own API is one file like the one above: docs/getting-started.md",
    )


def tell(nyc: str, desk: str) -> None:
    """Run the seven steps."""
    title("1. An API is one YAML file")
    run("cp demo/connectors/*.yaml $DINOBASE_DIR/connectors/")
    run("cat demo/connectors/helpdesk.yaml")

    title("2. Connect both")
    run(f"dinobase add nyc --url {nyc} --token '${{NYC_TOKEN}}'")
    run(f"dinobase add helpdesk --url {desk} --api-key '${{HELPDESK_KEY}}'")

    title("3. Bring the rows in")
    run("dinobase sync")

    title("4. See what is there")
    run("dinobase describe helpdesk.claims")

    title("5. Ask across both: whose delays cost most?")
    query(COSTS)
    before = version("nyc.flights")

    title("6. Something changes upstream")
    say("A flight's arrival is corrected, another flight is entered, a claim is paid.")
    correction = {"update": {"arr_delay": 1300, "updated_at": "2014-01-02T09:00:00Z"}}
    change(f"{nyc}/nyc/flights/7073/-/update", "OPERATIONS_TOKEN", correction)
    extra = {"carrier": "UA", "flight": 1, "origin": "EWR", "dest": "SFO", "arr_delay": -12,
             "scheduled_at": "2014-01-01T12:00:00Z", "updated_at": "2014-01-02T09:05:00Z"}  # fmt: skip
    change(f"{nyc}/nyc/flights/-/insert", "OPERATIONS_TOKEN", {"row": extra})
    paid = {"status": "paid", "updated_at": "2014-01-20T08:00:00Z"}
    change(f"{desk}/v1/claims/clm_00007", "HELPDESK_KEY", paid, method="PATCH")

    title("7. Sync again: only what changed is fetched")
    run("dinobase sync")

    title("8. Every sync is a version, and a query can go back to it")
    run("dinobase history nyc.flights")
    query(DIFFERENCE.format(version=before))


def query(sql: str) -> None:
    """Run a query that a person would type over several lines."""
    run(f'dinobase query "\n{textwrap.indent(sql, "  ")}"')


def change(url: str, token: str, body: object, *, method: str = "POST") -> None:
    """Change something upstream, through the server's own API."""
    text = "\n       ".join(textwrap.wrap(json.dumps(body), WIDTH - 8))
    command = (
        f"curl -sS -f -o /dev/null -w 'HTTP %{{http_code}}\\n' -X {method} \\\n"
        f"  {url} \\\n"
        f'  -H "Authorization: Bearer ${token}" \\\n'
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{text}'"
    )
    if shutil.which("curl"):
        run(command)
        return
    show(command)
    headers = {"Authorization": f"Bearer {os.environ[token]}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=text.encode(), headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        say(f"HTTP {answer.status}")


def version(table: str) -> int:
    """Return the newest version of a table, to ask for it later."""
    command = [sys.executable, "-m", "dinobase", "history", table, "--format", "json"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return max(int(item["version"]) for item in json.loads(answer)["versions"])


def run(command: str) -> None:
    """Show a command, then let it speak for itself."""
    show(command)
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, check=False)
    if done.returncode:
        message = f"the command ended with exit code {done.returncode}; the servers' logs are in {DATABASE.parent}"
        raise SystemExit(message)


def show(command: str) -> None:
    """Print a command as it would be typed."""
    say("", paint("$ ", "2") + paint(command, "1;36"))


def title(text: str) -> None:
    """Begin a chapter."""
    say("", paint(text, "1"), paint("─" * WIDTH, "2"))


def paint(text: str, style: str) -> str:
    """Colour text on a terminal, and nowhere else."""
    return f"\x1b[{style}m{text}\x1b[0m" if COLOUR else text


def say(*lines: str) -> None:
    """Print at once, so that the order with the commands' own output holds."""
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        say("", "Interrupted; the servers are stopped.")
        sys.exit(130)
